/* SPDX-License-Identifier: Apache-2.0
 *
 * Maintainer scripts followed natively over a small system. The input is what a package says, in this order with "----" between:
 * its preinst, postinst, config script, templates and triggers, and the texts of two files of its own. Whatever they say, the scripts
 * are known or not, and what they lead to can be packed; the same scripts always lead to the same bytes.
 */
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/merge.h"
#include "builder/sources/debian/native-private.h"
#include "tests/fuzz/fuzz.h"

static const char *const metas[] = {"preinst", "postinst", "config", "templates", "triggers"};
static const char *const files[] = {"usr/lib/stone/text", "usr/lib/systemd/system/stone.service"};
#define N_TEXTS (G_N_ELEMENTS(metas) + G_N_ELEMENTS(files))

static void
add_file(PackWriter *writer, const char *path, guint32 mode, const char *text)
{
  Entry entry = {.path = path, .mode = mode, .size = strlen(text)};
  g_assert(pack_writer_add(writer, &entry, NULL) && pack_writer_data(writer, text, entry.size, NULL));
}

static void
set_meta(PackWriter *writer, const char *key, const char *text)
{
  g_autoptr(GBytes) meta = g_bytes_new(text, strlen(text));
  if (strlen(text) > 1) /* else a part that was left empty */
    pack_writer_set_meta(writer, key, meta);
}

static PackWriter *
new_writer(Store *store, const char *control)
{
  PackWriter *writer = pack_writer_new(store, PACK_ZSTD, NULL);
  g_assert(writer != NULL);
  pack_writer_set_threads(writer, 1, NULL);
  set_meta(writer, "control", control);
  return writer;
}

static Pack *
finish(Store *store, PackWriter *writer)
{
  Digest digest;
  g_assert(pack_writer_finish(writer, &digest, NULL));
  Pack *pack = pack_open(store, &digest, NULL);
  g_assert(pack != NULL);
  return pack;
}

static void
add_program(PackWriter *writer, const char *program, GHashTable *there)
{
  g_autofree char *path = g_strconcat("usr/bin/", program, NULL);
  if (g_hash_table_add(there, g_strdup(path)))
    add_file(writer, path, 0755, "");
}

/* The programs that the commands of scripts ask for are there, all empty, and what they read. */
static Pack *
make_base(Store *store)
{
  static const NativeCommand *const tables[] = {native_file_commands,    native_mode_commands,    native_look_commands,
                                                native_text_commands,    native_account_commands, native_dpkg_commands,
                                                native_service_commands, native_system_commands,  native_debconf_commands};
  g_autoptr(PackWriter) writer = new_writer(store, "Package: base-files\nVersion: 1\nArchitecture: all\nEssential: yes\n");
  g_autoptr(GHashTable) there = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
    for (const NativeCommand *command = tables[i]; command->name != NULL; command++)
      if (command->program != NULL && strchr(command->program, '/') == NULL)
        add_program(writer, command->program, there);
  add_program(writer, "sh", there);
  add_file(writer, "usr/share/base-passwd/passwd.master", 0644, "root:*:0:0:root:/root:/bin/sh\n");
  add_file(writer, "usr/share/base-passwd/group.master", 0644, "root:*:0:\nmail:*:8:\n");
  add_file(writer, "usr/share/debconf/confmodule", 0644, "");
  add_file(writer, "etc/stone.conf", 0644, "one two\n# three\n");
  return finish(store, writer);
}

static Pack *
make_stone(Store *store, char *const texts[])
{
  g_autoptr(PackWriter) writer = new_writer(store, "Package: stone\nVersion: 1\nArchitecture: amd64\nDepends: base-files\n");
  for (guint i = 0; i < G_N_ELEMENTS(metas); i++)
    set_meta(writer, metas[i], texts[i]);
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    add_file(writer, files[i], 0644, texts[G_N_ELEMENTS(metas) + i]);
  return finish(store, writer);
}

/* Returns whether all of it is known, and has gone well; *packed is then what came of it. */
static gboolean
configure(Store *store, DebianSystem *system, Digest *packed)
{
  static const char *const variant[] = {NULL}, *const asked[] = {"stone", NULL};
  g_autoptr(GError) error = NULL;
  g_autoptr(Tree) tree = tree_new();
  g_autoptr(Changes) changes = changes_new(tree);
  g_autoptr(Accounts) accounts = accounts_new();
  g_autoptr(DebianScriptReport) report = debian_script_report_new();
  g_autoptr(GPtrArray) batches = debian_install_plan(system, variant, asked);
  DebianConfigureOptions options = {.epoch = 1, .batches = batches};
  g_assert(debian_merge(system, tree, &(DebianMergeOptions){0}, changes, NULL));
  gboolean done = debian_native_configure(system, tree, changes, accounts, &options, report, &error);
  g_assert(done == (error == NULL));
  if (!done || report->n_left_out > 0)
    return FALSE;
  accounts_write(accounts, changes, 1);
  return changes_to_pack(changes, store, PACK_ZSTD, 1, packed, NULL);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  char *texts[N_TEXTS];
  gsize left = size;
  Digest one, two;
  for (guint i = 0; i < N_TEXTS; i++)
    texts[i] = fuzz_part(&data, &left);
  Store *store = fuzz_store();
  g_autoptr(Pack) base = make_base(store), stone = make_stone(store, texts);
  Pack *const packs[] = {base, stone};
  g_autoptr(DebianSystem) system = debian_system_new(packs, 2, "amd64", NULL),
                          same = debian_system_new(packs, 2, "amd64", NULL);
  g_assert(system != NULL && same != NULL);
  if (configure(store, system, &one)) {
    g_assert(configure(store, same, &two) && digest_equal(&one, &two));
    g_autoptr(Pack) pack = pack_open(store, &one, NULL);
    for (guint i = 0; pack != NULL && i < pack_n_entries(pack); i++)
      g_assert(entry_path_is_canonical(pack_entry(pack, i)->path));
  }
  for (guint i = 0; i < N_TEXTS; i++)
    g_free(texts[i]);
  return 0;
}
