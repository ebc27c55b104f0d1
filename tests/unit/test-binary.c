/* SPDX-License-Identifier: Apache-2.0
 *
 * ELF files, sound and otherwise.
 */
#include "builder/elf/binary.h"
#include "elf-maker.h"
#include "signing/error.h"

static const MadeElf program = {
  .interpreter = "/lib64/ld.so",
  .name = "tool",
  .rpath = "/opt/lib",
  .runpath = "$ORIGIN/../lib",
  .needed = "liba.so.1 libb.so",
};

static void
assert_refused(GBytes *bytes, const char *message)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(binary_read(bytes, &error));
  g_assert_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, message);
}

static void
what_a_loader_asks_for_is_read(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = elf_make(&program);
  g_autoptr(Binary) binary = binary_read(bytes, &error);
  g_assert_no_error(error);
  g_assert_true(binary->loadable);
  g_assert_false(binary->position_fixed);
  g_assert_cmpuint(binary->machine, ==, EM_X86_64);
  g_assert_cmpstr(binary->interpreter, ==, "/lib64/ld.so");
  g_assert_cmpstr(binary->name, ==, "tool");
  g_assert_cmpstr(binary->rpath, ==, "/opt/lib");
  g_assert_cmpstr(binary->runpath, ==, "$ORIGIN/../lib");
  g_assert_cmpuint(binary->needed->len, ==, 2);
  g_assert_cmpstr(binary->needed->pdata[1], ==, "libb.so");
}

static void
object_files_need_nothing(void)
{
  MadeElf object = program;
  object.type = ET_REL;
  g_autoptr(GBytes) bytes = elf_make(&object);
  g_autoptr(Binary) binary = binary_read(bytes, NULL);
  g_assert_nonnull(binary);
  g_assert_false(binary->loadable);
  g_assert_cmpuint(binary->needed->len, ==, 0);
}

static void
machines_do_not_mix(void)
{
  MadeElf arm = program;
  arm.machine = EM_AARCH64;
  g_autoptr(GBytes) one = elf_make(&program), other = elf_make(&arm);
  g_autoptr(Binary) x86 = binary_read(one, NULL), aarch64 = binary_read(other, NULL);
  g_assert_true(binary_fits(x86, x86));
  g_assert_false(binary_fits(x86, aarch64));
}

/* Of a file that is cut nothing may be read beyond its end (the sanitizers watch), and all of it is not there. */
static void
cut_anywhere_it_is_refused(void)
{
  g_autoptr(GBytes) whole = elf_make(&program);
  gsize size;
  const guint8 *data = g_bytes_get_data(whole, &size);
  for (gsize length = 0; length < size; length++) {
    g_autoptr(GBytes) part = g_bytes_new(data, length);
    g_autoptr(Binary) binary = binary_read(part, NULL);
    g_assert_null(binary);
  }
}

static void
any_byte_may_lie(void)
{
  static const guint8 values[] = {0, 1, 0x7f, 0x80, 0xff};
  g_autoptr(GBytes) whole = elf_make(&program);
  gsize size;
  const guint8 *data = g_bytes_get_data(whole, &size);
  for (gsize i = 0; i < size; i++)
    for (gsize j = 0; j < G_N_ELEMENTS(values); j++) {
      g_autofree guint8 *copy = g_memdup2(data, size);
      copy[i] = values[j];
      g_autoptr(GBytes) bytes = g_bytes_new(copy, size);
      g_autoptr(Binary) binary = binary_read(bytes, NULL);
      if (binary != NULL)
        g_assert_cmpuint(binary->needed->len, <=, BINARY_NEEDED_MAX);
    }
}

static void
offsets_far_away_are_refused(void)
{
  g_autoptr(GBytes) whole = elf_make(&program);
  gsize size;
  const guint8 *data = g_bytes_get_data(whole, &size);
  g_autofree guint8 *copy = g_memdup2(data, size);
  Elf64_Phdr *segments = (gpointer)(copy + sizeof(Elf64_Ehdr));
  segments[1].p_offset = G_MAXUINT64 - 8;
  g_autoptr(GBytes) dynamic = g_bytes_new(copy, size);
  assert_refused(dynamic, "its dynamic section lies outside the file");
  memcpy(copy, data, size);
  segments[2].p_offset = G_MAXUINT64 - 2;
  g_autoptr(GBytes) interpreter = g_bytes_new(copy, size);
  assert_refused(interpreter, "its interpreter lies outside the file");
  memcpy(copy, data, size);
  segments[0].p_offset = G_MAXUINT64 - 2;
  g_autoptr(GBytes) strings = g_bytes_new(copy, size);
  assert_refused(strings, "it needs libraries, and has no names for them");
}

static void
what_no_linker_makes_is_refused(void)
{
  g_autoptr(GString) many = g_string_new("lib0.so");
  for (guint i = 1; i <= BINARY_NEEDED_MAX; i++)
    g_string_append_printf(many, " lib%u.so", i);
  g_autoptr(GBytes) needy = elf_make(&(MadeElf){.needed = many->str});
  assert_refused(needy, "it needs too many libraries");
  g_autofree char *name = g_strnfill(BINARY_TEXT_MAX + 1, 'a');
  g_autoptr(GBytes) wordy = elf_make(&(MadeElf){.needed = name});
  assert_refused(wordy, "its dynamic section is too long");
  g_autoptr(GBytes) text = g_bytes_new_static(BINARY_MAGIC "xx", 6);
  assert_refused(text, "its header is cut short or malformed");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/binary/what-a-loader-asks-for", what_a_loader_asks_for_is_read);
  g_test_add_func("/binary/object-files", object_files_need_nothing);
  g_test_add_func("/binary/machines", machines_do_not_mix);
  g_test_add_func("/binary/cut", cut_anywhere_it_is_refused);
  g_test_add_func("/binary/any-byte", any_byte_may_lie);
  g_test_add_func("/binary/offsets", offsets_far_away_are_refused);
  g_test_add_func("/binary/too-much", what_no_linker_makes_is_refused);
  return g_test_run();
}
