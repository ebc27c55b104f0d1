/* SPDX-License-Identifier: Apache-2.0
 *
 * The lock file: every input of a recipe pinned by SHA-256. `web.lock` beside `web.yaml`, to be committed: canonical JSON (keys
 * sorted) with one input a line, so that diffs read well; it names no mirror. It also tells what was asked for, so that a
 * recipe that asks for something else is noticed, and the choices of ours that shape bytes ("format").
 */
#ifndef ASHLAR_LOCK_LOCK_H
#define ASHLAR_LOCK_LOCK_H

#include "builder/recipe/recipe.h"

typedef struct {
  char *name, *version, *architecture; /* architecture: of the package: amd64 or all */
  char *suite;                         /* whose indexes named it */
  char *path;                          /* below the mirror's base */
  Digest sha256;
  guint64 size;
  gboolean requested; /* the recipe names it, or its variant asks for it */
} LockPackage;

typedef struct {
  char *arch;
  GPtrArray *packages; /* LockPackage*, sorted by name */
} LockArch;

typedef struct Lock Lock;
struct Lock {
  gint64 date;       /* of the archive's Release, or -1: the recipe uses no archive */
  json_t *asked;     /* what the recipe asked of the archive (lock_asked), or JSON null */
  json_t *base;      /* what it is built upon: {"from": as the recipe spells it, "manifests": {arch: digest}}, or NULL; of
                      * packages on a stage "packages" instead, digests of the packages below: see lock_set_base */
  json_t *files;     /* files fetched by URL, as the recipe pins them (lock_files) */
  json_t *format;    /* see lock_current_format */
  GPtrArray *archs;  /* LockArch*, sorted by arch */
  GPtrArray *stages; /* LockStage*, sorted by name: of those stages that have anything to lock */
};

/* What is locked of a stage, in the file of its recipe: `format` is that one's. */
typedef struct {
  char *name;
  Lock *lock;
} LockStage;

/* "dir/web.lock" for "dir/web.yaml" (transfer full). */
char *lock_path_for(const char *recipe_path);
/* The same of @recipe, which may be a combination of its matrix: "dir/web.flavour=debug,suite=trixie.lock". Each has a lock of its
 * own: combinations ask for different packages of different archives, one is built or updated without another, each image
 * carries the file that it was made of, and the difference that a change of the recipe makes is seen image by image. What
 * does not go into file names well is written %2F. */
char *lock_path_of(const Recipe *recipe);

/* NULL and ASHLAR_ERROR_NOT_FOUND without the file. A file that is no lock, or one that a newer ashlar wrote, is
 * ASHLAR_ERROR_USAGE that names it. */
Lock *lock_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same from text in memory; @name stands for the file in errors. */
Lock *lock_parse(const char *text, gsize size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The exact text that lock_save writes (transfer full). */
char *lock_to_text(const Lock *lock);
/* Writes it whole or not at all; a file that says the same already is left alone. */
gboolean lock_save(const Lock *lock, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

Lock *lock_new(void);
void lock_free(Lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lock, lock_free)
void lock_package_free(LockPackage *package);

/* What is locked of the stage @name, or NULL. */
const Lock *lock_stage(const Lock *lock, const char *name);
/* Takes @stage; names are added in their order. */
void lock_add_stage(Lock *lock, const char *name, Lock *stage);
/* The newest date of the lock and its stages, or -1. */
gint64 lock_date(const Lock *lock);

/* The packages of @arch, or NULL. */
LockArch *lock_find_arch(const Lock *lock, const char *arch);
LockArch *lock_add_arch(Lock *lock, const char *arch);
const LockPackage *lock_find_package(const LockArch *arch, const char *name);

/* The manifest of the base for @arch, or of what is built upon a stage, what its packages were chosen for; FALSE: there is none. */
gboolean lock_base(const Lock *lock, const char *arch, Digest *out);
/* @from is what all of them are spelled like: with another one, the others are forgotten. A stage ("stage:NAME") is locked itself, and is
 * no image by then: @digest is one of the packages that are below. */
void lock_set_base(Lock *lock, const char *from, const char *arch, const Digest *digest);

/* What @recipe asks of an archive, as the lock remembers it (new reference; JSON null without a `debian` section): suite,
 * components, snapshot, variant, recommends, packages; nothing that only says where bytes come from. */
json_t *lock_asked(const Recipe *recipe);
/* The files that @recipe fetches by URL, with their digests (new reference, a JSON array). */
json_t *lock_files(const Recipe *recipe);
/* Member order, cuts, compressors and their versions, as this program has them (new reference). */
json_t *lock_current_format(void);

#endif
