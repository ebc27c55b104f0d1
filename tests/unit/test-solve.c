/* SPDX-License-Identifier: Apache-2.0
 *
 * Each case is an archive in short (one package a line: "NAME VERSION; Field: value; ..."), what is asked of it, and the set that
 * comes out, or the whole message where none can. What is claimed of apt was seen of apt (tests/interop/solver.bats).
 */
#include "builder/sources/debian/solve.h"
#include "signing/error.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  const char *name, *archive;
  const char *asked;  /* "a b=1" */
  const char *result; /* "a=1 b=1", or the message */
  const char *prefer; /* "a=1 b=1": the lock; or NULL */
  RecipeVariant variant;
  gboolean recommends;
} Case;

static const Case cases[] = {
  /* ---- what apt prefers ---- */
  {.name = "first-alternative", .archive = "a 1; Depends: b | c\nb 1\nc 1", .asked = "a", .result = "a=1 b=1"},
  {.name = "first-alternative-not-there", .archive = "a 1; Depends: b | c\nc 1", .asked = "a", .result = "a=1 c=1"},
  {.name = "alternative-chosen-elsewhere", .archive = "a 1; Depends: b | c\nb 1\nc 1", .asked = "c a", .result = "a=1 c=1"},
  {.name = "alternatives-in-order-of-asking",
   .archive = "a 1; Depends: b | c\nb 1\nc 1\nd 1; Depends: c",
   .asked = "a d",
   .result = "a=1 b=1 c=1 d=1"},
  {.name = "real-before-provider",
   .archive = "a 1; Depends: x\nb 1; Provides: x; Priority: required\nx 1",
   .asked = "a",
   .result = "a=1 x=1"},
  {.name = "libsystemd0-before-libelogind0",
   .archive = "a 1; Depends: libsystemd0\n"
              "libelogind0 246; Provides: libsystemd0 (= 252); Conflicts: libsystemd0\nlibsystemd0 252",
   .asked = "a",
   .result = "a=1 libsystemd0=252"},
  {.name = "awk-by-priority",
   .archive = "base-files 1; Pre-Depends: awk; Essential: yes\ngawk 1; Provides: awk\n"
              "mawk 1; Provides: awk; Priority: required\noriginal-awk 1; Provides: awk; Priority: extra",
   .asked = "base-files",
   .result = "base-files=1 mawk=1"},
  {.name = "provider-chosen-elsewhere",
   .archive = "base-files 1; Depends: awk\ngawk 1; Provides: awk\nmawk 1; Provides: awk; Priority: required",
   .asked = "gawk base-files",
   .result = "base-files=1 gawk=1"},
  {.name = "provider-essential-first",
   .archive = "a 1; Depends: v\nb 1; Provides: v; Priority: required\nc 1; Provides: v; Essential: yes",
   .asked = "a",
   .result = "a=1 c=1"},
  {.name = "provider-met-last-by-rank-of-reading",
   .archive = "a 1; Depends: v\nb 1; Provides: v\nc 1; Provides: v",
   .asked = "a",
   .result = "a=1 c=1"},
  {.name = "provider-mentioned-early-is-met-early",
   .archive = "a 1; Suggests: c; Depends: v\nb 1; Provides: v\nc 1; Provides: v",
   .asked = "a",
   .result = "a=1 b=1"},
  {.name = "provider-met-by-source-package",
   .archive = "a 1; Depends: v\nb-0.7 1; Provides: v; Source: rust-b-0.7\nb-dev 1; Provides: v; Source: rust-b",
   .asked = "a",
   .result = "a=1 b-0.7=1"},
  {.name = "newest-version", .archive = "a 1.9\na 1.10\na 1.10~rc1", .asked = "a", .result = "a=1.10"},
  {.name = "alternative-that-conflicts-is-passed-over",
   .archive = "a 1; Depends: b | c\nb 1; Conflicts: d\nc 1\nd 1",
   .asked = "d a",
   .result = "a=1 c=1 d=1"},
  {.name = "alternative-that-cannot-be-is-passed-over",
   .archive = "a 1; Depends: b | c\nb 1; Depends: nothing\nc 1",
   .asked = "a",
   .result = "a=1 c=1"},
  {.name = "what-was-tried-and-given-up-is-not-installed",
   .archive = "a 1; Depends: b | c\nb 1; Depends: e, f\nc 1\ne 1\nf 1; Depends: nothing",
   .asked = "a",
   .result = "a=1 c=1"},
  {.name = "cycle", .archive = "a 1; Depends: b\nb 1; Depends: a", .asked = "a", .result = "a=1 b=1"},
  /* ---- relations ---- */
  {.name = "versioned-provides",
   .archive = "a 1; Depends: x (>= 2)\nb 1; Provides: x (= 1)\nc 1; Provides: x (= 2)\nd 1; Provides: x",
   .asked = "a",
   .result = "a=1 c=1"},
  {.name = "provider-in-place-of-an-old-version",
   .archive = "a 1; Depends: x (>= 2)\nb 1; Provides: x (= 2)\nx 1",
   .asked = "a",
   .result = "a=1 b=1"},
  {.name = "any-needs-multi-arch-allowed",
   .archive = "a 1; Depends: p:any | q:any\np 1; Multi-Arch: foreign\nq 1; Multi-Arch: allowed",
   .asked = "a",
   .result = "a=1 q=1"},
  {.name = "own-architecture-by-name",
   .archive = "a 1; Depends: p:i386 | q:amd64\np 1\nq 1",
   .asked = "a",
   .result = "a=1 q=1"},
  {.name = "conflict-with-what-it-provides-itself",
   .archive = "a 1; Provides: mta; Conflicts: mta",
   .asked = "a",
   .result = "a=1"},
  {.name = "conflict-with-own-older-version",
   .archive = "a 2; Conflicts: a (<< 2); Depends: b\nb 1; Breaks: a (<< 2)\na 1",
   .asked = "a",
   .result = "a=2 b=1"},
  {.name = "replaces-alone-is-no-conflict", .archive = "a 1; Replaces: b\nb 1", .asked = "a b", .result = "a=1 b=1"},
  {.name = "only-provider-of-a-virtual-package", .archive = "b 1; Provides: v", .asked = "v", .result = "b=1"},
  {.name = "version-asked-for", .archive = "a 1\na 2\nb 1; Depends: a", .asked = "b a=1", .result = "a=1 b=1"},
  /* ---- where greed fails ---- */
  {.name = "backtracking-to-the-second-alternative",
   .archive = "a 1; Depends: b | c, d\nb 1\nc 1\nd 1; Conflicts: b",
   .asked = "a",
   .result = "a=1 c=1 d=1"},
  {.name = "backtracking-to-an-older-version",
   .archive = "a 1; Depends: l (<< 2)\nl 1\nl 2",
   .asked = "a",
   .result = "a=1 l=1"},
  {.name = "versions-that-go-together",
   .archive = "a 1; Depends: l (= 1)\nl 1; Depends: m (= 1)\nl 2; Depends: m (= 2)\nm 1\nm 2",
   .asked = "a m",
   .result = "a=1 l=1 m=1"},
  {.name = "first-alternative-stays-where-greed-fails-elsewhere",
   .archive = "a 1; Depends: b | c, l (<< 2)\nb 1\nc 1\nd 1; Depends: c\nl 1\nl 2",
   .asked = "a d",
   .result = "a=1 b=1 c=1 d=1 l=1"},
  /* ---- recommends ---- */
  {.name = "recommends-left-out", .archive = "a 1; Recommends: b\nb 1", .asked = "a", .result = "a=1"},
  {.name = "recommends-all-the-way-down",
   .archive = "a 1; Recommends: b\nb 1; Depends: c\nc 1; Recommends: d\nd 1",
   .asked = "a",
   .recommends = TRUE,
   .result = "a=1 b=1 c=1 d=1"},
  {.name = "recommends-that-cannot-be",
   .archive = "a 1; Recommends: b, gone, d\nb 1; Depends: c, nothing\nc 1\nd 1",
   .asked = "a",
   .recommends = TRUE,
   .result = "a=1 d=1"},
  {.name = "recommends-that-would-break",
   .archive = "a 1; Recommends: b; Depends: c\nb 1; Conflicts: c\nc 1",
   .asked = "a",
   .recommends = TRUE,
   .result = "a=1 c=1"},
  {.name = "recommends-where-greed-fails",
   .archive = "a 1; Depends: l (<< 2); Recommends: r\nl 1\nl 2\nr 1",
   .asked = "a",
   .recommends = TRUE,
   .result = "a=1 l=1 r=1"},
  /* ---- variants ---- */
  {.name = "variant-essential",
   .archive = "apt 1\nbash 1; Essential: yes; Depends: libc\nlibc 1\npasswd 1; Priority: required",
   .asked = "",
   .variant = RECIPE_VARIANT_ESSENTIAL,
   .result = "bash=1 libc=1"},
  {.name = "variant-minbase",
   .archive = "apt 1\nbash 1; Essential: yes\ncron 1; Priority: important\npasswd 1; Priority: required",
   .asked = "",
   .variant = RECIPE_VARIANT_MINBASE,
   .result = "apt=1 bash=1 passwd=1"},
  {.name = "variant-standard",
   .archive = "apt 1\nbash 1; Essential: yes\ncron 1; Priority: important\nman 1; Priority: standard\nvim 1",
   .asked = "",
   .variant = RECIPE_VARIANT_STANDARD,
   .result = "apt=1 bash=1 cron=1 man=1"},
  {.name = "variant-chooses-before-what-is-asked-for",
   .archive = "bash 1; Essential: yes; Depends: u | v\nu 1\nv 1\nw 1; Depends: v | u",
   .asked = "w",
   .variant = RECIPE_VARIANT_ESSENTIAL,
   .result = "bash=1 u=1 w=1"},
  /* ---- the lock ---- */
  {.name = "lock-keeps-versions",
   .archive = "a 1; Depends: b\na 2; Depends: b\nb 1\nb 2",
   .asked = "a",
   .prefer = "a=1 b=1",
   .result = "a=1 b=1"},
  {.name = "lock-without-one-package-moves-that-one",
   .archive = "a 1; Depends: b\na 2; Depends: b\nb 1\nb 2",
   .asked = "a",
   .prefer = "a=1",
   .result = "a=1 b=2"},
  {.name = "lock-moves-what-must-move",
   .archive = "a 1; Depends: l\nb 1; Depends: l (>= 2), c\nc 1\nc 2\nl 1\nl 2",
   .asked = "a b",
   .prefer = "a=1 c=1 l=1",
   .result = "a=1 b=1 c=1 l=2"},
  {.name = "lock-does-not-choose-alternatives-of-what-is-new",
   .archive = "a 1; Depends: l\nb 1; Depends: mta, l (>= 2)\nexim 1; Provides: mta; Priority: standard\nl 1\nl 2\n"
              "zmail 1; Provides: mta",
   .asked = "a b",
   .prefer = "a=1 l=1",
   .result = "a=1 b=1 exim=1 l=2"},
  {.name = "lock-of-a-version-that-is-gone",
   .archive = "a 1; Depends: b\nb 2\nb 3",
   .asked = "a",
   .prefer = "a=1 b=1",
   .result = "a=1 b=3"},
  {.name = "lock-keeps-the-alternative",
   .archive = "a 1; Depends: b | c\nb 1\nc 1",
   .asked = "a",
   .prefer = "a=1 c=1",
   .result = "a=1 c=1"},
  {.name = "lock-is-not-a-wish-list", .archive = "a 1\nb 1", .asked = "a", .prefer = "a=1 b=1", .result = "a=1"},
  {.name = "recipe-beats-lock", .archive = "a 1\na 2", .asked = "a=2", .prefer = "a=1", .result = "a=2"},
  /* ---- no answer ---- */
  {.name = "field-that-cannot-be-read",
   .archive = "a 1; Depends: b (>> )\nb 1",
   .asked = "a",
   .result = "package 'a' 1: Depends: 'b (>> )' is not a relation between packages"},
  {.name = "nothing-meets-a-need",
   .archive = "a 1; Depends: b\nb 1; Depends: l (>= 3)\nl 1\nl 2",
   .asked = "a",
   .result = "'a' cannot be installed\n"
             "  'a' is asked for\n"
             "    a 1 needs 'b'\n"
             "      b 1 needs 'l (>= 3)'\n"
             "        of 'l' there is only 2, 1\n"
             "hint: drop 'a'"},
  {.name = "no-such-need",
   .archive = "a 1; Depends: b | c (>= 2)\nc 1",
   .asked = "a",
   .result = "'a' cannot be installed\n"
             "  'a' is asked for\n"
             "    a 1 needs 'b | c (>= 2)'\n"
             "      there is no package 'b'\n"
             "      of 'c' there is only 1\n"
             "hint: drop 'a'"},
  {.name = "two-that-conflict",
   .archive = "a 1; Depends: c\nb 1; Depends: d\nc 1; Conflicts: d\nd 1",
   .asked = "a b",
   .result = "'a' and 'b' cannot be installed together\n"
             "  'a' is asked for\n"
             "    a 1 needs 'c'\n"
             "      c 1 conflicts with 'd': d 1\n"
             "  'b' is asked for\n"
             "    b 1 needs 'd'\n"
             "      d 1, which cannot be beside c 1\n"
             "hint: drop 'a' or 'b'"},
  {.name = "two-versions-of-one-name",
   .archive = "a 1; Depends: l (= 1)\nb 1; Depends: l (= 2)\nl 1\nl 2",
   .asked = "a b",
   .result = "'a' and 'b' cannot be installed together\n"
             "  'a' is asked for\n"
             "    a 1 needs 'l (= 1)'\n"
             "      l 1, while l 2 is needed too\n"
             "  'b' is asked for\n"
             "    b 1 needs 'l (= 2)'\n"
             "      l 2, while l 1 is needed too\n"
             "hint: drop 'a' or 'b'"},
  {.name = "version-asked-for-cannot-be",
   .archive = "a 1; Depends: l (= 1)\na 2\nl 2",
   .asked = "a=1",
   .result = "'a=1' cannot be installed\n"
             "  'a' is asked for\n"
             "    a 1 needs 'l (= 1)'\n"
             "      of 'l' there is only 2\n"
             "hint: ask for another version of 'a': 2\n"
             "hint: drop 'a=1'"},
  {.name = "two-problems-two-trees",
   .archive = "a 1; Depends: gone\nb 1; Depends: lost",
   .asked = "a b",
   .result = "'a' cannot be installed\n"
             "  'a' is asked for\n"
             "    a 1 needs 'gone'\n"
             "      there is no package 'gone'\n"
             "hint: drop 'a'\n"
             "'b' cannot be installed\n"
             "  'b' is asked for\n"
             "    b 1 needs 'lost'\n"
             "      there is no package 'lost'\n"
             "hint: drop 'b'"},
  {.name = "unknown-name",
   .archive = "nginx 1\nnginx-light 1",
   .asked = "ngnix",
   .result = "there is no package 'ngnix'\n"
             "hint: did you mean 'nginx'?"},
  {.name = "unknown-names-all-at-once",
   .archive = "a 1",
   .asked = "zzzzzz a yyyyyy",
   .result = "there is no package 'zzzzzz'\n"
             "there is no package 'yyyyyy'"},
  {.name = "unknown-version",
   .archive = "a 1\na 2",
   .asked = "a=1.5",
   .result = "there is no version '1.5' of package 'a', only 2, 1\n"
             "hint: write a=2"},
  {.name = "virtual-with-several-providers",
   .archive = "b 1; Provides: v\nc 1; Provides: v",
   .asked = "v",
   .result = "'v' is a virtual package, provided by 'b', 'c'\n"
             "hint: name the one that is meant"},
};

