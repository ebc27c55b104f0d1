/* SPDX-License-Identifier: Apache-2.0
 *
 * Talking to one repository of a registry: URLs, and being let in.
 */
#ifndef ASHLAR_SOURCES_IMAGE_REGISTRY_SESSION_H
#define ASHLAR_SOURCES_IMAGE_REGISTRY_SESSION_H

#include "builder/sources/fetch.h"

typedef struct {
  char *host;       /* as it was spelled: "docker.io" */
  char *repository; /* "library/debian" */
  char *reference;  /* a tag or a digest */
  char *base;       /* "https://registry-1.docker.io/v2/library/debian/" */
  gboolean local;   /* on this machine, by http */
  char *headers[5]; /* as FetchOptions.headers: what is accepted, and a token */
  char *login[4];   /* as FetchOptions.logins */
} RegistrySession;

/* @name: "HOST/REPO[:TAG|@DIGEST]"; a tag is "latest" unless given. */
void registry_session_init(RegistrySession *session, const char *name);
void registry_session_clear(RegistrySession *session);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RegistrySession, registry_session_clear)

/* @options with what the registry has to be told besides (borrowed from @session). */
FetchOptions registry_session_options(const RegistrySession *session, const FetchOptions *options);
/* The document below the repository ("manifests/latest"), logging in where that is asked for. ASHLAR_ERROR_NOT_FOUND: the registry
 * does not have it. */
GBytes *registry_session_get(RegistrySession *session, const char *what, const FetchOptions *options, GError **error);

#endif
