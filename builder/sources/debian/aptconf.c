/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/aptconf.h"
#include "signing/document.h"
#include "signing/error.h"

#include <string.h>

typedef struct {
  char *name, *value;
} Setting;

struct AptConf {
  GArray *settings; /* Setting, in the order read; the last of a name counts */
};

/* A file being read. */
typedef struct {
  AptConf *conf;
  const char *at, *file;
  guint line;
  char *scopes[APT_DEPTH_MAX];
  guint depth;
} Parser;

static void
setting_clear(gpointer data)
{
  Setting *setting = data;
  g_free(setting->name);
  g_free(setting->value);
}

AptConf *
aptconf_new(void)
{
  AptConf *conf = g_new0(AptConf, 1);
  conf->settings = g_array_new(FALSE, FALSE, sizeof(Setting));
  g_array_set_clear_func(conf->settings, setting_clear);
  return conf;
}

void
aptconf_free(AptConf *conf)
{
  g_array_unref(conf->settings);
  g_free(conf);
}

static gboolean
set_syntax(Parser *parser, const char *what, GError **error)
{
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "%s:%u: %s", parser->file, parser->line, what);
  return FALSE;
}

static void
step(Parser *parser)
{
  parser->line += *parser->at == '\n';
  parser->at++;
}

static void
skip_line(Parser *parser)
{
  while (*parser->at != '\0' && *parser->at != '\n')
    parser->at++;
}

/* Space and comments of all three kinds. A '#' that begins a directive is left alone. */
static void
skip_space(Parser *parser)
{
  for (;;) {
    if (g_ascii_isspace(*parser->at)) {
      step(parser);
    } else if (g_str_has_prefix(parser->at, "//") ||
               (*parser->at == '#' && !g_str_has_prefix(parser->at, "#clear") && !g_str_has_prefix(parser->at, "#include"))) {
      skip_line(parser);
    } else if (g_str_has_prefix(parser->at, "/*")) {
      while (*parser->at != '\0' && !g_str_has_prefix(parser->at, "*/"))
        step(parser);
      parser->at += *parser->at != '\0' ? 2 : 0;
    } else {
      return;
    }
  }
}

/* A word, quoted or not; NULL where none stands. */
static char *
take_word(Parser *parser)
{
  const char *start = parser->at;
  if (*start == '"') {
    do
      step(parser);
    while (*parser->at != '\0' && *parser->at != '"');
    char *word = g_strndup(start + 1, (gsize)(parser->at - start - 1));
    parser->at += *parser->at == '"';
    return word;
  }
  while (*parser->at != '\0' && !g_ascii_isspace(*parser->at) && strchr("{};\"", *parser->at) == NULL)
    parser->at++;
  return parser->at > start ? g_strndup(start, (gsize)(parser->at - start)) : NULL;
}

static char *
full_name(const Parser *parser, const char *name)
{
  const char *scope = parser->depth > 0 ? parser->scopes[parser->depth - 1] : NULL;
  return scope != NULL ? g_strconcat(scope, "::", name, NULL) : g_strdup(name);
}

/* Takes both. */
static void
add(AptConf *conf, char *name, char *value)
{
  Setting setting = {name, value};
  g_array_append_val(conf->settings, setting);
}

/* "#clear NAME...;" forgets a setting and all below it; what "#include" names belongs to the image of another machine. */
static void
take_directive(Parser *parser)
{
  gboolean clear = g_str_has_prefix(parser->at, "#clear");
  parser->at += clear ? 6 : 8;
  for (;;) {
    skip_space(parser);
    g_autofree char *name = take_word(parser);
    if (name == NULL)
      break;
    gsize length = strlen(name);
    for (guint i = parser->conf->settings->len; clear && i-- > 0;) {
      const char *known = g_array_index(parser->conf->settings, Setting, i).name;
      if (g_ascii_strncasecmp(known, name, length) == 0 && (known[length] == '\0' || known[length] == ':'))
        g_array_remove_index(parser->conf->settings, i);
    }
  }
  parser->at += *parser->at == ';';
}

static gboolean
enter_scope(Parser *parser, const char *name, GError **error)
{
  if (parser->depth == APT_DEPTH_MAX)
    return set_syntax(parser, "braces are nested too deep", error);
  char *scope = full_name(parser, name);
  parser->scopes[parser->depth++] = scope;
  parser->at++;
  return TRUE;
}

/* NAME VALUE; or NAME { ... }; or, in a list, VALUE; */
static gboolean
take_statement(Parser *parser, GError **error)
{
  gboolean quoted = *parser->at == '"';
  g_autofree char *name = take_word(parser);
  if (name == NULL)
    return set_syntax(parser, "a name is missing", error);
  skip_space(parser);
  if (*parser->at == '{')
    return enter_scope(parser, name, error);
  g_autofree char *value = *parser->at == ';' || *parser->at == '}' || *parser->at == '\0' ? NULL : take_word(parser);
  skip_space(parser);
  if (*parser->at == '{' && value != NULL) { /* the tag before the brace is one more part of the name */
    g_autofree char *tagged = g_strconcat(name, "::", value, NULL);
    return enter_scope(parser, tagged, error);
  }
  if (*parser->at != ';' && *parser->at != '}')
    return set_syntax(parser, "a ';' is missing", error);
  parser->at += *parser->at == ';';
  if (value == NULL && quoted)
    add(parser->conf, full_name(parser, ""), g_steal_pointer(&name));
  else
    add(parser->conf, full_name(parser, name), value != NULL ? g_steal_pointer(&value) : g_strdup(""));
  return TRUE;
}

