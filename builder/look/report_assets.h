/* SPDX-License-Identifier: Apache-2.0
 *
 * The report's style and script, files of their own in this folder, as text in the program.
 */
#ifndef ASHLAR_LOOK_REPORT_ASSETS_H
#define ASHLAR_LOOK_REPORT_ASSETS_H

extern const char report_css[], report_js[];

#endif
