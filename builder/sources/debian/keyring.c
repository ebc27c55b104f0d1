/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sources/debian/keyring.h"
#include "signing/document.h"
#include "signing/error.h"

#include <string.h>

#define ARMOR_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define ARMOR_END "-----END PGP PUBLIC KEY BLOCK-----"

/* RFC 4880 section 6.1 */
static guint32
crc24(const guint8 *bytes, gsize size)
{
  guint32 crc = 0xb704ce;
  for (gsize i = 0; i < size; i++) {
    crc ^= (guint32)bytes[i] << 16;
    for (int bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x1000000)
        crc ^= 0x1864cfb;
    }
  }
  return crc & 0xffffff;
}

/* The checksum line "=XXXX" of an armor must agree where there is one. */
static gboolean
checksum_agrees(const char *line, const GByteArray *bytes)
{
  gsize size;
  g_autofree guchar *sum = strlen(line) == 5 ? g_base64_decode(line + 1, &size) : NULL;
  return sum != NULL && size == 3 && (guint32)(sum[0] << 16 | sum[1] << 8 | sum[2]) == crc24(bytes->data, bytes->len);
}

/* Decodes the lines between one BEGIN and its END: headers up to an empty line, base64, a checksum. */
static gboolean
decode_block(char **lines, guint n, GByteArray *out)
{
  g_autoptr(GString) base64 = g_string_new(NULL);
  const char *sum = NULL;
  guint i = 0;
  while (i < n && strchr(lines[i], ':') != NULL)
    i++;
  for (; i < n; i++)
    if (lines[i][0] == '=')
      sum = lines[i];
    else
      g_string_append(base64, lines[i]);
  gsize size;
  g_autofree guchar *bytes = g_base64_decode(base64->str, &size);
  g_autoptr(GByteArray) block = g_byte_array_new();
  g_byte_array_append(block, bytes, (guint)size);
  if (size == 0 || (sum != NULL && !checksum_agrees(sum, block)))
    return FALSE;
  g_byte_array_append(out, block->data, block->len);
  return TRUE;
}

/* All key blocks of @text in binary, or NULL when there is none that is whole. */
static GBytes *
dearmor(const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (guint i = 0; lines[i] != NULL; i++)
    g_strstrip(lines[i]);
  for (guint i = 0; lines[i] != NULL; i++) {
    guint n = 0;
    if (strcmp(lines[i], ARMOR_BEGIN) != 0)
      continue;
    i++;
    while (lines[i + n] != NULL && strcmp(lines[i + n], ARMOR_END) != 0)
      n++;
    if (lines[i + n] == NULL || !decode_block(lines + i, n, bytes))
      return NULL;
    i += n;
  }
  return bytes->len > 0 ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}

static gboolean
add_key(Keyring *keyring, const char *data, gsize size, const char *where, GError **error)
{
  gboolean armored = memchr(data, '\0', size) == NULL && strstr(data, ARMOR_BEGIN) != NULL;
  GBytes *bytes = armored ? dearmor(data) : g_bytes_new(data, size);
  if (bytes == NULL || g_bytes_get_size(bytes) == 0) {
    g_clear_pointer(&bytes, g_bytes_unref);
    g_set_error(error, ASHLAR_ERROR, ASHLAR_ERROR_INVALID, "keyring '%s' is damaged", where);
    return FALSE;
  }
  g_ptr_array_add(keyring->files, bytes);
  return TRUE;
}

static gboolean
add_file(Keyring *keyring, const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = document_read(path, LIMIT_KEYRING, error);
  if (bytes == NULL) {
    g_prefix_error(error, "cannot read the keyring: ");
    return FALSE;
  }
  return add_key(keyring, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), path, error);
}

/* Empty files are what installers leave where keys once were. */
static gboolean
add_defaults(Keyring *keyring, const char *const *defaults, GError **error)
{
  for (; *defaults != NULL; defaults++) {
    g_autoptr(GBytes) bytes = document_read(*defaults, LIMIT_KEYRING, NULL);
    if (bytes != NULL && g_bytes_get_size(bytes) > 0 &&
        !add_key(keyring, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), *defaults, error))
      return FALSE;
  }
  if (keyring->files->len > 0)
    return TRUE;
  g_set_error_literal(error, ASHLAR_ERROR, ASHLAR_ERROR_NOT_FOUND,
                      "there are no keys to check the archive's signature with\n"
                      "hint: install debian-archive-keyring, or name a file with 'keyring:'");
  return FALSE;
}

static gboolean
add_signed_by(Keyring *keyring, const char *signed_by, GError **error)
{
  if (strstr(signed_by, ARMOR_BEGIN) != NULL)
    return add_key(keyring, signed_by, strlen(signed_by), "of signed-by", error);
  if (*signed_by == '/' && g_file_test(signed_by, G_FILE_TEST_IS_REGULAR)) /* one path, which may hold spaces */
    return add_file(keyring, signed_by, error);
  g_auto(GStrv) words = g_strsplit_set(signed_by, " ,\t\n", -1);
  for (char **word = words; *word != NULL; word++) {
    if (**word == '/' && !add_file(keyring, *word, error))
      return FALSE;
    if (**word != '/' && **word != '\0')
      g_ptr_array_add(keyring->fingerprints, g_ascii_strup(*word, -1));
  }
  return TRUE;
}

Keyring *
keyring_load(const char *signed_by, const char *const *defaults, GError **error)
{
  g_autoptr(Keyring) keyring = g_new0(Keyring, 1);
  keyring->files = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  keyring->fingerprints = g_ptr_array_new_with_free_func(g_free);
  if (signed_by != NULL && !add_signed_by(keyring, signed_by, error))
    return NULL;
  if (keyring->files->len == 0 && !add_defaults(keyring, defaults, error))
    return NULL;
  return g_steal_pointer(&keyring);
}

void
keyring_free(Keyring *keyring)
{
  g_ptr_array_unref(keyring->files);
  g_ptr_array_unref(keyring->fingerprints);
  g_free(keyring);
}

void
keyring_digest(const Keyring *keyring, Digest *out)
{
  g_autoptr(Hasher) hasher = hasher_new();
  for (guint i = 0; i < keyring->files->len; i++) {
    gsize size;
    const void *data = g_bytes_get_data(keyring->files->pdata[i], &size);
    Digest digest;
    digest_of(data, size, &digest);
    hasher_update(hasher, &digest, sizeof digest);
  }
  for (guint i = 0; i < keyring->fingerprints->len; i++)
    hasher_update(hasher, keyring->fingerprints->pdata[i], strlen(keyring->fingerprints->pdata[i]) + 1);
  hasher_finish(hasher, out);
}