/* ---- an archive from its short form ---- */

static int
remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
  return remove(path);
}

static void
append_stanza(GString *text, const char *line)
{
  g_auto(GStrv) fields = g_strsplit(line, "; ", -1);
  g_auto(GStrv) title = g_strsplit(fields[0], " ", 2);
  g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, line, -1);
  g_string_append_printf(text, "Package: %s\nVersion: %s\nArchitecture: all\n", title[0], title[1]);
  for (guint i = 1; fields[i]; i++)
    g_string_append_printf(text, "%s\n", fields[i]);
  if (!strstr(line, "Priority: "))
    g_string_append(text, "Priority: optional\n");
  g_string_append_printf(text, "Filename: pool/%s.deb\nSize: 1\nSHA256: %s\n\n", title[0], digest);
}

static DebianIndex *
index_of(Store *store, const char *archive)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(archive, "\n", -1);
  DebianIndexSource source = {.suite = 0};
  for (guint i = 0; lines[i]; i++)
    append_stanza(text, lines[i]);
  g_assert_true(store_put(store, text->str, text->len, &source.blob, &error));
  DebianIndex *index = debian_index_open(store, "amd64", &source, 1, NULL, &error);
  g_assert_no_error(error);
  return index;
}

/* "a b=1" as packages of a recipe that has them at no place. */
static GPtrArray *
packages_of(char **words)
{
  GPtrArray *packages = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; words[i]; i++) {
    if (!*words[i])
      continue;
    RecipePackage *package = g_new0(RecipePackage, 1);
    char *equals = strchr(words[i], '=');
    if (equals)
      *equals = '\0';
    package->name = words[i];
    package->version = equals ? equals + 1 : NULL;
    g_ptr_array_add(packages, package);
  }
  return packages;
}

