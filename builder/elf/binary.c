/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/elf/binary.h"
#include "signing/error.h"

#include <gelf.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Elf, elf_end)

/* A file that is being read. */
typedef struct {
  Elf *elf;
  const char *data;
  gsize size;
  gsize n_headers; /* program headers */
  Binary *binary;
} BinaryReader;

void
binary_free(Binary *binary)
{
  g_free(binary->interpreter);
  g_free(binary->name);
  g_free(binary->rpath);
  g_free(binary->runpath);
  g_ptr_array_unref(binary->needed);
  g_free(binary);
}

gboolean
binary_fits(const Binary *binary, const Binary *other)
{
  return binary->class == other->class && binary->order == other->order && binary->machine == other->machine;
}

static gboolean
refuse(GError **error, const char *fault)
{
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, fault);
  return FALSE;
}

/* ---- texts ---- */

/* The text at @offset, whose NUL is before @end (transfer full); NULL and an error where there is none. */
static char *
text_at(const BinaryReader *reader, guint64 offset, guint64 end, const char *what, GError **error)
{
  end = MIN(end, reader->size);
  gsize room = offset < end ? (gsize)MIN(end - offset, BINARY_TEXT_MAX + 1) : 0;
  const char *text = reader->data + MIN(offset, reader->size);
  if (room > 0 && memchr(text, '\0', room) != NULL)
    return g_strdup(text);
  g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "its %s %s", what,
              room > BINARY_TEXT_MAX ? "is too long" : "lies outside the file");
  return NULL;
}

/* Where in the file the loader would find what it sees at @address: in the segment that is loaded there. */
static gboolean
file_offset(const BinaryReader *reader, guint64 address, guint64 *offset, guint64 *end)
{
  GElf_Phdr header;
  for (gsize i = 0; i < reader->n_headers; i++) {
    if (gelf_getphdr(reader->elf, (int)i, &header) == NULL || header.p_type != PT_LOAD || address < header.p_vaddr ||
        address - header.p_vaddr >= header.p_filesz)
      continue;
    if (!g_uint64_checked_add(offset, header.p_offset, address - header.p_vaddr) ||
        !g_uint64_checked_add(end, header.p_offset, header.p_filesz))
      return FALSE;
    return TRUE;
  }
  return FALSE;
}

/* ---- the dynamic section ---- */

/* Separate debug information has the headers of the file it was taken from, and nothing where they point. */
static gboolean
is_stripped_away(const BinaryReader *reader, const GElf_Phdr *dynamic)
{
  GElf_Shdr header;
  for (Elf_Scn *section = NULL; (section = elf_nextscn(reader->elf, section)) != NULL;)
    if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_NOBITS && header.sh_addr == dynamic->p_vaddr &&
        header.sh_size > 0 && !(header.sh_flags & SHF_TLS))
      return TRUE;
  return FALSE;
}

static gboolean
add_needed(Binary *binary, char *name, GError **error)
{
  g_ptr_array_add(binary->needed, name);
  return binary->needed->len <= BINARY_NEEDED_MAX || refuse(error, "it needs too many libraries");
}

/* Keeps the text of an entry that has one; of two the first counts. */
static gboolean
take_text(BinaryReader *reader, const GElf_Dyn *entry, guint64 strings, guint64 end, GError **error)
{
  Binary *binary = reader->binary;
  char **place = entry->d_tag == DT_SONAME    ? &binary->name
                 : entry->d_tag == DT_RPATH   ? &binary->rpath
                 : entry->d_tag == DT_RUNPATH ? &binary->runpath
                                              : NULL;
  guint64 offset;
  if ((place == NULL && entry->d_tag != DT_NEEDED) || (place != NULL && *place != NULL))
    return TRUE;
  if (!g_uint64_checked_add(&offset, strings, entry->d_un.d_val))
    return refuse(error, "its dynamic section lies outside the file");
  char *text = text_at(reader, offset, end, "dynamic section", error);
  if (text == NULL)
    return FALSE;
  if (place == NULL)
    return add_needed(binary, text, error);
  *place = text;
  return TRUE;
}

