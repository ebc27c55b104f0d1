/* SPDX-License-Identifier: Apache-2.0
 *
 * The checked recipe: what a recipe file says once parameters are filled in, includes are merged and everything is known to be
 * well-formed. Plain data, owned by the Recipe. README and ashlar-recipe(5) describe the language; recipe/schema.c holds
 * the one table of its keys.
 */
#ifndef ASHLAR_RECIPE_RECIPE_H
#define ASHLAR_RECIPE_RECIPE_H

#include "rootfs/pack.h"
#include "signing/digest.h"
#include <glib.h>
#include <jansson.h>

typedef enum { RECIPE_VARIANT_NONE, RECIPE_VARIANT_ESSENTIAL, RECIPE_VARIANT_MINBASE, RECIPE_VARIANT_STANDARD } RecipeVariant;
typedef enum { RECIPE_SCRIPTS_AUTO, RECIPE_SCRIPTS_RUN, RECIPE_SCRIPTS_SKIP } RecipeScripts;

/* Where in which file a thing stands, for errors that are found later (a source folder that is missing, a package that does
 * not exist): recipe_error_at prints them like the reader's own. */
typedef struct {
  const char *file;   /* as the user spelled it */
  guint line, column; /* from 1 */
} RecipePlace;

/* What the image is built upon. */
typedef struct {
  char *image; /* "oci:base", "stage:build", "recipe:base.yaml (flavour=slim)": what it is called, or NULL: nothing */
  RecipePlace place;
  char *stage;           /* the name of the stage that is meant; else NULL */
  struct Recipe *recipe; /* the recipe that is meant, with the values given to it; else NULL */
} RecipeFrom;

typedef struct {
  char *name;
  char *version; /* exact, or NULL */
  RecipePlace place;
} RecipePackage;

typedef struct {
  char *suite;
  char **components;
  char **mirrors;             /* URLs of one archive, or NULL: the host's */
  char *snapshot;             /* "20261101T000000Z" or NULL */
  char *keyring;              /* path, resolved against the recipe's folder, or NULL */
  gboolean check_valid_until; /* default TRUE */
  RecipeVariant variant;
  GPtrArray *packages; /* RecipePackage* */
  gboolean recommends;
  RecipeScripts scripts;
  char **exclude, **include; /* globs as in dpkg --path-exclude / --path-include: absolute, include wins over exclude */
  RecipePlace place;
} RecipeDebian;

typedef struct {
  char *name;
  gint64 uid, gid; /* -1: the next free system number, counted upwards from 100 in the recipe's order */
  char *home, *shell, *gecos;
  char **groups; /* further groups */
  gboolean system;
  RecipePlace place;
} RecipeUser;

typedef struct {
  char *name;
  gint64 gid; /* -1 as above */
  char **members;
  RecipePlace place;
} RecipeGroup;

typedef struct {
  char *path;    /* absolute, in the image */
  char *from;    /* file or folder, resolved and inside the recipe's folder; of a stage, absolute there; or NULL */
  char *stage;   /* the stage that `from` lies in, or NULL */
  char *content; /* inline; or NULL */
  gsize content_length;
  char *url; /* or NULL; with sha256 */
  Digest sha256;
  gboolean unpack;     /* from/url is an archive whose contents go below path */
  gint64 mode;         /* 07777, or -1: the source's executable bit decides 0755 or 0644, folders 0755 */
  gint64 folder_mode;  /* of folders in a folder, or -1 */
  char *owner, *group; /* names or numbers; NULL: root, and the owner's own group */
  RecipePlace place;
} RecipeFile;

typedef struct {
  char *path, *to; /* path becomes a symlink to `to` as it stands */
  RecipePlace place;
} RecipeLink;

/* Where a secret comes from: one of the three. */
typedef struct {
  char *name;
  char *file; /* of the build host, resolved against the recipe's folder */
  char *variable;
  char **command;
  RecipePlace place;
} RecipeSecret;

/* What a step finds at a path of the image that is not of the image: a cache, or a file or folder of the recipe's. */
typedef struct {
  char *path;  /* absolute, in the image */
  char *cache; /* its name in the store; or NULL */
  char *from;  /* resolved and inside the recipe's folder; or NULL */
  RecipePlace place;
} RecipeMount;

/* A command that is run in the sandbox. */
typedef struct {
  char *name;               /* as it is told to people; never NULL */
  char **command;           /* what is run: the words, or "/bin/sh -ec TEXT" */
  char **env;               /* "K=V", sorted by K; or NULL */
  char *working_dir, *user; /* NULL: "/", root */
  gboolean network;
  gboolean fixed_clock; /* its programs see the epoch as the time */
  guint seconds;        /* 0: no limit */
  guint64 memory;       /* bytes; 0: no limit */
  char **secrets;       /* names of the recipe's secrets, or NULL */
  GPtrArray *mounts;    /* RecipeMount*, sorted by path, none in another; never NULL */
  RecipePlace place, clock_place;
} RecipeStep;

/* OCI image-spec, config.md; NULL or empty: left out. */
typedef struct {
  char *user, *working_dir, *stop_signal, *author;
  char **entrypoint, **command; /* NULL-terminated, NULL: not given */
  char **env;                   /* "K=V"; of a list in its order, of a map sorted by K */
  char **ports;                 /* "80/tcp", sorted */
  char **volumes;               /* sorted */
  char **labels;                /* "K=V", sorted by K */
} RecipeConfig;
void recipe_config_clear(RecipeConfig *config);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RecipeConfig, recipe_config_clear)

