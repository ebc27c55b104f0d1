/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/image/registry_session.h"
#include "builder/oci/descriptor.h"
#include "builder/sources/image/challenge.h"
#include "builder/sources/image/credentials.h"
#include "builder/sources/url.h"
#include "signing/error.h"

#include <string.h>

#define ACCEPT                                                                                                                 \
  "Accept: " OCI_MEDIA_MANIFEST ", " OCI_MEDIA_INDEX ", " DOCKER_MEDIA_MANIFEST ", " DOCKER_MEDIA_INDEX ", */*;q=0.1"

/* ---- names ---- */

static gboolean
is_this_machine(const char *host)
{
  g_autofree char *name = g_strndup(host, strcspn(host, ":"));
  return strcmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0;
}

void
registry_session_init(RegistrySession *session, const char *name)
{
  const char *slash = strchr(name, '/'), *at = strchr(name, '@'), *colon = strrchr(name, ':');
  const char *end = at != NULL ? at : colon != NULL && colon > slash ? colon : name + strlen(name);
  *session = (RegistrySession){0};
  session->host = g_strndup(name, (gsize)(slash - name));
  session->repository = g_strndup(slash + 1, (gsize)(end - slash - 1));
  session->reference = g_strdup(*end != '\0' ? end + 1 : "latest");
  session->local = is_this_machine(session->host);
  const char *server = session->host;
  if (strcmp(server, REGISTRY_DEFAULT) == 0) {
    server = REGISTRY_DEFAULT_SERVER;
    if (strchr(session->repository, '/') == NULL) {
      char *full = g_strconcat("library/", session->repository, NULL);
      g_free(session->repository);
      session->repository = full;
    }
  }
  session->base = g_strdup_printf("%s://%s/v2/%s/", session->local ? "http" : "https", server, session->repository);
  session->headers[0] = g_strconcat(session->base, "manifests/", NULL);
  session->headers[1] = g_strdup(ACCEPT);
}

static void
forget_login(RegistrySession *session)
{
  for (guint i = 2; i < G_N_ELEMENTS(session->headers); i++)
    g_clear_pointer(&session->headers[i], g_free);
  for (guint i = 0; i < G_N_ELEMENTS(session->login); i++)
    g_clear_pointer(&session->login[i], g_free);
}

void
registry_session_clear(RegistrySession *session)
{
  forget_login(session);
  g_clear_pointer(&session->headers[0], g_free);
  g_clear_pointer(&session->headers[1], g_free);
  g_clear_pointer(&session->host, g_free);
  g_clear_pointer(&session->repository, g_free);
  g_clear_pointer(&session->reference, g_free);
  g_clear_pointer(&session->base, g_free);
}

FetchOptions
registry_session_options(const RegistrySession *session, const FetchOptions *options)
{
  FetchOptions own = *options;
  own.headers = (const char *const *)session->headers;
  own.logins = session->login[0] != NULL ? (const char *const *)session->login : NULL;
  return own;
}

/* ---- being let in ---- */

/* Where a token is to be had: what is sent there may be a password. */
static char *
token_url(const RegistrySession *session, const Challenge *challenge, GError **error)
{
  g_autofree char *scope = challenge->scope != NULL ? g_uri_escape_string(challenge->scope, NULL, FALSE)
                                                    : g_strdup_printf("repository%%3A%s%%3Apull", session->repository);
  g_autofree char *service = challenge->service != NULL ? g_uri_escape_string(challenge->service, NULL, FALSE) : NULL;
  const char *realm = challenge->realm != NULL ? challenge->realm : "";
  if (!g_str_has_prefix(realm, "https://") && !(session->local && g_str_has_prefix(realm, "http://"))) {
    g_autofree char *shown = url_shown(realm);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK, "the registry sends us for a token to '%.200s', which is no https",
                shown);
    return NULL;
  }
  return g_strdup_printf("%s%cscope=%s%s%s", realm, strchr(realm, '?') != NULL ? '&' : '?', scope,
                         service != NULL ? "&service=" : "", service != NULL ? service : "");
}

