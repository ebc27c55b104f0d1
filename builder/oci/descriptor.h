/* SPDX-License-Identifier: Apache-2.0
 *
 * Content descriptors (OCI image-spec, descriptor.md) and the JSON habits of everything in builder/oci: members in the order
 * in which the Go structs of the specification have them, maps sorted by key, no white space.
 */
#ifndef ASHLAR_OCI_DESCRIPTOR_H
#define ASHLAR_OCI_DESCRIPTOR_H

#include "signing/digest.h"
#include <jansson.h>

#define OCI_MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_LAYER_GZIP OCI_MEDIA_LAYER "+gzip"
#define OCI_MEDIA_LAYER_ZSTD OCI_MEDIA_LAYER "+zstd"
#define DOCKER_MEDIA_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_MEDIA_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MEDIA_LAYER "application/vnd.docker.image.rootfs.diff.tar"

#define OCI_ANNOTATION_CREATED "org.opencontainers.image.created"
#define OCI_ANNOTATION_TITLE "org.opencontainers.image.title"
#define OCI_ANNOTATION_VERSION "org.opencontainers.image.version"
#define OCI_ANNOTATION_DESCRIPTION "org.opencontainers.image.description"
#define OCI_ANNOTATION_BASE_DIGEST "org.opencontainers.image.base.digest"
#define OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define CONTAINERD_ANNOTATION_NAME "io.containerd.image.name"
/* Ours, on index.json as a whole: the digest of the index of signatures and attestations in the tarball. */
#define ASHLAR_ANNOTATION_REFERRERS "dev.ashlar.referrers"

typedef struct {
  char *media_type;
  Digest digest;
  guint64 size;
  char *artifact_type; /* or NULL */
  char *architecture;  /* of the platform, GOARCH names; NULL: no platform */
  char *os, *variant;  /* variant may be NULL */
  json_t *annotations; /* an object, or NULL */
} Descriptor;

void descriptor_clear(Descriptor *descriptor);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Descriptor, descriptor_clear)
void descriptor_copy(const Descriptor *from, Descriptor *to);
/* TRUE for the media types of a manifest, or of an index (OCI's and Docker's). */
gboolean descriptor_is_manifest(const Descriptor *descriptor);
gboolean descriptor_is_index(const Descriptor *descriptor);

/* The descriptor as JSON (new reference). */
json_t *descriptor_to_json(const Descriptor *descriptor);
/* Reads and checks one; what this program does not know of is left out. ASHLAR_ERROR_INVALID names the member. */
gboolean descriptor_parse(json_t *json, Descriptor *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Compact text of @json (transfer full). */
char *oci_json_dump(json_t *json);
/* Reads a JSON object of at most LIMIT_DOCUMENT bytes; a key twice is an error. @what names it in errors. */
json_t *oci_json_parse(const void *data, gsize size, const char *what, GError **error);
/* The members of @object sorted by key, which is how Go writes a map (new reference). */
json_t *oci_json_sorted(json_t *object);
/* Sets a member of @object for each "KEY=VALUE" of @pairs (NULL: none), over what is there; without '=' the value is "". */
void oci_json_set_pairs(json_t *object, const char *const *pairs);

/* RFC 3339 of seconds since 1970: "2026-11-21T00:00:00Z" (transfer full). */
char *oci_time(gint64 epoch);
/* Maps Debian's architecture to a platform's; the strings are static, @variant may become NULL. */
void oci_platform(const char *debian, const char **architecture, const char **variant);
/* The tag that stands for a version: what a tag cannot hold becomes '-', at most 128 bytes (transfer full). */
char *oci_tag(const char *version);
/* The repository that a plain NAME means to docker, podman and containerd: "docker.io/library/NAME" (transfer full). */
char *oci_repository(const char *name);

#endif
