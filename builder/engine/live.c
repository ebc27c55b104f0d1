/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/engine/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIVE_DEFAULT_WIDTH 80
#define LIVE_BAR_WIDTH 20
/* Below this many columns there is room for text only. */
#define LIVE_BAR_MIN_COLUMNS 60

struct Live {
  int fd;
  guint painted; /* lines of the block that is on the screen */
  gboolean color;
};

Live *
live_new(int fd)
{
  Live *live = g_new0(Live, 1);
  live->fd = fd;
  const char *no_color = g_getenv("NO_COLOR");
  live->color = no_color == NULL || *no_color == '\0';
  return live;
}

static void
put(Live *live, const GString *text)
{
  /* a terminal that went away is no reason to stop the work */
  gssize ignored = write(live->fd, text->str, text->len);
  (void)ignored;
}

/* Cursor to the first line of the block, all below it erased. */
static void
append_wipe(const Live *live, GString *text)
{
  g_string_append_c(text, '\r');
  if (live->painted > 0)
    g_string_append_printf(text, "\033[%uA", live->painted);
  g_string_append(text, "\033[J");
}

void
live_wipe(Live *live)
{
  if (live->painted == 0)
    return;
  g_autoptr(GString) text = g_string_new(NULL);
  append_wipe(live, text);
  put(live, text);
  live->painted = 0;
}

void
live_free(Live *live)
{
  live_wipe(live);
  g_free(live);
}

static guint
columns(int fd)
{
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return LIVE_DEFAULT_WIDTH;
}

static void
append_bar(const Live *live, GString *text, guint64 done, guint64 total)
{
  guint filled = (guint)(MIN(done, total) * LIVE_BAR_WIDTH / total);
  g_string_append(text, live->color ? " \033[32m" : " ");
  for (guint i = 0; i < LIVE_BAR_WIDTH; i++)
    g_string_append(text, i < filled ? "━" : i == filled && live->color ? "\033[90m━" : live->color ? "━" : "─");
  g_string_append_printf(text, "%s %3u%%", live->color ? "\033[0m" : "", (guint)(MIN(done, total) * 100 / total));
}

/* @text cut or padded to exactly @width characters. */
static void
append_fitted(GString *out, const char *text, guint width, gboolean pad)
{
  glong length = g_utf8_strlen(text, -1);
  if (length > (glong)width && width > 1) {
    g_string_append_len(out, text, g_utf8_offset_to_pointer(text, (glong)width - 1) - text);
    g_string_append(out, "…");
    return;
  }
  g_string_append(out, text);
  for (glong i = length; pad && i < (glong)width; i++)
    g_string_append_c(out, ' ');
}

static void
append_line(const Live *live, GString *out, const LiveLine *line, guint width)
{
  gboolean bar = line->total > 0 && width >= LIVE_BAR_MIN_COLUMNS;
  /* the last column stays free: terminals differ in whether writing it wraps */
  guint room = width - 1 - (bar ? LIVE_BAR_WIDTH + 6 : 0);
  if (line->is_phase && live->color)
    g_string_append(out, "\033[1m");
  g_autofree char *text = g_strdup_printf("%s%s", line->is_phase ? "" : "  ", line->text);
  append_fitted(out, text, room, bar);
  if (line->is_phase && live->color)
    g_string_append(out, "\033[0m");
  if (bar)
    append_bar(live, out, line->done, line->total);
  g_string_append_c(out, '\n');
}

void
live_paint(Live *live, const LiveLine *lines, guint n)
{
  guint width = MAX(columns(live->fd), 10);
  g_autoptr(GString) text = g_string_new(NULL);
  append_wipe(live, text);
  for (guint i = 0; i < n; i++)
    append_line(live, text, &lines[i], width);
  put(live, text);
  live->painted = n;
}
