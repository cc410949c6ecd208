/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/cfg/cfg_struct.h"
#include "core/dprint.h"
#include "core/mem/shm_mem.h"
#include "ring.h"
#include "stats.h"
#include "store.h"

#define TICK_MS 100
#define FULL_MS 2         /* until a full writer is asked again */
#define END_QUIET_MS 100  /* at the end: how long nothing comes before it is over, */
#define END_STUCK_MS 3000 /* and how long nobody takes what is there */
#define MAINTAIN_S 2
#define TRIM_ROUNDS 30
#define LINE_MAX_BYTES 1024

/* Of all processes. */
typedef struct shared {
  cv_evidence_stats_t stats; /* written by the process that writes */
} shared_t;

static const callvet_options* options = NULL;
static callvet_evidence_settings settings;
static callvet_evidence_packer* packer = NULL;
static cv_ring_t* ring = NULL;
static shared_t* shared = NULL;

int cv_evidence_init(const callvet_options* chosen, int queue_kib) {
  callvet_error error = {.struct_size = sizeof(error)};
  options = chosen;
  settings.struct_size = sizeof(settings);
  if (callvet_evidence_read_settings(options, &settings, &error) != CALLVET_OK) {
    LM_ERR("cannot start: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  if (!settings.kept) return 0;
  if (callvet_evidence_packer_create(options, &packer, &error) != CALLVET_OK) {
    LM_ERR("evidence cannot be kept: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  /* Here Kamailio ends with an error; where a process of it fails later, as if in order. */
  if (callvet_evidence_writer_check(options, &error) != CALLVET_OK) {
    LM_ERR("cannot start: evidence cannot be kept: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  shared = shm_malloc(sizeof(*shared));
  if (shared == NULL) {
    SHM_MEM_ERROR;
    return -1;
  }
  memset(shared, 0, sizeof(*shared));
  ring = cv_ring_make((size_t)queue_kib * 1024);
  return ring == NULL ? -1 : 0;
}

void cv_evidence_destroy(void) {
  callvet_evidence_packer_destroy(packer);
  packer = NULL;
  cv_ring_destroy(ring);
  ring = NULL;
  if (shared != NULL) shm_free(shared);
  shared = NULL;
}

int cv_evidence_is_kept(void) {
  return settings.kept;
}

static cv_kept_t not_kept(void) {
  if (settings.when_full == CALLVET_COUNT_LOST) {
    cv_count(CV_STAT_EVIDENCE_LOST);
    return CV_LOST;
  }
  cv_count(CV_STAT_EVIDENCE_REFUSED);
  return CV_REFUSED;
}

cv_kept_t cv_evidence_keep(const callvet_result* result, char id[CV_EVIDENCE_ID_MAX]) {
  callvet_package package = {.struct_size = sizeof(package)};
  callvet_error error = {.struct_size = sizeof(error)};
  id[0] = '\0';
  if (!settings.kept) return CV_KEPT;
  if (callvet_evidence_pack(packer, result, &package, &error) != CALLVET_OK) {
    LM_ERR("evidence of a call cannot be kept: %s: %s\n", error.reason, error.detail);
    return not_kept();
  }
  if (cv_ring_put(ring, package.bytes.data, package.bytes.size) < 0) return not_kept();
  callvet_evidence_handed_over(packer);
  if (package.id.size < CV_EVIDENCE_ID_MAX) {
    memcpy(id, package.id.data, package.id.size);
    id[package.id.size] = '\0';
  }
  cv_count(CV_STAT_EVIDENCE);
  return CV_KEPT;
}

int cv_evidence_put(callvet_text package) {
  return cv_ring_put(ring, package.data, package.size);
}

void cv_evidence_stats(cv_evidence_stats_t* stats) {
  size_t bytes;
  memset(stats, 0, sizeof(*stats));
  if (!settings.kept) return;
  *stats = shared->stats;
  cv_ring_count(ring, &stats->waiting, &bytes);
}

/* ---- The process that writes. Its threads know the library alone: nothing of Kamailio. ---- */

typedef struct writing {
  callvet_evidence_writer* writer;
  pthread_t thread;
  int news[2]; /* pipe of lines to be logged */
  char* package;
  size_t room, size; /* of `package`; size 0: there is none */
  unsigned long told_lost, told_refused;
} writing_t;

static writing_t self;
static volatile sig_atomic_t ending = 0;

static void on_end(int signal) {
  (void)signal;
  ending = 1;
}

/* By any thread. Lines are short enough to be written whole. */
static void log_line(void* context, callvet_log_level level, callvet_text text) {
  char line[LINE_MAX_BYTES];
  size_t size = text.size < sizeof(line) - 1 ? text.size : sizeof(line) - 1;
  (void)context;
  (void)level;
  memcpy(line, text.data, size);
  line[size] = '\n';
  if (write(self.news[1], line, size + 1) < 0) return; /* the reader is far behind */
}

static void* write_thread(void* unused) {
  callvet_evidence_writer_run(self.writer);
  return unused;
}

/* What is older than retention is deleted here: that may take a while. Free memory between what is
 * in use goes back to the system: the C library keeps it otherwise. */
static void* upkeep_thread(void* unused) {
  unsigned rounds;
  for (rounds = 1;; rounds++) {
    callvet_evidence_writer_maintain(self.writer);
#ifdef __GLIBC__
    if (rounds % TRIM_ROUNDS == 0) malloc_trim(0);
#endif
    sleep(MAINTAIN_S);
  }
  return unused;
}

/* Signals are the main thread's. */
static int start_threads(void) {
  sigset_t all, before;
  pthread_t upkeep;
  int failed;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  failed = pthread_create(&self.thread, NULL, write_thread, NULL);
  failed |= pthread_create(&upkeep, NULL, upkeep_thread, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed ? -1 : 0;
}

static int start(void) {
  callvet_error error = {.struct_size = sizeof(error)};
  callvet_options own = *options;
  int i;
  /* First: to open store and spill directory takes time, and calls are answered meanwhile. */
  signal(SIGTERM, on_end);
  signal(SIGINT, on_end);
  if (pipe(self.news) < 0) return -1;
  for (i = 0; i < 2; i++) fcntl(self.news[i], F_SETFL, fcntl(self.news[i], F_GETFL) | O_NONBLOCK);
  own.log = log_line;
  if (callvet_evidence_writer_create(&own, &self.writer, &error) != CALLVET_OK) {
    LM_ERR("evidence cannot be kept: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  if (start_threads() < 0) {
    LM_ERR("the evidence process has no threads\n");
    return -1;
  }
  return 0;
}

/* As many packages as the writer takes. How many it took. */
static unsigned long take_packages(void) {
  callvet_error error = {.struct_size = sizeof(error)};
  unsigned long count = 0;
  for (;;) {
    callvet_text bytes;
    if (self.size == 0 && cv_ring_take(ring, &self.package, &self.room, &self.size) <= 0)
      return count;
    bytes.data = self.package;
    bytes.size = self.size;
    if (callvet_evidence_writer_submit(self.writer, bytes, &error) != CALLVET_OK) {
      if (strcmp(error.reason, "evidence-not-kept") == 0) return count; /* later */
      LM_CRIT("LOST: the evidence of a call: %s: %s\n", error.reason, error.detail);
    }
    self.size = 0;
    count++;
  }
}

static void log_news(void) {
  static char text[LINE_MAX_BYTES * 8];
  char *line, *state = NULL;
  ssize_t size = read(self.news[0], text, sizeof(text) - 1);
  if (size <= 0) return;
  text[size] = '\0';
  for (line = strtok_r(text, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state))
    LM_ERR("%s\n", line);
}

/* Of calls whose evidence did not get here: once a second at most. */
static void log_lost(void) {
  static int64_t last_ms = 0;
  unsigned long lost = cv_stat_value(CV_STAT_EVIDENCE_LOST);
  unsigned long refused = cv_stat_value(CV_STAT_EVIDENCE_REFUSED);
  if (cv_now_ms() - last_ms < 1000 && !ending) return;
  last_ms = cv_now_ms();
  if (lost > self.told_lost)
    LM_CRIT("LOST: %lu calls left no evidence, %lu since the start\n", lost - self.told_lost, lost);
  if (refused > self.told_refused)
    LM_CRIT("%lu calls were refused, because their evidence cannot be kept, %lu since the start\n",
            refused - self.told_refused, refused);
  self.told_lost = lost;
  self.told_refused = refused;
}

static void publish(void) {
  callvet_evidence_stats now = {.struct_size = sizeof(now)};
  if (callvet_evidence_writer_get_stats(self.writer, &now) != CALLVET_OK) return;
  shared->stats.stored = now.stored;
  shared->stats.spilled = now.spilled;
  shared->stats.store_failures = now.store_failures;
  shared->stats.unusable = now.unusable;
  shared->stats.queued = now.queued + (self.size > 0);
  shared->stats.spill_kib = now.spill_bytes / 1024;
  shared->stats.failing = now.failing;
}

static void drain_wake(void) {
  char bytes[256];
  while (read(cv_ring_wake_fd(ring), bytes, sizeof(bytes)) > 0) {
  }
}

/* Until nothing comes any more: other processes end at the same time. */
static void take_the_rest(void) {
  int64_t last_ms = cv_now_ms();
  for (;;) {
    int64_t quiet;
    if (take_packages() > 0) last_ms = cv_now_ms();
    quiet = cv_now_ms() - last_ms;
    if (quiet > (self.size > 0 ? END_STUCK_MS : END_QUIET_MS)) return;
    usleep(FULL_MS * 1000);
  }
}

static void end(void) {
  unsigned long waiting;
  cv_evidence_stats_t left;
  callvet_evidence_stats last = {.struct_size = sizeof(last)};
  take_the_rest();
  callvet_evidence_writer_stop(self.writer);
  pthread_join(self.thread, NULL);
  publish();
  log_news();
  log_lost();
  cv_evidence_stats(&left);
  callvet_evidence_writer_get_stats(self.writer, &last);
  waiting = left.waiting + left.queued + last.lost;
  if (waiting > 0) LM_CRIT("LOST: the evidence of %lu calls, at the end\n", waiting);
}

int cv_evidence_run(void) {
  if (start() < 0) return -1;
  while (!ending) {
    struct pollfd fds[2] = {{.fd = cv_ring_wake_fd(ring), .events = POLLIN},
                            {.fd = self.news[0], .events = POLLIN}};
    /* A signal that comes just before the wait is noticed after it. */
    poll(fds, 2, self.size > 0 ? FULL_MS : TICK_MS);
    cfg_update();
    drain_wake();
    take_packages();
    log_news();
    log_lost();
    publish();
  }
  end();
  return 0;
}
