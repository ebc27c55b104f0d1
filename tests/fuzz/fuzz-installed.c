/* SPDX-License-Identifier: Apache-2.0
 *
 * dpkg's database of an image that is built upon. The input is, with "----" between: the status file, the list of files of a package
 * named stone, a file of status.d, and its sums. What is taken is an index that the solver takes too.
 */
#include "builder/sources/debian/installed.h"
#include "rootfs/changes.h"
#include "tests/fuzz/fuzz.h"

static const char *const files[] = {"var/lib/dpkg/status", "var/lib/dpkg/info/stone.list", "var/lib/dpkg/status.d/moss",
                                    "var/lib/dpkg/status.d/moss.md5sums"};

static Tree *
make_tree(Store *store, char *const texts[])
{
  g_autoptr(Changes) changes = changes_new(NULL);
  Digest digest;
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    if (*texts[i] != '\0')
      changes_put_text(changes, files[i], texts[i]);
  g_assert(changes_to_pack(changes, store, PACK_ZSTD, 1, &digest, NULL));
  g_autoptr(Pack) pack = pack_open(store, &digest, NULL);
  Tree *tree = tree_new();
  guint number = tree_add_pack(tree, pack);
  for (guint i = 0; i < pack_n_entries(pack); i++)
    g_assert(tree_insert(tree, number, i, NULL));
  return tree;
}

static void
look_at(DebianInstalledSet *set, const Tree *tree)
{
  g_autoptr(GError) error = NULL;
  g_assert(debian_installed_load_owners(set, tree, &error) == (error == NULL));
  for (guint i = 0; i < set->packages->len; i++) {
    const DebianInstalled *package = set->packages->pdata[i];
    g_assert(package->name != NULL && fuzz_path_stays(package->name));
    g_autofree char *info = debian_installed_info(package, tree);
    const Relation relation = {.name = (char *)package->name, .op = RELATION_NONE};
    g_assert(fuzz_path_stays(info));
    const DebianInstalled *found = debian_installed_find(set, package->name);
    if (found == NULL)
      continue;
    g_assert(found->installed && strcmp(found->name, package->name) == 0);
    g_assert(debian_installed_satisfies(set, &relation));
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
  char *texts[G_N_ELEMENTS(files)];
  gsize left = size;
  Store *store = fuzz_store();
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    texts[i] = fuzz_part(&data, &left);
  g_autoptr(Tree) tree = make_tree(store, texts);
  g_autoptr(DebianInstalledSet) set = debian_installed_read(tree, "amd64", &error);
  if (set != NULL) {
    Digest blob;
    g_assert_no_error(error);
    look_at(set, tree);
    g_assert(debian_installed_source(set, store, NULL, &blob, &error) == (error == NULL));
  }
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    g_free(texts[i]);
  return 0;
}
