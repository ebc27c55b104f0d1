/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/fetch.h"
#include "builder/sources/url.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE 300000 /* more than one block of anything */

/* ---- a server with faults, chosen by the first part of the path ---- */

typedef struct {
  GSocketService *service;
  guint16 port;
  GMutex lock;
  guint requests; /* so far, of all kinds */
  guint resumed;  /* of them with a range */
  char *content;  /* SIZE bytes */
} Server;

typedef struct {
  GOutputStream *out;
  const char *content;
  guint number;                    /* of this request, from 1 */
  guint64 start;                   /* of the range asked for */
  gboolean conditional, logged_in; /* as me, with the password "top" */
} Request;

static void say(Request *request, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
say(Request *request, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_output_stream_write_all(request->out, text, strlen(text), NULL, NULL, NULL);
}

static void
send_bytes(Request *request, const char *bytes, gsize size)
{
  g_output_stream_write_all(request->out, bytes, size, NULL, NULL, NULL);
}

/* The content from @start; of what is promised only @most bytes are sent. */
static void
send_content(Request *request, guint64 start, gsize most)
{
  gsize size = SIZE - start;
  if (start > 0)
    say(request, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %" G_GUINT64_FORMAT "-%d/%d\r\n", start, SIZE - 1, SIZE);
  else
    say(request, "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n");
  say(request, "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n", size);
  send_bytes(request, request->content + start, MIN(size, most));
}

/* What is answered in place of the content. */
static const struct {
  const char *kind, *response;
} refusals[] = {
  {"closed", "HTTP/1.1 401 Who\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
  {"busy", "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy"},
  {"down", "HTTP/1.1 503 Down\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
  {"loop", "HTTP/1.1 302 Found\r\nLocation: /loop/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
  {"escape", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
  {"moved", "HTTP/1.1 301 Moved\r\nLocation: /good/x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nmoved"},
  {"wrong", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwrong"},
  {"wrong-once", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwrong"},
};

static void
refuse(Request *request, const char *kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
    if (strcmp(kind, refusals[i].kind) == 0) {
      say(request, "%s", refusals[i].response);
      return;
    }
  say(request, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone");
}

/* Whether @kind behaves as a server should, this time. */
static gboolean
is_well(const Request *request, const char *kind)
{
  return strcmp(kind, "good") == 0 || (strcmp(kind, "closed") == 0 && request->logged_in) ||
         (strcmp(kind, "busy") == 0 && request->number > 2) || (strcmp(kind, "wrong-once") == 0 && request->number > 1);
}

static void
serve(Request *request, const char *kind)
{
  if (strcmp(kind, "good") == 0 && request->conditional)
    say(request, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
  else if (is_well(request, kind))
    send_content(request, request->start, SIZE);
  else if (strcmp(kind, "no-range") == 0)
    send_content(request, 0, SIZE);
  else if (strcmp(kind, "cut") == 0)
    send_content(request, request->start, 100000);
  else if (strcmp(kind, "stall") == 0) {
    send_content(request, 0, 1000);
    g_usleep(3 * G_USEC_PER_SEC);
  } else
    refuse(request, kind);
}

static gboolean
on_connection(GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
  Server *server = data;
  Request request = {.out = g_io_stream_get_output_stream(G_IO_STREAM(connection)), .content = server->content};
  g_autoptr(GDataInputStream) in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
  g_data_input_stream_set_newline_type(in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  g_autofree char *first = g_data_input_stream_read_line(in, NULL, NULL, NULL);
  g_auto(GStrv) words = first != NULL ? g_strsplit_set(first, " /", -1) : NULL;
  if (words == NULL || g_strv_length(words) < 3)
    return TRUE;
  for (;;) {
    g_autofree char *line = g_data_input_stream_read_line(in, NULL, NULL, NULL);
    if (line == NULL || line[0] == '\0')
      break;
    if (g_str_has_prefix(line, "Range: bytes="))
      request.start = g_ascii_strtoull(line + 13, NULL, 10);
    request.conditional |= strcmp(line, "If-None-Match: \"v1\"") == 0;
    request.logged_in |= strcmp(line, "Authorization: Basic bWU6dG9w") == 0;
  }
  g_mutex_lock(&server->lock);
  request.number = ++server->requests;
  server->resumed += request.start > 0;
  g_mutex_unlock(&server->lock);
  serve(&request, words[2]);
  return TRUE;
}

/* ---- each test has a server and a store ---- */

typedef struct {
  Server server;
  char *folder;
  Store *store;
  Digest digest; /* of the content */
  FetchOptions options;
  guint ready;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Server *server = &fixture->server;
  server->content = g_malloc(SIZE);
  for (gsize i = 0; i < SIZE; i++)
    server->content[i] = (char)(i * 7 + i / 251);
  digest_of(server->content, SIZE, &fixture->digest);
  g_mutex_init(&server->lock);
  server->service = g_threaded_socket_service_new(16);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new(loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_socket_listener_add_address(G_SOCKET_LISTENER(server->service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                &bound, &error);
  g_assert_no_error(error);
  server->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
  g_signal_connect(server->service, "run", G_CALLBACK(on_connection), server);
  fixture->folder = g_dir_make_tmp("ashlar-fetch-XXXXXX", &error);
  g_assert_no_error(error);
  g_autofree char *path = g_build_filename(fixture->folder, "store", NULL);
  fixture->store = store_open(path, &error);
  g_assert_no_error(error);
  fixture->options.stall_seconds = 1;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_socket_service_stop(fixture->server.service);
  g_socket_listener_close(G_SOCKET_LISTENER(fixture->server.service));
  g_object_unref(fixture->server.service);
  store_unref(fixture->store);
  g_autofree char *command = g_strdup_printf("chmod -R u+w '%s' && rm -r '%s'", fixture->folder, fixture->folder);
  g_assert_cmpint(system(command), ==, 0);
  g_free(fixture->folder);
  g_free(fixture->server.content);
  g_mutex_clear(&fixture->server.lock);
}

/* The service accepts connections in a main loop of its own, while the test thread fetches. */
static gpointer
run_loop(gpointer loop)
{
  g_main_loop_run(loop);
  return NULL;
}

static gboolean
count_ready(const FetchItem *item, gpointer data, GError **error)
{
  ((Fixture *)data)->ready++;
  return TRUE;
}

/* Fetches the content from http://127.0.0.1/KIND/file for each KIND of @kinds. */
static gboolean
fetch(Fixture *fixture, const char *kinds, GError **error)
{
  g_auto(GStrv) urls = g_strsplit(kinds, " ", -1);
  for (guint i = 0; urls[i] != NULL; i++) {
    g_autofree char *kind = urls[i];
    urls[i] = g_strdup_printf("http://user:secret@127.0.0.1:%u/%s/file", fixture->server.port, kind);
  }
  FetchItem item = {(const char *const *)urls, "thing 1.0", fixture->digest, SIZE, NULL};
  return fetch_blobs(fixture->store, &item, 1, &fixture->options, count_ready, fixture, error);
}

static void
assert_fetched(Fixture *fixture, const char *kinds)
{
  g_autoptr(GError) error = NULL;
  gboolean done = fetch(fixture, kinds, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  g_assert_true(store_check_blob(fixture->store, &fixture->digest, &error));
  g_assert_cmpuint(fixture->ready, ==, 1);
}

static void
assert_refused(Fixture *fixture, const char *kinds, AshlarError code, const char *part)
{
  g_autoptr(GError) error = NULL;
  g_assert_false(fetch(fixture, kinds, &error));
  g_assert_error(error, ASHLAR_ERROR, (int)code);
  if (strstr(error->message, part) == NULL)
    g_error("'%s' does not contain '%s'", error->message, part);
  g_assert_nonnull(strstr(error->message, "thing 1.0"));
  g_assert_null(strstr(error->message, "secret"));
  g_assert_false(store_has(fixture->store, &fixture->digest));
  g_assert_cmpuint(fixture->ready, ==, 0);
}

/* Leaves @size bytes of the content, the first damaged if @damaged, as an earlier run would. */
static void
leave_partial(Fixture *fixture, gsize size, gboolean damaged)
{
  g_autoptr(GError) error = NULL;
  int fd = store_partial_open(fixture->store, &fixture->digest, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(write(fd, fixture->server.content, size), ==, (gssize)size);
  if (damaged)
    g_assert_cmpint(pwrite(fd, "X", 1, 0), ==, 1);
  close(fd);
}

static void
plain(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "good");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
  assert_fetched(&(Fixture){.store = fixture->store, .digest = fixture->digest, .server.port = fixture->server.port}, "good");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
}

static void
resumed(Fixture *fixture, gconstpointer data)
{
  leave_partial(fixture, 100000, FALSE);
  assert_fetched(fixture, "good");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
  g_assert_cmpuint(fixture->server.resumed, ==, 1);
}

static void
resumed_where_ranges_are_ignored(Fixture *fixture, gconstpointer data)
{
  leave_partial(fixture, 100000, FALSE);
  assert_fetched(fixture, "no-range");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
}

static void
damaged_partial_is_fetched_anew(Fixture *fixture, gconstpointer data)
{
  leave_partial(fixture, 100000, TRUE);
  assert_fetched(fixture, "good");
  g_assert_cmpuint(fixture->server.requests, ==, 2);
}

static void
complete_partial_needs_no_network(Fixture *fixture, gconstpointer data)
{
  leave_partial(fixture, SIZE, FALSE);
  assert_fetched(fixture, "missing");
  g_assert_cmpuint(fixture->server.requests, ==, 0);
}

static void
complete_damaged_partial(Fixture *fixture, gconstpointer data)
{
  leave_partial(fixture, SIZE, TRUE);
  assert_fetched(fixture, "good");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
}

static void
cut_off_bodies_are_continued(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "cut");
  g_assert_cmpuint(fixture->server.requests, ==, 3);
  g_assert_cmpuint(fixture->server.resumed, ==, 2);
}

static void
busy_is_asked_again(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "busy");
  g_assert_cmpuint(fixture->server.requests, ==, 3);
}

static void
down_is_given_up(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture, "down", ASHLAR_ERROR_NETWORK, "/down/file: the server answers 503");
  g_assert_cmpuint(fixture->server.requests, ==, FETCH_TRIES);
}

static void
next_mirror(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "missing down good");
  g_assert_cmpuint(fixture->server.requests, ==, 3);
}

static void
missing_is_not_asked_again(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture, "missing", ASHLAR_ERROR_NOT_FOUND, "404");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
}

static void
redirects(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "moved");
}

static void
redirect_loop(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture, "loop", ASHLAR_ERROR_NETWORK, "redirects");
}

static void
redirect_to_a_file(Fixture *fixture, gconstpointer data)
{
  assert_refused(fixture, "escape", ASHLAR_ERROR_NETWORK, "/escape/file");
  g_assert_cmpuint(fixture->server.requests, ==, 1);
}

static void
wrong_digest(Fixture *fixture, gconstpointer data)
{
  char wanted[DIGEST_STRING_SIZE];
  fixture->server.content[0] ^= 1;
  assert_refused(fixture, "good", ASHLAR_ERROR_VERIFY, digest_to_string(&fixture->digest, wanted));
  g_assert_cmpuint(fixture->server.requests, ==, 2);
}

static void
wrong_bytes_once(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "wrong-once");
}

static void
more_than_promised(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/good/file", fixture->server.port);
  const char *urls[] = {url, NULL};
  FetchItem item = {urls, "thing", fixture->digest, SIZE - 1, NULL};
  g_assert_false(fetch_blobs(fixture->store, &item, 1, &fixture->options, NULL, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY);
  g_assert_nonnull(strstr(error->message, "more than the 299999 bytes"));
}

static void
stalled_server_is_left(Fixture *fixture, gconstpointer data)
{
  assert_fetched(fixture, "stall good");
}

static gpointer
cancel_soon(gpointer cancellable)
{
  g_usleep(200 * 1000);
  g_cancellable_cancel(cancellable);
  return NULL;
}

static void
cancelled(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new();
  fixture->options.cancellable = cancellable;
  fixture->options.stall_seconds = 60;
  GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
  g_assert_false(fetch(fixture, "stall", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED);
  g_thread_join(thread);
}

static void
offline(Fixture *fixture, gconstpointer data)
{
  fixture->options.offline = TRUE;
  assert_refused(fixture, "good", ASHLAR_ERROR_NETWORK, "1 file is not in the store");
  g_assert_cmpuint(fixture->server.requests, ==, 0);
}

static void
files(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(fixture->folder, "file", NULL);
  g_autofree char *missing = g_strdup_printf("file://%s/none", fixture->folder);
  g_autofree char *url = g_strdup_printf("file://%s", path);
  const char *urls[] = {missing, url, NULL}, *none[] = {missing, NULL};
  FetchItem items[] = {{urls, "a", fixture->digest, SIZE, NULL}, {urls, "b", fixture->digest, SIZE, NULL}};
  FetchItem absent = {none, "c", {{0}}, 1, NULL};
  g_assert_true(g_file_set_contents(path, fixture->server.content, SIZE, &error));
  leave_partial(fixture, 100000, FALSE);
  fixture->options.offline = TRUE; /* files are no network */
  g_assert_true(fetch_blobs(fixture->store, items, 2, &fixture->options, count_ready, fixture, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(fixture->ready, ==, 2);
  g_assert_false(fetch_blobs(fixture->store, &absent, 1, &fixture->options, NULL, NULL, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
}

static void
logins_go_where_they_belong(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/closed/file", fixture->server.port);
  g_autofree char *here = g_strdup_printf("http://127.0.0.1:%u/", fixture->server.port);
  const char *other[] = {"http://example.org/", "me", "top", NULL},
             *right[] = {"http://example.org/", "x", "y", here, "me", "top", NULL};
  const char *urls[] = {url, NULL};
  FetchItem item = {urls, "a", fixture->digest, SIZE, NULL};
  fixture->options.logins = other;
  g_assert_false(fetch_blobs(fixture->store, &item, 1, &fixture->options, NULL, NULL, &error));
  g_assert_nonnull(strstr(error->message, "the server answers 401"));
  g_clear_error(&error);
  fixture->options.logins = right;
  g_assert_true(fetch_blobs(fixture->store, &item, 1, &fixture->options, NULL, NULL, &error));
  g_assert_no_error(error);
}

/* A file among the URLs does not open the way to the network beside it. */
static void
offline_takes_files_only(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *good = g_strdup_printf("http://127.0.0.1:%u/good/file", fixture->server.port);
  g_autofree char *missing = g_strdup_printf("file://%s/none", fixture->folder);
  const char *urls[] = {good, missing, NULL};
  FetchItem item = {urls, "a", fixture->digest, SIZE, NULL};
  fixture->options.offline = TRUE;
  g_assert_false(fetch_blobs(fixture->store, &item, 1, &fixture->options, NULL, NULL, &error));
  g_assert_nonnull(strstr(error->message, "the network may not be used"));
  g_assert_nonnull(strstr(error->message, "no such file"));
  g_assert_cmpuint(fixture->server.requests, ==, 0);
}

static void
all_failures_are_told(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *good = g_strdup_printf("http://127.0.0.1:%u/good/file", fixture->server.port);
  g_autofree char *missing = g_strdup_printf("http://127.0.0.1:%u/missing/file", fixture->server.port);
  const char *good_urls[] = {good, NULL}, *missing_urls[] = {missing, NULL}, *none[] = {NULL};
  FetchItem items[] = {{missing_urls, "first", {{1}}, 1, NULL},
                       {good_urls, "second", fixture->digest, SIZE, NULL},
                       {none, "third", {{2}}, 1, NULL}};
  g_assert_false(fetch_blobs(fixture->store, items, 3, &fixture->options, count_ready, fixture, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "cannot fetch first: "));
  g_assert_nonnull(strstr(error->message, "cannot fetch third: "));
  g_assert_null(strstr(error->message, "second"));
  g_assert_cmpuint(fixture->ready, ==, 1);
  g_assert_true(store_has(fixture->store, &fixture->digest));
}

static void
documents(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/good/file", fixture->server.port);
  g_autofree char *missing = g_strdup_printf("http://127.0.0.1:%u/missing/file", fixture->server.port);
  const char *urls[] = {url, NULL}, *missing_urls[] = {missing, NULL};
  FetchDocument list[] = {{.urls = urls, .limit = LIMIT_RELEASE},
                          {.urls = missing_urls, .limit = LIMIT_RELEASE},
                          {.urls = urls, .limit = LIMIT_RELEASE_SIGNATURE}};
  g_assert_true(limits_set(LIMIT_RELEASE_SIGNATURE, SIZE - 1));
  g_assert_true(fetch_documents(list, 3, &fixture->options, &error));
  g_assert_no_error(list[0].error);
  g_assert_cmpmem(g_bytes_get_data(list[0].body, NULL), g_bytes_get_size(list[0].body), fixture->server.content, SIZE);
  g_assert_cmpstr(list[0].validator, ==, "etag \"v1\"");
  g_assert_error(list[1].error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  g_assert_error(list[2].error, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK);
  g_clear_pointer(&list[0].body, g_bytes_unref);
  g_assert_true(fetch_documents(list, 1, &fixture->options, &error));
  g_assert_true(list[0].unchanged);
  g_assert_null(list[0].body);
  for (guint i = 0; i < 3; i++)
    fetch_document_clear(&list[i]);
}

static void
shown_urls_hold_no_secrets(void)
{
  static const char *const cases[][2] = {
    {"http://u:p@example.org/a?token=1#x", "http://example.org/a"},
    {"http://example.org/a@b", "http://example.org/a@b"},
    {"https://u:p@ss@example.org:8/", "https://example.org:8/"},
    {"file:///a\x1b", "file:///a\\033"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *shown = url_shown(cases[i][0]);
    g_assert_cmpstr(shown, ==, cases[i][1]);
  }
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(Fixture *fixture, gconstpointer data);
  } cases[] = {
    {"/fetch/plain", plain},
    {"/fetch/resumed", resumed},
    {"/fetch/resumed-where-ranges-are-ignored", resumed_where_ranges_are_ignored},
    {"/fetch/damaged-partial", damaged_partial_is_fetched_anew},
    {"/fetch/complete-partial", complete_partial_needs_no_network},
    {"/fetch/complete-damaged-partial", complete_damaged_partial},
    {"/fetch/cut-off-bodies", cut_off_bodies_are_continued},
    {"/fetch/busy", busy_is_asked_again},
    {"/fetch/down", down_is_given_up},
    {"/fetch/next-mirror", next_mirror},
    {"/fetch/missing", missing_is_not_asked_again},
    {"/fetch/redirects", redirects},
    {"/fetch/redirect-loop", redirect_loop},
    {"/fetch/redirect-to-a-file", redirect_to_a_file},
    {"/fetch/wrong-digest", wrong_digest},
    {"/fetch/wrong-bytes-once", wrong_bytes_once},
    {"/fetch/more-than-promised", more_than_promised},
    {"/fetch/stall", stalled_server_is_left},
    {"/fetch/cancelled", cancelled},
    {"/fetch/offline", offline},
    {"/fetch/offline-takes-files-only", offline_takes_files_only},
    {"/fetch/logins", logins_go_where_they_belong},
    {"/fetch/files", files},
    {"/fetch/all-failures-are-told", all_failures_are_told},
    {"/fetch/documents", documents},
  };
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    g_test_add(cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
  g_test_add_func("/fetch/shown-urls", shown_urls_hold_no_secrets);
  g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
  GThread *thread = g_thread_new("server", run_loop, loop);
  int status = g_test_run();
  g_main_loop_quit(loop);
  g_thread_join(thread);
  return status;
}
