/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/vcs.h"
#include "signing/error.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static void
shell(const char *folder, const char *command)
{
  g_autofree char *line = g_strdup_printf("cd '%s' && { %s; } >/dev/null 2>&1", folder, command);
  if (system(line) != 0)
    g_error("failed: %s", line);
}

static char *
new_folder(void)
{
  return g_dir_make_tmp("ashlar-vcs-XXXXXX", NULL);
}

static void
remove_folder(char *folder)
{
  g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
  shell("/", command);
  g_free(folder);
}

static void
commit(const char *folder)
{
  shell(folder, "git init -q && echo a > a && git add a && "
                "git -c user.name=x -c user.email=x@example.org commit -q -m first");
}

/* The annotations, one a line. */
static char *
annotations_of(const char *folder)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) found = vcs_annotations(folder, NULL, &error);
  g_assert_no_error(error);
  return g_strjoinv("\n", found);
}

static void
assert_told(const char *folder, const char *part, gboolean told)
{
  g_autofree char *text = annotations_of(folder);
  if ((strstr(text, part) != NULL) != told)
    g_error("'%s' %s told: %s", part, told ? "is not" : "is", text);
}

static void
revision_and_dirt(void)
{
  char *folder = new_folder();
  commit(folder);
  assert_told(folder, "dev.ashlar.vcs.dirty=false\norg.opencontainers.image.revision=", TRUE);
  assert_told(folder, "image.source", FALSE);
  shell(folder, "echo b > b");
  assert_told(folder, "dirty=true", TRUE);
  remove_folder(folder);
}

/* Dirt elsewhere in the checkout is not the recipe's. */
static void
only_the_recipes_folder_counts(void)
{
  char *folder = new_folder();
  g_autofree char *inner = g_build_filename(folder, "inner", NULL);
  commit(folder);
  g_assert_cmpint(g_mkdir(inner, 0755), ==, 0);
  shell(folder, "echo b > b");
  assert_told(inner, "dirty=false", TRUE);
  remove_folder(folder);
}

static void
origin_without_credentials(void)
{
  static const char *const urls[][2] = {{"https://user:secret@example.org/x/y.git", "https://example.org/x/y.git"},
                                        {"https://example.org/a@b", "https://example.org/a@b"},
                                        {"git@example.org:x/y", "git@example.org:x/y"}};
  char *folder = new_folder();
  commit(folder);
  shell(folder, "git remote add origin none");
  for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
    g_autofree char *command = g_strdup_printf("git remote set-url origin '%s'", urls[i][0]);
    g_autofree char *expected = g_strdup_printf("image.source=%s", urls[i][1]);
    shell(folder, command);
    assert_told(folder, expected, TRUE);
    assert_told(folder, "secret", FALSE);
  }
  remove_folder(folder);
}

static void
no_checkout_is_an_error(void)
{
  g_autoptr(GError) error = NULL;
  char *folder = new_folder();
  g_assert_null(vcs_annotations(folder, NULL, &error));
  g_assert_nonnull(strstr(error->message, "is in no git checkout with a commit"));
  g_assert_nonnull(strstr(error->message, folder));
  g_clear_error(&error);
  shell(folder, "git init -q");
  g_assert_null(vcs_annotations(folder, NULL, &error));
  g_assert_nonnull(strstr(error->message, "is in no git checkout with a commit"));
  remove_folder(folder);
}

static void
missing_git_is_told(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_strdup(g_getenv("PATH"));
  g_setenv("PATH", "/nonexistent", TRUE);
  g_assert_null(vcs_annotations("/", NULL, &error));
  g_setenv("PATH", path, TRUE);
  g_assert_nonnull(strstr(error->message, "--vcs needs git"));
  g_assert_null(strstr(error->message, "checkout"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_autofree char *git = g_find_program_in_path("git");
  if (git == NULL) {
    g_print("1..0 # SKIP git is not installed\n");
    return 0;
  }
  g_setenv("GIT_CEILING_DIRECTORIES", g_get_tmp_dir(), TRUE);
  g_test_add_func("/vcs/revision-and-dirt", revision_and_dirt);
  g_test_add_func("/vcs/only-the-recipes-folder", only_the_recipes_folder_counts);
  g_test_add_func("/vcs/origin", origin_without_credentials);
  g_test_add_func("/vcs/no-checkout", no_checkout_is_an_error);
  g_test_add_func("/vcs/missing-git", missing_git_is_told);
  return g_test_run();
}
