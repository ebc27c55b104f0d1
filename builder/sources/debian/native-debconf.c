/* SPDX-License-Identifier: Apache-2.0
 *
 * debconf(7) as an installation without anybody to ask: every question has its template's default, or what scripts set. The
 * database itself (var/cache/debconf) is not written: what it would hold is in the packages' templates.
 */
#include "builder/sources/debian/native-private.h"

#include <string.h>

typedef struct {
  char *type, *value, *choices;
  GHashTable *variables; /* of db_subst */
  GHashTable *flags;     /* those that are set: "seen" */
  gboolean shown;        /* by db_input: what has no value may have got one then */
} NativeQuestion;

static void
question_free(gpointer data)
{
  NativeQuestion *question = data;
  g_free(question->type);
  g_free(question->value);
  g_free(question->choices);
  g_hash_table_unref(question->variables);
  g_hash_table_unref(question->flags);
  g_free(question);
}

GHashTable *
native_questions_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, question_free);
}

static NativeQuestion *
add_question(Native *native, const char *name, const char *type, const char *value, const char *choices)
{
  NativeQuestion *question = g_new(NativeQuestion, 1);
  *question = (NativeQuestion){g_strdup(type),
                               g_strdup(value),
                               g_strdup(choices),
                               g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                               g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                               FALSE};
  g_hash_table_replace(native->questions, g_strdup(name), question);
  return question;
}

/* ---- templates ---- */

static void
take_template(Native *native, const char *stanza)
{
  g_autoptr(DebianControl) control = debian_control_parse(stanza, strlen(stanza), NULL);
  const char *name = control != NULL ? debian_control_get(control, "Template") : NULL;
  if (name == NULL || g_hash_table_contains(native->questions, name))
    return;
  const char *type = debian_control_get(control, "Type"), *value = debian_control_get(control, "Default"),
             *choices = debian_control_get(control, "Choices");
  add_question(native, name, type != NULL ? type : "string", value != NULL ? value : "", choices != NULL ? choices : "");
}

static void
load_templates(Native *native, const DebianUnit *unit)
{
  if (!g_hash_table_add(native->asked, (gpointer)unit))
    return;
  g_autofree char *text = native_unit_file(native, unit, "templates");
  g_auto(GStrv) stanzas = g_strsplit(text != NULL ? text : "", "\n\n", -1);
  for (guint k = 0; stanzas[k] != NULL; k++)
    take_template(native, stanzas[k] + strspn(stanzas[k], "\n"));
}

/* A package's templates are read when its script asks something, and all others' when it asks for what it has not itself; a
 * failure to read them is native->error. */
static NativeQuestion *
find_question(Native *native, const char *name)
{
  const DebianSystem *system = native->configuration.system;
  if (name == NULL)
    return NULL;
  load_templates(native, native->unit);
  for (guint i = 0; i < native->before->len && !g_hash_table_contains(native->questions, name); i++)
    load_templates(native, native->before->pdata[i]);
  for (guint i = 0; i < system->n_units && !g_hash_table_contains(native->questions, name); i++)
    load_templates(native, system->units[i]);
  return g_hash_table_lookup(native->questions, name);
}

/* ---- commands ---- */

static int
answer(Shell *shell, int status, const char *text)
{
  shell_set(shell, "RET", text);
  return status;
}

/* Only the run can tell the answer. */
static int
no_answer(Shell *shell, char *reason)
{
  shell_unset(shell, "RET");
  shell_set_unknown(shell, "RET");
  return shell_give_up(shell, reason);
}

static int
no_question(Shell *shell, const char *name)
{
  g_autofree char *text = g_strdup_printf("%s doesn't exist", name != NULL ? name : "");
  return answer(shell, 10, text);
}

static int
run_get(Native *native, Shell *shell, char **words)
{
  const NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL)
    return no_question(shell, words[1]);
  /* of a list debconf chooses one itself, once it is shown */
  if (question->shown && strcmp(question->type, "select") == 0 && question->value[0] == '\0')
    return no_answer(shell, g_strdup_printf("asks '%s', which has no default", words[1]));
  return answer(shell, 0, question->value);
}

static int
run_set(Native *native, Shell *shell, char **words)
{
  NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL)
    return no_question(shell, words[1]);
  g_free(question->value);
  question->value = g_strjoinv(" ", words + 2);
  return answer(shell, 0, "value set");
}

static int
run_subst(Native *native, Shell *shell, char **words)
{
  NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL || words[2] == NULL)
    return no_question(shell, words[1]);
  g_hash_table_replace(question->variables, g_strdup(words[2]), g_strjoinv(" ", words + 3));
  return answer(shell, 0, "");
}

