/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/progress/live.h"
#include "builder/progress/columns.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS 24

/* Terminals that know "synchronized updates" show a frame at once; the others take no notice. */
#define FRAME_BEGIN "\033[?2026h"
#define FRAME_END "\033[?2026l"
#define CURSOR_HIDE "\033[?25l"
#define CURSOR_SHOW "\033[?25h"
#define ERASE_LINE_END "\033[K"
#define ERASE_BELOW "\033[J"

struct Live {
  int fd;
  GPtrArray *painted; /* the lines that are on the screen */
  guint columns;      /* of the terminal when they were painted */
};

Live *
live_new(int fd)
{
  Live *live = g_new0(Live, 1);
  live->fd = fd;
  live->painted = g_ptr_array_new_with_free_func(g_free);
  return live;
}

void
live_free(Live *live)
{
  live_wipe(live);
  g_ptr_array_unref(live->painted);
  g_free(live);
}

LiveSize
live_size(const Live *live)
{
  struct winsize size;
  gboolean known = ioctl(live->fd, TIOCGWINSZ, &size) == 0;
  return (LiveSize){known && size.ws_col > 0 ? size.ws_col : DEFAULT_COLUMNS,
                    known && size.ws_row > 0 ? size.ws_row : DEFAULT_ROWS};
}

static void
put(const Live *live, const GString *text)
{
  for (gsize done = 0; done < text->len;) {
    gssize wrote = write(live->fd, text->str + done, text->len - done);
    /* a terminal that went away is no reason to stop the work */
    if (wrote < 0 && errno != EINTR)
      return;
    done += wrote > 0 ? (gsize)wrote : 0;
  }
}

/* Columns that @line takes, without its escape sequences (ESC [ ... letter). */
static guint
visible_columns(const char *line)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (const char *at = line; *at != '\0';) {
    gsize plain = strcspn(at, "\033");
    g_string_append_len(text, at, (gssize)plain);
    at += plain;
    if (*at != '\0') {
      at += strcspn(at, "m");
      at += *at != '\0';
    }
  }
  return columns_of(text->str);
}

/* Rows that the painted lines take now. A terminal that became narrower has wrapped them. */
static guint
painted_rows(const Live *live, LiveSize size)
{
  guint rows = 0;
  for (guint i = 0; i < live->painted->len; i++) {
    guint columns = size.columns < live->columns ? visible_columns(live->painted->pdata[i]) : 0;
    rows += MAX((columns + size.columns - 1) / size.columns, 1);
  }
  return MIN(rows, size.rows - 1);
}

static void
append_home(const Live *live, GString *out, LiveSize size)
{
  g_string_append_c(out, '\r');
  guint rows = painted_rows(live, size);
  if (rows > 0)
    g_string_append_printf(out, "\033[%uA", rows);
}

static void
append_line(GString *out, const char *line)
{
  g_string_append(out, line);
  g_string_append(out, ERASE_LINE_END "\n");
}

/* A line of any length over what was on a terminal of @width columns (0: nothing was). Behind the last column there is nothing
 * to erase, and a terminal that was asked to would erase the last character. */
static void
append_printed(GString *out, const char *line, guint width)
{
  guint columns = columns_of(line);
  g_string_append(out, line);
  if (width > 0 && (columns == 0 || columns % width != 0))
    g_string_append(out, ERASE_LINE_END);
  g_string_append_c(out, '\n');
}

static gboolean
is_painted(const Live *live, const GPtrArray *lines, LiveSize size)
{
  gboolean same = live->columns == size.columns && live->painted->len == lines->len;
  for (guint i = 0; same && i < lines->len; i++)
    same = strcmp(live->painted->pdata[i], lines->pdata[i]) == 0;
  return same;
}

/* Lines that stand already where they shall are stepped over. */
static void
append_block(const Live *live, GString *out, const GPtrArray *lines, LiveSize size)
{
  gboolean in_place = live->columns == size.columns;
  for (guint i = 0; i < lines->len; i++) {
    if (in_place && i < live->painted->len && strcmp(live->painted->pdata[i], lines->pdata[i]) == 0)
      g_string_append_c(out, '\n');
    else
      append_line(out, lines->pdata[i]);
  }
  if (in_place && live->painted->len > lines->len)
    g_string_append(out, ERASE_BELOW);
}

void
live_paint(Live *live, const GPtrArray *lines)
{
  LiveSize size = live_size(live);
  if (is_painted(live, lines, size))
    return;
  if (lines->len == 0) {
    live_wipe(live);
    return;
  }
  g_autoptr(GString) out = g_string_new(FRAME_BEGIN);
  if (live->painted->len == 0)
    g_string_append(out, CURSOR_HIDE);
  append_home(live, out, size);
  /* rows that were wrapped count as one line still, and would become one again, until they are erased */
  if (live->painted->len > 0 && live->columns != size.columns)
    g_string_append(out, ERASE_BELOW);
  append_block(live, out, lines, size);
  g_string_append(out, FRAME_END);
  put(live, out);
  g_ptr_array_set_size(live->painted, 0);
  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add(live->painted, g_strdup(lines->pdata[i]));
  live->columns = size.columns;
}

void
live_print(Live *live, const char *text)
{
  LiveSize size = live_size(live);
  /* a block laid out for a wider terminal goes; the next painting lays it out anew */
  if (live->columns > size.columns)
    live_wipe(live);
  gboolean over_block = live->painted->len > 0;
  g_autoptr(GString) out = g_string_new(over_block ? FRAME_BEGIN : "");
  if (over_block)
    append_home(live, out, size);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    append_printed(out, *line, over_block ? size.columns : 0);
  for (guint i = 0; i < live->painted->len; i++)
    append_line(out, live->painted->pdata[i]);
  g_string_append(out, over_block ? FRAME_END : "");
  put(live, out);
}

void
live_wipe(Live *live)
{
  if (live->painted->len == 0)
    return;
  g_autoptr(GString) out = g_string_new(NULL);
  append_home(live, out, live_size(live));
  g_string_append(out, ERASE_BELOW CURSOR_SHOW);
  put(live, out);
  g_ptr_array_set_size(live->painted, 0);
}

void
live_forget(Live *live)
{
  g_ptr_array_set_size(live->painted, 0);
}
