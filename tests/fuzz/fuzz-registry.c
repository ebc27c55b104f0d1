/* SPDX-License-Identifier: Apache-2.0
 *
 * What a registry answers, and the file that holds our credentials. The input is, with "----" between: WWW-Authenticate lines (none:
 * everybody is let in), the answer of the token server, a file of credentials, and documents: the first is what the tag names, and
 * any is given for its digest, which stands for @N@ in those before it (#N# for its size), as a blob too. An image is resolved, then
 * fetched, from a server in this process.
 */
#include "builder/sources/image/challenge.h"
#include "builder/sources/image/image.h"
#include "tests/fuzz/fuzz.h"

#include <gio/gio.h>

#define FIXED 3
#define PARTS_MAX 10
#define REQUEST_MAX (64 << 10)

static struct {
  guint n;
  char *texts[PARTS_MAX];
  Digest digests[PARTS_MAX];
  guint16 port;
} served;

/* ---- the server ---- */

static const char *
find_document(const char *path)
{
  char name[DIGEST_STRING_SIZE];
  if (g_str_has_suffix(path, "/manifests/tag"))
    return served.texts[FIXED];
  for (guint i = FIXED; i < served.n; i++)
    if (g_str_has_suffix(path, digest_to_string(&served.digests[i], name)))
      return served.texts[i];
  return NULL;
}

static char *
challenge_headers(void)
{
  g_autoptr(GString) headers = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit_set(served.texts[0], "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      g_string_append_printf(headers, "WWW-Authenticate: %s\r\n", lines[i]);
  return g_string_free(g_steal_pointer(&headers), FALSE);
}

static char *
answer(const char *request)
{
  g_auto(GStrv) words = g_strsplit_set(request, " \r\n", 3);
  const char *path = words[0] != NULL && words[1] != NULL ? words[1] : "", *body = "", *status = "404 None";
  g_autofree char *headers = g_strdup("");
  if (g_str_has_prefix(path, "/token")) {
    status = "200 OK";
    body = served.texts[1];
  } else if (strlen(served.texts[0]) > 1 && strstr(request, "Authorization:") == NULL) {
    status = "401 Who";
    g_free(headers);
    headers = challenge_headers();
  } else {
    const char *document = find_document(path);
    status = document != NULL ? "200 OK" : status;
    body = document != NULL ? document : body;
  }
  return g_strdup_printf("HTTP/1.1 %s\r\n%sContent-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n%s", status, headers,
                         strlen(body), body);
}

/* One request a connection. */
static void
serve(GSocketConnection *connection)
{
  GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
  GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
  g_autofree char *request = g_malloc(REQUEST_MAX + 1);
  gsize size = 0;
  for (gssize got = 1; got > 0 && size < REQUEST_MAX;) {
    got = g_input_stream_read(in, request + size, REQUEST_MAX - size, NULL, NULL);
    size += (gsize)MAX(got, 0);
    request[size] = '\0';
    if (strstr(request, "\r\n\r\n") == NULL)
      continue;
    g_autofree char *text = answer(request);
    (void)g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL);
    break;
  }
  (void)g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
}

static gpointer
serve_all(gpointer listener)
{
  for (;;) {
    g_autoptr(GSocketConnection) connection = g_socket_listener_accept(listener, NULL, NULL, NULL);
    if (connection != NULL)
      serve(connection);
  }
  return NULL;
}

static void
start_server(void)
{
  static GSocketListener *listener;
  if (listener != NULL)
    return;
  listener = g_socket_listener_new();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new(loopback, 0), bound = NULL;
  g_assert(g_socket_listener_add_address(listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, NULL));
  served.port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
  g_thread_unref(g_thread_new("registry", serve_all, listener));
}

/* ---- the client ---- */

static void
replace(char **text, const char *pattern, const char *with)
{
  g_auto(GStrv) pieces = g_strsplit(*text, pattern, -1);
  g_free(*text);
  *text = g_strjoinv(with, pieces);
}

/* From the last document to the first, so that whatever is named is final. */
static void
resolve_names(void)
{
  for (guint i = served.n; i-- > FIXED;) {
    for (guint later = i + 1; later < served.n; later++) {
      char digest[DIGEST_STRING_SIZE];
      g_autofree char *by_digest = g_strdup_printf("@%u@", later - FIXED), *by_size = g_strdup_printf("#%u#", later - FIXED);
      g_autofree char *size = g_strdup_printf("%" G_GSIZE_FORMAT, strlen(served.texts[later]));
      replace(&served.texts[i], by_digest, digest_to_string(&served.digests[later], digest));
      replace(&served.texts[i], by_size, size);
    }
    digest_of(served.texts[i], strlen(served.texts[i]), &served.digests[i]);
  }
  for (guint i = 0; i < FIXED; i++) {
    g_autofree char *port = g_strdup_printf("%u", served.port);
    replace(&served.texts[i], "@PORT@", port);
  }
}

static void
fetch_image(Store *store)
{
  g_autofree char *proxy = g_strdup_printf("http://127.0.0.1:%u", served.port);
  g_autofree char *name = g_strdup_printf("docker://127.0.0.1:%u/stone:tag", served.port);
  /* whatever host an answer may name, nobody else is asked */
  const char *const proxies[] = {"http", proxy, NULL};
  const FetchOptions options = {.proxies = proxies, .stall_seconds = 1};
  g_autoptr(GError) error = NULL;
  g_auto(ImageSource) source = {0};
  Digest digest;
  g_assert(image_source_parse(name, "/", &source, NULL));
  gboolean resolved = image_source_resolve(store, &source, "amd64", &options, &digest, &error);
  g_assert(resolved == (error == NULL));
  if (!resolved)
    return;
  gboolean obtained = image_source_obtain(store, &source, "amd64", &digest, &options, &error);
  g_assert(obtained == (error == NULL) && obtained == image_is_stored(store, &digest));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  gsize left = size;
  Store *store = fuzz_store();
  g_autofree char *login = g_build_filename(fuzz_folder(), "auth.json", NULL);
  start_server();
  for (served.n = 0; served.n < PARTS_MAX && (left > 0 || served.n <= FIXED); served.n++)
    served.texts[served.n] = fuzz_part(&data, &left);
  resolve_names();
  fuzz_put(login, (const guint8 *)served.texts[2], strlen(served.texts[2]));
  g_setenv("REGISTRY_AUTH_FILE", login, TRUE);
  g_auto(Challenge) challenge = {0};
  challenge_parse(served.texts[0], &challenge);
  fetch_image(store);
  for (guint i = 0; i < served.n; i++)
    g_free(served.texts[i]);
  return 0;
}
