/* SPDX-License-Identifier: Apache-2.0
 *
 * Every shared library that is needed is found, as ld.so(8) finds it. Each program is loaded in thought, with all that it needs
 * and all that these need, since what a program was loaded with may serve its libraries too; then each library that no
 * program needs, for whoever may load it at run time.
 */
#include "builder/elf/binaries.h"
#include "builder/check/checks.h"
#include "builder/check/globs.h"
#include "builder/elf/library_path.h"

#include <string.h>

typedef struct {
  const char *path; /* as Entry.path */
  const Binary *binary;
  gboolean reached;   /* some program is loaded with it */
  GPtrArray *missing; /* const char*: of the needed ones, those that were told */
} Object;

typedef struct {
  Checking *checking;
  CheckResult *result;
  CheckGlobs *except;
  GHashTable *by_path; /* const char* -> Object*; only ever looked up */
  GPtrArray *objects;  /* Object*, by path */
  GPtrArray *folders;  /* see library_path_of */
  char **environment;  /* folders of LD_LIBRARY_PATH */
} ElfTest;

/* An object in a process. */
typedef struct Loaded {
  Object *object;
  char *origin;                /* the folder that it was found in: $ORIGIN */
  const struct Loaded *loader; /* or NULL: the program itself */
} Loaded;

typedef struct {
  GPtrArray *loaded; /* Loaded*, the program first */
  GHashTable *names; /* const char* -> Loaded*: what is there already; only ever looked up */
} Process;

static void
object_free(gpointer data)
{
  Object *object = data;
  g_ptr_array_unref(object->missing);
  g_free(object);
}

static void
loaded_free(gpointer data)
{
  Loaded *loaded = data;
  g_free(loaded->origin);
  g_free(loaded);
}

/* ---- what there is ---- */

/* What is no sound ELF file is told, and is no object. */
static void
take_objects(ElfTest *test, const GPtrArray *binaries)
{
  for (guint i = 0; i < binaries->len; i++) {
    const FoundBinary *found = binaries->pdata[i];
    if (found->binary == NULL) {
      if (!check_globs_match(test->except, found->path))
        check_fail(test->result, "'/%s' is no sound ELF file: %s", found->path, found->fault);
      continue;
    }
    Object *object = g_new0(Object, 1);
    *object = (Object){.path = found->path, .binary = found->binary, .missing = g_ptr_array_new()};
    g_hash_table_insert(test->by_path, (gpointer)found->path, object);
    g_ptr_array_add(test->objects, object);
  }
}

/* The object that @path leads to, through links of both kinds, or NULL. */
static Object *
object_at(const ElfTest *test, const char *path)
{
  g_autofree char *real = tree_resolve(test->checking->tree, path);
  if (real == NULL)
    return NULL;
  const TreeNode *node = tree_lookup(test->checking->tree, real);
  return g_hash_table_lookup(test->by_path, node->entry->type == ENTRY_HARDLINK ? node->entry->target : real);
}

/* ---- looking for one library ---- */

/* The library @name in @folder that @binary can be loaded with, or NULL; *@origin (transfer full) is where it was found. */
static Object *
look_in(const ElfTest *test, const char *folder, const char *name, const Binary *binary, char **origin)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  Object *object = object_at(test, path);
  if (object == NULL || !object->binary->loadable || !binary_fits(object->binary, binary))
    return NULL;
  *origin = g_path_get_dirname(path);
  return object;
}

/* The folder that @element of a search path means; NULL where it means none, or one of the loader's own choice. */
static char *
expand(const char *element, const char *origin)
{
  GString *folder = g_string_new(element);
  g_string_replace(folder, "${ORIGIN}", origin, 0);
  g_string_replace(folder, "$ORIGIN", origin, 0);
  gboolean good = folder->str[0] == '/' && strchr(folder->str, '$') == NULL;
  return g_string_free(folder, !good);
}

/* Looks in the folders of @path, an RPATH or RUNPATH of @loaded. */
static Object *
look_along(const ElfTest *test, const char *path, const Loaded *loaded, const char *name, const Binary *binary, char **origin)
{
  g_auto(GStrv) elements = g_strsplit(path, ":", -1);
  for (char **element = elements; *element != NULL; element++) {
    g_autofree char *folder = expand(*element, loaded->origin);
    Object *object = folder != NULL ? look_in(test, folder, name, binary, origin) : NULL;
    if (object != NULL)
      return object;
  }
  return NULL;
}

/* RPATH is inherited from whoever loads, and nobody's who has a RUNPATH. */
static Object *
look_inherited(const ElfTest *test, const Loaded *loaded, const char *name, char **origin)
{
  Object *object = NULL;
  for (const Loaded *at = loaded; at != NULL && object == NULL; at = at->loader)
    if (at->object->binary->rpath != NULL && at->object->binary->runpath == NULL)
      object = look_along(test, at->object->binary->rpath, at, name, loaded->object->binary, origin);
  return object;
}

/* In the order of ld.so(8). */
static Object *
look_for(const ElfTest *test, const Loaded *loaded, const char *name, char **origin)
{
  const Binary *binary = loaded->object->binary;
  Object *object = NULL;
  if (strchr(name, '/') != NULL)
    return *name == '/' ? look_in(test, "/", name, binary, origin) : NULL;
  if (binary->runpath == NULL)
    object = look_inherited(test, loaded, name, origin);
  for (char **folder = test->environment; folder != NULL && *folder != NULL && object == NULL; folder++)
    if (**folder == '/')
      object = look_in(test, *folder, name, binary, origin);
  if (object == NULL && binary->runpath != NULL)
    object = look_along(test, binary->runpath, loaded, name, binary, origin);
  for (guint i = 0; i < test->folders->len && object == NULL; i++)
    object = look_in(test, test->folders->pdata[i], name, binary, origin);
  return object;
}

