/* SPDX-License-Identifier: Apache-2.0
 *
 * generate FOLDER PACKAGES FILES BYTES COMPRESSION KIND: a pool of packages, faster than dpkg-deb could make it. Package
 * "p00042" has FILES files of BYTES bytes in usr/share/p00042, depends on the package before it and on the one of half its
 * number, and lies in FOLDER/pool; its stanza is added to FOLDER/Packages. COMPRESSION is xz, zst, gz or none, of data.tar; KIND
 * says what the files hold: noise, which does not compress, or text, which does to about a quarter.
 */
#include "signing/digest.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH 1700000000
#define FOLDER_SIZE 1000 /* files in one folder of a package */
#define WORDS 4096

typedef struct {
  guint files;
  gsize bytes;
  const char *compression;
  gboolean noise;
  guint64 random; /* the state of xorshift64 */
  guint8 *content;
} Generator;

static void
check(gboolean good, const char *what)
{
  if (good)
    return;
  fprintf(stderr, "generate: %s\n", what);
  exit(1);
}

/* ---- contents ---- */

static guint64
random_number(Generator *generator)
{
  guint64 x = generator->random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return generator->random = x;
}

/* Text is words of eight letters out of a small dictionary. */
static void
fill(Generator *generator)
{
  for (gsize done = 0; done < generator->bytes; done += 8) {
    guint64 word = random_number(generator);
    char text[17];
    if (!generator->noise) {
      g_snprintf(text, sizeof text, "%07u ", (guint)(word % WORDS) * 2311U);
      memcpy(&word, text, sizeof word);
    }
    memcpy(generator->content + done, &word, MIN(8, generator->bytes - done));
  }
}

/* ---- tar ---- */

static la_ssize_t
append(struct archive *archive, void *data, const void *bytes, size_t size)
{
  g_byte_array_append(data, bytes, (guint)size);
  return (la_ssize_t)size;
}

static struct archive *
tar_new(GByteArray *out, const char *compression)
{
  struct archive *tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  archive_write_set_bytes_in_last_block(tar, 1);
  if (strcmp(compression, "xz") == 0) {
    archive_write_add_filter_xz(tar);
    archive_write_set_filter_option(tar, "xz", "compression-level", "0");
  } else if (strcmp(compression, "zst") == 0) {
    archive_write_add_filter_zstd(tar);
    archive_write_set_filter_option(tar, "zstd", "compression-level", "1");
  } else if (strcmp(compression, "gz") == 0) {
    archive_write_add_filter_gzip(tar);
  }
  check(archive_write_open(tar, out, NULL, append, NULL) == ARCHIVE_OK, "open a tar archive");
  return tar;
}

static void
add(struct archive *tar, const char *path, mode_t type, const void *content, gsize size)
{
  struct archive_entry *entry = archive_entry_new();
  archive_entry_set_pathname(entry, path);
  archive_entry_set_filetype(entry, type);
  archive_entry_set_perm(entry, type == AE_IFDIR ? 0755 : 0644);
  archive_entry_set_mtime(entry, EPOCH, 0);
  archive_entry_set_size(entry, (la_int64_t)size);
  check(archive_write_header(tar, entry) == ARCHIVE_OK, path);
  check(archive_write_data(tar, content, size) == (la_ssize_t)size, path);
  archive_entry_free(entry);
}

static GByteArray *
data_tar(Generator *generator, const char *name)
{
  GByteArray *out = g_byte_array_new();
  struct archive *tar = tar_new(out, generator->compression);
  g_autofree char *top = g_strconcat("./usr/share/", name, "/", NULL);
  add(tar, "./", AE_IFDIR, NULL, 0);
  add(tar, "./usr/", AE_IFDIR, NULL, 0);
  add(tar, "./usr/share/", AE_IFDIR, NULL, 0);
  add(tar, top, AE_IFDIR, NULL, 0);
  for (guint i = 0; i < generator->files; i++) {
    g_autofree char *folder = g_strdup_printf("%s%03u/", top, i / FOLDER_SIZE);
    g_autofree char *path = g_strdup_printf("%sfile-%06u", folder, i);
    if (i % FOLDER_SIZE == 0)
      add(tar, folder, AE_IFDIR, NULL, 0);
    fill(generator);
    add(tar, path, AE_IFREG, generator->content, generator->bytes);
  }
  check(archive_write_free(tar) == ARCHIVE_OK, "end a tar archive");
  return out;
}

