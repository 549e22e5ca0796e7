/*
 * What the benchmarks trace, and what measures it. No call here goes through the vDSO: it is moved away.
 *   storm calls COUNT BATCHES          "NAME cpu wall" of each kind of call, ns, median of batches
 *   storm churn COUNT                  fork + exec + exit: "wall cpu", ns each
 *   storm move PROCESSES RATE MS       processes that move their own vDSO; RATE a second in all, 0: as fast as they can;
 *                                      "moves ns"
 *   storm paced COUNT MICROSECONDS     one move each time: "address ns", CLOCK_MONOTONIC just before the call
 *   storm drain                        reads bpftrace's JSON lines; at every count: "records, the last @emitted"
 *   storm maps COUNT                   a process with that many mappings; prints its pid and sleeps
 *   storm checks ROUNDS                what CRIU's three checks of a dumpee cost, on every running process
 *   storm meter FILE COMMAND...        runs it; "wall user sys maxrss status" into FILE, ns and kB
 *   storm pty COLSxROWS COMMAND...     runs it on a terminal whose output is copied to standard output
 * Called fake-bpftrace, it plays a bpftrace that makes $FAKE_EVENTS records as fast as they are read: moves of
 * $FAKE_PROCESSES sleeping processes, every tenth a fork, exec or exit. It makes the file $FAKE_DONE when it has
 * written them all, and beats on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
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

/*
 * On the last CPU: bpftrace 0.17 opens its tracepoints as perf events of CPU 0, where every hit, of an empty program
 * too, costs some 400 ns more; a run here and another there are not to be compared.
 */
static void stay(void) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
    if (CPU_ISSET(cpu, &allowed)) {
      CPU_ZERO(&allowed);
      CPU_SET(cpu, &allowed);
      sched_setaffinity(0, sizeof allowed, &allowed);
      return;
    }
}

static int calls(int count, int batches) {
  stay();
  double *took = calloc(batches, sizeof *took), *wall = calloc(batches, sizeof *wall);
  page = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  hole = page + 4096;
  munmap(hole, 4096);
  zero = open("/dev/zero", O_RDONLY);
  for (size_t kind = 0; kind < sizeof CALLS / sizeof *CALLS; kind++) {
    for (int batch = 0; batch < batches; batch++) {
      int64_t from = clock_ns(CLOCK_MONOTONIC), begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
      for (int made = 0; made < count; made++) CALLS[kind].call();
      took[batch] = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / count;
      wall[batch] = (double)(clock_ns(CLOCK_MONOTONIC) - from) / count;
    }
    qsort(took, batches, sizeof *took, compare);
    qsort(wall, batches, sizeof *wall, compare);
    printf("%s %.1f %.1f\n", CALLS[kind].name, took[batches / 2], wall[batches / 2]);
  }
  return 0;
}