static gboolean
is_token(const char *token)
{
  for (const char *c = token; *c != '\0'; c++)
    if (!g_ascii_isgraph(*c))
      return FALSE;
  return *token != '\0';
}

static gboolean
take_token(RegistrySession *session, GBytes *body, GError **error)
{
  json_auto_t *answer = oci_json_parse(g_bytes_get_data(body, NULL), g_bytes_get_size(body), "the registry's token", error);
  if (answer == NULL)
    return FALSE;
  const char *token = json_string_value(json_object_get(answer, "token"));
  if (token == NULL)
    token = json_string_value(json_object_get(answer, "access_token"));
  if (token == NULL || !is_token(token)) {
    g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK, "the registry's answer holds no token");
    return FALSE;
  }
  session->headers[2] = g_strdup(session->base);
  session->headers[3] = g_strconcat("Authorization: Bearer ", token, NULL);
  return TRUE;
}

static gboolean
fetch_token(RegistrySession *session, const Challenge *challenge, const Credentials *credentials, const FetchOptions *options,
            GError **error)
{
  g_autofree char *url = token_url(session, challenge, error);
  if (url == NULL)
    return FALSE;
  const char *urls[] = {url, NULL}, *login[] = {url, credentials->user, credentials->password, NULL};
  FetchOptions own = *options;
  own.logins = credentials->user != NULL ? login : NULL;
  FetchDocument document = {.urls = urls, .label = "the registry's token", .limit = LIMIT_DOCUMENT};
  gboolean done = fetch_documents(&document, 1, &own, error);
  if (done && document.error != NULL) {
    g_propagate_error(error, g_steal_pointer(&document.error));
    done = FALSE;
  }
  done = done && take_token(session, document.body, error);
  fetch_document_clear(&document);
  return done;
}

static gboolean
refuse_login(const RegistrySession *session, const Credentials *credentials, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK, "the registry %s wants %s for %s%s%s", session->host,
              credentials->user != NULL ? "other credentials" : "credentials", session->repository,
              credentials->missing != NULL ? ": " : "\nhint: 'podman login' or 'docker login' writes them down",
              credentials->missing != NULL ? credentials->missing : "");
  return FALSE;
}

static gboolean
log_in(RegistrySession *session, const char *lines, const FetchOptions *options, GError **error)
{
  g_auto(Challenge) challenge = {0};
  g_auto(Credentials) credentials = {0};
  gboolean known = session->login[0] != NULL || session->headers[2] != NULL;
  challenge_parse(lines, &challenge);
  if (!credentials_find(session->host, session->repository, &credentials, error))
    return FALSE;
  forget_login(session);
  if (known || challenge.kind == CHALLENGE_NONE || (challenge.kind == CHALLENGE_BASIC && credentials.user == NULL))
    return refuse_login(session, &credentials, error);
  if (challenge.kind == CHALLENGE_BEARER)
    return fetch_token(session, &challenge, &credentials, options, error);
  session->login[0] = g_strdup(session->base);
  session->login[1] = g_strdup(credentials.user);
  session->login[2] = g_strdup(credentials.password);
  return TRUE;
}

/* ---- asking ---- */

GBytes *
registry_session_get(RegistrySession *session, const char *what, const FetchOptions *options, GError **error)
{
  g_autofree char *url = g_strconcat(session->base, what, NULL);
  const char *urls[] = {url, NULL};
  for (;;) {
    FetchDocument document = {.urls = urls, .limit = LIMIT_DOCUMENT};
    FetchOptions own = registry_session_options(session, options);
    if (!fetch_documents(&document, 1, &own, error))
      return NULL;
    g_autoptr(GBytes) body = g_steal_pointer(&document.body);
    g_autoptr(GError) failure = g_steal_pointer(&document.error);
    g_autofree char *challenge = g_steal_pointer(&document.challenge);
    fetch_document_clear(&document);
    if (body != NULL)
      return g_steal_pointer(&body);
    if (challenge == NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
    if (!log_in(session, challenge, options, error))
      return NULL;
  }
}
