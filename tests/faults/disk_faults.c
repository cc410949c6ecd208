/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD: a disk that fails. CALLVET_DISK_FAULTS names a file with one line, "ERRNO PREFIX": as
 * long as it has one, whatever writes to a file below PREFIX (an absolute path) fails with that
 * errno. Opening for writing fails too if the errno is EROFS. Reading goes on, as it does on a disk
 * that is full or was remounted read-only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The errno for `path`, or 0. */
static int fault_of(const char* path) {
  static int (*real_open)(const char*, int, ...);
  static ssize_t (*real_read)(int, void*, size_t);
  const char* name = getenv("CALLVET_DISK_FAULTS");
  char line[512];
  char* prefix;
  ssize_t size;
  int fd, kept = errno;
  if (name == NULL || path == NULL) return 0;
  if (real_open == NULL) real_open = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  if (real_read == NULL) real_read = (ssize_t(*)(int, void*, size_t))dlsym(RTLD_NEXT, "read");
  fd = real_open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    errno = kept;
    return 0;
  }
  size = real_read(fd, line, sizeof line - 1);
  close(fd);
  errno = kept;
  if (size <= 0) return 0;
  line[size] = 0;
  line[strcspn(line, "\n")] = 0;
  prefix = strchr(line, ' ');
  if (prefix == NULL || strncmp(path, prefix + 1, strlen(prefix + 1)) != 0) return 0;
  return atoi(line);
}

static int fault_of_descriptor(int fd) {
  char link[64], path[4096];
  ssize_t size;
  int kept = errno;
  if (getenv("CALLVET_DISK_FAULTS") == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  size = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (size <= 0) return 0;
  path[size] = 0;
  return fault_of(path);
}

#define FAILS(value)     \
  do {                   \
    int fault = (value); \
    if (fault != 0) {    \
      errno = fault;     \
      return -1;         \
    }                    \
  } while (0)

#define REAL(type, name, ...)       \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void* data, size_t size) {
  REAL(ssize_t, write, int, const void*, size_t);
  FAILS(fault_of_descriptor(fd));
  return real(fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  REAL(ssize_t, pwrite, int, const void*, size_t, off_t);
  FAILS(fault_of_descriptor(fd));
  return real(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off_t at) {
  REAL(ssize_t, pwrite64, int, const void*, size_t, off_t);
  FAILS(fault_of_descriptor(fd));
  return real(fd, data, size, at);
}
int fsync(int fd) {
  REAL(int, fsync, int);
  FAILS(fault_of_descriptor(fd));
  return real(fd);
}
int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  FAILS(fault_of_descriptor(fd));
  return real(fd);
}

static int fault_of_opening(const char* path, int flags) {
  int fault;
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) == 0) return 0;
  fault = fault_of(path);
  return fault == EROFS ? fault : 0;
}

#define OPEN(name)                             \
  int name(const char* path, int flags, ...) { \
    mode_t mode = 0;                           \
    REAL(int, name, const char*, int, ...);    \
    if ((flags & O_CREAT) != 0) {              \
      va_list arguments;                       \
      va_start(arguments, flags);              \
      mode = va_arg(arguments, mode_t);        \
      va_end(arguments);                       \
    }                                          \
    FAILS(fault_of_opening(path, flags));      \
    return real(path, flags, mode);            \
  }
OPEN(open)
OPEN(open64)
