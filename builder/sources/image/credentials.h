/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a registry is told we are: user names and passwords that podman, skopeo and docker have written down, in the order in which
 * podman looks for them: $REGISTRY_AUTH_FILE; $XDG_RUNTIME_DIR/containers/auth.json; ~/.config/containers/auth.json;
 * $DOCKER_CONFIG/config.json, else ~/.docker/config.json. Programs that keep secrets (credential helpers) are not run.
 */
#ifndef ASHLAR_SOURCES_IMAGE_CREDENTIALS_H
#define ASHLAR_SOURCES_IMAGE_CREDENTIALS_H

#include <glib.h>

/* The registry of names without a host, as docker has them, and the server that answers for it. */
#define REGISTRY_DEFAULT "docker.io"
#define REGISTRY_DEFAULT_SERVER "registry-1." REGISTRY_DEFAULT

typedef struct {
  char *user, *password; /* NULL: none are known */
  char *missing;         /* why there are none although some are kept, as a sentence for people; or NULL */
} Credentials;

/* For @repository ("debian/base") of the registry at @host (REGISTRY_DEFAULT, "localhost:5000"): the entry of the longest name that
 * fits. A file that cannot be read is ASHLAR_ERROR_FAILED that names it. */
gboolean credentials_find(const char *host, const char *repository, Credentials *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void credentials_clear(Credentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Credentials, credentials_clear)

#endif
