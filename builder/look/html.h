/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing HTML, SVG in it included. Text and attributes may come from anywhere: nothing in them can end an element or an
 * attribute, and what is no printable character of UTF-8 appears as \ooo (see printable.h). Elements close in the order in
 * which they were opened, or the program ends: that is a fault of its own.
 *
 *   g_autoptr(Html) html = html_new();
 *   html_open(html, "section", "id", "files", NULL);
 *   html_leaf(html, "h2", "Files", NULL);
 *   html_close(html);
 */
#ifndef ASHLAR_LOOK_HTML_H
#define ASHLAR_LOOK_HTML_H

#include <glib.h>

typedef struct Html Html;

Html *html_new(void);
void html_free(Html *html);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Html, html_free)

/* Names of elements and attributes are ours, constants. Attributes are pairs of name and value, ended by NULL; one whose value
 * is NULL is left out. */
void html_open(Html *html, const char *element, ...) G_GNUC_NULL_TERMINATED;
void html_close(Html *html);
/* An element that holds nothing (meta, rect). */
void html_void(Html *html, const char *element, ...) G_GNUC_NULL_TERMINATED;
/* An element that holds only @text (NULL: nothing). */
void html_leaf(Html *html, const char *element, const char *text, ...) G_GNUC_NULL_TERMINATED;
void html_text(Html *html, const char *text);
void html_printf(Html *html, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A style or script, which HTML does not unescape: @text is ours, and must not hold "</". */
void html_verbatim(Html *html, const char *element, const char *text);

/* The document, with its doctype (transfer full); all its elements are closed. @html is of no use then but to be freed. */
char *html_finish(Html *html, gsize *length);

#endif
