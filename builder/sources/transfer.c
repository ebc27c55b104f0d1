/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/transfer.h"
#include "builder/sources/url.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FIRST_PAUSE (G_USEC_PER_SEC / 4)
#define LONGEST_PAUSE (60 * G_USEC_PER_SEC)
#define MAX_REFUSAL (64 * 1024) /* bytes of an error page that are read to keep the connection */
#define LEAST_SPEED 100 /* bytes a second: one that sends less for as long as a stall is given up is as good as stalled */
#define POLL_MS 100     /* how late a cancellation or the end of a pause may be seen */

/* What is known of one URL. */
typedef struct {
  gboolean out;   /* struck out: asking again is no use */
  gboolean wrong; /* gave wrong bytes once */
  AshlarError code;
  char *reason; /* of its last failure */
} Source;

struct Transfer {
  const char *const *urls;
  Source *sources;
  guint n_urls, at; /* the URL in use */
  guint rounds;
  gint64 not_before; /* monotonic; the end of a pause */
  const TransferSink *sink;
  gpointer data;
  char *validator, *new_validator, *challenge;
  gboolean opened, unchanged;
  GError *error; /* why it failed in the end */

  /* of the request under way */
  CURL *easy;
  struct curl_slist *headers;
  char message[CURL_ERROR_SIZE];
  guint64 resumed;  /* from which byte it was asked for */
  guint64 received; /* bytes of its body */
  GError *stop;     /* set by the sink */
};

typedef enum { OUTCOME_DONE, OUTCOME_AGAIN, OUTCOME_FAILED, OUTCOME_STOP } Outcome;

Transfer *
transfer_new(const char *const *urls, const TransferSink *sink, gpointer data, const char *validator)
{
  Transfer *transfer = g_new0(Transfer, 1);
  transfer->urls = urls;
  transfer->n_urls = g_strv_length((char **)urls);
  transfer->sources = g_new0(Source, transfer->n_urls);
  transfer->sink = sink;
  transfer->data = data;
  transfer->validator = g_strdup(validator);
  return transfer;
}

static void
drop_request(Transfer *transfer)
{
  g_clear_pointer(&transfer->easy, curl_easy_cleanup);
  g_clear_pointer(&transfer->headers, curl_slist_free_all);
}

void
transfer_free(Transfer *transfer)
{
  drop_request(transfer);
  for (guint i = 0; i < transfer->n_urls; i++)
    g_free(transfer->sources[i].reason);
  g_free(transfer->sources);
  g_free(transfer->validator);
  g_free(transfer->new_validator);
  g_free(transfer->challenge);
  g_clear_error(&transfer->error);
  g_clear_error(&transfer->stop);
  g_free(transfer);
}

const GError *
transfer_error(const Transfer *transfer)
{
  return transfer->error;
}

gboolean
transfer_is_lacking(const Transfer *transfer)
{
  for (guint i = 0; i < transfer->n_urls; i++)
    if (transfer->sources[i].reason != NULL && transfer->sources[i].code == ASHLAR_ERROR_NOT_FOUND)
      return TRUE;
  return FALSE;
}

gboolean
transfer_unchanged(const Transfer *transfer)
{
  return transfer->unchanged;
}

char *
transfer_validator(const Transfer *transfer)
{
  return g_strdup(transfer->new_validator);
}

char *
transfer_challenge(const Transfer *transfer)
{
  return g_strdup(transfer->challenge);
}

/* ---- the request ---- */

static gboolean
is_file(const char *url)
{
  return g_ascii_strncasecmp(url, "file:", 5) == 0;
}

