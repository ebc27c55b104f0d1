/* SPDX-License-Identifier: Apache-2.0
 *
 * Small archives below a temporary folder, signed with keys made on the spot.
 */
#include "builder/progress/display.h"
#include "builder/sources/debian/archive.h"
#include "signing/error.h"
#include "tests/unit/archive-maker.h"

typedef struct {
  char *folder, *mirror;
  const char *mirrors[3];
  Store *store;
  DebianArchiveRequest request;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("ashlar-archive-XXXXXX", &error);
  g_assert_no_error(error);
  fixture->mirror = g_build_filename(fixture->folder, "mirror", NULL);
  g_autofree char *path = g_build_filename(fixture->folder, "store", NULL);
  fixture->store = store_open(path, &error);
  g_assert_no_error(error);
  fixture->mirrors[0] = fixture->mirror;
  fixture->request = (DebianArchiveRequest){
    .suite = "stone",
    .mirrors = fixture->mirrors,
    .keyring = g_strconcat(keys, "/good.gpg", NULL),
    .check_valid_until = TRUE,
    .apt_root = fixture->folder,
  };
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  store_unref(fixture->store);
  shell("chmod -R u+w '%s' && rm -r '%s'", fixture->folder, fixture->folder);
  g_free((char *)fixture->request.keyring);
  g_free(fixture->folder);
  g_free(fixture->mirror);
}

static DebianIndex *
open_index(Fixture *fixture, const char *architecture, GError **error)
{
  FetchOptions options = {0};
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, error);
  return archive != NULL ? debian_archive_index(archive, fixture->store, architecture, NULL, &options, error) : NULL;
}

static void
assert_opens(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DebianIndex) index = open_index(fixture, "amd64", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(debian_index_size(index), ==, 1);
}

static void
assert_refused(Fixture *fixture, AshlarError code, const char *part)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(open_index(fixture, "amd64", &error));
  if (!g_error_matches(error, ASHLAR_ERROR, (int)code) || strstr(error->message, part) == NULL)
    g_error("'%s' (%d) is not %d with '%s'", error->message, error->code, code, part);
}

/* ---- what is accepted ---- */

static void
good(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  FetchOptions options = {0};
  make_archive(fixture->mirror, &(Shape){0});
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, &error);
  g_assert_no_error(error);
  g_autoptr(DebianIndex) index = debian_archive_index(archive, fixture->store, "amd64", NULL, &options, &error);
  g_assert_no_error(error);
  g_assert_cmpint(debian_archive_date(archive), ==, 1768003200);
  g_auto(GStrv) urls = debian_archive_urls(archive, "stone", "pool/h/hello_1%3a1_amd64.deb");
  g_autofree char *expected = g_strdup_printf("file://%s/pool/h/hello_1%%253a1_amd64.deb", fixture->mirror);
  g_assert_cmpuint(g_strv_length(urls), ==, 1);
  g_assert_cmpstr(urls[0], ==, expected);
  g_auto(GStrv) any = debian_archive_urls(archive, "unknown", "x");
  g_assert_cmpuint(g_strv_length(any), ==, 2); /* the security archive beside it may have it */
}

static void
detached_signature(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.detached = TRUE});
  assert_opens(fixture);
}

static void
by_hash(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.by_hash = TRUE});
  assert_opens(fixture);
}

static void
by_hash_absent(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.more = "Acquire-By-Hash: yes\n"});
  assert_opens(fixture);
}

static void
updates_and_security(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *beside = g_strconcat(fixture->mirror, "-security", NULL);
  g_autofree char *newer = g_strconcat(PACKAGES, "Package: hello\nVersion: 2\n", strstr(PACKAGES, "Arch"), NULL);
  make_archive(fixture->mirror, &(Shape){0});
  make_archive(fixture->mirror, &(Shape){.suite = "stone-updates"});
  make_archive(beside, &(Shape){.suite = "stone-security", .packages = newer});
  g_autoptr(DebianIndex) index = open_index(fixture, "amd64", &error);
  g_assert_no_error(error);
  DebianPackage package;
  g_assert_cmpuint(debian_index_size(index), ==, 2);
  debian_index_get(index, 0, &package);
  g_assert_cmpstr(package.version, ==, "2");
  g_assert_cmpuint(package.suite, ==, 2);
}

