/* SPDX-License-Identifier: Apache-2.0
 *
 * A control file (Debian policy 5.1): the one stanza of a .deb's control member, as fields in their order.
 */
#ifndef ASHLAR_DEBIAN_CONTROL_H
#define ASHLAR_DEBIAN_CONTROL_H

#include <glib.h>

typedef struct {
  char *name; /* as it is spelled */
  char *
    value; /* without the blanks around it (those behind a description stay); continuation lines follow, each "\n" and the line as it stands */
} DebianField;

typedef struct {
  DebianField *fields;
  guint n_fields;
} DebianControl;

/* ASHLAR_ERROR_INVALID with the number of a line that is neither a field nor a continuation, or of a field that is there twice. */
DebianControl *debian_control_parse(const char *text, gsize size, GError **error);
void debian_control_free(DebianControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DebianControl, debian_control_free)

/* The next of many stanzas with empty lines between, from *at on, which moves behind it; NULL: there is no more before @end. */
const char *debian_stanza_next(const char **at, const char *end, gsize *size);

/* The value of the field of that name, case ignored (borrowed), or NULL. */
const char *debian_control_get(const DebianControl *control, const char *name);

#endif
