/* SPDX-License-Identifier: Apache-2.0
 *
 * What a dynamic loader wants to know of an ELF file. The one file that knows libelf. The bytes are foreign: nothing that they
 * say of themselves is believed beyond their end.
 */
#ifndef ASHLAR_ELF_BINARY_H
#define ASHLAR_ELF_BINARY_H

#include <glib.h>

/* What an ELF file begins with. */
#define BINARY_MAGIC "\177ELF"

/* More libraries, and longer names and paths, than any linker makes are refused. */
#define BINARY_NEEDED_MAX 1000
#define BINARY_TEXT_MAX 4096

typedef struct {
  guint class, order, machine; /* EI_CLASS, EI_DATA, e_machine: what must be the same of all that is loaded together */
  gboolean loadable;           /* a program or shared library, no object file, core or separate debug information */
  gboolean position_fixed;     /* ET_EXEC: a program for sure */
  char *interpreter;           /* of a program, or NULL */
  char *name;                  /* DT_SONAME, or NULL */
  char *rpath, *runpath;       /* as they stand, or NULL */
  GPtrArray *needed;           /* char*: DT_NEEDED, in order */
} Binary;

/* NULL, and ASHLAR_ERROR_INVALID, where @data is no whole ELF file. */
Binary *binary_read(GBytes *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void binary_free(Binary *binary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Binary, binary_free)

/* Whether the two can be in one process. */
gboolean binary_fits(const Binary *binary, const Binary *other);

#endif
