/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a sandbox, while that is told as a phase of the build.
 */
#ifndef ASHLAR_STEPS_LAY_OUT_H
#define ASHLAR_STEPS_LAY_OUT_H

#include "builder/progress/progress.h"
#include "rootfs/sandbox.h"

/* As sandbox_new; @subject says for whom the files are laid out: "files for the steps". @options' watch is not looked at. */
Sandbox *lay_out(Store *store, const Tree *tree, const SandboxOptions *options, Progress *progress, const char *subject,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
