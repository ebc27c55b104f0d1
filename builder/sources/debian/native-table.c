/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts that are known as a whole: the SHA-256 of the script, and a script of fewer words that does the same at a first
 * installation. One row a script.
 */
#include "builder/sources/debian/native-private.h"
#include "signing/digest.h"

#include <string.h>

static const struct {
  const char *digest, *stands_for;
} table[] = {
  /* ca-certificates 20230311: what debconf enables are all certificates, in the order of their names */
  {"bbad2df5d3c5e3d787789275830bc5b597fe6e9218a99516947a079dcae9e262",
   "set -e\n"
   "case \"$1\" in\n"
   "  configure)\n"
   "    if [ ! -e /usr/local/share/ca-certificates ] && [ -d /usr/local/share ]; then\n"
   "      mkdir -m $(stat -L -c %a /usr/local) /usr/local/share/ca-certificates\n"
   "      chgrp $(stat -L -c %g /usr/local) /usr/local/share/ca-certificates\n"
   "    fi\n"
   "    update-ca-certificates\n"
   "    dpkg-trigger --no-await update-ca-certificates;;\n"
   "  triggered) update-ca-certificates;;\n"
   "esac\n"},
};

const char *
native_known_script(const char *text)
{
  Digest digest;
  char hex[DIGEST_HEX_LENGTH + 1];
  digest_of(text, strlen(text), &digest);
  digest_to_hex(&digest, hex);
  for (guint i = 0; i < G_N_ELEMENTS(table); i++)
    if (strcmp(table[i].digest, hex) == 0)
      return table[i].stands_for;
  return NULL;
}