/* ---- telling ---- */

/* What is there of that name, if it is not what is looked for. */
static char *
explain(const ElfTest *test, const char *name, const Binary *binary)
{
  const Object *other = NULL;
  for (guint i = 0; i < test->objects->len; i++) {
    const Object *object = test->objects->pdata[i];
    const char *slash = strrchr(object->path, '/');
    if (strcmp(slash != NULL ? slash + 1 : object->path, name) != 0)
      continue;
    if (binary_fits(object->binary, binary))
      return g_strdup_printf("which is not found: '/%s' is not in its search path", object->path);
    other = object;
  }
  return other != NULL ? g_strdup_printf("which is not found: '/%s' is for another machine", other->path)
                       : g_strdup("which is not in the image");
}

static void
tell_missing(ElfTest *test, Object *object, const char *name, const Object *program)
{
  if (g_ptr_array_find_with_equal_func(object->missing, name, g_str_equal, NULL))
    return;
  g_ptr_array_add(object->missing, (gpointer)name);
  if (check_globs_match(test->except, object->path))
    return;
  g_autofree char *why = explain(test, name, object->binary);
  if (program == object)
    check_fail(test->result, "'/%s' needs '%s', %s", object->path, name, why);
  else
    check_fail(test->result, "'/%s', loaded by '/%s', needs '%s', %s", object->path, program->path, name, why);
}

static void
check_interpreter(ElfTest *test, const Object *object)
{
  const char *path = object->binary->interpreter;
  if (path == NULL || check_globs_match(test->except, object->path))
    return;
  const Object *interpreter = *path == '/' ? object_at(test, path) : NULL;
  if (interpreter == NULL)
    check_fail(test->result, "'/%s' needs the interpreter '%s', which is not in the image", object->path, path);
  else if (!binary_fits(interpreter->binary, object->binary))
    check_fail(test->result, "'/%s' needs the interpreter '%s', which is for another machine", object->path, path);
}

/* ---- loading in thought ---- */

/* @origin is (transfer full). */
static void
load(Process *process, Object *object, const char *asked, char *origin, const Loaded *loader)
{
  Loaded *loaded = g_new0(Loaded, 1);
  *loaded = (Loaded){.object = object, .origin = origin, .loader = loader};
  object->reached = TRUE;
  g_ptr_array_add(process->loaded, loaded);
  if (asked != NULL)
    g_hash_table_insert(process->names, (gpointer)asked, loaded);
  if (object->binary->name != NULL)
    g_hash_table_insert(process->names, object->binary->name, loaded);
}

static void
load_needed(ElfTest *test, Process *process, const Loaded *loaded)
{
  const Object *program = ((const Loaded *)process->loaded->pdata[0])->object;
  const GPtrArray *needed = loaded->object->binary->needed;
  for (guint i = 0; i < needed->len; i++) {
    const char *name = needed->pdata[i];
    char *origin = NULL;
    if (g_hash_table_contains(process->names, name))
      continue;
    Object *object = look_for(test, loaded, name, &origin);
    if (object != NULL)
      load(process, object, name, origin, loaded);
    else
      tell_missing(test, loaded->object, name, program);
  }
}

static void
load_program(ElfTest *test, Object *program)
{
  g_autoptr(GPtrArray) loaded = g_ptr_array_new_with_free_func(loaded_free);
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  Process process = {loaded, names};
  g_autofree char *path = g_strconcat("/", program->path, NULL);
  load(&process, program, NULL, g_path_get_dirname(path), NULL);
  for (guint i = 0; i < loaded->len; i++) /* it grows meanwhile */
    load_needed(test, &process, loaded->pdata[i]);
}

static void
load_all(ElfTest *test)
{
  for (guint i = 0; i < test->objects->len; i++) {
    Object *object = test->objects->pdata[i];
    const Binary *binary = object->binary;
    if (!binary->loadable || (binary->interpreter == NULL && !binary->position_fixed))
      continue;
    check_interpreter(test, object);
    load_program(test, object);
  }
  for (guint i = 0; i < test->objects->len; i++) {
    Object *object = test->objects->pdata[i];
    if (object->binary->loadable && !object->reached)
      load_program(test, object);
  }
}

/* ---- the test ---- */

static char **
library_path_of_environment(const RecipeConfig *config)
{
  static const char name[] = "LD_LIBRARY_PATH=";
  for (char **variable = config->env; variable != NULL && *variable != NULL; variable++)
    if (g_str_has_prefix(*variable, name))
      return g_strsplit_set(*variable + strlen(name), ":;", -1);
  return NULL;
}

gboolean
check_elf(Checking *checking, const RecipeTest *recipe_test, CheckResult *result, GError **error)
{
  g_autoptr(CheckGlobs) except = check_globs_new((const char *const *)recipe_test->except);
  g_autoptr(GPtrArray) binaries = binaries_find(checking->tree, checking->subject->cancellable, error);
  g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(object_free);
  g_autoptr(GPtrArray) folders = binaries != NULL ? library_path_of(checking->tree, error) : NULL;
  g_auto(GStrv) environment = library_path_of_environment(checking->subject->config);
  ElfTest test = {
    .checking = checking,
    .result = result,
    .except = except,
    .by_path = by_path,
    .objects = objects,
    .folders = folders,
    .environment = environment,
  };
  if (folders == NULL)
    return FALSE;
  take_objects(&test, binaries);
  load_all(&test);
  return TRUE;
}