static gboolean
read_dynamic(BinaryReader *reader, const GElf_Phdr *header, GError **error)
{
  if (header->p_offset > reader->size || header->p_filesz > reader->size - header->p_offset)
    return refuse(error, "its dynamic section lies outside the file");
  Elf_Data *data = elf_getdata_rawchunk(reader->elf, (gint64)header->p_offset, header->p_filesz, ELF_T_DYN);
  GElf_Dyn entry;
  guint64 strings = 0, end = 0;
  gboolean texts = FALSE;
  for (int i = 0; data != NULL && gelf_getdyn(data, i, &entry) != NULL && entry.d_tag != DT_NULL; i++)
    if (entry.d_tag == DT_STRTAB)
      texts = file_offset(reader, entry.d_un.d_ptr, &strings, &end);
  /* one without any text has no table, or one that nobody will look into */
  for (int i = 0; texts && gelf_getdyn(data, i, &entry) != NULL && entry.d_tag != DT_NULL; i++)
    if (!take_text(reader, &entry, strings, end, error))
      return FALSE;
  for (int i = 0; !texts && data != NULL && gelf_getdyn(data, i, &entry) != NULL && entry.d_tag != DT_NULL; i++)
    if (entry.d_tag == DT_NEEDED)
      return refuse(error, "it needs libraries, and has no names for them");
  return TRUE;
}

/* ---- the whole ---- */

static gboolean
read_segments(BinaryReader *reader, GError **error)
{
  GElf_Phdr header, dynamic = {0};
  gboolean has_dynamic = FALSE;
  for (gsize i = 0; i < reader->n_headers; i++) {
    if (gelf_getphdr(reader->elf, (int)i, &header) == NULL)
      return refuse(error, "its program headers lie outside the file");
    if (header.p_type == PT_DYNAMIC && !has_dynamic) {
      dynamic = header;
      has_dynamic = TRUE;
    }
  }
  if (has_dynamic && is_stripped_away(reader, &dynamic)) {
    reader->binary->loadable = FALSE;
    return TRUE;
  }
  for (gsize i = 0; i < reader->n_headers && reader->binary->interpreter == NULL; i++) {
    guint64 end;
    if (gelf_getphdr(reader->elf, (int)i, &header) == NULL || header.p_type != PT_INTERP)
      continue;
    if (!g_uint64_checked_add(&end, header.p_offset, header.p_filesz))
      return refuse(error, "its interpreter lies outside the file");
    reader->binary->interpreter = text_at(reader, header.p_offset, end, "interpreter", error);
    if (reader->binary->interpreter == NULL)
      return FALSE;
  }
  return !has_dynamic || read_dynamic(reader, &dynamic, error);
}

/* What libelf asks of a program before all else; once, since many threads read. */
static void
know_version(void)
{
  static gsize known;
  if (g_once_init_enter(&known))
    g_once_init_leave(&known, elf_version(EV_CURRENT));
}

Binary *
binary_read(GBytes *data, GError **error)
{
  g_autoptr(Binary) binary = g_new0(Binary, 1);
  binary->needed = g_ptr_array_new_with_free_func(g_free);
  BinaryReader reader = {.binary = binary};
  reader.data = g_bytes_get_data(data, &reader.size);
  know_version();
  /* opened for reading only: libelf does not write into it */
  g_autoptr(Elf) elf = reader.data != NULL ? elf_memory((char *)reader.data, reader.size) : NULL;
  GElf_Ehdr header;
  if (elf == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL) {
    refuse(error, "its header is cut short or malformed");
    return NULL;
  }
  reader.elf = elf;
  binary->class = header.e_ident[EI_CLASS];
  binary->order = header.e_ident[EI_DATA];
  binary->machine = header.e_machine;
  binary->position_fixed = header.e_type == ET_EXEC;
  binary->loadable = header.e_type == ET_EXEC || header.e_type == ET_DYN;
  if (!binary->loadable)
    return g_steal_pointer(&binary);
  /* of headers that end beyond the file libelf counts those within */
  if (elf_getphdrnum(elf, &reader.n_headers) != 0 || (header.e_phnum != PN_XNUM && reader.n_headers != header.e_phnum)) {
    refuse(error, "its program headers lie outside the file");
    return NULL;
  }
  return read_segments(&reader, error) ? g_steal_pointer(&binary) : NULL;
}