static void
armored_keyring(Fixture *fixture, gconstpointer data)
{
  g_free((char *)fixture->request.keyring);
  fixture->request.keyring = g_strconcat(keys, "/good.asc", NULL);
  make_archive(fixture->mirror, &(Shape){0});
  assert_opens(fixture);
}

/* ---- what is refused ---- */

static void
not_signed(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.key = ""});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "it is not signed");
}

static void
plain_text_as_in_release(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.key = ""});
  shell("cd '%s/dists/stone' && mv Release InRelease", fixture->mirror);
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "InRelease is not signed");
}

static void
wrong_key(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.key = "other"});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "which is not in the keyring");
}

static void
expired_key(Fixture *fixture, gconstpointer data)
{
  g_free((char *)fixture->request.keyring);
  fixture->request.keyring = g_strconcat(keys, "/old.gpg", NULL);
  make_archive(fixture->mirror, &(Shape){.key = "old"});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "which has expired");
}

static void
changed_text(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  shell("sed -i 's/^Origin: Test/Origin: Best/' '%s/dists/stone/InRelease'", fixture->mirror);
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "it was changed");
}

static void
text_around_the_signed(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  shell("echo 'Codename: evil' >> '%s/dists/stone/InRelease'", fixture->mirror);
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "goes on behind its signature");
  shell("cd '%s/dists/stone' && sed -i '$d' InRelease && cat InRelease InRelease > x && mv x InRelease", fixture->mirror);
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "InRelease ");
}

static void
no_keyring(Fixture *fixture, gconstpointer data)
{
  g_free((char *)fixture->request.keyring);
  fixture->request.keyring = NULL;
  make_archive(fixture->mirror, &(Shape){0});
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND, "there are no keys");
  fixture->request.keyring = g_strconcat(keys, "/none.gpg", NULL);
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND, "none.gpg");
}

static void
expired_release(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.more = "Valid-Until: Sun, 11 Jan 2026 00:00:00 UTC\n"});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "expired on 2026-01-11 00:00 UTC");
  fixture->request.check_valid_until = FALSE;
  assert_opens(fixture);
  fixture->request.check_valid_until = TRUE;
  put(fixture->folder, "etc/apt/apt.conf.d/10x", "Acquire { Check-Valid-Until \"false\"; };");
  assert_opens(fixture);
}

static void
set_back(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  assert_opens(fixture);
  assert_opens(fixture);
  make_archive(fixture->mirror, &(Shape){.date = "Fri, 09 Jan 2026 00:00:00 UTC"});
  assert_opens(fixture); /* with the newer one, which is at hand */
  shell("rm -f '%s/store/blobs/sha256/'*", fixture->folder);
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "it was set back");
  fixture->request.check_valid_until = FALSE;
  assert_opens(fixture);
  fixture->request.check_valid_until = TRUE;
  make_archive(fixture->mirror, &(Shape){.date = "Sun, 11 Jan 2026 00:00:00 UTC"});
  assert_opens(fixture);
}

/* Many archives call themselves nothing; their keys tell them apart. */
static void
alike_but_for_the_keys(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  assert_opens(fixture);
  g_free((char *)fixture->request.keyring);
  fixture->request.keyring = g_strconcat(keys, "/other.gpg", NULL);
  make_archive(fixture->mirror, &(Shape){.key = "other", .date = "Fri, 09 Jan 2026 00:00:00 UTC"});
  assert_opens(fixture);
}

static void
other_suite(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.codename = "wood"});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "not of suite 'stone': it says suite 'stable', codename 'wood'");
}

