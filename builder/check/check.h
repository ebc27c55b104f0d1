/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests of a recipe (RecipeTest), run on the finished image of one architecture as it lies in memory: nothing is unpacked
 * but for the programs that tests run, and only files whose content is asked for are decompressed. A test that fails is no GError but a result; all
 * tests run, whatever the others say, so that a build tells all failures at once.
 *
 *   CheckReport *report = check_report_new("web");
 *   CheckSuite *suite = check_report_begin(report, "amd64");
 *   check_image(&subject, recipe, suite, error)       for each architecture
 *   check_report_error(report, error)                 TRUE: nothing failed
 *
 * Results own their strings and outlive recipe and tree.
 */
#ifndef ASHLAR_CHECK_CHECK_H
#define ASHLAR_CHECK_CHECK_H

#include "builder/progress/progress.h"
#include "builder/recipe/recipe.h"
#include "rootfs/tree.h"

#include <gio/gio.h>

/* More failures of one test than this are counted, not kept. */
#define CHECK_FAILURES_MAX 100

typedef struct {
  Store *store; /* in which commands are run */
  const Tree *tree;
  const RecipeConfig *config;
  GCancellable *cancellable; /* or NULL */
  guint generated[2];        /* numbers of the packs of generated files in the tree, which need no package; or TREE_NO_PACK */
  const char *runtime;       /* that commands are run by; NULL: what is there */
  Progress *progress;        /* or NULL: hears of those that run a program */
} CheckSubject;

typedef struct {
  char *title; /* its name, else what it is about: "file /etc/motd" */
  char *name;  /* as the recipe calls it, or NULL */
  RecipeTestKind kind;
  RecipePlace place;
  gboolean reused;     /* it passed an earlier build of the same image, and was not run */
  gint64 microseconds; /* that it took */
  GPtrArray *failures; /* char*: what was expected and what was found, printable, one line each; none: it passed */
  guint n_failures;    /* with those that were not kept */
} CheckResult;

typedef struct {
  char *arch;
  GPtrArray *results; /* CheckResult*, in the recipe's order */
} CheckSuite;

typedef struct {
  char *recipe;      /* the recipe's name */
  GPtrArray *suites; /* CheckSuite*, in the order they were begun */
} CheckReport;

CheckReport *check_report_new(const char *recipe);
void check_report_free(CheckReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckReport, check_report_free)

/* A suite without results, which is the report's. */
CheckSuite *check_report_begin(CheckReport *report, const char *arch);
/* Moves the suites of @other, those of which anything came, behind @report's. */
void check_report_take(CheckReport *report, CheckReport *other);
/* The suite of @arch, or NULL. */
CheckSuite *check_report_find(const CheckReport *report, const char *arch);
/* How many tests there are, and how many of them failed. */
guint check_report_count(const CheckReport *report, guint *failed);
/* FALSE, with ASHLAR_ERROR_FAILED and all failures at their places in the recipe (as recipe_error_at tells them), where a test
 * failed. */
gboolean check_report_error(const CheckReport *report, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs all tests of @recipe; their results go into @suite. FALSE only where testing itself was not possible: the image's
 * packs are damaged, the machine has no sandbox. */
gboolean check_image(const CheckSubject *subject, const Recipe *recipe, CheckSuite *suite,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same where it is known that all pass. */
void check_reuse(const Recipe *recipe, CheckSuite *suite);
gboolean check_suite_passed(const CheckSuite *suite);

#endif
