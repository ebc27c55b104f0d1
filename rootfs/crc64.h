/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-64/GO-ISO (reflected polynomial 0xD800000000000000), the checksum that tar-split notes of a file's content.
 */
#ifndef ASHLAR_ROOTFS_CRC64_H
#define ASHLAR_ROOTFS_CRC64_H

#include <glib.h>

/* The checksum of what @crc (0 at first) was the checksum of, with @size bytes more. */
guint64 crc64_update(guint64 crc, const void *data, gsize size);

#endif