static void
tampered_index(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  shell("sed -i 's/Version: 1/Version: 9/' '%s/dists/stone/main/binary-amd64/Packages'", fixture->mirror);
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "index of stone/main for amd64: ");
}

static void
missing_index(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  shell("rm '%s/dists/stone/main/binary-amd64/Packages'", fixture->mirror);
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND, "no such file");
}

static void
missing_component(Fixture *fixture, gconstpointer data)
{
  const char *const components[] = {"main", "games", NULL};
  fixture->request.components = components;
  make_archive(fixture->mirror, &(Shape){0});
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND, "it has no component 'games'\nhint: it has main, extra");
}

static void
missing_architecture(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  make_archive(fixture->mirror, &(Shape){0});
  g_assert_null(open_index(fixture, "m68k", &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "it has no architecture 'm68k'\nhint: it has amd64"));
}

static void
missing_suite(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.suite = "wood"});
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND, "suite 'stone' at file://");
}

static void
malformed_release(Fixture *fixture, gconstpointer data)
{
  static const char *const cases[][2] = {
    {"Valid-Until: soon\n", "unreadable date 'soon'"},
    {"nonsense\n", "not a field"},
    {"SHA256:\n xyz 1 a\n", "malformed entry"},
    {"SHA256:\n aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 99999999999999999999 a\n", "malformed entry"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    make_archive(fixture->mirror, &(Shape){.more = cases[i][0]});
    assert_refused(fixture, ASHLAR_ERROR_INVALID, cases[i][1]);
  }
}

/* ---- a mirror in motion ---- */

/* The archive object holds the Release of before; the index is fetched after the mirror was renewed. */
static void
renewed_between(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  FetchOptions options = {0};
  g_autofree char *more = g_strconcat(PACKAGES, "Package: world\nVersion: 2\n", strstr(PACKAGES, "Arch"), NULL);
  make_archive(fixture->mirror, &(Shape){0});
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, &error);
  g_assert_null(debian_archive_index(archive, fixture->store, "m68k", NULL, &options, &error));
  g_clear_error(&error);
  make_archive(fixture->mirror, &(Shape){.packages = more, .date = "Sun, 11 Jan 2026 00:00:00 UTC"});
  g_autoptr(DebianIndex) index = debian_archive_index(archive, fixture->store, "amd64", NULL, &options, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(debian_index_size(index), ==, 2);
}

/* ---- apt's configuration ---- */

static void
configure(Fixture *fixture, const char *name, const char *format)
{
  g_autofree char *path = g_build_filename("etc/apt/sources.list.d", name, NULL);
  g_auto(GStrv) parts = g_strsplit(format, "MIRROR", -1);
  g_autofree char *with_mirror = g_strjoinv(fixture->mirror, parts);
  g_auto(GStrv) again = g_strsplit(with_mirror, "KEYS", -1);
  g_autofree char *text = g_strjoinv(keys, again);
  put(fixture->folder, path, text);
  g_clear_pointer((char **)&fixture->request.keyring, g_free);
  fixture->request.mirrors = NULL;
}

static void
configured_in_lines(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  configure(fixture, "a.list",
            "# deb http://example.org/ stone main\n"
            "deb cdrom:[Debian 12]/ stone main\ndeb-src file:MIRROR stone main\n"
            "deb http://example.org/flat ./\n"
            "deb [ arch=amd64 signed-by=KEYS/good.asc ] file:MIRROR/ stone main # yes\n");
  assert_opens(fixture);
}

static void
configured_in_stanzas(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  make_archive(fixture->mirror, &(Shape){.suite = "stone-updates"});
  configure(fixture, "a.sources",
            "# a comment\nTypes: deb deb-src\nURIs: file:MIRROR\nSuites: stone stone-updates\nComponents: main\n"
            "# another\nSigned-By: KEYS/good.gpg\n\nEnabled: no\nTypes: deb\nURIs: http://example.org\nSuites: "
            "stone\nComponents: main\n");
  assert_opens(fixture);
}

static void
key_in_the_stanza(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  g_autofree char *path = g_build_filename(keys, "good.asc", NULL);
  g_autofree char *armor = NULL;
  g_assert_true(g_file_get_contents(path, &armor, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(g_strstrip(armor), "\n", -1);
  g_autoptr(GString) text = g_string_new("Types: deb\nURIs: file:MIRROR\nSuites: stone\nComponents: main\nSigned-By:\n");
  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf(text, " %s\n", **line != '\0' ? *line : ".");
  configure(fixture, "a.sources", text->str);
  assert_opens(fixture);
}

static void
keys_of_apt(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  configure(fixture, "a.list", "deb file:MIRROR stone main\n");
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND, "there are no keys");
  put(fixture->folder, "etc/apt/trusted.gpg.d/ignored.bak", "x");
  shell("cp '%s/good.asc' '%s/other.gpg' '%s/etc/apt/trusted.gpg.d/'", keys, keys, fixture->folder);
  assert_opens(fixture);
}

static void
trusted_needs_no_signature(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.key = ""});
  configure(fixture, "a.list", "deb [trusted=yes] file:MIRROR stone main\n");
  assert_opens(fixture);
  make_archive(fixture->mirror, &(Shape){.key = "other"});
  assert_opens(fixture);
}

