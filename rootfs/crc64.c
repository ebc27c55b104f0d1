/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/crc64.h"

#include <string.h>

#define POLYNOMIAL 0xD800000000000000ull

/* tables[k][b]: what byte b does to the checksum when k more bytes follow it; eight bytes are then taken at once. */
typedef guint64 Tables[8][256];

static const Tables *
tables(void)
{
  static Tables made;
  static gsize once;
  if (g_once_init_enter(&once)) {
    for (guint b = 0; b < 256; b++) {
      guint64 crc = b;
      for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
      made[0][b] = crc;
    }
    for (guint b = 0; b < 256; b++)
      for (guint k = 1; k < 8; k++)
        made[k][b] = made[0][made[k - 1][b] & 0xff] ^ made[k - 1][b] >> 8;
    g_once_init_leave(&once, 1);
  }
  return &made;
}

guint64
crc64_update(guint64 crc, const void *data, gsize size)
{
  const Tables *t = tables();
  const guint8 *at = data;
  crc = ~crc;
  for (; size >= 8; size -= 8, at += 8) {
    guint64 word;
    memcpy(&word, at, sizeof word);
    word = GUINT64_FROM_LE(word) ^ crc;
    crc = 0;
    for (guint k = 0; k < 8; k++)
      crc ^= (*t)[7 - k][word >> 8 * k & 0xff];
  }
  for (; size > 0; size--, at++)
    crc = (*t)[0][(crc ^ *at) & 0xff] ^ crc >> 8;
  return ~crc;
}
