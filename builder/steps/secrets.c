/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/steps/secrets.h"
#include "signing/error.h"

#include <string.h>

/* ---- reading ---- */

static gboolean
read_command(const RecipeSecret *secret, GBytes **out, GCancellable *cancellable, GError **error)
{
  g_autoptr(GSubprocess)
    process = g_subprocess_newv((const char *const *)secret->command, G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
  if (process == NULL || !g_subprocess_communicate(process, NULL, cancellable, out, NULL, error))
    return FALSE;
  if (g_subprocess_get_successful(process))
    return TRUE;
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "'%s' failed", secret->command[0]);
  return FALSE;
}

static gboolean
read_file(const RecipeSecret *secret, GBytes **out, GError **error)
{
  char *data;
  gsize size;
  if (!g_file_get_contents(secret->file, &data, &size, error))
    return FALSE;
  *out = g_bytes_new_take(data, size);
  return TRUE;
}

static gboolean
read_variable(const RecipeSecret *secret, GBytes **out, GError **error)
{
  const char *value = g_getenv(secret->variable);
  if (value == NULL) {
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND, "the environment variable '%s' is not set", secret->variable);
    return FALSE;
  }
  *out = g_bytes_new(value, strlen(value));
  return TRUE;
}

static gboolean
read_value(const RecipeSecret *secret, GBytes **out, GCancellable *cancellable, GError **error)
{
  g_autoptr(GError) problem = NULL;
  gboolean read = secret->file != NULL       ? read_file(secret, out, &problem)
                  : secret->variable != NULL ? read_variable(secret, out, &problem)
                                             : read_command(secret, out, cancellable, &problem);
  if (!read)
    return recipe_failure_at(error, &secret->place, "the secret '%s' cannot be read: %s", secret->name, problem->message);
  gsize size = g_bytes_get_size(*out);
  if (size > 0 && size <= SECRET_MAX)
    return TRUE;
  return recipe_failure_at(error, &secret->place, "the secret '%s' is %s", secret->name,
                           size == 0 ? "empty" : "larger than a megabyte, and no secret");
}

static const RecipeSecret *
find_secret(const Recipe *recipe, const char *name)
{
  for (guint i = 0; i < recipe->secrets->len; i++) {
    const RecipeSecret *secret = recipe->secrets->pdata[i];
    if (strcmp(secret->name, name) == 0)
      return secret;
  }
  g_assert_not_reached();
}

/* ---- the forms in which it could be seen ---- */

static void
add_hex(GPtrArray *forms, const guint8 *data, gsize size)
{
  GString *hex = g_string_new(NULL);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf(hex, "%02x", data[i]);
  g_ptr_array_add(forms, g_ascii_strup(hex->str, -1));
  g_ptr_array_add(forms, g_string_free(hex, FALSE));
}

/* The letters that stand in base64 wherever the secret stands @shift bytes behind a multiple of three, whatever is around it. */
static void
add_base64(GPtrArray *forms, const guint8 *data, gsize size, gsize shift)
{
  g_autofree guint8 *shifted = g_malloc0(size + shift);
  memcpy(shifted + shift, data, size);
  g_autofree char *text = g_base64_encode(shifted, size + shift);
  gsize from = (shift * 8 + 5) / 6, to = (size + shift) * 8 / 6;
  char *form = g_strndup(text + from, to - from);
  g_ptr_array_add(forms, form);
  if (strpbrk(form, "+/") == NULL)
    return;
  /* the alphabet for URLs */
  g_ptr_array_add(forms, g_strdelimit(g_strdelimit(g_strdup(form), "+", '-'), "/", '_'));
}

/* The line break that an editor puts at the end of a file is no part of it. */
static void
add_forms(GPtrArray *forms, GBytes *value)
{
  gsize size;
  const guint8 *data = g_bytes_get_data(value, &size);
  while (size > 0 && (data[size - 1] == '\n' || data[size - 1] == '\r'))
    size--;
  if (size < SECRET_SOUGHT_MIN)
    return;
  if (memchr(data, '\0', size) == NULL)
    g_ptr_array_add(forms, g_strndup((const char *)data, size));
  add_hex(forms, data, size);
  for (gsize shift = 0; shift < 3; shift++)
    add_base64(forms, data, size, shift);
}

