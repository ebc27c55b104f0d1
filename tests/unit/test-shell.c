/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/shell.h"

#include <string.h>

/* A world of two files, whose one command prints its words. */
static int
run(Shell *shell, char **words, gpointer data)
{
  (void)data;
  if (strcmp(words[0], "test") == 0)
    return strcmp(words[2], "/there") == 0 ? 0 : 1;
  if (strcmp(words[0], "upper") == 0) {
    g_autofree char *text = shell_take_input(shell), *upper = g_ascii_strup(text, -1);
    shell_print(shell, upper);
    return 0;
  }
  if (strcmp(words[0], "secret") == 0) {
    shell_print(shell, "\001\n");
    return 0;
  }
  if (strcmp(words[0], "words") != 0)
    return shell_give_up(shell, g_strdup_printf("runs '%s'", words[0]));
  for (guint i = 1; words[i] != NULL; i++) {
    g_autofree char *word = g_strdup_printf("<%s>", words[i]);
    shell_print(shell, word);
  }
  shell_print(shell, "\n");
  return 0;
}

static GBytes *
read_file(Shell *shell, const char *path, gpointer data)
{
  (void)shell;
  (void)data;
  return strcmp(path, "/there") == 0 ? g_bytes_new_static("one two\nthree\n", 14) : NULL;
}

static gboolean
write_file(Shell *shell, const char *path, const GString *content, gboolean append, gpointer data)
{
  (void)shell;
  GString *written = data;
  g_string_append_printf(written, "%s%s:%s", path, append ? "+" : "", content != NULL ? content->str : "(none)");
  return TRUE;
}

static char **
list(Shell *shell, const char *folder, gpointer data)
{
  (void)shell;
  (void)data;
  return strcmp(folder, "/etc/") == 0 ? g_strsplit(".z a.conf b.conf c", " ", -1) : NULL;
}

static gboolean
exists(Shell *shell, const char *path, gpointer data)
{
  (void)shell;
  (void)data;
  return strcmp(path, "/there") == 0;
}

static const ShellHost host = {run, read_file, write_file, list, exists};

/* The output of a script ("$(...)" of all of it), or "line N: reason" (transfer full). */
static char *
output_of(const char *text, int *status)
{
  static const char *const arguments[] = {"configure", "", NULL};
  g_autofree char *whole = g_strdup_printf("words=\"$(\n%s\n)\"; status=$?; echo \"$words\" > /out; exit $status", text);
  guint line = 0;
  const char *reason = NULL;
  g_autoptr(GString) written = g_string_new(NULL);
  g_autoptr(ShellNode) script = shell_parse(whole, &line, &reason);
  if (script == NULL) {
    *status = -1;
    return g_strdup(reason);
  }
  g_autoptr(Shell) shell = shell_new(&host, written);
  shell_set_arguments(shell, arguments);
  shell_set_unknown(shell, "HOME");
  *status = shell_run(shell, script);
  if (*status < 0)
    return g_strdup(shell_unknown(shell));
  const char *output = strstr(written->str, "/out+:");
  char *copy = g_strdup(output != NULL ? output + strlen("/out+:") : "");
  g_strchomp(copy);
  return copy;
}