/* Whether what comes now continues what is at hand; 200 in answer to a range is the whole from its start. */
static gboolean
continues(Transfer *transfer)
{
  struct curl_header *range;
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  if (is_file(transfer->urls[transfer->at]))
    return TRUE;
  if (status != 206 || curl_easy_header(transfer->easy, "Content-Range", 0, CURLH_HEADER, -1, &range) != CURLHE_OK)
    return FALSE;
  return g_str_has_prefix(range->value, "bytes ") && g_ascii_strtoull(range->value + 6, NULL, 10) == transfer->resumed;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *data)
{
  Transfer *transfer = data;
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  gboolean first = transfer->received == 0;
  transfer->received += size * count;
  if (status >= 300)
    return transfer->received > MAX_REFUSAL ? 0 : size * count;
  if (first && transfer->resumed > 0 && !continues(transfer) && !transfer->sink->restart(transfer->data, &transfer->stop))
    return 0;
  return transfer->sink->write(transfer->data, bytes, size * count, &transfer->stop) ? size * count : 0;
}

static const char *
proxy_for(const FetchOptions *options, const char *url)
{
  for (const char *const *pair = options->proxies; pair != NULL && pair[0] != NULL; pair += 2)
    if (g_str_has_prefix(url, pair[0]))
      return strcmp(pair[1], "DIRECT") == 0 ? "" : pair[1];
  return NULL;
}

/* libcurl sends these to the host of @url alone, wherever that redirects to. */
static void
set_login(CURL *easy, const FetchOptions *options, const char *url)
{
  for (const char *const *login = options->logins; login != NULL && login[0] != NULL; login += 3)
    if (g_str_has_prefix(url, login[0])) {
      curl_easy_setopt(easy, CURLOPT_USERNAME, login[1]);
      curl_easy_setopt(easy, CURLOPT_PASSWORD, login[2]);
      return;
    }
}

static void
add_headers(Transfer *transfer, const FetchOptions *options)
{
  const char *url = transfer->urls[transfer->at];
  for (const char *const *pair = options->headers; pair != NULL && pair[0] != NULL; pair += 2)
    if (g_str_has_prefix(url, pair[0]))
      transfer->headers = curl_slist_append(transfer->headers, pair[1]);
}

static void
add_conditions(Transfer *transfer)
{
  if (transfer->validator == NULL)
    return;
  gboolean tag = g_str_has_prefix(transfer->validator, "etag ");
  const char *value = strchr(transfer->validator, ' ');
  if (value == NULL)
    return;
  g_autofree char *line = g_strconcat(tag ? "If-None-Match:" : "If-Modified-Since:", value, NULL);
  transfer->headers = curl_slist_append(transfer->headers, line);
}

static void
set_limits(CURL *easy, guint stall)
{
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)MIN(stall, FETCH_CONNECT_SECONDS));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LEAST_SPEED);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)stall);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a cancelled run does not wait for the resolver's answer */
}

/* A redirect may not lead to a file of this machine, nor from an encrypted connection to a plain one. */
static void
set_redirects(CURL *easy, const char *url)
{
  gboolean secure = g_ascii_strncasecmp(url, "https:", 6) == 0;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
}

static void
make_request(Transfer *transfer, const FetchOptions *options, guint stall)
{
  const char *url = transfer->urls[transfer->at], *proxy = proxy_for(options, url);
  CURL *easy = curl_easy_init();
  if (easy == NULL)
    g_error("libcurl cannot start");
  transfer->easy = easy;
  transfer->message[0] = '\0';
  transfer->received = 0;
  transfer->resumed = transfer->sink->have(transfer->data);
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "ashlar/" ASHLAR_VERSION);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  /* to wait for a connection to share is worth it where one may be shared: HTTP/2, so https */
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, g_ascii_strncasecmp(url, "https:", 6) == 0 ? 1L : 0L);
  set_limits(easy, stall);
  set_redirects(easy, url);
  set_login(easy, options, url);
  if (proxy != NULL)
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
  if (transfer->resumed > 0) {
    g_autofree char *range = g_strdup_printf("%" G_GUINT64_FORMAT "-", transfer->resumed);
    curl_easy_setopt(easy, CURLOPT_RANGE, range);
  }
  add_headers(transfer, options);
  add_conditions(transfer);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
}

/* ---- what came of it ---- */

