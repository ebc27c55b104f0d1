/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/mtree.h"

/* By EntryType. */
static const char *const types[] = {"file", "file", "link", "char", "block", "dir", "fifo"};

/* vis(3), VIS_OCTAL: what is no plain word would end the word, or begin a comment. */
static void
print_word(FILE *out, const char *text)
{
  for (const guchar *c = (const guchar *)text; *c != '\0'; c++)
    if (g_ascii_isgraph(*c) && *c != '\\' && *c != '#' && *c != '=')
      putc(*c, out);
    else
      fprintf(out, "\\%03o", *c);
}

void
mtree_print_head(FILE *out)
{
  fputs("#mtree\n", out);
}

void
mtree_print(FILE *out, const SubjectFile *file)
{
  const Entry *entry = &file->entry;
  char hex[DIGEST_HEX_LENGTH + 1];
  fputs(*entry->path != '\0' ? "./" : ".", out);
  print_word(out, entry->path);
  fprintf(out, " time=%" G_GINT64_FORMAT ".0 mode=%o gid=%u uid=%u type=%s", entry->mtime, entry->mode, entry->gid, entry->uid,
          types[entry->type]);
  if (entry->type == ENTRY_SYMLINK) {
    fputs(" link=", out);
    print_word(out, entry->target);
  }
  if (entry->type == ENTRY_CHAR || entry->type == ENTRY_BLOCK)
    fprintf(out, " device=native,%u,%u", entry->major, entry->minor);
  if (entry->type == ENTRY_FILE || entry->type == ENTRY_HARDLINK)
    fprintf(out, " size=%" G_GUINT64_FORMAT, entry->size);
  if (file->has_digest) {
    digest_to_hex(&entry->digest, hex);
    fprintf(out, " sha256digest=%s", hex);
  }
  putc('\n', out);
}
