/* SPDX-License-Identifier: Apache-2.0
 *
 * Of steps what needs no sandbox: what is shown of their output, and the search for secrets in what they left.
 */
#include "builder/steps/secrets.h"
#include "builder/steps/step_log.h"
#include "signing/error.h"
#include "tests/unit/pack-maker.h"

/* ---- the log ---- */

static void
assert_tail(StepLog *log, const char *expected)
{
  g_autofree char *tail = step_log_tail(log);
  g_assert_cmpstr(tail, ==, expected);
}

static void
say(StepLog *log, const char *text)
{
  step_log_add(text, strlen(text), FALSE, log);
}

static void
lines_come_in_pieces(void)
{
  g_autoptr(StepLog) log = step_log_new(NULL, "s", TRUE, NULL);
  assert_tail(log, "");
  say(log, "on");
  say(log, "e\ntwo");
  assert_tail(log, "  one");
  step_log_end(log);
  assert_tail(log, "  one\n  two");
  say(log, "10 %\r50 %\r100 %\r\n\n\n");
  assert_tail(log, "  one\n  two\n  100 %\r");
}

static void
only_the_last_lines_are_shown(void)
{
  g_autoptr(StepLog) log = step_log_new(NULL, "s", FALSE, NULL);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *line = g_strdup_printf("line %u\n", i);
    say(log, line);
  }
  g_autofree char *tail = step_log_tail(log);
  g_auto(GStrv) lines = g_strsplit(tail, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, STEP_LOG_LINES);
  g_assert_cmpstr(lines[STEP_LOG_LINES - 1], ==, "  line 99");
}

static void
secrets_are_struck_out(void)
{
  g_autoptr(GPtrArray) hidden = g_ptr_array_new();
  g_ptr_array_add(hidden, (gpointer) "hunter2");
  g_autoptr(StepLog) log = step_log_new(NULL, "s", FALSE, hidden);
  say(log, "password hun");
  say(log, "ter2 and hunter2\n");
  assert_tail(log, "  password *** and ***");
}

static void
who_prints_without_end_is_cut(void)
{
  g_autoptr(StepLog) log = step_log_new(NULL, "s", FALSE, NULL);
  g_autofree char *much = g_strnfill(1 << 20, 'x');
  for (guint i = 0; i < 40; i++)
    say(log, much);
  g_autofree char *path = step_log_keep(log, maker_store);
  g_autofree char *text = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &text, &size, NULL));
  g_assert_cmpuint(size, <=, STEP_LOG_MAX + STEP_LOG_LINE_MAX + 1);
}

/* ---- secrets ---- */

static const char key[] = "correct horse battery?>";

static Secrets
read_key(RecipeStep *step, Recipe **recipe)
{
  static char *names[] = {(char *)"key", NULL};
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(maker_folder, "r.yaml", NULL);
  g_assert_true(g_file_set_contents(path,
                                    "name: r\nversion: \"1\"\nsecrets: {key: {env: ASHLAR_TEST_KEY}}\n"
                                    "run: [{shell: \"true\", secrets: [key]}]\n",
                                    -1, NULL));
  *recipe = recipe_load(path, NULL, &error);
  g_assert_no_error(error);
  *step = *(const RecipeStep *)(*recipe)->steps->pdata[0];
  step->secrets = names;
  g_setenv("ASHLAR_TEST_KEY", key, TRUE);
  Secrets secrets = {0};
  g_assert_true(secrets_read(*recipe, step, NULL, &secrets, &error));
  g_assert_no_error(error);
  return secrets;
}

static void
assert_found(const char *path, const char *content, const char *target, gboolean expected)
{
  RecipeStep step;
  g_autoptr(Recipe) recipe = NULL;
  g_auto(Secrets) secrets = read_key(&step, &recipe);
  g_autoptr(GError) error = NULL;
  const Member members[] = {{"innocent", ENTRY_FILE, "nothing", 0},
                            {path, target != NULL ? ENTRY_SYMLINK : ENTRY_FILE, target != NULL ? target : content, 0},
                            {0}};
  g_autoptr(Pack) pack = maker_pack(members, NULL);
  g_assert_cmpint(secrets_check(&secrets, pack, &step, &error), ==, !expected);
  if (!expected)
    return;
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_FAILED);
  g_assert_nonnull(strstr(error->message, "left a secret (of key) in '/"));
}

static void
a_secret_is_found_in_every_form(void)
{
  assert_found("x", "its key is correct horse battery?>!", NULL, TRUE);
  assert_found("x", "correct horse battery>", NULL, FALSE);
  assert_found("correct horse battery?>", "x", NULL, TRUE);
  assert_found("x", NULL, "/correct horse battery?>", TRUE);
  g_autoptr(GString) hex = g_string_new("0x");
  for (const char *at = key; *at != '\0'; at++)
    g_string_append_printf(hex, "%02X", (guint8)*at);
  assert_found("x", hex->str, NULL, TRUE);
  /* base64 of it behind nothing, one and two bytes, and before something */
  for (guint shift = 0; shift < 3; shift++) {
    g_autofree char *plain = g_strdup_printf("%.*s%s:more", (int)shift, "ab", key);
    g_autofree char *text = g_base64_encode((const guchar *)plain, strlen(plain));
    assert_found("x", text, NULL, TRUE);
    g_strdelimit(g_strdelimit(text, "+", '-'), "/", '_');
    assert_found("x", text, NULL, TRUE);
  }
}

static void
a_secret_is_found_across_frames(void)
{
  g_autoptr(GString) large = g_string_new(NULL);
  for (gsize before = PACK_FRAME_SIZE - 2000; before < PACK_FRAME_SIZE; before += 499) {
    g_string_truncate(large, 0);
    g_string_append_printf(large, "%*s%s", (int)before, "", key);
    g_string_append_printf(large, "%*s", 5000, "");
    assert_found("x", large->str, NULL, TRUE);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  maker_open();
  g_test_add_func("/steps/log/pieces", lines_come_in_pieces);
  g_test_add_func("/steps/log/last", only_the_last_lines_are_shown);
  g_test_add_func("/steps/log/secrets", secrets_are_struck_out);
  g_test_add_func("/steps/log/without-end", who_prints_without_end_is_cut);
  g_test_add_func("/steps/secrets/forms", a_secret_is_found_in_every_form);
  g_test_add_func("/steps/secrets/frames", a_secret_is_found_across_frames);
  int status = g_test_run();
  maker_close();
  return status;
}