static const struct {
  const char *name, *script, *output;
  int status; /* -1: given up, @output is the reason */
} cases[] = {
  {"words", "words a 'b c' \"d  e\" f\\ g \"$1\" \"$2\" $2 \"$@\"", "<a><b c><d  e><f g><configure><><configure><>", 0},
  {"splitting", "x='a  b c'; words $x \"$x\" ${x}d", "<a><b><c><a  b c><a><b><cd>", 0},
  {"separators", "IFS=:; x=a::b; words $x", "<a><><b>", 0},
  {"defaults", "words ${n:-no} ${n-\"a b\"} ${1:+yes} \"${2-set}\" ${n:=now} $n ${#n}", "<no><a b><yes><><now><now><3>", 0},
  {"cutting", "x=/usr/lib/a.tar.gz; words ${x##*/} ${x%.*} ${x%%.*} ${x#/} ${x#nothing}",
   "<a.tar.gz></usr/lib/a.tar></usr/lib/a><usr/lib/a.tar.gz></usr/lib/a.tar.gz>", 0},
  {"substitution", "words \"$(echo a; echo b)\" `echo c` $(false) x", "<a\nb><c><x>", 0},
  {"names of files", "words /etc/*.conf /etc/.z* /no/* '/etc/*'", "</etc/a.conf></etc/b.conf></etc/.z></no/*></etc/*>", 0},
  {"arithmetic", "a=2; words $((a + 1)) $((3*4-a)) $(( $a * $a ))", "<3><10><4>", 0},
  {"if", "if [ \"$1\" = configure ] && [ -z \"$2\" ]; then echo first; elif true; then echo no; else echo no; fi", "first", 0},
  {"case", "case \"$1\" in abort-*|remove) echo no;; conf*) echo yes;; *) echo no;; esac", "yes", 0},
  {"case with a quoted star", "case '*' in '*') echo star;; esac; case ab in a'*') echo no;; esac", "star", 0},
  {"for", "for i in a b c d; do [ $i != b ] || continue; [ $i != d ] || break; echo $i; done", "a\nc", 0},
  {"while read", "while read a b; do echo \"$b,$a\"; done < /there", "two,one\n,three", 0},
  {"until", "x=1; until [ $x -gt 3 ]; do x=$((x+1)); done; echo $x", "4", 0},
  {"pipe", "echo abc | upper | while read x; do echo $x.; done", "ABC.", 0},
  {"function", "f() { local x=in; echo $1 $# $x; return 3; }; x=out; f a b || echo $? $x", "a 2 in\n3 out", 0},
  {"subshell", "x=1; (x=2; exit 4); echo $? $x", "4 1", 0},
  {"here-document", "upper <<EOF\na $1 \\$1 \"q\"\nEOF\nupper <<-'E'\n\tb $1\n\tE\n", "A CONFIGURE $1 \"Q\"\nB $1", 0},
  {"negation", "! false && ! { echo x; false; }; echo $?", "x\n0", 0},
  {"test", "[ ! -e /no ] && [ -f /there -a \\( a = b -o 2 -le 10 \\) ] && test x != y && echo yes", "yes", 0},
  {"set -e", "set -e; false || true; if false; then :; fi; echo on; false; echo not", "on", 1},
  {"set -e in a function", "set -e; f() { false; echo still; }; f && true; f; echo not", "still", 1},
  {"set -e and the last of &&", "set -e; false && true; echo on; true && false; echo not", "on", 1},
  {"errors are not output", "{ echo a; echo b >&2; } 2>/dev/null; echo c > /dev/null 2>&1", "a", 0},
  {"eval and shift", "set -- a b c; shift; eval 'echo \"$1\" $#'", "b 2", 0},
  {"a last line without a break", "echo a; printf '%s-%s\\n' 1 2 3", "a\n1-2\n3-", 0},
  {"a date that nobody sees", "x=$(secret); echo \"$x\" >/dev/null; echo done", "done", 0},
  {"a date that decides", "x=$(secret); [ -n \"$x\" ] && echo no", "depends on what only the run can tell", -1},
  {"a date that is written", "secret > /file", "writes what only the run can tell", -1},
  {"a variable of the host", "echo $HOME", "the value of $HOME", -1},
  {"an unknown command", "if false; then other; fi; [ a = a ] && other", "runs 'other'", -1},
  {"standard input", "read x", "reads the script's standard input", -1},
  {"no end", "while :; do :; done", "does not come to an end", -1},
  {"no end of one text", "x=0123456789abcdef\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12; do x=$x$x; done\ny=${x%b}",
   "does not come to an end", -1},
  {"endless recursion", "f() { f; }; f", "too deeply nested", -1},
  {"messages into the output", "x=$(words a 2>&1)", "a redirection of 2", -1},
  {"background", "sleep 1 & echo x", "a command in the background", -1},
  {"an open quotation", "echo \"x", "a bracket is not closed", -1},
  {"an open if", "if true; then echo x", "a compound command has no end", -1},
};

static void
follows(gconstpointer data)
{
  guint i = GPOINTER_TO_UINT(data);
  int status = 0;
  g_autofree char *output = output_of(cases[i].script, &status);
  g_assert_cmpstr(output, ==, cases[i].output);
  g_assert_cmpint(status, ==, cases[i].status);
}

static void
lines_are_told(void)
{
  static const char script[] = "set -e\n# comment\nf() {\n  other\n}\nif true\nthen\n  echo a \\\n    b\n  f\nfi\n";
  guint line;
  const char *reason;
  g_autoptr(GString) written = g_string_new(NULL);
  g_autoptr(ShellNode) node = shell_parse(script, &line, &reason);
  g_assert_nonnull(node);
  g_autoptr(Shell) shell = shell_new(&host, written);
  g_assert_cmpint(shell_run(shell, node), ==, -1);
  g_assert_cmpuint(shell_line(shell), ==, 4);
  g_assert_null(shell_parse("echo a\n\nfor x in a; echo\n", &line, &reason));
  g_assert_cmpuint(line, ==, 3);
}

