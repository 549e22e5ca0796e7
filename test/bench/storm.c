/*
 * What the benchmarks trace, and what measures it. No call here goes through the vDSO: it is moved away.
 *   storm calls COUNT BATCHES          thread CPU time a call, ns: one line for each kind of call, median of batches
 *   storm churn COUNT                  fork + exec + exit: "wall cpu", ns each
 *   storm move PROCESSES RATE MS       processes that move their own vDSO; RATE a second in all, 0: as fast as they can;
 *                                      "moves ns"
 *   storm paced COUNT MICROSECONDS     one move each time: "address ns", CLOCK_MONOTONIC just before the call
 *   storm drain                        reads bpftrace's JSON lines; "call records, the last @emitted"
 *   storm meter FILE COMMAND...        runs it; "wall user sys maxrss status" into FILE, ns and kB
 *   storm pty COLSxROWS COMMAND...     runs it on a terminal whose output is copied to standard output
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  syscall(SYS_clock_gettime, clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int64_t cpu_of(int who) {
  struct rusage used;
  getrusage(who, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Calls of a bystander: on pages of its own, each leaves everything as it was. */
static char *page, *hole;
static int zero;
static void one_mremap(void) { if (mremap(page, 4096, 4096, MREMAP_MAYMOVE) != page) abort(); }
static void one_munmap(void) { if (munmap(hole, 4096) != 0) abort(); }
static void one_mmap(void) {
  if (mmap(page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page) abort();
}
static void one_mprotect(void) { if (mprotect(page, 4096, PROT_READ) != 0) abort(); }
static void one_getppid(void) { syscall(SYS_getppid); }
static void one_read(void) { char byte; if (read(zero, &byte, 1) != 1) abort(); }

static const struct { const char *name; void (*call)(void); } CALLS[] = {
  {"mremap", one_mremap}, {"munmap", one_munmap},   {"mmap", one_mmap},
  {"mprotect", one_mprotect}, {"getppid", one_getppid}, {"read", one_read},
};

static int calls(int count, int batches) {
  double *took = calloc(batches, sizeof *took);
  page = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  hole = page + 4096;
  munmap(hole, 4096);
  zero = open("/dev/zero", O_RDONLY);
  for (size_t kind = 0; kind < sizeof CALLS / sizeof *CALLS; kind++) {
    for (int batch = 0; batch < batches; batch++) {
      int64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
      for (int made = 0; made < count; made++) CALLS[kind].call();
      took[batch] = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / count;
    }
    qsort(took, batches, sizeof *took, compare);
    printf("%s %.1f\n", CALLS[kind].name, took[batches / 2]);
  }
  return 0;
}

static int churn(const char *self, int count) {
  int64_t begun = clock_ns(CLOCK_MONOTONIC);
  for (int made = 0; made < count; made++) {
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
      execl(self, self, "nothing", (char *)NULL);
      _exit(1);
    }
    if (waitpid(child, NULL, 0) != child) return 1;
  }
  int64_t wall = clock_ns(CLOCK_MONOTONIC) - begun;
  printf("%lld %lld\n", (long long)wall / count,
         (long long)(cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN)) / count);
  return 0;
}

/* The vDSO, its size, and room to move it in. */
static char *vdso, *room;
static size_t size, places;

static void find_vdso(size_t wanted) {
  char line[256];
  uintptr_t start = getauxval(AT_SYSINFO_EHDR), from, to;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps))
    if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from == start) size = to - from;
  fclose(maps);
  vdso = (char *)start;
  places = wanted;
  room = mmap(NULL, places * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (size == 0 || room == MAP_FAILED) abort();
}

