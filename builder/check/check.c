/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/check/check.h"
#include "builder/check/checks.h"
#include "builder/recipe/source.h"
#include "signing/error.h"

/* Failed tests, and failures of each, that are told to people; the rest is counted. */
#define TOLD_TESTS 50
#define TOLD_FAILURES 20

#define EXCEPT "what is meant to be so goes into the test's 'except'"

/* By RecipeTestKind. */
static const struct {
  CheckRun run;
  const char *hint; /* or NULL */
} kinds[] = {
  [RECIPE_TEST_COMMAND] = {check_command, NULL},
  [RECIPE_TEST_FILE] = {check_file, NULL},
  [RECIPE_TEST_ABSENT] = {check_absent, NULL},
  [RECIPE_TEST_USER] = {check_user, NULL},
  [RECIPE_TEST_PORT] = {check_port, NULL},
  [RECIPE_TEST_SIZE] = {check_size, NULL},
  [RECIPE_TEST_ELF] = {check_elf, "add the package that has it; " EXCEPT},
  [RECIPE_TEST_LINKS] = {check_links, EXCEPT},
  [RECIPE_TEST_OWNED] = {check_owned, EXCEPT},
  [RECIPE_TEST_SETUID] = {check_setuid, EXCEPT},
  [RECIPE_TEST_WORLD_WRITABLE] = {check_world_writable, EXCEPT},
};

/* ---- results ---- */

static void
result_free(gpointer data)
{
  CheckResult *result = data;
  g_free(result->title);
  g_free(result->name);
  g_ptr_array_unref(result->failures);
  g_free(result);
}

static void
suite_free(gpointer data)
{
  CheckSuite *suite = data;
  g_free(suite->arch);
  g_ptr_array_unref(suite->results);
  g_free(suite);
}

CheckReport *
check_report_new(const char *recipe)
{
  CheckReport *report = g_new0(CheckReport, 1);
  report->recipe = g_strdup(recipe);
  report->suites = g_ptr_array_new_with_free_func(suite_free);
  return report;
}

void
check_report_free(CheckReport *report)
{
  g_free(report->recipe);
  g_ptr_array_unref(report->suites);
  g_free(report);
}

CheckSuite *
check_report_begin(CheckReport *report, const char *arch)
{
  CheckSuite *suite = g_new0(CheckSuite, 1);
  suite->arch = g_strdup(arch);
  suite->results = g_ptr_array_new_with_free_func(result_free);
  g_ptr_array_add(report->suites, suite);
  return suite;
}

void
check_report_take(CheckReport *report, CheckReport *other)
{
  while (other->suites->len > 0) {
    CheckSuite *suite = g_ptr_array_steal_index(other->suites, 0);
    if (suite->results->len > 0)
      g_ptr_array_add(report->suites, suite);
    else
      suite_free(suite);
  }
}

CheckSuite *
check_report_find(const CheckReport *report, const char *arch)
{
  for (guint i = 0; i < report->suites->len; i++) {
    CheckSuite *suite = report->suites->pdata[i];
    if (g_str_equal(suite->arch, arch))
      return suite;
  }
  return NULL;
}

guint
check_report_count(const CheckReport *report, guint *failed)
{
  guint all = 0;
  *failed = 0;
  for (guint i = 0; i < report->suites->len; i++) {
    const CheckSuite *suite = report->suites->pdata[i];
    all += suite->results->len;
    for (guint j = 0; j < suite->results->len; j++)
      *failed += ((const CheckResult *)suite->results->pdata[j])->n_failures > 0;
  }
  return all;
}

gboolean
check_suite_passed(const CheckSuite *suite)
{
  for (guint i = 0; i < suite->results->len; i++)
    if (((const CheckResult *)suite->results->pdata[i])->n_failures > 0)
      return FALSE;
  return TRUE;
}

/* ---- telling ---- */

