/* SPDX-License-Identifier: Apache-2.0
 *
 * ELF files for tests: 64-bit, little-endian, one segment that holds all, no sections; just what a loader looks at.
 */
#ifndef ASHLAR_TESTS_ELF_MAKER_H
#define ASHLAR_TESTS_ELF_MAKER_H

#include <elf.h>
#include <glib.h>
#include <string.h>

typedef struct {
  guint16 machine; /* 0: EM_X86_64 */
  guint16 type;    /* 0: ET_DYN */
  const char *interpreter, *name, *rpath, *runpath;
  const char *needed; /* "liba.so libb.so" */
} MadeElf;

static inline guint64
elf_text(GString *texts, const char *text)
{
  guint64 at = texts->len;
  g_string_append_len(texts, text, (gssize)strlen(text) + 1);
  return at;
}

static inline void
elf_dynamic(GArray *entries, gint64 tag, guint64 value)
{
  Elf64_Dyn entry = {.d_tag = tag, .d_un.d_val = value};
  g_array_append_val(entries, entry);
}

static inline GBytes *
elf_make(const MadeElf *made)
{
  g_autoptr(GString) texts = g_string_new(NULL);
  g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Elf64_Dyn));
  g_auto(GStrv) needed = g_strsplit(made->needed != NULL ? made->needed : "", " ", -1);
  const guint64 start = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
  elf_text(texts, made->interpreter != NULL ? made->interpreter : "");
  for (char **name = needed; *name != NULL; name++)
    elf_dynamic(entries, DT_NEEDED, elf_text(texts, *name));
  if (made->name != NULL)
    elf_dynamic(entries, DT_SONAME, elf_text(texts, made->name));
  if (made->rpath != NULL)
    elf_dynamic(entries, DT_RPATH, elf_text(texts, made->rpath));
  if (made->runpath != NULL)
    elf_dynamic(entries, DT_RUNPATH, elf_text(texts, made->runpath));
  elf_dynamic(entries, DT_STRTAB, start);
  elf_dynamic(entries, DT_NULL, 0);
  while (texts->len % 8 != 0)
    g_string_append_c(texts, '\0');
  guint64 dynamic = start + texts->len, dynamic_size = entries->len * sizeof(Elf64_Dyn), end = dynamic + dynamic_size;
  Elf64_Ehdr header = {
    .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
    .e_type = made->type != 0 ? made->type : ET_DYN,
    .e_machine = made->machine != 0 ? made->machine : EM_X86_64,
    .e_version = EV_CURRENT,
    .e_phoff = sizeof header,
    .e_ehsize = sizeof header,
    .e_phentsize = sizeof(Elf64_Phdr),
    .e_phnum = 3,
  };
  guint64 interpreter_size = made->interpreter != NULL ? strlen(made->interpreter) + 1 : 0;
  Elf64_Phdr segments[3] = {
    {.p_type = PT_LOAD, .p_filesz = end, .p_memsz = end, .p_align = 4096},
    {.p_type = PT_DYNAMIC, .p_offset = dynamic, .p_vaddr = dynamic, .p_filesz = dynamic_size, .p_memsz = dynamic_size},
    {.p_type = made->interpreter != NULL ? PT_INTERP : PT_NULL, .p_offset = start, .p_filesz = interpreter_size},
  };
  GByteArray *bytes = g_byte_array_new();
  g_byte_array_append(bytes, (const guint8 *)&header, sizeof header);
  g_byte_array_append(bytes, (const guint8 *)segments, sizeof segments);
  g_byte_array_append(bytes, (const guint8 *)texts->str, (guint)texts->len);
  g_byte_array_append(bytes, (const guint8 *)entries->data, (guint)dynamic_size);
  return g_byte_array_free_to_bytes(bytes);
}

#endif
