/* SPDX-License-Identifier: Apache-2.0
 *
 * test(1), also known as "[". What it asks of files goes to the host as the command "test".
 */
#include "builder/sources/debian/shell-private.h"

#include <string.h>

typedef struct {
  Shell *shell;
  char **words;
  guint n, at;
  gboolean broken;
} Test;

static gboolean test_or(Test *test);

static gboolean
compare_numbers(Test *test, const char *op, const char *left, const char *right)
{
  gint64 a, b;
  if (!g_ascii_string_to_signed(left, 10, G_MININT64, G_MAXINT64, &a, NULL) ||
      !g_ascii_string_to_signed(right, 10, G_MININT64, G_MAXINT64, &b, NULL)) {
    test->broken = TRUE;
    return FALSE;
  }
  switch (op[1] << 8 | op[2]) {
  case 'e' << 8 | 'q':
    return a == b;
  case 'n' << 8 | 'e':
    return a != b;
  case 'g' << 8 | 't':
    return a > b;
  case 'g' << 8 | 'e':
    return a >= b;
  case 'l' << 8 | 't':
    return a < b;
  default:
    return a <= b;
  }
}

static gboolean
is_binary(const char *word)
{
  static const char *const operators[] = {"=", "==", "!=", "-eq", "-ne", "-gt", "-ge", "-lt", "-le", "-nt", "-ot", "-ef", NULL};
  return g_strv_contains(operators, word);
}

static gboolean
binary(Test *test, const char *left, const char *op, const char *right)
{
  if (op[0] != '-')
    return (strcmp(left, right) == 0) == (op[0] == '=');
  if (strchr("nteof", op[1]) != NULL && strchr("tf", op[2]) != NULL && strcmp(op, "-eq") != 0) {
    char *const words[] = {(char *)"test", (char *)left, (char *)op, (char *)right, NULL};
    return test->shell->host->run(test->shell, (char **)words, test->shell->data) == 0;
  }
  return compare_numbers(test, op, left, right);
}

static gboolean
unary(Test *test, const char *op, const char *word)
{
  if (op[1] == 'n')
    return *word != '\0';
  if (op[1] == 'z')
    return *word == '\0';
  if (op[1] == 't')
    return FALSE; /* no descriptor of ours is a terminal */
  char *const words[] = {(char *)"test", (char *)op, (char *)word, NULL};
  return test->shell->host->run(test->shell, (char **)words, test->shell->data) == 0;
}

static gboolean
is_unary(const char *word)
{
  return word[0] == '-' && word[1] != '\0' && word[2] == '\0' && strchr("bcdefgGhkLnOprsStuwxz", word[1]) != NULL;
}

static gboolean
test_primary(Test *test)
{
  guint left = test->n - test->at;
  char **words = test->words + test->at;
  if (left >= 3 && is_binary(words[1])) {
    test->at += 3;
    return binary(test, words[0], words[1], words[2]);
  }
  if (left >= 3 && strcmp(words[0], "(") == 0) {
    test->at++;
    gboolean inside = test_or(test);
    test->broken = test->broken || test->at >= test->n || strcmp(test->words[test->at], ")") != 0;
    test->at++;
    return inside;
  }
  if (left >= 2 && is_unary(words[0])) {
    test->at += 2;
    return unary(test, words[0], words[1]);
  }
  if (left == 0) {
    test->broken = TRUE;
    return FALSE;
  }
  test->at++;
  return *words[0] != '\0';
}

static gboolean
test_not(Test *test)
{
  gboolean negated = FALSE;
  while (test->n - test->at >= 2 && strcmp(test->words[test->at], "!") == 0 &&
         !(test->n - test->at >= 3 && is_binary(test->words[test->at + 1]))) {
    negated = !negated;
    test->at++;
  }
  return test_primary(test) != negated;
}

static gboolean
test_and(Test *test)
{
  gboolean result = test_not(test);
  while (test->at < test->n && strcmp(test->words[test->at], "-a") == 0) {
    test->at++;
    result = test_not(test) && result;
  }
  return result;
}

static gboolean
test_or(Test *test)
{
  if (++test->shell->depth > SHELL_DEPTH)
    shell_give_up(test->shell, g_strdup("too deeply nested"));
  gboolean result = test->shell->unknown == NULL && test_and(test);
  while (test->shell->unknown == NULL && test->at < test->n && strcmp(test->words[test->at], "-o") == 0) {
    test->at++;
    result = test_and(test) || result;
  }
  test->shell->depth--;
  return result;
}

int
shell_test(Shell *shell, char **words, guint n)
{
  if (n == 0)
    return 1;
  Test test = {.shell = shell, .words = words, .n = n};
  gboolean result = test_or(&test);
  if (test.broken || test.at != n)
    return 2;
  return result ? 0 : 1;
}