static char *
solve_case(const DebianIndex *index, const Case *one)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) words = g_strsplit(one->asked, " ", -1), prefer = g_strsplit(one->prefer ? one->prefer : "", " ", -1);
  g_autoptr(GPtrArray) packages = packages_of(words);
  const DebianSolveRequest request = {.variant = one->variant,
                                      .packages = (const RecipePackage *const *)packages->pdata,
                                      .n_packages = packages->len,
                                      .recommends = one->recommends,
                                      .prefer = one->prefer ? (const char *const *)prefer : NULL};
  g_autoptr(GArray) ids = debian_solve(index, &request, &error);
  if (!ids)
    return g_strdup(error->message);
  GString *result = g_string_new(NULL);
  for (guint i = 0; i < ids->len; i++) {
    DebianPackage package;
    debian_index_get(index, g_array_index(ids, guint32, i), &package);
    g_string_append_printf(result, "%s%s=%s", i ? " " : "", package.name, package.version);
  }
  return g_string_free(result, FALSE);
}

static void
run_case(gconstpointer data)
{
  const Case *one = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("ashlar-solve-XXXXXX", &error);
  g_assert_no_error(error);
  g_autoptr(Store) store = store_open(folder, &error);
  g_assert_no_error(error);
  {
    g_autoptr(DebianIndex) index = index_of(store, one->archive);
    g_autofree char *result = solve_case(index, one);
    g_assert_cmpstr(result, ==, one->result);
  }
  g_assert_cmpint(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

/* Depth-first walking has an end (apt's, and that of the stack); what lies deeper is libsolv's. The last link is missing in the
 * second chain, and the explanation does not tell them all. */
static void
chain_deeper_than_the_walk_goes(void)
{
  enum { LENGTH = 4000 };
  for (int missing = 0; missing < 2; missing++) {
    g_autoptr(GString) archive = g_string_new("p4000 1");
    for (guint i = (guint)missing; i < LENGTH; i++)
      g_string_append_printf(archive, "\np%u 1; Depends: p%u", missing ? LENGTH - i : i, missing ? LENGTH - i - 1 : i + 1);
    Case one = {.archive = archive->str, .asked = missing ? "p3999" : "p0"};
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("ashlar-solve-XXXXXX", &error);
    g_autoptr(Store) store = store_open(folder, &error);
    g_assert_no_error(error);
    {
      g_autoptr(DebianIndex) index = index_of(store, one.archive);
      g_autofree char *result = solve_case(index, &one);
      g_auto(GStrv) words = g_strsplit_set(result, " \n", -1);
      if (missing)
        g_assert_true(g_str_has_prefix(result, "'p3999' cannot be installed\n"));
      else
        g_assert_cmpuint(g_strv_length(words), ==, LENGTH + 1);
    }
    g_assert_cmpint(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  }
}

/* A name that does not exist is told at its place in the recipe. */
static void
unknown_name_at_its_place(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("ashlar-solve-XXXXXX", &error);
  g_autofree char *recipe = g_build_filename(folder, "web.yaml", NULL);
  g_autofree char *path = g_build_filename(folder, "store", NULL);
  g_assert_true(g_file_set_contents(recipe, "debian:\n  packages: [ngnix]\n", -1, &error));
  g_autoptr(Store) store = store_open(path, &error);
  g_assert_no_error(error);
  {
    g_autoptr(DebianIndex) index = index_of(store, "nginx 1");
    RecipePackage package = {.name = "ngnix", .place = {recipe, 2, 14}};
    const RecipePackage *packages[] = {&package};
    const DebianSolveRequest request = {.packages = packages, .n_packages = 1};
    g_assert_null(debian_solve(index, &request, &error));
    g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE);
    g_autofree char *start = g_strdup_printf("%s:2:14: error: there is no package 'ngnix'\n", recipe);
    g_assert_true(g_str_has_prefix(error->message, start));
    g_assert_true(g_str_has_suffix(error->message, "\nhint: did you mean 'nginx'?"));
  }
  g_assert_cmpint(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/solve/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], run_case);
  }
  g_test_add_func("/solve/chain-deeper-than-the-walk-goes", chain_deeper_than_the_walk_goes);
  g_test_add_func("/solve/unknown-name-at-its-place", unknown_name_at_its_place);
  return g_test_run();
}