static void
note_failure(Transfer *transfer, AshlarError code, gboolean out, const char *reason)
{
  Source *source = &transfer->sources[transfer->at];
  g_free(source->reason);
  source->reason = g_strescape(reason, "\n\"'");
  source->code = code;
  source->out |= out;
}

/* The whole story, one line a URL. */
static void
tell(Transfer *transfer)
{
  g_autoptr(GString) text = g_string_new(NULL);
  AshlarError code = ASHLAR_ERROR_NOT_FOUND;
  for (guint i = 0; i < transfer->n_urls; i++) {
    const Source *source = &transfer->sources[i];
    g_autofree char *url = url_shown(transfer->urls[i]);
    if (source->reason == NULL)
      continue;
    if (source->code == ASHLAR_ERROR_VERIFY || (source->code == ASHLAR_ERROR_NETWORK && code != ASHLAR_ERROR_VERIFY))
      code = source->code;
    g_string_append_printf(text, "%s%s: %s", text->len > 0 ? "\n" : "", url, source->reason);
  }
  g_set_error(&transfer->error, ASHLAR_ERROR, (gint)code, "%s", text->len > 0 ? text->str : "no URL is known for it");
}

static gint64
pause_after(const Transfer *transfer, gint64 asked)
{
  gint64 pause = FIRST_PAUSE << MIN(transfer->rounds, 8);
  if (asked >= 0)
    return MIN(asked * G_USEC_PER_SEC, LONGEST_PAUSE);
  return MIN(pause / 2 + g_random_int_range(0, (gint32)(pause / 2)), LONGEST_PAUSE);
}

/* On to the next URL that is not struck out; a full round is followed by a pause. @asked: seconds of Retry-After, or -1. */
static Outcome
next_url(Transfer *transfer, gint64 asked)
{
  gboolean around = FALSE;
  for (guint step = 0; step < transfer->n_urls; step++) {
    transfer->at = (transfer->at + 1) % transfer->n_urls;
    around |= transfer->at == 0;
    if (transfer->sources[transfer->at].out)
      continue;
    if (around && ++transfer->rounds >= FETCH_TRIES)
      break;
    transfer->not_before = around ? g_get_monotonic_time() + pause_after(transfer, asked) : 0;
    return OUTCOME_AGAIN;
  }
  tell(transfer);
  return OUTCOME_FAILED;
}

/* The bytes were not the right ones: once more from the start, then never from here. */
static Outcome
wrong_bytes(Transfer *transfer, GError *failure)
{
  Source *source = &transfer->sources[transfer->at];
  note_failure(transfer, ASHLAR_ERROR_VERIFY, source->wrong, failure->message);
  g_error_free(failure);
  if (!transfer->sink->restart(transfer->data, &transfer->stop))
    return OUTCOME_STOP;
  if (source->wrong)
    return next_url(transfer, -1);
  source->wrong = TRUE;
  return OUTCOME_AGAIN;
}

/* The sink said no, while writing or at the end. */
static Outcome
sink_refused(Transfer *transfer)
{
  if (g_error_matches(transfer->stop, ASHLAR_ERROR, ASHLAR_ERROR_NETWORK)) {
    note_failure(transfer, ASHLAR_ERROR_NETWORK, FALSE, transfer->stop->message);
    g_clear_error(&transfer->stop);
    return next_url(transfer, -1);
  }
  if (!g_error_matches(transfer->stop, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY))
    return OUTCOME_STOP;
  return wrong_bytes(transfer, g_steal_pointer(&transfer->stop));
}