/* ---- reading without following ---- */

static int
note_words(Shell *shell, char **words, gpointer data)
{
  GString *read = data;
  g_autofree char *joined = g_strjoinv("|", words);
  g_string_append_printf(read, "%s%s", read->len > 0 ? " ; " : "", joined);
  return shell_give_up(shell, g_strdup("what it prints"));
}

/* A script, and its literal commands in their order. */
static const struct {
  const char *script, *commands;
} literal[] = {
  {"a 'b c' \"d e\" f\\ g # h\n", "a|b c|d e|f g"},
  {"a b \\\n  --slave c \\\n d\n", "a|b|--slave|c|d"},
  {"if ! a; then b || true; fi", "a ; b ; true"},
  {"a >/dev/null 2>&1 b >>c <d", "a|b"},
  {"a$(b `c`)e f\ng", "c ; g"},
  {"", ""},
  {"X=1\nY=\"$X/2\"\na $X ${Y} \"$X$Y\"", "a|1|1/2|11/2"},
  {"a $X; b \"$1\"; c", "c"},
  {"X=1; X=2; a $X; b", "b"},
  {"X= ; a $X b", "a|b"},
  {"X=$(b); a $X; X=1; c $X; d", "b ; d"},
  {"a \"$ROOT/x\"", "a|/x"},
  {"case \"$1\" in\n configure|x) a;;\n *) b;;\nesac", "a ; b"},
  {"f() {\n a $1\n b\n}\nf", "b ; f"},
  {"for i in x y; do a $i; done; b $i; c", "c"},
  {"for i in $x; do a $i; b; done", "b"},
  {"cat <<EOF\na --install x\nEOF\nb", "cat ; b"},
  {"(a; b) | c; while d; do e; done", "a ; b ; c ; d ; e"},
};

static void
literal_commands(void)
{
  static const ShellHost reader = {note_words, read_file, write_file, list, exists};
  for (guint i = 0; i < G_N_ELEMENTS(literal); i++) {
    guint line;
    const char *reason;
    g_autoptr(GString) read = g_string_new(NULL);
    g_autoptr(ShellNode) script = shell_parse(literal[i].script, &line, &reason);
    g_assert_nonnull(script);
    g_autoptr(Shell) shell = shell_new(&reader, read);
    shell_set(shell, "ROOT", "");
    shell_read(shell, script);
    g_assert_cmpstr(read->str, ==, literal[i].commands);
  }
}

static void
patterns(void)
{
  static const struct {
    const char *pattern, *text;
    gboolean match;
  } rows[] = {
    {"", "", TRUE},         {"*", "", TRUE},
    {"a*c", "abbc", TRUE},  {"a*c", "abcd", FALSE},
    {"?", "", FALSE},       {"[a-c]x", "bx", TRUE},
    {"[!a-c]", "b", FALSE}, {"[]]", "]", TRUE},
    {"[", "[", TRUE},       {"\\*", "*", TRUE},
    {"\\*", "x", FALSE},    {"*.conf", ".conf", TRUE},
    {"a[", "a[", TRUE},     {"*a*b*", "xxaxxbxx", TRUE},
    {"[a", "[a", TRUE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_test_message("%s %s", rows[i].pattern, rows[i].text);
    g_assert_cmpint(shell_match(rows[i].pattern, rows[i].text), ==, rows[i].match);
  }
}

/* What hostile scripts try: none may take long or overflow the stack. */
static void
hostile_scripts_end(void)
{
  static const char *const pieces[] = {"(",  "{ ",    "$(",          "`",    "${x:-", "\"$(", "if ",
                                       "! ", "a && ", "case x in (", "x() ", "a | ",  "<<E "};
  for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
    GString *script = g_string_new("echo ");
    for (guint k = 0; k < 20000; k++)
      g_string_append(script, pieces[i]);
    int status;
    g_autofree char *output = output_of(script->str, &status);
    g_assert_nonnull(output);
    g_string_free(script, TRUE);
  }
  int status;
  g_autofree char *bomb = output_of("x=aaaaaaaaaaaaaaaa; for i in 1 2 3 4 5 6 7 8; do x=$x$x$x$x$x$x$x$x$x$x; done", &status);
  g_assert_cmpstr(bomb, ==, "a text becomes too long");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/shell/%s", cases[i].name);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), follows);
  }
  g_test_add_func("/shell/lines are told", lines_are_told);
  g_test_add_func("/shell/literal commands", literal_commands);
  g_test_add_func("/shell/patterns", patterns);
  g_test_add_func("/shell/hostile scripts end", hostile_scripts_end);
  return g_test_run();
}