static void
sister_suite(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  configure(
    fixture, "a.list",
    "deb [signed-by=KEYS/good.gpg] file:MIRROR wood main\ndeb [signed-by=KEYS/good.gpg] file:MIRROR wood-updates main\n");
  assert_opens(fixture);
}

static void
same_suite_of_another_archive(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){0});
  configure(fixture, "a.list",
            "deb http://example.org/vendor stone vendor\ndeb [signed-by=KEYS/good.gpg] file:MIRROR stone main\n");
  assert_opens(fixture);
}

static void
unknown_suite(Fixture *fixture, gconstpointer data)
{
  configure(fixture, "a.list", "deb http://example.org/vendor wood main\n");
  assert_refused(fixture, ASHLAR_ERROR_NOT_FOUND,
                 "suite 'stone' (main) is not in apt's configuration of this machine, which has wood");
}

static void
mirror_lists_are_refused(Fixture *fixture, gconstpointer data)
{
  configure(fixture, "a.list", "deb mirror+http://example.org/list stone main\n");
  assert_refused(fixture, ASHLAR_ERROR_USAGE, "is not a mirror that packages can be fetched from");
}

static void
broken_configuration(Fixture *fixture, gconstpointer data)
{
  configure(fixture, "a.list", "\ndeb http://example.org\n");
  assert_refused(fixture, ASHLAR_ERROR_INVALID, "a.list:2: a package source needs");
  configure(fixture, "a.list", "");
  put(fixture->folder, "etc/apt/apt.conf", "A {\n");
  assert_refused(fixture, ASHLAR_ERROR_INVALID, "apt.conf:2: a '}' is missing");
}

static void
proxies(Fixture *fixture, gconstpointer data)
{
  put(
    fixture->folder, "etc/apt/apt.conf.d/proxy",
    "// one\n/* two */ Acquire::http { Proxy \"http://p:1\"; Proxy::Near.example.org \"DIRECT\"; };\n#clear Acquire::http::X;\n"
    "APT::NeverAutoRemove { \"^a$\"; \"b\"; };\nAcquire::http::proxy \"http://p:2\";\n");
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, NULL);
  FetchOptions options = debian_archive_fetch_options(archive, &(FetchOptions){0});
  g_autofree char *text = g_strjoinv(" ", (char **)options.proxies);
  g_assert_cmpstr(text, ==,
                  "http://Near.example.org/ DIRECT http://Near.example.org: DIRECT https://Near.example.org/ DIRECT "
                  "https://Near.example.org: DIRECT http: http://p:2 https: http://p:2");
}

