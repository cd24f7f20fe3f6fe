/* Counts the syncs of a process that succeed, for bench/: preloaded, it stands before fsync and fdatasync of
 * the C library. The counts lie in a file named after the process in the folder THULP_BENCH_SYNCS, where the
 * measuring process reads them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t uncounted;
static _Atomic uint64_t *count = &uncounted;

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("THULP_BENCH_SYNCS");
  if (folder == NULL) return;
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%d", folder, getpid()) >= (int)sizeof path) return;
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (ftruncate(file, sizeof *count) == 0) {
    void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) count = shared;
  }
  close(file);
}

static int counted(long result) {
  if (result == 0) atomic_fetch_add(count, 1);
  return (int)result;
}

int fsync(int file) { return counted(syscall(SYS_fsync, file)); }

int fdatasync(int file) { return counted(syscall(SYS_fdatasync, file)); }