static void
keep_validator(Transfer *transfer)
{
  struct curl_header *header;
  g_clear_pointer(&transfer->new_validator, g_free);
  if (curl_easy_header(transfer->easy, "ETag", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
    transfer->new_validator = g_strconcat("etag ", header->value, NULL);
  else if (curl_easy_header(transfer->easy, "Last-Modified", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
    transfer->new_validator = g_strconcat("date ", header->value, NULL);
}

static void
keep_challenge(Transfer *transfer)
{
  g_autoptr(GString) lines = g_string_new(NULL);
  struct curl_header *header;
  for (size_t i = 0; curl_easy_header(transfer->easy, "WWW-Authenticate", i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++)
    g_string_append_printf(lines, "%s\n", header->value);
  g_free(transfer->challenge);
  transfer->challenge = g_strdup(lines->str);
}

static Outcome
refused(Transfer *transfer, long status)
{
  if (status == 401)
    keep_challenge(transfer);
  curl_off_t asked = 0;
  struct curl_header *header;
  gboolean again = status == 408 || status == 416 || status == 425 || status == 429 || status >= 500;
  gboolean missing = status == 403 || status == 404 || status == 410;
  gboolean told = curl_easy_header(transfer->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
  g_autofree char *reason = g_strdup_printf("the server answers %ld%s", status, status == 404 ? " (not found)" : "");
  note_failure(transfer, missing ? ASHLAR_ERROR_NOT_FOUND : ASHLAR_ERROR_NETWORK, !again, reason);
  curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked);
  if (status == 416 && !transfer->sink->restart(transfer->data, &transfer->stop))
    return OUTCOME_STOP;
  return next_url(transfer, told ? (gint64)asked : -1);
}

/* An answer that is not HTTP has no status; it may be the rest of another one, and gone with the connection. */
static gboolean
is_lasting(CURLcode result, long status)
{
  switch (result) {
  case CURLE_UNSUPPORTED_PROTOCOL:
    return status != 0;
  case CURLE_URL_MALFORMAT:
  case CURLE_TOO_MANY_REDIRECTS:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_REMOTE_ACCESS_DENIED:
  case CURLE_LOGIN_DENIED:
    return TRUE;
  default:
    return FALSE;
  }
}

/* Why the file of @url cannot be opened, which libcurl does not say: one that is not there is another matter than one that
 * cannot be had now (no descriptor is free, a disk fails). 0: it can. */
static int
file_problem(const char *url)
{
  g_autofree char *path = g_filename_from_uri(url, NULL, NULL);
  int fd = path != NULL ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
  int problem = fd < 0 ? errno : 0;
  if (fd >= 0)
    close(fd);
  return path != NULL ? problem : ENOENT;
}

static Outcome
broke(Transfer *transfer, CURLcode result, long status)
{
  const char *reason = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror(result);
  int problem = result == CURLE_FILE_COULDNT_READ_FILE ? file_problem(transfer->urls[transfer->at]) : 0;
  gboolean missing = problem == ENOENT || problem == ENOTDIR;
  if (missing)
    reason = "no such file";
  else if (problem != 0)
    reason = g_strerror(problem);
  note_failure(transfer, missing ? ASHLAR_ERROR_NOT_FOUND : ASHLAR_ERROR_NETWORK, missing || is_lasting(result, status),
               reason);
  /* what was asked to be continued is no longer there, or not in that form */
  gboolean anew = result == CURLE_RANGE_ERROR || result == CURLE_BAD_DOWNLOAD_RESUME;
  if (anew && !transfer->sink->restart(transfer->data, &transfer->stop))
    return OUTCOME_STOP;
  return next_url(transfer, -1);
}

static Outcome
judge(Transfer *transfer, CURLcode result)
{
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  if (transfer->stop != NULL)
    return sink_refused(transfer);
  if (status == 304 && transfer->validator != NULL) {
    transfer->unchanged = TRUE;
    return OUTCOME_DONE;
  }
  if (status >= 300 && (result == CURLE_OK || result == CURLE_WRITE_ERROR))
    return refused(transfer, status);
  if (result != CURLE_OK)
    return broke(transfer, result, status);
  keep_validator(transfer);
  return transfer->sink->finish(transfer->data, &transfer->stop) ? OUTCOME_DONE : sink_refused(transfer);
}

/* ---- many at once ---- */

typedef struct {
  CURLM *multi;
  Transfer *slots[FETCH_PARALLEL];
  const FetchOptions *options;
  TransferDone done;
  gpointer data;
  guint stall;             /* seconds without bytes after which a server is given up */
  GHashTable *unreachable; /* set of char *: servers */
} Run;

/* "http://host:port", or NULL for a file. */
static char *
server_of(const char *url)
{
  const char *host = strstr(url, "://");
  return host == NULL || is_file(url) ? NULL : g_strndup(url, (gsize)(host - url) + 3 + strcspn(host + 3, "/?#"));
}

/* Of several URLs, one of a server that answers goes first. */
static void
pass_over_unreachable(const Run *run, Transfer *transfer)
{
  for (guint i = transfer->at; i < transfer->n_urls; i++) {
    g_autofree char *server = server_of(transfer->urls[i]);
    if (!transfer->sources[i].out && (server == NULL || !g_hash_table_contains(run->unreachable, server))) {
      transfer->at = i;
      return;
    }
  }
}

static void
note_unreachable(Run *run, const Transfer *transfer, CURLcode result)
{
  char *server = server_of(transfer->urls[transfer->at]);
  if (server != NULL && transfer->received == 0 &&
      (result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_OPERATION_TIMEDOUT))
    g_hash_table_add(run->unreachable, server);
  else
    g_free(server);
}

/* The transfer of @slot ended, one way or the other. */
static gboolean
settle(Run *run, guint slot, Outcome outcome, GError **error)
{
  Transfer *transfer = run->slots[slot];
  switch (outcome) {
  case OUTCOME_AGAIN:
    return TRUE;
  case OUTCOME_STOP:
    g_propagate_error(error, g_steal_pointer(&transfer->stop));
    return FALSE;
  case OUTCOME_FAILED:
    run->slots[slot] = NULL;
    return TRUE;
  default:
    run->slots[slot] = NULL;
    return run->done(transfer, transfer->data, run->data, error);
  }
}

/* Offline, what is not a file is struck out before it is asked. */
static void
strike_out_network(Transfer *transfer)
{
  guint first = transfer->n_urls;
  for (guint i = transfer->n_urls; i-- > 0;) {
    transfer->at = i;
    if (is_file(transfer->urls[i]))
      first = i;
    else
      note_failure(transfer, ASHLAR_ERROR_NETWORK, TRUE, "the network may not be used");
  }
  transfer->at = first;
}

/* Opens the sink; what is at hand may be all. */
static Outcome
open_transfer(const Run *run, Transfer *transfer)
{
  transfer->opened = TRUE;
  if (run->options->offline)
    strike_out_network(transfer);
  pass_over_unreachable(run, transfer);
  if (!transfer->sink->open(transfer->data, &transfer->stop))
    return OUTCOME_STOP;
  if (transfer->sink->whole(transfer->data)) {
    if (transfer->sink->finish(transfer->data, &transfer->stop))
      return OUTCOME_DONE;
    if (!g_error_matches(transfer->stop, ASHLAR_ERROR, ASHLAR_ERROR_VERIFY))
      return OUTCOME_STOP;
    g_clear_error(&transfer->stop);
    if (!transfer->sink->restart(transfer->data, &transfer->stop))
      return OUTCOME_STOP;
  }
  if (transfer->at < transfer->n_urls)
    return OUTCOME_AGAIN;
  tell(transfer);
  return OUTCOME_FAILED;
}

static gboolean
start_due(Run *run, GError **error)
{
  for (guint i = 0; i < FETCH_PARALLEL; i++) {
    Transfer *transfer = run->slots[i];
    if (transfer == NULL || transfer->easy != NULL || transfer->not_before > g_get_monotonic_time())
      continue;
    if (!transfer->opened && !settle(run, i, open_transfer(run, transfer), error))
      return FALSE;
    if (run->slots[i] == NULL)
      continue;
    make_request(transfer, run->options, run->stall);
    curl_multi_add_handle(run->multi, transfer->easy);
  }
  return TRUE;
}

static gboolean
take_results(Run *run, GError **error)
{
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(run->multi, &left)) != NULL) {
    Transfer *transfer = NULL;
    CURLcode result = message->data.result;
    guint slot = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
    while (slot + 1 < FETCH_PARALLEL && run->slots[slot] != transfer)
      slot++;
    g_assert(transfer != NULL && run->slots[slot] == transfer);
    curl_multi_remove_handle(run->multi, transfer->easy);
    note_unreachable(run, transfer, result);
    Outcome outcome = judge(transfer, result);
    drop_request(transfer);
    if (!settle(run, slot, outcome, error))
      return FALSE;
  }
  return TRUE;
}

/* Waits for the network, not past the end of a pause, and not at all where something can be begun. */
static void
wait_a_while(Run *run, gboolean more)
{
  gint64 now = g_get_monotonic_time(), wait = POLL_MS;
  gboolean busy = FALSE;
  for (guint i = 0; i < FETCH_PARALLEL; i++) {
    const Transfer *transfer = run->slots[i];
    if (transfer == NULL && more)
      return;
    busy |= transfer != NULL;
    if (transfer != NULL && transfer->easy == NULL)
      wait = MIN(wait, (transfer->not_before - now) / 1000);
  }
  if (busy && wait > 0)
    curl_multi_poll(run->multi, NULL, 0, (int)wait, NULL);
}

/* Fills free slots; FALSE when nothing is left to do. */
static gboolean
fill_slots(Run *run, Transfer **transfers, gsize n, gsize *next)
{
  gboolean busy = FALSE;
  for (guint i = 0; i < FETCH_PARALLEL; i++) {
    if (run->slots[i] == NULL && *next < n)
      run->slots[i] = transfers[(*next)++];
    busy |= run->slots[i] != NULL;
  }
  return busy;
}

static gboolean
run_loop(Run *run, Transfer **transfers, gsize n, GError **error)
{
  gsize next = 0;
  int running;
  while (fill_slots(run, transfers, n, &next)) {
    if (g_cancellable_is_cancelled(run->options->cancellable)) {
      g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    if (!start_due(run, error))
      return FALSE;
    CURLMcode code = curl_multi_perform(run->multi, &running);
    if (code != CURLM_OK) {
      g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "libcurl: %s", curl_multi_strerror(code));
      return FALSE;
    }
    if (!take_results(run, error))
      return FALSE;
    wait_a_while(run, next < n);
  }
  return TRUE;
}

static void
stop_all(Run *run, Transfer **transfers, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (transfers[i]->easy != NULL) {
      curl_multi_remove_handle(run->multi, transfers[i]->easy);
      drop_request(transfers[i]);
    }
  curl_multi_cleanup(run->multi);
}

static gboolean
find_stall(Run *run, GError **error)
{
  const char *text = g_getenv("ASHLAR_FETCH_TIMEOUT");
  guint64 seconds = FETCH_STALL_SECONDS;
  if (run->options->stall_seconds > 0)
    seconds = run->options->stall_seconds;
  else if (text != NULL && *text != '\0' && !g_ascii_string_to_unsigned(text, 10, 1, FETCH_STALL_MAX, &seconds, NULL)) {
    g_autofree char *shown = g_strescape(text, NULL);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "ASHLAR_FETCH_TIMEOUT: '%s' is no number of seconds from 1 to %d",
                shown, FETCH_STALL_MAX);
    return FALSE;
  }
  run->stall = (guint)seconds;
  return TRUE;
}

gboolean
transfers_run(Transfer **transfers, gsize n, const FetchOptions *options, TransferDone done, gpointer data, GError **error)
{
  static gsize once;
  if (g_once_init_enter(&once)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_once_init_leave(&once, 1);
  }
  g_autoptr(GHashTable) unreachable = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Run run = {.multi = curl_multi_init(), .options = options, .done = done, .data = data, .unreachable = unreachable};
  if (run.multi == NULL)
    g_error("libcurl cannot start");
  gboolean finished = find_stall(&run, error) && run_loop(&run, transfers, n, error);
  stop_all(&run, transfers, n);
  return finished;
}
