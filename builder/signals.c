/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/signals.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* How long after the first signal the clean end may take. */
#define STOP_SECONDS 10

struct Signals {
  GCancellable *cancellable;
  GMutex lock;
  Display *display;
};

static sigset_t
set_of(const int *numbers, gsize n)
{
  sigset_t set;
  sigemptyset(&set);
  for (gsize i = 0; i < n; i++)
    sigaddset(&set, numbers[i]);
  return set;
}

static sigset_t
end_signals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  return set_of(numbers, G_N_ELEMENTS(numbers));
}

static sigset_t
all_signals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT};
  return set_of(numbers, G_N_ELEMENTS(numbers));
}

static void
show(Signals *signals, void (*change)(Display *display))
{
  g_mutex_lock(&signals->lock);
  if (signals->display != NULL)
    change(signals->display);
  g_mutex_unlock(&signals->lock);
}

/* Stops the program as if SIGTSTP had not been caught: the kernel knows best where that is of no use (an orphaned process group). */
static void
stop_here(void)
{
  static const int numbers[] = {SIGTSTP};
  sigset_t stop = set_of(numbers, 1);
  raise(SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);
}

static void
suspend(Signals *signals)
{
  show(signals, display_suspend);
  stop_here();
  show(signals, display_resume);
}

static gpointer
await_signals(gpointer data)
{
  Signals *signals = data;
  sigset_t all = all_signals(), end = end_signals();
  for (int number = 0; sigismember(&end, number) != 1;) {
    if (sigwait(&all, &number) != 0)
      continue;
    if (number == SIGTSTP)
      suspend(signals);
    else if (number == SIGCONT) /* after a SIGSTOP, of which nobody hears */
      show(signals, display_resume);
  }
  g_cancellable_cancel(signals->cancellable);
  /* A second signal: whoever sent it does not want to wait for the clean end. That end may also never come, where a read is
   * stuck (a named pipe for a key, a server that is gone below a network file system); to stop anywhere is safe. */
  const struct timespec patience = {.tv_sec = STOP_SECONDS};
  while (sigtimedwait(&end, NULL, &patience) < 0 && errno == EINTR)
    continue;
  _exit(SIGNALS_EXIT_STATUS);
}

Signals *
signals_watch(GCancellable *cancellable)
{
  Signals *signals = g_new0(Signals, 1);
  signals->cancellable = g_object_ref(cancellable);
  g_mutex_init(&signals->lock);
  sigset_t all = all_signals();
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is then an error with a name */
  g_thread_unref(g_thread_new("signals", await_signals, signals));
  return signals;
}

void
signals_set_display(Signals *signals, Display *display)
{
  g_mutex_lock(&signals->lock);
  signals->display = display;
  g_mutex_unlock(&signals->lock);
}
