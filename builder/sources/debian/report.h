/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling which maintainer scripts lose nothing by not being run.
 */
#ifndef ASHLAR_DEBIAN_REPORT_H
#define ASHLAR_DEBIAN_REPORT_H

#include "builder/sources/debian/configuration.h"

/* Adds a note for every script. A script is native when each of its commands is done by a step, has no effect at a first
 * installation, or is one that only looks, or is known of that script of that package. */
void debian_report_scripts(const DebianConfiguration *configuration, DebianScriptReport *report);

#endif
