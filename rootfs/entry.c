/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/entry.h"
#include "signing/error.h"
#include "signing/limits.h"

#include <string.h>

/* The end of a path sorts before '/', and '/' before every other byte. */
static int
rank(char c)
{
  return c == '\0' ? 0 : c == '/' ? 1 : (guchar)c + 2;
}

gboolean
entry_same_xattrs(const Entry *a, const Entry *b)
{
  if (a->n_xattrs != b->n_xattrs)
    return FALSE;
  for (guint i = 0; i < a->n_xattrs; i++) {
    const Xattr *x = &a->xattrs[i], *y = &b->xattrs[i];
    if (strcmp(x->name, y->name) != 0 || x->size != y->size || memcmp(x->value, y->value, x->size) != 0)
      return FALSE;
  }
  return TRUE;
}

int
entry_path_compare(const char *a, const char *b)
{
  while (*a != '\0' && *a == *b) {
    a++;
    b++;
  }
  return rank(*a) - rank(*b);
}

static char *
refuse(const char *name, const char *why, GError **error)
{
  g_autofree char *shown = g_strescape(name, NULL);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "path '%.200s' %s", shown, why);
  return NULL;
}

char *
entry_canonical_path(const char *name, GError **error)
{
  if (*name == '\0')
    return refuse(name, "is empty", error);
  g_autoptr(GString) path = g_string_new(NULL);
  for (const char *at = name; *at != '\0';) {
    gsize length = strcspn(at, "/");
    if (length == 2 && at[0] == '.' && at[1] == '.')
      return refuse(name, "has a component '..'", error);
    if (length > 0 && !(length == 1 && at[0] == '.')) {
      if (path->len > 0)
        g_string_append_c(path, '/');
      g_string_append_len(path, at, (gssize)length);
    }
    at += length + (at[length] == '/');
  }
  if (path->len > limits_get(LIMIT_PATH)) {
    g_autofree char *shown = g_strescape(name, NULL);
    limits_refuse(LIMIT_PATH, error, "'%.200s'", shown);
    return NULL;
  }
  return g_string_free(g_steal_pointer(&path), FALSE);
}

gboolean
entry_path_is_canonical(const char *path)
{
  const char *at = path;
  while (*at != '\0') {
    gsize length = strcspn(at, "/");
    if (length == 0 || (length <= 2 && strncmp(at, "..", length) == 0))
      return FALSE;
    at += length;
    if (*at == '/' && *++at == '\0')
      return FALSE;
  }
  /* what was believed once, under whichever limit, stays a path */
  return (gsize)(at - path) <= limits_row(LIMIT_PATH)->most;
}