static int churn(int count) {
  stay();
  /* On the stack: what is in the file is not mapped in a fresh child, and the snoop would read nothing. */
  char self[] = "/proc/self/exe", word[] = "nothing", *words[] = {self, word, NULL};
  int64_t begun = clock_ns(CLOCK_MONOTONIC);
  for (int made = 0; made < count; made++) {
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
      execv(self, words);
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
  long records = 0;
  for (ssize_t more; (more = read(0, buffer + held, sizeof buffer - held)) > 0;) {
    char *at = buffer, *end = buffer + held + more, *newline;
    for (; (newline = memchr(at, '\n', end - at)) != NULL; at = newline + 1) {
      char *total = memmem(at, newline - at, "\"@emitted\": ", 12);
      records += memmem(at, newline - at, "\"data\": \"", 9) != NULL;
      if (total == NULL) continue;
      printf("%ld %ld\n", records, atol(total + 12));
      fflush(stdout);
    }
    held = end - at;
    memmove(buffer, at, held);
  }
  return 0;
}

static int maps(int count) {
  for (int made = 0; made < count; made++) {
    char *pages = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return 1;
    mprotect(pages + 4096, 4096, PROT_READ);
    *pages = 1;
  }
  printf("%d\n", getpid());
  fflush(stdout);
  close(1);
  for (;;) pause();
}

/* One process under one check, ns; 0: it cannot be asked. */
static int64_t check(const char *pid, int which, long *calls) {
  static char text[1 << 20], path[64];
  static int64_t start, last;
  int64_t begun = clock_ns(CLOCK_MONOTONIC);
  if (which == 0) {
    /* The maps are read for the dump anyway; the check by name is this search in them. */
    snprintf(path, sizeof path, "/proc/%.20s/maps", pid);
    int file = open(path, O_RDONLY);
    long length = 0, more;
    while (file >= 0 && (more = read(file, text + length, sizeof text - 1 - length)) > 0) length += more;
    if (file >= 0) close(file);
    text[length] = 0;
    begun = clock_ns(CLOCK_MONOTONIC);
    char *found = strstr(text, "[vdso]\n");
    if (found == NULL) return start = 0;
    while (found > text && found[-1] != '\n') found--;
    start = strtoull(found, &found, 16);
    last = strtoull(found + 1, NULL, 16);
    return clock_ns(CLOCK_MONOTONIC) - begun;
  }
  if (start == 0) return 0;
  snprintf(path, sizeof path, "/proc/%.20s/%s", pid, which == 1 ? "pagemap" : "mem");
  int file = open(path, O_RDONLY);
  if (file < 0) return 0;
  long length = which == 1 ? pread(file, text, 8, start / 4096 * 8) : pread(file, text, last - start, start);
  close(file);
  *calls += 3;
  if (length <= 0) return 0;
  /* As vdso_fill_symtable: the symbols of the image by name (criu/pie/util-vdso.c). */
  if (which == 2) {
    static const char *const names[] = {"__vdso_clock_gettime", "__vdso_getcpu", "__vdso_gettimeofday", "__vdso_time"};
    for (size_t name = 0; name < sizeof names / sizeof *names; name++)
      if (memmem(text, length, names[name], strlen(names[name])) == NULL) return 0;
  }
  return clock_ns(CLOCK_MONOTONIC) - begun;
}

static int checks(int rounds) {
  static const char *const names[] = {"name", "pfn", "symtable"};
  for (; rounds > 0; rounds--) {
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    int64_t took[3] = {0};
    long asked[3] = {0}, calls[3] = {0};
    while ((entry = readdir(folder)) != NULL) {
      if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
      for (int which = 0; which < 3; which++) {
        int64_t one = check(entry->d_name, which, calls + which);
        if (one > 0) took[which] += one, asked[which]++;
      }
    }
    closedir(folder);
    for (int which = 0; which < 3; which++)
      if (asked[which] > 0)
        printf("%s %ld %ld %.1f\n", names[which], asked[which], calls[which], (double)took[which] / asked[which]);
  }
  return 0;
}

static const char COMM[] = "73 74 6f 72 6d 00 00 00 00 00 00 00 00 00 00 00";

static void record(const char *format, ...) {
  va_list rest;
  va_start(rest, format);
  fputs("{\"type\": \"printf\", \"data\": \"", stdout);
  vprintf(format, rest);
  printf(" %s\\n\"}\n", COMM);
  va_end(rest);
}

static int fake(int count, char **words) {
  static char script[1 << 16];
  if (count > 1 && strcmp(words[1], "--version") == 0) return puts("bpftrace v0.27.1") < 0;
  while (read(0, script, sizeof script) > 0) continue;
  const char *events = getenv("FAKE_EVENTS"), *many = getenv("FAKE_PROCESSES"), *done = getenv("FAKE_DONE");
  if (events == NULL || many == NULL || done == NULL) return 2;
  int processes = atoi(many), *pids = calloc(processes, sizeof *pids);
  for (int index = 0; index < processes; index++) {
    if ((pids[index] = fork()) != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  uint64_t emitted = 0, base = 0x7f0000000000;
  for (long made = 0, all = atol(events);;) {
    int64_t now = clock_ns(CLOCK_BOOTTIME);
    printf("{\"type\": \"printf\", \"data\": \"beat %lld\\n\"}\n", (long long)now);
    printf("{\"type\": \"map\", \"data\": {\"@emitted\": %llu}}\n", (unsigned long long)++emitted);
    fflush(stdout);
    if (made == all || emitted < 10) usleep(200000);
    if (made == all && done != NULL) {
      close(open(done, O_CREAT | O_WRONLY, 0600));
      done = NULL;
    }
    for (int burst = 0; burst < 2000 && made < all && emitted >= 3; burst++, made++, emitted++) {
      int index = made % processes, pid = pids[index], child = 40000 + made / 3 % 1000000;
      unsigned long long from = base + made / processes % 1024 * 8192, context = 1000000 + index, at = now + burst * 100;
      if (made % 30 == 0) record("fork %llu %d %d %llx ffff8880%08x %d 11", at, pid, pid, context, index, child);
      else if (made % 30 == 1) record("exec %llu %d %d %llx ffff8881%08x 7ffff7fc1000", at, child, child, 2000000 + made, index);
      else if (made % 30 == 2) record("exit %llu %d %d %llx ffff8881%08x 0", at, child, child, 2000000 + made - 1, index);
      else
        record("call %llu %d %d %llx ffff8880%08x 25 0 %lld %llx %llx %llx 2000 2000 3 %llx 0", at, pid, pid, context,
               index, from + 8192, from, from + 8192, from, from + 8192);
    }
  }
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
  const char *what = count > 1 ? words[1] : "", *name = strrchr(words[0], '/');
  if (name != NULL && strcmp(name, "/fake-bpftrace") == 0) return fake(count, words);
  if (strcmp(what, "nothing") == 0) return 0;
  if (strcmp(what, "calls") == 0 && count == 4) return calls(atoi(words[2]), atoi(words[3]));
  if (strcmp(what, "churn") == 0 && count == 3) return churn(atoi(words[2]));
  if (strcmp(what, "move") == 0 && count == 5) return move(atoi(words[2]), atof(words[3]), atoi(words[4]));
  if (strcmp(what, "paced") == 0 && count == 4) return paced(atoi(words[2]), atoi(words[3]));
  if (strcmp(what, "drain") == 0) return drain();
  if (strcmp(what, "maps") == 0 && count == 3) return maps(atoi(words[2]));
  if (strcmp(what, "checks") == 0 && count == 3) return checks(atoi(words[2]));
  if (strcmp(what, "meter") == 0 && count > 3) return meter(words[2], words + 3);
  if (strcmp(what, "pty") == 0 && count > 3) return terminal(words[2], words + 3);
  return 2;
}
