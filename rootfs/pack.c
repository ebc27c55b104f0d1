/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pack.h"

#include <libdeflate.h>
#include <string.h>
#include <zstd.h>

static const char *const encoding_names[] = {
  [PACK_ZSTD] = "zstd",
  [PACK_GZIP] = "gzip",
  [PACK_ZSTD_CHUNKED] = "zstd:chunked",
};

const char *
pack_encoding_name(PackEncoding encoding)
{
  return encoding_names[encoding];
}

gboolean
pack_encoding_parse(const char *name, PackEncoding *out)
{
  for (guint i = 0; i < G_N_ELEMENTS(encoding_names); i++)
    if (strcmp(name, encoding_names[i]) == 0) {
      *out = (PackEncoding)i;
      return TRUE;
    }
  return FALSE;
}

/* libzstd tells its version at run time; libdeflate only what it was compiled against. */
const char *
pack_encoding_compressor(PackEncoding encoding)
{
  static char *zstd;
  static gsize once;
  if (g_once_init_enter(&once)) {
    zstd = g_strdup_printf("zstd %s level 3", ZSTD_versionString());
    g_once_init_leave(&once, 1);
  }
  return encoding == PACK_GZIP ? "libdeflate " LIBDEFLATE_VERSION_STRING " level 6" : zstd;
}

static const char *const class_folders[] = {
  "usr/share/doc/",  "usr/share/man/",     "usr/share/info/",     "usr/share/locale/",
  "usr/share/help/", "usr/share/lintian/", "usr/share/doc-base/", "usr/share/bug/",
};

/* The copyright files are a class of their own: images without documentation are told to keep them. */
guint
pack_path_class(const char *path)
{
  if (!g_str_has_prefix(path, "usr/share/"))
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS(class_folders); i++)
    if (g_str_has_prefix(path, class_folders[i]))
      return i == 0 && g_str_has_suffix(path, "/copyright") ? G_N_ELEMENTS(class_folders) + 1 : i + 1;
  return 0;
}
