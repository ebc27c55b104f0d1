/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing HTML, SVG in it included. Text and attributes may come from anywhere: nothing in them can end an element or an
 * attribute, and what is no printable character of UTF-8 appears as \ooo (see printable.h). Elements close in the order in
 * which they were opened, or the program ends: that is a fault of its own.
 *
 *   g_autoptr(Html) html = html_new();
 *   html_open(html, "section", "id", "files");
 *   html_leaf(html, "h2", "Files");
 *   html_close(html);
 */
#ifndef ASHLAR_LOOK_HTML_H
#define ASHLAR_LOOK_HTML_H

#include <glib.h>

typedef struct Html Html;

Html *html_new(void);
void html_free(Html *html);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Html, html_free)

/* Names of elements and attributes are ours, constants. Behind the element (and its text) come pairs of an attribute's name and
 * value; a pair whose value is NULL is left out. */
#define html_open(html, ...) html_open_element(html, (const char *const[]){__VA_ARGS__, NULL})
void html_close(Html *html);
/* An element that holds nothing (meta, rect). */
#define html_void(html, ...) html_void_element(html, (const char *const[]){__VA_ARGS__, NULL})
/* An element that holds only text (NULL: nothing). */
#define html_leaf(html, ...) html_leaf_element(html, (const char *const[]){__VA_ARGS__, NULL})
void html_text(Html *html, const char *text);
void html_printf(Html *html, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A style or script, which HTML does not unescape: @text is ours, and must not hold "</". */
void html_verbatim(Html *html, const char *element, const char *text);

/* What the macros are made of: element (and text), names and values, NULL. */
void html_open_element(Html *html, const char *const *words);
void html_void_element(Html *html, const char *const *words);
void html_leaf_element(Html *html, const char *const *words);

/* The document, with its doctype (transfer full); all its elements are closed. @html is of no use then but to be freed. */
char *html_finish(Html *html, gsize *length);

#endif