static void
snapshots(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->request.snapshot = "20260110T000000Z";
  fixture->mirrors[0] = "http://example.org/debian";
  assert_refused(fixture, ASHLAR_ERROR_USAGE, "holds @SNAPSHOT@");
  fixture->mirrors[0] = "https://example.org/archive/debian/@SNAPSHOT@/";
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(debian_archive_suite(archive, 0)->bases[0], ==, "https://example.org/archive/debian/20260110T000000Z");
  g_assert_cmpstr(debian_archive_suite(archive, 2)->bases[0], ==,
                  "https://example.org/archive/debian-security/20260110T000000Z");
  g_assert_false(debian_archive_suite(archive, 0)->check_valid_until);
  fixture->request.snapshot = "yesterday";
  assert_refused(fixture, ASHLAR_ERROR_USAGE, "snapshot 'yesterday' is not a timestamp");
}

/* A host without a scheme is meant for https alone, and ends where it ends. */
static void
logins(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  make_archive(fixture->mirror, &(Shape){0});
  put(fixture->folder, "etc/apt/auth.conf", "machine example.org\n  login me\n  password top\n\nmachine half login you\n");
  put(fixture->folder, "etc/apt/auth.conf.d/more.conf",
      "machine http://plain.example.org/deb login a password b machine c.example.org:8443 login d password e\n");
  put(fixture->folder, "etc/apt/auth.conf.d/ignored.bak", "machine x login y password z\n");
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, &error);
  g_assert_no_error(error);
  FetchOptions options = debian_archive_fetch_options(archive, &(FetchOptions){0});
  g_autofree char *text = g_strjoinv(" ", (char **)options.logins);
  g_assert_cmpstr(text, ==,
                  "https://example.org/ me top https://example.org: me top http://plain.example.org/deb a b "
                  "https://c.example.org:8443/ d e");
}

static void
of_the_future(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc(), tomorrow = g_date_time_add_hours(now, 20),
                       later = g_date_time_add_days(now, 3);
  g_autofree char *soon = g_date_time_format(tomorrow, "Sat, %d %b %Y %H:%M:%S UTC");
  g_autofree char *far = g_date_time_format(later, "Sat, %d %b %Y %H:%M:%S UTC");
  make_archive(fixture->mirror, &(Shape){.date = far});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "clock");
  put(fixture->folder, "etc/apt/apt.conf", "Acquire::Check-Date \"no\";");
  assert_opens(fixture);
  put(fixture->folder, "etc/apt/apt.conf", "");
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "clock");
  fixture->request.check_valid_until = FALSE;
  assert_opens(fixture);
  fixture->request.check_valid_until = TRUE;
  fixture->request.suite = "wood";
  make_archive(fixture->mirror, &(Shape){.suite = "wood", .date = soon});
  assert_opens(fixture);
}

/* apt: where the clock is not trusted, the end is not checked either. */
static void
check_date_off_takes_expired(Fixture *fixture, gconstpointer data)
{
  make_archive(fixture->mirror, &(Shape){.more = "Valid-Until: Sun, 11 Jan 2026 00:00:00 UTC\n"});
  assert_refused(fixture, ASHLAR_ERROR_VERIFY, "expired");
  put(fixture->folder, "etc/apt/apt.conf", "Acquire::Check-Date \"no\";");
  assert_opens(fixture);
}

static void
mirror_with_odd_names(Fixture *fixture, gconstpointer data)
{
  g_autofree char *odd = g_build_filename(fixture->folder, "a b%20\xff#", NULL);
  make_archive(odd, &(Shape){0});
  fixture->mirrors[0] = odd;
  assert_opens(fixture);
  fixture->mirrors[0] = "http://example.org/a b";
  assert_refused(fixture, ASHLAR_ERROR_USAGE, "not a mirror");
}

