/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/commands/commands.h"
#include "builder/recipe/schema.h"
#include "rootfs/outfile.h"
#include "signing/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_NAME "web"
/* Where the host is no Debian. */
#define DEFAULT_SUITE "bookworm"

typedef struct {
  char *name;
} InitOptions;

static const CommandOption options[] = {
  {"name", 0, OPTION_STRING, G_STRUCT_OFFSET(InitOptions, name), "NAME", "the image's name (default: " DEFAULT_NAME ")"},
  {NULL, 0, 0, 0, NULL, NULL},
};

/* %1$s: the name, %2$s: the suite */
static const char recipe_text[] =
  "# A small web server. `man 5 ashlar-recipe` tells every key; `ashlar lint` checks the file.\n"
  "name: %1$s\n"
  "version: 0.1.0\n"
  "description: serves the files of site/ on port 8080\n"
  "arch: [amd64]                       # add arm64, and the image is for both\n"
  "params: {title: Hello from %1$s}      # ashlar build --set title=... overrides\n"
  "\n"
  "debian:                             # packages, with all they depend on\n"
  "  suite: %2$s\n"
  "  packages: [python3]\n"
  "  scripts: skip                     # no maintainer scripts: nothing here needs them\n"
  "  exclude: [/usr/share/doc/*, /usr/share/man/*, /usr/share/locale/*]\n"
  "  include: [/usr/share/doc/*/copyright]\n"
  "\n"
  "users:\n"
  "  - {name: app, uid: 10001, home: /srv}\n"
  "\n"
  "files:\n"
  "  - {path: /srv/www, from: site/}   # beside this file\n"
  "  - {path: /srv/www/title.txt, content: \"${title}\\n\"}\n"
  "\n"
  "config:                             # how the container is started\n"
  "  entrypoint: [python3, -m, http.server, --directory, /srv/www, \"8080\"]\n"
  "  user: app\n"
  "  workdir: /srv/www\n"
  "  env: {PYTHONUNBUFFERED: \"1\"}\n"
  "  ports: [8080/tcp]\n";

static const char page_text[] = "<!DOCTYPE html>\n"
                                "<meta charset=\"utf-8\">\n"
                                "<title>It works</title>\n"
                                "<p>This page was put into the image by its recipe.\n";

/* The host's own suite, so that its apt configuration has a mirror for it. */
static char *
host_suite(void)
{
  g_autofree char *id = g_get_os_info(G_OS_INFO_KEY_ID);
  g_autofree char *codename = g_get_os_info(G_OS_INFO_KEY_VERSION_CODENAME);
  gboolean fits = g_strcmp0(id, "debian") == 0 && codename != NULL &&
                  g_regex_match_simple(schema_find("debian.suite")->pattern, codename, G_REGEX_DOLLAR_ENDONLY, 0);
  return fits ? g_steal_pointer(&codename) : g_strdup(DEFAULT_SUITE);
}

static gboolean
check_name(const char *name, GError **error)
{
  const SchemaKey *key = schema_find("name");
  if (g_regex_match_simple(key->pattern, name, G_REGEX_DOLLAR_ENDONLY, 0))
    return TRUE;
  g_autofree char *shown = g_strescape(name, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_USAGE, "the name '%s' must be %s", shown, key->says);
  return FALSE;
}

/* Both are looked at before either is written. */
static gboolean
check_absent(const char *path, GError **error)
{
  GStatBuf st;
  if (g_lstat(path, &st) != 0)
    return errno == ENOENT || error_set_errno(error, errno, "look at '%s'", path);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_EXISTS, "'%s' is there already\nhint: name another folder, or another --name",
              path);
  return FALSE;
}

static gboolean
write_file(const char *path, const char *text, GError **error)
{
  if (!outfile_put(path, text, strlen(text), 0644, OUTFILE_EXCLUSIVE, error))
    return FALSE;
  puts(path);
  return TRUE;
}

/* "." needs no saying. */
static char *
path_in(const char *folder, const char *name)
{
  return strcmp(folder, ".") == 0 ? g_strdup(name) : g_build_filename(folder, name, NULL);
}

static int
run(const CommandContext *context, gpointer data, char **arguments, GError **error)
{
  const InitOptions *values = data;
  const char *folder = arguments[0] != NULL ? arguments[0] : ".";
  const char *name = values->name != NULL ? values->name : DEFAULT_NAME;
  if (!check_name(name, error))
    return EXIT_FAILURE;
  g_autofree char *file = g_strconcat(name, ".yaml", NULL);
  g_autofree char *recipe = path_in(folder, file);
  g_autofree char *site = path_in(folder, "site");
  g_autofree char *page = g_build_filename(site, "index.html", NULL);
  if (!check_absent(recipe, error) || !check_absent(page, error))
    return EXIT_FAILURE;
  if (g_mkdir_with_parents(site, 0755) != 0) {
    error_set_errno(error, errno, "cannot make the folder '%s'", site);
    return EXIT_FAILURE;
  }
  g_autofree char *suite = host_suite();
  g_autofree char *text = g_strdup_printf(recipe_text, name, suite);
  if (!write_file(page, page_text, error) || !write_file(recipe, text, error))
    return EXIT_FAILURE;
  g_autofree char *quoted = g_shell_quote(recipe);
  gboolean plain = strspn(recipe, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "/._-") == strlen(recipe);
  progress_note(context->progress, "next: ashlar build %s", plain ? recipe : quoted);
  return EXIT_SUCCESS;
}

static const CommandExample examples[] = {
  {"A new recipe in a folder of its own, and its first image:", "ashlar init my-image\nashlar build my-image/server.yaml"},
  {NULL},
};

const Command command_init = {
  .name = "init",
  .summary = "write a recipe to start from",
  .arguments = "[DIR]",
  .description = "Writes a small web server's recipe and the page it serves into DIR (default:\n"
                 "the current folder). What is there already is left alone.",
  .examples = examples,
  .see_also = "lint|build|recipe",
  .min_arguments = 0,
  .max_arguments = 1,
  .options = options,
  .options_size = sizeof(InitOptions),
  .run = run,
};
