/* SPDX-License-Identifier: Apache-2.0
 *
 * usage FILE COMMAND [ARGUMENT...]: runs the command and adds a line to FILE with the seconds that it took, the seconds of
 * processor time that it and its children used, and the megabytes of memory that the largest of them held at its peak. Ends as
 * the command does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double
seconds(struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
  if (argc < 3) {
    fprintf(stderr, "usage: usage FILE COMMAND [ARGUMENT...]\n");
    return 2;
  }
  double start = now();
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status;
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) < 0) {
    perror("usage");
    return 1;
  }
  double elapsed = now() - start;
  FILE *out = fopen(argv[1], "a");
  if (out == NULL ||
      fprintf(out, "%.4f %.4f %.1f\n", elapsed, seconds(used.ru_utime) + seconds(used.ru_stime),
              (double)used.ru_maxrss / 1024) < 0 ||
      fclose(out) != 0) {
    perror(argv[1]);
    return 1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