/* Release, indexes and packages come from whichever has them. */
static void
one_mirror_of_two(Fixture *fixture, gconstpointer data)
{
  g_autofree char *none = g_build_filename(fixture->folder, "none", NULL);
  fixture->mirrors[0] = none;
  fixture->mirrors[1] = fixture->mirror;
  make_archive(fixture->mirror, &(Shape){0});
  assert_opens(fixture);
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, NULL);
  g_auto(GStrv) urls = debian_archive_urls(archive, "stone", "pool/x");
  g_assert_cmpuint(g_strv_length(urls), ==, 2);
  g_assert_true(g_str_has_prefix(urls[1], "file:///") && strstr(urls[1], fixture->mirror) != NULL);
}

/* A folder in the place of a file cannot be read, whoever asks. */
static void
unreadable_configuration_is_told(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *said = g_build_filename(fixture->folder, "said", NULL), *text = NULL;
  make_archive(fixture->mirror, &(Shape){0});
  shell("mkdir -p '%s/etc/apt/apt.conf.d/50odd'", fixture->folder);
  int fd = g_creat(said, 0600);
  g_autoptr(Progress) progress = progress_new();
  g_autoptr(Display) display = display_new(progress, DISPLAY_PLAIN, fd, NULL);
  FetchOptions options = {.progress = progress};
  g_autoptr(DebianArchive) archive = debian_archive_new(&fixture->request, &error);
  g_assert_no_error(error);
  g_autoptr(DebianIndex) index = debian_archive_index(archive, fixture->store, "amd64", NULL, &options, &error);
  g_assert_no_error(error);
  g_assert_true(g_file_get_contents(said, &text, NULL, NULL));
  g_assert_nonnull(strstr(text, "warning: apt's configuration is not whole"));
  g_assert_nonnull(strstr(text, "50odd"));
  g_close(fd, NULL);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(Fixture *fixture, gconstpointer data);
  } cases[] = {
    {"good", good},
    {"detached-signature", detached_signature},
    {"by-hash", by_hash},
    {"by-hash-absent", by_hash_absent},
    {"updates-and-security", updates_and_security},
    {"armored-keyring", armored_keyring},
    {"not-signed", not_signed},
    {"plain-text-as-in-release", plain_text_as_in_release},
    {"wrong-key", wrong_key},
    {"expired-key", expired_key},
    {"changed-text", changed_text},
    {"text-around-the-signed", text_around_the_signed},
    {"no-keyring", no_keyring},
    {"expired-release", expired_release},
    {"set-back", set_back},
    {"one-mirror-of-two", one_mirror_of_two},
    {"alike-but-for-the-keys", alike_but_for_the_keys},
    {"other-suite", other_suite},
    {"tampered-index", tampered_index},
    {"missing-index", missing_index},
    {"missing-component", missing_component},
    {"missing-architecture", missing_architecture},
    {"missing-suite", missing_suite},
    {"malformed-release", malformed_release},
    {"renewed-between", renewed_between},
    {"configured-in-lines", configured_in_lines},
    {"configured-in-stanzas", configured_in_stanzas},
    {"key-in-the-stanza", key_in_the_stanza},
    {"keys-of-apt", keys_of_apt},
    {"trusted", trusted_needs_no_signature},
    {"sister-suite", sister_suite},
    {"same-suite-of-another-archive", same_suite_of_another_archive},
    {"unknown-suite", unknown_suite},
    {"mirror-lists", mirror_lists_are_refused},
    {"broken-configuration", broken_configuration},
    {"proxies", proxies},
    {"snapshots", snapshots},
    {"logins", logins},
    {"of-the-future", of_the_future},
    {"check-date-off-takes-expired", check_date_off_takes_expired},
    {"mirror-with-odd-names", mirror_with_odd_names},
    {"unreadable-configuration-is-told", unreadable_configuration_is_told},
  };
  g_test_init(&argc, &argv, NULL);
  if (!make_keys()) {
    g_print("1..0 # SKIP gpg or gpgv is not installed\n");
    return 0;
  }
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/debian-archive/", cases[i].name, NULL);
    g_test_add(path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  int status = g_test_run();
  drop_keys();
  return status;
}