gboolean
secrets_read(const Recipe *recipe, const RecipeStep *step, GCancellable *cancellable, Secrets *out, GError **error)
{
  guint n = step->secrets != NULL ? g_strv_length(step->secrets) : 0;
  out->forms = g_ptr_array_new_with_free_func(g_free);
  out->items = g_new0(SandboxSecret, n);
  for (; out->n < n; out->n++) {
    SandboxSecret *item = &out->items[out->n];
    const RecipeSecret *secret = find_secret(recipe, step->secrets[out->n]);
    if (!read_value(secret, &item->value, cancellable, error))
      return FALSE;
    item->name = secret->name;
    add_forms(out->forms, item->value);
  }
  return TRUE;
}

void
secrets_clear(Secrets *secrets)
{
  for (guint i = 0; i < secrets->n; i++)
    g_bytes_unref(secrets->items[i].value);
  g_free(secrets->items);
  g_clear_pointer(&secrets->forms, g_ptr_array_unref);
  *secrets = (Secrets){0};
}

/* ---- looking for them ---- */

typedef struct {
  const Secrets *secrets;
  GByteArray *window; /* the end of what was looked through, and what comes */
  gsize longest;      /* of the forms */
  gboolean found;
} Search;

static gboolean
holds_any(const Secrets *secrets, const void *data, gsize size)
{
  for (guint i = 0; i < secrets->forms->len; i++) {
    const char *form = secrets->forms->pdata[i];
    if (memmem(data, size, form, strlen(form)) != NULL)
      return TRUE;
  }
  return FALSE;
}

static gboolean
look_through(const void *data, gsize size, gpointer user, GError **error)
{
  Search *search = user;
  g_byte_array_append(search->window, data, (guint)size);
  search->found = search->found || holds_any(search->secrets, search->window->data, search->window->len);
  if (search->window->len > search->longest)
    g_byte_array_remove_range(search->window, 0, search->window->len - (guint)search->longest);
  return TRUE;
}

static gboolean
entry_holds_any(const Secrets *secrets, const Entry *entry)
{
  if (holds_any(secrets, entry->path, strlen(entry->path)) ||
      (entry->target != NULL && holds_any(secrets, entry->target, strlen(entry->target))))
    return TRUE;
  for (guint i = 0; i < entry->n_xattrs; i++)
    if (holds_any(secrets, entry->xattrs[i].value, entry->xattrs[i].size))
      return TRUE;
  return FALSE;
}

static gboolean
check_entry(const Secrets *secrets, Pack *pack, guint i, gsize longest, gboolean *found, GError **error)
{
  const Entry *entry = pack_entry(pack, i);
  g_autoptr(GByteArray) window = g_byte_array_new();
  Search search = {.secrets = secrets, .window = window, .longest = longest};
  if (entry->type == ENTRY_FILE && !pack_stream(pack, i, look_through, &search, error))
    return FALSE;
  *found = search.found || entry_holds_any(secrets, entry);
  return TRUE;
}

gboolean
secrets_check(const Secrets *secrets, Pack *pack, const RecipeStep *step, GError **error)
{
  gsize longest = 0;
  for (guint i = 0; i < secrets->forms->len; i++)
    longest = MAX(longest, strlen(secrets->forms->pdata[i]));
  for (guint i = 0; longest > 0 && i < pack_n_entries(pack); i++) {
    gboolean found;
    if (!check_entry(secrets, pack, i, longest, &found, error))
      return FALSE;
    if (!found)
      continue;
    g_autofree char *names = g_strjoinv(", ", step->secrets);
    g_autofree char *path = g_strescape(pack_entry(pack, i)->path, NULL);
    return recipe_failure_at(error, &step->place, "the step '%s' left a secret (of %s) in '/%s'", step->name, names, path);
  }
  return TRUE;
}