typedef struct {
  gboolean single;
  guint most; /* by: package */
} RecipeLayers;

typedef enum { RECIPE_OUTPUT_OCI, RECIPE_OUTPUT_OCI_LAYOUT } RecipeOutputKind;
typedef struct {
  RecipeOutputKind kind; /* {oci: {...}} is the tarball, {oci: {layout: true}} a folder NAME-VERSION.oci */
  PackEncoding compression;
  RecipePlace place;
} RecipeOutput;

/* What a test is about; all that is no file, user, port or command is the whole image. */
typedef enum {
  RECIPE_TEST_COMMAND,
  RECIPE_TEST_FILE,
  RECIPE_TEST_ABSENT,
  RECIPE_TEST_USER,
  RECIPE_TEST_PORT,
  RECIPE_TEST_SIZE,
  RECIPE_TEST_ELF,
  RECIPE_TEST_LINKS,
  RECIPE_TEST_OWNED,
  RECIPE_TEST_SETUID,
  RECIPE_TEST_WORLD_WRITABLE,
} RecipeTestKind;

/* What a text must be like; NULL: it may be anything. */
typedef struct {
  char *contains;
  char *matches; /* a regular expression, known to be one (see recipe_test_regex) */
} RecipeExpected;

typedef struct {
  RecipeTestKind kind;
  char *name;      /* or NULL */
  char *subject;   /* the path, glob, user, or port ("80/tcp"); NULL of a command and of the whole image */
  gboolean absent; /* a file or user with `exists: false` */
  gint64 type;     /* an EntryType, or -1 */
  gint64 mode;     /* 07777, or -1 */
  char *owner, *group;
  RecipeExpected content;
  gboolean has_sha256;
  Digest sha256;
  char *target;
  gint64 least, most; /* bytes, or -1 */
  gint64 uid, gid;    /* or -1 */
  char *home, *shell, **groups;
  char **except; /* globs as in RecipeDebian.exclude, or NULL */
  char **command;
  gint64 status;
  RecipeExpected standard_output, standard_error;
  RecipePlace place;
} RecipeTest;

typedef struct Recipe {
  char *path;         /* as the user spelled it */
  char *folder;       /* absolute */
  char **combination; /* of the matrix: "K=V", sorted by K; empty without one */
  char *title;        /* what it is called in messages: the path, of a matrix "web.yaml (flavour=debug, suite=trixie)" */
  char *name, *version, *description;
  RecipeFrom from;
  char **arch;                               /* Debian names: amd64, arm64 ...; at least one */
  gint64 epoch;                              /* or -1 */
  RecipeDebian *debian;                      /* or NULL */
  GPtrArray *users, *groups, *files, *links; /* Recipe{User,Group,File,Link}*, never NULL */
  char **remove;
  GPtrArray *steps, *secrets; /* RecipeStep*, in the order they are run; RecipeSecret*; never NULL */
  RecipeConfig config;
  RecipeLayers layers;
  GPtrArray *outputs; /* RecipeOutput*, at least one */
  GPtrArray *tests;   /* RecipeTest* */
  GPtrArray *stages;  /* Recipe*: those that are needed, each after those that it needs itself; see below */
  GPtrArray *sources; /* char*: every file that was read for it (includes), as absolute paths */
  char *warnings;     /* "file:line:column: warning: ..." with source lines, for the caller to print; or NULL */
} Recipe;

/* A stage is a Recipe too, called by its stage's name, of which only from, debian, users, groups, files, links, remove and steps
 * say anything; path, folder, combination, arch, epoch, secrets and layers are the recipe's. */
const Recipe *recipe_stage(const Recipe *recipe, const char *name);

/* Reads, checks and completes the recipe at @path; @settings ("k=v", NULL-terminated, may be NULL) override its params.
 * On errors returns NULL, with ASHLAR_ERROR_USAGE whose message is the complete report of all errors of the recipe, each
 * "file:line:column: error: ..." with the source line and a caret. */
Recipe *recipe_load(const char *path, const char *const *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void recipe_free(Recipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recipe, recipe_free)

/* The recipes (Recipe*, transfer full) of all combinations of its matrix, one without; with @only ("k=v", may be NULL) of those that
 * have one of the values given for each key. All are checked, and recipe_load gives the first. The first one's warnings are all
 * there are. */
GPtrArray *recipe_load_all(const char *path, const char *const *settings, const char *const *only,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The recipe as canonical data (defaults filled in; no places, no paths of this machine: `from` relative to the folder), what
 * the lock and action keys hash: comments, quoting and key order of the text do not show in it. (new reference) */
json_t *recipe_to_json(const Recipe *recipe);

/* The same of one stage: all that it says itself. (new reference) */
json_t *recipe_stage_to_json(const Recipe *stage);

/* All of a step that decides what it does: not its name, its limits and what its secrets are. (new reference) */
json_t *recipe_step_to_json(const RecipeStep *step);
/* Its tests likewise, which are no part of that: no byte of an image depends on them. (new reference) */
json_t *recipe_tests_to_json(const Recipe *recipe);
/* "elf". */
const char *recipe_test_kind_name(RecipeTestKind kind);
/* @pattern as tests mean it: over bytes, ^ and $ at each line. */
GRegex *recipe_test_regex(const char *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets ASHLAR_ERROR_USAGE "file:line:column: error: MESSAGE" with source line and caret. Returns FALSE. */
gboolean recipe_error_at(GError **error, const RecipePlace *place, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same of what is right as a recipe, and failed when it was done: ASHLAR_ERROR_FAILED. */
gboolean recipe_failure_at(GError **error, const RecipePlace *place, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