/* The first failure is the headline, the others stand below the line of the recipe. */
static void
append_failure(GString *out, const CheckResult *result, const char *arch)
{
  g_autoptr(GString) rest = g_string_new(NULL);
  guint told = MIN(result->failures->len, TOLD_FAILURES);
  for (guint i = 1; i < told; i++)
    g_string_append_printf(rest, "\n  %s", (const char *)result->failures->pdata[i]);
  if (result->n_failures > told)
    g_string_append_printf(rest, "\n  ... and %u more", result->n_failures - told);
  const char *hint = kinds[result->kind].hint;
  if (hint != NULL)
    g_string_append_printf(rest, "\nhint: %s", hint);
  GError *error = NULL;
  recipe_error_at(&error, &result->place, "%s%s%s%s%s%s", arch != NULL ? arch : "", arch != NULL ? ": " : "",
                  result->name != NULL ? result->name : "", result->name != NULL ? ": " : "",
                  (const char *)result->failures->pdata[0], rest->str);
  g_string_append_printf(out, "%s\n", error->message);
  g_error_free(error);
}

gboolean
check_report_error(const CheckReport *report, GError **error)
{
  guint failed, told = 0, all = check_report_count(report, &failed);
  if (failed == 0)
    return TRUE;
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < report->suites->len; i++) {
    const CheckSuite *suite = report->suites->pdata[i];
    for (guint j = 0; j < suite->results->len && told < TOLD_TESTS; j++) {
      const CheckResult *result = suite->results->pdata[j];
      if (result->n_failures == 0)
        continue;
      append_failure(text, result, report->suites->len > 1 ? suite->arch : NULL);
      told++;
    }
  }
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED, "%s%u of %u test%s failed", text->str, failed, all,
              all == 1 ? "" : "s");
  return FALSE;
}

void
check_fail(CheckResult *result, const char *format, ...)
{
  if (++result->n_failures > CHECK_FAILURES_MAX)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *raw = g_strdup_vprintf(format, args);
  va_end(args);
  g_ptr_array_add(result->failures, source_escape(raw));
}

/* ---- running ---- */

static CheckResult *
add_result(CheckSuite *suite, const RecipeTest *test)
{
  CheckResult *result = g_new0(CheckResult, 1);
  result->kind = test->kind;
  const char *kind = recipe_test_kind_name(test->kind);
  result->name = g_strdup(test->name);
  result->title = test->name != NULL      ? g_strdup(test->name)
                  : test->subject != NULL ? g_strdup_printf("%s %s", kind, test->subject)
                                          : g_strdup(kind);
  result->place = test->place;
  result->failures = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(suite->results, result);
  return result;
}

/* Those that run a program take long enough to be told of one by one. */
static gboolean
run_test(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error)
{
  if (test->kind != RECIPE_TEST_COMMAND)
    return kinds[test->kind].run(checking, test, result, error);
  ProgressTask *task = progress_start(checking->subject->progress, PROGRESS_TEST, result->title, 0);
  gboolean done = kinds[test->kind].run(checking, test, result, error);
  progress_finish(task, done && result->n_failures == 0 ? PROGRESS_MADE : PROGRESS_FAILED);
  return done;
}

static guint
count_commands(const Recipe *recipe)
{
  guint n = 0;
  for (guint i = 0; i < recipe->tests->len; i++)
    n += ((const RecipeTest *)recipe->tests->pdata[i])->kind == RECIPE_TEST_COMMAND;
  return n;
}

gboolean
check_image(const CheckSubject *subject, const Recipe *recipe, CheckSuite *suite, GError **error)
{
  Checking checking = {.subject = subject, .tree = subject->tree};
  gboolean done = TRUE;
  progress_expect(subject->progress, PROGRESS_TEST, count_commands(recipe), 0);
  for (guint i = 0; i < recipe->tests->len && done; i++) {
    const RecipeTest *test = recipe->tests->pdata[i];
    CheckResult *result = add_result(suite, test);
    gint64 began = g_get_monotonic_time();
    done = run_test(&checking, test, result, error);
    result->microseconds = g_get_monotonic_time() - began;
    if (!done)
      g_prefix_error(error, "test '%s': ", result->title);
  }
  g_clear_pointer(&checking.nodes, g_ptr_array_unref);
  g_clear_pointer(&checking.accounts, accounts_free);
  g_clear_pointer(&checking.sandbox, sandbox_free_meanwhile);
  return done;
}

void
check_reuse(const Recipe *recipe, CheckSuite *suite)
{
  for (guint i = 0; i < recipe->tests->len; i++)
    add_result(suite, recipe->tests->pdata[i])->reused = TRUE;
}