static void move_to(size_t place) {
  char *to = room + place % places * size;
  if (mremap(vdso, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to) abort();
  vdso = to;
}

static long move_for(int64_t until, double interval) {
  int64_t begun = clock_ns(CLOCK_MONOTONIC), now = begun;
  long made = 0;
  for (; now < until; now = clock_ns(CLOCK_MONOTONIC)) {
    long due = interval > 0 ? (long)((now - begun) / interval) : made + 16;
    while (made < due) move_to(made++);
    if (interval > 0) usleep(1000);
  }
  return made;
}

static int move(int processes, double rate, int ms) {
  int answers[2];
  long total = 0, one;
  if (pipe(answers) != 0) return 1;
  int64_t begun = clock_ns(CLOCK_MONOTONIC), until = begun + ms * 1000000LL;
  for (int index = 0; index < processes; index++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    find_vdso(16);
    one = move_for(until, rate > 0 ? 1e9 * processes / rate : 0);
    _exit(write(answers[1], &one, sizeof one) != sizeof one);
  }
  for (int index = 0; index < processes; index++) {
    if (read(answers[0], &one, sizeof one) != sizeof one) return 1;
    total += one;
  }
  while (wait(NULL) > 0) continue;
  printf("%ld %lld\n", total, (long long)(clock_ns(CLOCK_MONOTONIC) - begun));
  return 0;
}

static int paced(int count, int microseconds) {
  find_vdso(count);
  for (int made = 0; made < count; made++) {
    usleep(microseconds);
    int64_t at = clock_ns(CLOCK_MONOTONIC);
    move_to(made);
    printf("%lx %lld\n", (unsigned long)vdso, (long long)at);
  }
  return 0;
}

static int drain(void) {
  static char buffer[1 << 20];
  size_t held = 0;
  long records = 0, emitted = 0;
  for (ssize_t more; (more = read(0, buffer + held, sizeof buffer - held)) > 0;) {
    char *at = buffer, *end = buffer + held + more, *newline;
    for (; (newline = memchr(at, '\n', end - at)) != NULL; at = newline + 1) {
      char *total = memmem(at, newline - at, "\"@emitted\": ", 12);
      records += memmem(at, newline - at, "\"data\": \"", 9) != NULL;
      if (total != NULL) emitted = atol(total + 12);
    }
    held = end - at;
    memmove(buffer, at, held);
  }
  printf("%ld %ld\n", records, emitted);
  return 0;
}

static int meter(const char *file, char **command) {
  struct rusage used;
  int status;
  int64_t begun = clock_ns(CLOCK_MONOTONIC);
  pid_t child = fork();
  if (child == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  if (wait4(child, &status, 0, &used) != child) return 1;
  int64_t wall = clock_ns(CLOCK_MONOTONIC) - begun;
  FILE *out = fopen(file, "w");
  if (out == NULL) return 1;
  fprintf(out, "%lld %lld %lld %ld %d\n", (long long)wall,
          used.ru_utime.tv_sec * 1000000000LL + used.ru_utime.tv_usec * 1000LL,
          used.ru_stime.tv_sec * 1000000000LL + used.ru_stime.tv_usec * 1000LL, used.ru_maxrss,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128);
  return fclose(out);
}

static int terminal(const char *shape, char **command) {
  static char buffer[1 << 16];
  struct winsize window = {0};
  int master;
  sscanf(shape, "%hux%hu", &window.ws_col, &window.ws_row);
  pid_t child = forkpty(&master, NULL, NULL, &window);
  if (child == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  fprintf(stderr, "%d\n", child);
  struct pollfd both[2] = {{master, POLLIN, 0}, {0, POLLIN, 0}};
  while (poll(both, 2, -1) > 0) {
    ssize_t length;
    if (both[0].revents) {
      length = read(master, buffer, sizeof buffer);
      if (length <= 0 || write(1, buffer, length) != length) break;
    }
    if (both[1].revents) {
      length = read(0, buffer, sizeof buffer);
      if (length <= 0) break;
      if (write(master, buffer, length) != length) break;
    }
  }
  kill(child, SIGTERM);
  return waitpid(child, NULL, 0) != child;
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  if (strcmp(what, "nothing") == 0) return 0;
  if (strcmp(what, "calls") == 0 && count == 4) return calls(atoi(words[2]), atoi(words[3]));
  if (strcmp(what, "churn") == 0 && count == 3) return churn("/proc/self/exe", atoi(words[2]));
  if (strcmp(what, "move") == 0 && count == 5) return move(atoi(words[2]), atof(words[3]), atoi(words[4]));
  if (strcmp(what, "paced") == 0 && count == 4) return paced(atoi(words[2]), atoi(words[3]));
  if (strcmp(what, "drain") == 0) return drain();
  if (strcmp(what, "meter") == 0 && count > 3) return meter(words[2], words + 3);
  if (strcmp(what, "pty") == 0 && count > 3) return terminal(words[2], words + 3);
  return 2;
}