static GByteArray *
control_tar(const char *control)
{
  GByteArray *out = g_byte_array_new();
  struct archive *tar = tar_new(out, "gz");
  add(tar, "./", AE_IFDIR, NULL, 0);
  add(tar, "./control", AE_IFREG, control, strlen(control));
  check(archive_write_free(tar) == ARCHIVE_OK, "end a tar archive");
  return out;
}

/* ---- packages ---- */

static char *
make_control(const Generator *generator, const char *name, guint number)
{
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: Tests <tests@example.org>\n", name);
  g_string_append_printf(text, "Installed-Size: %" G_GSIZE_FORMAT "\n", generator->files * generator->bytes / 1024);
  if (number > 0)
    g_string_append_printf(text, "Depends: p%05u, p%05u (>= 1.0)\n", number - 1, number / 2);
  g_string_append(text, "Description: package of the scale tests\n");
  return g_string_free(text, FALSE);
}

static void
put_member(FILE *deb, const char *name, const void *data, gsize size)
{
  fprintf(deb, "%-16s%-12d%-6d%-6d%-8s%-10" G_GSIZE_FORMAT "`\n", name, EPOCH, 0, 0, "100644", size);
  check(fwrite(data, 1, size, deb) == size, name);
  if (size % 2 != 0)
    fputc('\n', deb);
}

static void
write_deb(const char *path, const char *compression, const GByteArray *control, const GByteArray *data)
{
  FILE *deb = fopen(path, "w");
  check(deb != NULL, path);
  g_autofree char *name = g_strdup_printf("data.tar%s%s", *compression == 'n' ? "" : ".",
                                          *compression == 'n' ? "" : compression);
  fputs("!<arch>\n", deb);
  put_member(deb, "debian-binary", "2.0\n", 4);
  put_member(deb, "control.tar.gz", control->data, control->len);
  put_member(deb, name, data->data, data->len);
  check(fclose(deb) == 0, path);
}

static void
make_package(Generator *generator, guint number, const char *folder, FILE *index)
{
  g_autofree char *name = g_strdup_printf("p%05u", number);
  g_autofree char *control = make_control(generator, name, number);
  g_autofree char *file = g_strdup_printf("pool/%s_1.0_all.deb", name);
  g_autofree char *path = g_build_filename(folder, file, NULL);
  g_autoptr(GByteArray) first = control_tar(control), second = data_tar(generator, name);
  write_deb(path, generator->compression, first, second);
  g_autofree char *deb = NULL;
  gsize size;
  check(g_file_get_contents(path, &deb, &size, NULL), path);
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_of(deb, size, &digest);
  digest_to_hex(&digest, hex);
  fprintf(index, "%sFilename: %s\nSize: %" G_GSIZE_FORMAT "\nSHA256: %s\n\n", control, file, size, hex);
}

int
main(int argc, char **argv)
{
  if (argc != 7) {
    fprintf(stderr, "usage: generate FOLDER PACKAGES FILES BYTES xz|zst|gz|none noise|text\n");
    return 2;
  }
  guint next = 0; /* packages of an earlier call keep their numbers */
  Generator generator = {.files = (guint)atoi(argv[3]),
                         .bytes = g_ascii_strtoull(argv[4], NULL, 10),
                         .compression = argv[5],
                         .noise = strcmp(argv[6], "noise") == 0,
                         .random = 88172645463325252U};
  generator.content = g_malloc(generator.bytes + 8);
  g_autofree char *pool = g_build_filename(argv[1], "pool", NULL), *index_path = g_build_filename(argv[1], "Packages", NULL);
  check(g_mkdir_with_parents(pool, 0777) == 0, pool);
  g_autofree char *known = NULL;
  if (g_file_get_contents(index_path, &known, NULL, NULL))
    for (const char *line = known; (line = strstr(line, "Filename: ")) != NULL; line++)
      next++;
  FILE *index = fopen(index_path, "a");
  check(index != NULL, index_path);
  generator.random += next;
  for (guint i = next; i < next + (guint)atoi(argv[2]); i++)
    make_package(&generator, i, argv[1], index);
  check(fclose(index) == 0, index_path);
  g_free(generator.content);
  return 0;
}
