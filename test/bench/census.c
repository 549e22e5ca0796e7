/*
 * What a census costs in C: the same files of the same processes, opened, read and searched for the same things.
 *   census sweep ROUNDS   one line a round: processes, those with exactly one [vdso], nanoseconds
 *   census sleepers N     N sleeping processes until standard input ends; prints "ready" when all are there
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static int open_in(const char *folder, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/%s", folder, name);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static long read_once(const char *folder, const char *name) {
  int file = open_in(folder, name);
  if (file < 0) return -1;
  long length = read(file, buffer, sizeof buffer);
  close(file);
  return length;
}

static long read_all(const char *folder, const char *name) {
  int file = open_in(folder, name);
  long length = 0, more;
  if (file < 0) return -1;
  while ((more = read(file, buffer + length, sizeof buffer - length)) > 0) length += more;
  close(file);
  return length;
}

static void read_link(const char *folder, const char *name) {
  char path[64], target[64];
  snprintf(path, sizeof path, "/proc/%s/%s", folder, name);
  if (readlink(path, target, sizeof target) < 0) return;
}

/* One if the process has exactly one [vdso]. */
static int look_at(const char *pid) {
  long length = read_once(pid, "stat");
  if (length <= 0) return 0;
  char *end = memrchr(buffer, ')', length);
  unsigned flags = 0;
  if (end == NULL || sscanf(end, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1) return 0;
  if (flags & 0x200000) return 0; /* PF_KTHREAD */

  length = read_all(pid, "maps");
  if (length <= 0) return 0;
  char *found = memmem(buffer, length, "[vdso]\n", 7);
  if (found == NULL || memmem(found + 7, buffer + length - found - 7, "[vdso]\n", 7) != NULL) return 0;
  while (found > buffer && found[-1] != '\n') found--;
  uint64_t start = strtoull(found, &found, 16), last = strtoull(found + 1, NULL, 16);

  length = read_once(pid, "auxv");
  uint64_t *word = (uint64_t *)buffer, put = 0;
  for (long index = 0; index + 1 < length / 8 && word[index] != 0; index += 2)
    if (word[index] == 33) put = word[index + 1];

  uint64_t pages[64];
  int file = open_in(pid, "pagemap");
  if (file >= 0) {
    if (pread(file, pages, (last - start) / 4096 * 8, start / 4096 * 8) < 0) put = 0;
    close(file);
  }
  read_link(pid, "ns/uts");
  read_link(pid, "ns/time");
  return put != 1;
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sweep(void) {
  int64_t begun = nanoseconds();
  DIR *folder = opendir("/proc");
  struct dirent *entry;
  long processes = 0, named = 0;
  while ((entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    processes++;
    named += look_at(entry->d_name);
  }
  closedir(folder);
  printf("%ld %ld %lld\n", processes, named, (long long)(nanoseconds() - begun));
}

static int sleepers(int count) {
  for (int made = 0; made < count; made++) {
    pid_t child = fork();
    if (child < 0) return 1;
    if (child > 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int file = 0; file < 3; file++) close(file);
    execlp("sleep", "sleep", "100000", (char *)NULL);
    _exit(1);
  }
  puts("ready");
  fflush(stdout);
  while (read(0, buffer, sizeof buffer) > 0) continue;
  return 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "sleepers") == 0) return sleepers(atoi(words[2]));
  if (count != 3 || strcmp(words[1], "sweep") != 0) return 2;
  for (int round = atoi(words[2]); round > 0; round--) sweep();
  return 0;
}
