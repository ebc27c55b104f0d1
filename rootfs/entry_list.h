/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries copied into a list that owns them, and the form in which such a list goes from one process of ours to another.
 */
#ifndef ASHLAR_ROOTFS_ENTRY_LIST_H
#define ASHLAR_ROOTFS_ENTRY_LIST_H

#include "rootfs/entry.h"

typedef struct EntryList EntryList;
EntryList *entry_list_new(void);
void entry_list_free(EntryList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EntryList, entry_list_free)

/* Appends a copy, of which the strings and xattrs are copies too, and returns it: the digest may still be filled in. */
Entry *entry_list_add(EntryList *list, const Entry *entry);
guint entry_list_size(const EntryList *list);
/* Valid as long as the list. */
const Entry *entry_list_get(const EntryList *list, guint i);

#define ENTRY_LIST_TYPE "a(ayayuuuuuuxtaya(ayay))"
/* Entries @from up to, not including, @to (floating reference). */
GVariant *entry_list_to_variant(const EntryList *list, guint from, guint to);
/* Appends what is in @variant, which may come from anywhere: paths that are not canonical, unknown types and xattrs in disorder
 * are ASHLAR_ERROR_INVALID. */
gboolean entry_list_add_variant(EntryList *list, GVariant *variant, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