static void
leave_scope(Parser *parser)
{
  g_free(parser->scopes[--parser->depth]);
  parser->at++;
  skip_space(parser);
  parser->at += *parser->at == ';';
}

static gboolean
parse(Parser *parser, GError **error)
{
  for (;;) {
    skip_space(parser);
    if (*parser->at == '\0')
      return parser->depth == 0 || set_syntax(parser, "a '}' is missing", error);
    if (*parser->at == '#')
      take_directive(parser);
    else if (*parser->at == '}' && parser->depth > 0)
      leave_scope(parser);
    else if (*parser->at == ';')
      parser->at++;
    else if (!take_statement(parser, error))
      return FALSE;
  }
}

gboolean
aptconf_parse(AptConf *conf, const char *text, const char *file, GError **error)
{
  Parser parser = {.conf = conf, .at = text, .file = file, .line = 1};
  gboolean done = parse(&parser, error);
  while (parser.depth > 0)
    g_free(parser.scopes[--parser.depth]);
  return done;
}

static gint
compare_strings(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean
is_part(const char *name, const char *const *endings)
{
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum(*c) && strchr("_-.", *c) == NULL)
      return FALSE;
  for (; *endings != NULL; endings++)
    if (**endings == '\0' ? strchr(name, '.') == NULL : g_str_has_suffix(name, *endings))
      return TRUE;
  return FALSE;
}

char **
aptconf_list_parts(const char *path, const char *const *endings)
{
  GPtrArray *found = g_ptr_array_new();
  GDir *folder = g_dir_open(path, 0, NULL);
  for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;)
    if (is_part(name, endings))
      g_ptr_array_add(found, g_build_filename(path, name, NULL));
  g_clear_pointer(&folder, g_dir_close);
  g_ptr_array_sort(found, compare_strings);
  g_ptr_array_add(found, NULL);
  return (char **)g_ptr_array_free(found, FALSE);
}

char *
aptconf_file(const char *path, GPtrArray *unreadable)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) bytes = document_read(path, LIMIT_TEXT_FILE, &failure);
  if (bytes != NULL)
    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  if (unreadable != NULL && !g_error_matches(failure, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND))
    g_ptr_array_add(unreadable, g_strdup(failure->message));
  return NULL;
}

static gboolean
read_file(AptConf *conf, const char *path, GPtrArray *unreadable, GError **error)
{
  g_autofree char *text = aptconf_file(path, unreadable);
  return text == NULL || aptconf_parse(conf, text, path, error);
}

AptConf *
aptconf_read(const char *root, GPtrArray *unreadable, GError **error)
{
  static const char *const endings[] = {"", ".conf", NULL};
  g_autoptr(AptConf) conf = aptconf_new();
  g_autofree char *folder = g_build_filename(root, "etc/apt/apt.conf.d", NULL);
  g_autofree char *main_file = g_build_filename(root, "etc/apt/apt.conf", NULL);
  g_auto(GStrv) parts = aptconf_list_parts(folder, endings);
  for (char **part = parts; *part != NULL; part++)
    if (!read_file(conf, *part, unreadable, error))
      return NULL;
  if (!read_file(conf, main_file, unreadable, error))
    return NULL;
  return g_steal_pointer(&conf);
}

const char *
aptconf_get(const AptConf *conf, const char *name)
{
  for (guint i = conf->settings->len; i-- > 0;) {
    const Setting *setting = &g_array_index(conf->settings, Setting, i);
    if (g_ascii_strcasecmp(setting->name, name) == 0)
      return setting->value;
  }
  return NULL;
}

gboolean
aptconf_boolean(const char *value, gboolean otherwise)
{
  static const char *const words[2][7] = {{"no", "false", "without", "off", "disable", "0", NULL},
                                          {"yes", "true", "with", "on", "enable", "1", NULL}};
  for (int truth = 0; value != NULL && truth < 2; truth++)
    for (int i = 0; words[truth][i] != NULL; i++)
      if (g_ascii_strcasecmp(value, words[truth][i]) == 0)
        return truth;
  return otherwise;
}

gboolean
aptconf_get_boolean(const AptConf *conf, const char *name, gboolean otherwise)
{
  return aptconf_boolean(aptconf_get(conf, name), otherwise);
}

void
aptconf_below(const AptConf *conf, const char *scope, void (*each)(const char *name, const char *value, gpointer data),
              gpointer data)
{
  gsize length = strlen(scope);
  for (guint i = 0; i < conf->settings->len; i++) {
    const Setting *setting = &g_array_index(conf->settings, Setting, i);
    if (g_ascii_strncasecmp(setting->name, scope, length) == 0 && g_str_has_prefix(setting->name + length, "::") &&
        strstr(setting->name + length + 2, "::") == NULL)
      each(setting->name + length + 2, setting->value, data);
  }
}
