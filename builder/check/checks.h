/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests one by one: check.c runs them by their kind. A new kind is a function here, a row in check.c's table, and a key in
 * the recipe's schema. Internal to builder/check.
 *
 * Each returns FALSE only where it could not look: with @error set. What is wrong with the image is told by check_fail.
 */
#ifndef ASHLAR_CHECK_CHECKS_H
#define ASHLAR_CHECK_CHECKS_H

#include "builder/check/check.h"
#include "rootfs/accounts.h"
#include "rootfs/sandbox.h"

/* A file whose text is looked through is held in memory. */
#define CHECK_CONTENT_MAX (512 << 20)

/* The image under test, and what several tests want to know of it, found out once. */
typedef struct {
  const CheckSubject *subject;
  const Tree *tree;
  GPtrArray *nodes;   /* see check_nodes */
  Sandbox *sandbox;   /* of the command tests, or NULL */
  gboolean on_disk;   /* where its files are to be */
  Accounts *accounts; /* see check_accounts */
} Checking;

typedef gboolean (*CheckRun)(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);

gboolean check_command(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_file(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_absent(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_user(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_port(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_size(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_elf(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_links(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_owned(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_setuid(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);
gboolean check_world_writable(Checking *checking, const RecipeTest *test, CheckResult *result, GError **error);

/* ---- what they share ---- */

/* The test fails; the message may hold foreign text as it is. */
void check_fail(CheckResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* All of the tree, as tree_nodes has it (borrowed). */
const GPtrArray *check_nodes(Checking *checking);
/* The image's accounts (borrowed), or NULL and @error. */
const Accounts *check_accounts(Checking *checking, GError **error);
/* What is at the absolute @path; symlinks on the way are followed, the last one with @follow only. NULL: nothing. */
const TreeNode *check_find(const Tree *tree, const char *path, gboolean follow);
/* The entry that has size and digest of @node's content: a hardlink's file, all else's own. */
const Entry *check_content(const Tree *tree, const TreeNode *node);
/* Bytes of @node, of a folder with all that is in it, each file once. */
guint64 check_bytes(Checking *checking, const TreeNode *node);
/* Whether @bytes are between the least and most of @test; tells of @what, "'/usr'", where they are not. */
void check_bounds(const RecipeTest *test, const char *what, guint64 bytes, CheckResult *result);
/* Whether @content is as @expected; tells of @what where it is not. */
void check_text(const RecipeExpected *expected, const char *what, GBytes *content, CheckResult *result);

#endif