/* A text with its ${variables}. */
static char *
fill_in(Shell *shell, const NativeQuestion *question, const char *text)
{
  GString *filled = g_string_new(NULL);
  for (const char *c = text; *c != '\0' && filled->len <= SHELL_TEXT; c++) {
    const char *end = c[0] == '$' && c[1] == '{' ? strchr(c, '}') : NULL;
    if (end == NULL) {
      g_string_append_c(filled, *c);
      continue;
    }
    g_autofree char *name = g_strndup(c + 2, (gsize)(end - c - 2));
    const char *value = g_hash_table_lookup(question->variables, name);
    g_string_append(filled, value != NULL ? value : "");
    c = end;
  }
  if (filled->len > SHELL_TEXT)
    shell_give_up(shell, g_strdup("a text becomes too long"));
  return g_string_free(filled, FALSE);
}

static int
run_metaget(Native *native, Shell *shell, char **words)
{
  const NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL)
    return no_question(shell, words[1]);
  if (g_strcmp0(words[2], "choices") != 0 && g_strcmp0(words[2], "choices-c") != 0)
    return no_answer(shell, g_strdup_printf("asks for the %s of '%s'", words[2], words[1]));
  g_autofree char *choices = fill_in(shell, question, question->choices);
  return answer(shell, 0, choices);
}

static int
run_fset(Native *native, Shell *shell, char **words)
{
  NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL || words[2] == NULL)
    return no_question(shell, words[1]);
  if (g_strcmp0(words[3], "true") == 0)
    g_hash_table_add(question->flags, g_strdup(words[2]));
  else
    g_hash_table_remove(question->flags, words[2]);
  return answer(shell, 0, words[3] != NULL ? words[3] : "");
}

static int
run_fget(Native *native, Shell *shell, char **words)
{
  const NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL || words[2] == NULL)
    return no_question(shell, words[1]);
  return answer(shell, 0, g_hash_table_contains(question->flags, words[2]) ? "true" : "false");
}

static int
run_register(Native *native, Shell *shell, char **words)
{
  const NativeQuestion *question = find_question(native, words[1]);
  if (question == NULL || words[2] == NULL)
    return no_question(shell, words[1]);
  if (find_question(native, words[2]) == NULL)
    add_question(native, words[2], question->type, question->value, question->choices);
  return answer(shell, 0, "");
}

static int
run_input(Native *native, Shell *shell, char **words)
{
  const char *name = words[1] != NULL ? words[2] : NULL;
  NativeQuestion *question = find_question(native, name);
  if (question == NULL)
    return no_question(shell, name);
  question->shown = TRUE;
  return answer(shell, 30, "question skipped");
}

/* The package's questions are as if they had never been: all that is left of them is in the database. */
static int
run_purge(Native *native, Shell *shell, char **words)
{
  (void)words;
  g_autofree char *text = native_unit_file(native, native->unit, "templates");
  return text != NULL ? shell_give_up(shell, g_strdup("db_purge")) : answer(shell, 0, "");
}

static int
run_fine(Native *native, Shell *shell, char **words)
{
  (void)native;
  (void)words;
  return answer(shell, 0, "");
}

/* Every command but this one works only behind `. /usr/share/debconf/confmodule`, which scripts do not forget. */
static int
run_source(Native *native, Shell *shell, char **words)
{
  if (words[1] == NULL)
    return 2;
  g_autofree char *path = native_path(native, shell, words[1]);
  if (strcmp(path, "usr/share/debconf/confmodule") == 0)
    return native->leave_out || native_find(native, shell, words[1], TRUE, NULL) != NULL
             ? native_confmodule(native, shell)
             : shell_give_up(shell, g_strdup("debconf is not there"));
  g_autoptr(GBytes) content = native_read(native, shell, words[1]);
  if (content == NULL)
    return shell_give_up(shell, g_strdup_printf("reads '%.100s', which is not there", words[1]));
  g_autofree char *text = native_text(content);
  return shell_evaluate(shell, text);
}

const NativeCommand native_debconf_commands[] = {
  {".", run_source, NULL},
  {"db_get", run_get, NULL},
  {"db_set", run_set, NULL},
  {"db_subst", run_subst, NULL},
  {"db_metaget", run_metaget, NULL},
  {"db_fset", run_fset, NULL},
  {"db_fget", run_fget, NULL},
  {"db_register", run_register, NULL},
  {"db_input", run_input, NULL},
  {"db_version", run_fine, NULL},
  {"db_purge", run_purge, NULL},
  {"db_capb", run_fine, NULL},
  {"db_title", run_fine, NULL},
  {"db_settitle", run_fine, NULL},
  {"db_beginblock", run_fine, NULL},
  {"db_endblock", run_fine, NULL},
  {"db_go", run_fine, NULL},
  {"db_stop", run_fine, NULL},
  {NULL, NULL, NULL},
};
