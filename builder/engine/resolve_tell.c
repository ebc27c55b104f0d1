/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/resolve_private.h"

#include <string.h>

static void
tell_packages(const LockArch *before, const LockArch *after, Progress *progress)
{
  guint i = 0, j = 0, moved = 0;
  while (i < before->packages->len || j < after->packages->len) {
    const LockPackage *old = i < before->packages->len ? before->packages->pdata[i] : NULL;
    const LockPackage *new = j < after->packages->len ? after->packages->pdata[j] : NULL;
    int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old->name, new->name);
    if (old != NULL && order < 0)
      progress_note(progress, "  - %s %s (%s)", old->name, old->version, before->arch);
    else if (new != NULL && order > 0)
      progress_note(progress, "  + %s %s (%s)", new->name, new->version, after->arch);
    else if (old != NULL && new != NULL && !digest_equal(&old->sha256, &new->sha256))
      progress_note(progress, "  %s %s -> %s%s (%s)", old->name, old->version, new->version,
                    strcmp(old->version, new->version) == 0 ? ", other bytes" : "", after->arch);
    else
      moved--;
    moved++;
    i += order <= 0;
    j += order >= 0;
  }
  if (moved == 0)
    progress_note(progress, "  nothing moved (%s)", after->arch);
}

/* A base that moved, or came, or went. Of a stage its own packages are told. */
static void
tell_base(const Lock *old, const Lock *lock, const char *arch, Progress *progress)
{
  Digest was, is;
  char from[DIGEST_STRING_SIZE], to[DIGEST_STRING_SIZE];
  gboolean had = lock_base(old, arch, &was), has = lock_base(lock, arch, &is);
  const char *name = json_string_value(json_object_get((has ? lock : old)->base, "from"));
  if (had && has && !digest_equal(&was, &is))
    progress_note(progress, "  base %s %.19s -> %.19s (%s)", name, digest_to_string(&was, from), digest_to_string(&is, to),
                  arch);
  else if (had != has)
    progress_note(progress, "  %c base %s %.19s (%s)", has ? '+' : '-', name, digest_to_string(has ? &is : &was, to), arch);
}

static void
tell_archs(const Lock *old, const Lock *lock, Progress *progress)
{
  for (guint i = 0; i < lock->archs->len; i++) {
    const LockArch *to = lock->archs->pdata[i], *from = lock_find_arch(old, to->arch);
    if (from == NULL)
      progress_note(progress, "  + architecture %s: %u packages", to->arch, to->packages->len);
    else if (from->packages != to->packages) /* else it was not looked at */
      tell_packages(from, to, progress);
  }
  for (guint i = 0; i < old->archs->len; i++) {
    const LockArch *from = old->archs->pdata[i];
    if (lock_find_arch(lock, from->arch) == NULL)
      progress_note(progress, "  - architecture %s", from->arch);
  }
}

void
resolve_tell_moves(const Recipe *recipe, const Lock *old, const Lock *lock, Progress *progress)
{
  for (char **arch = recipe->arch; recipe->from.stage == NULL && *arch != NULL; arch++)
    tell_base(old, lock, *arch, progress);
  tell_archs(old, lock, progress);
}

/* A word on what shapes bytes: where a compressor is another one than the lock was made with, the digests of what it
 * compresses will differ, and whoever compares them should know why. */
void
resolve_tell_format(const Recipe *recipe, const Lock *lock, Progress *progress)
{
  json_t *current = lock_current_format();
  for (guint i = 0; i < recipe->outputs->len; i++) {
    const RecipeOutput *output = recipe->outputs->pdata[i];
    const char *encoding = pack_encoding_name(output->compression);
    const char *was = json_string_value(json_object_get(lock->format, encoding));
    const char *is = json_string_value(json_object_get(current, encoding));
    if (g_strcmp0(was, is) != 0)
      progress_warn(progress,
                    "the lock was made with %s, this ashlar has %s: digests of compressed layers will differ, diff IDs agree",
                    was != NULL ? was : "no such compressor", is);
  }
  json_decref(current);
}
