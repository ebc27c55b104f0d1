/* SPDX-License-Identifier: Apache-2.0
 *
 * What git says of the checkout a recipe lies in, as OCI annotations. Only when asked for: it changes the image's bytes with
 * every commit.
 */
#ifndef ASHLAR_ENGINE_VCS_H
#define ASHLAR_ENGINE_VCS_H

#include <gio/gio.h>

/* "org.opencontainers.image.revision=...", "...source=..." (without credentials) and "dev.ashlar.vcs.dirty=true|false" for the
 * checkout around @folder (NULL-terminated, sorted, transfer full); an error where it is in none, or git is missing. */
char **vcs_annotations(const char *folder, GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
