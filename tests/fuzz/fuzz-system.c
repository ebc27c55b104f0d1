/* SPDX-License-Identifier: Apache-2.0
 *
 * A system of two packages, put together and configured. The input is what a package says and brings, in this order with "----"
 * between: its control file, preinst, postinst, triggers, and the texts of the files that configuring reads. Whatever they say,
 * there is an error or a system that can be packed, and no path in it climbs.
 */
#include "builder/sources/debian/dpkgdb.h"
#include "builder/sources/debian/install_plan.h"
#include "builder/sources/debian/merge.h"
#include "builder/sources/debian/native.h"
#include "tests/fuzz/fuzz.h"

static const char *const metas[] = {"control", "preinst", "postinst", "triggers"};
static const char *const files[] = {"usr/share/base-passwd/passwd.master",
                                    "usr/share/base-passwd/group.master",
                                    "usr/lib/sysusers.d/stone.conf",
                                    "usr/share/pam-configs/stone",
                                    "usr/share/debianutils/shells.d/stone",
                                    "usr/share/ca-certificates/stone.crt",
                                    "usr/bin/stone"};
#define N_TEXTS (G_N_ELEMENTS(metas) + G_N_ELEMENTS(files))

static Pack *
make_pack(Store *store, char *const texts[], gboolean first)
{
  g_autoptr(PackWriter) writer = pack_writer_new(store, PACK_ZSTD, NULL);
  g_assert(writer != NULL);
  pack_writer_set_threads(writer, 1, NULL);
  static const char other[] = "Package: base-files\nVersion: 1\nArchitecture: all\nEssential: yes\nReplaces: stone\n";
  for (guint i = 0; i < G_N_ELEMENTS(metas); i++) {
    const char *text = first ? texts[i] : i == 0 ? other : "";
    g_autoptr(GBytes) meta = g_bytes_new(text, strlen(text));
    if (*text != '\0')
      pack_writer_set_meta(writer, metas[i], meta);
  }
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    const char *text = texts[G_N_ELEMENTS(metas) + i];
    if (*text == '\0' || (!first && i + 1 < G_N_ELEMENTS(files))) /* the last file is both packages' */
      continue;
    Entry entry = {.path = files[i], .mode = 0644, .size = strlen(text)};
    g_assert(pack_writer_add(writer, &entry, NULL) && pack_writer_data(writer, text, entry.size, NULL));
  }
  Digest digest;
  g_assert(pack_writer_finish(writer, &digest, NULL));
  return pack_open(store, &digest, NULL);
}

static gboolean
build(Store *store, DebianSystem *system, GError **error)
{
  g_autoptr(Tree) tree = tree_new();
  g_autoptr(Changes) changes = changes_new(tree);
  g_autoptr(Accounts) accounts = accounts_new();
  g_autoptr(DebianScriptReport) report = debian_script_report_new();
  static const char *const none[] = {NULL};
  g_autoptr(GPtrArray) batches = debian_install_plan(system, none, none);
  DebianConfigureOptions options = {.epoch = 1, .batches = batches, .leave_out = TRUE};
  DebianDatabaseOptions database = {0};
  if (!debian_merge(system, tree, &(DebianMergeOptions){0}, changes, error) ||
      !debian_native_configure(system, tree, changes, accounts, &options, report, error))
    return FALSE;
  accounts_write(accounts, changes, 1);
  Digest digest;
  if (!debian_write_database(system, changes, &database, error) ||
      !changes_to_pack(changes, store, PACK_ZSTD, 1, &digest, error))
    return FALSE;
  g_autoptr(Pack) pack = pack_open(store, &digest, error);
  for (guint i = 0; pack != NULL && i < pack_n_entries(pack); i++)
    g_assert(entry_path_is_canonical(pack_entry(pack, i)->path));
  return pack != NULL;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  char *texts[N_TEXTS];
  gsize left = size;
  for (guint i = 0; i < N_TEXTS; i++)
    texts[i] = fuzz_part(&data, &left);
  Store *store = fuzz_store();
  g_autoptr(Pack) one = make_pack(store, texts, TRUE), other = make_pack(store, texts, FALSE);
  g_assert(one != NULL && other != NULL);
  Pack *const packs[] = {one, other};
  g_autoptr(GError) error = NULL;
  g_autoptr(DebianSystem) system = debian_system_new(packs, 2, "amd64", &error);
  g_assert((system == NULL) == (error != NULL));
  if (system != NULL)
    g_assert(build(store, system, &error) == (error == NULL));
  for (guint i = 0; i < N_TEXTS; i++)
    g_free(texts[i]);
  return 0;
}
