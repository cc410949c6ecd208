/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pools.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/cfg/cfg_struct.h"
#include "core/dprint.h"
#include "core/locking.h"
#include "evidence.h"
#include "ring.h"
#include "stats.h"
#include "store.h"

#define RING_BYTES (4 * 1024 * 1024)
#define FLAGS_MAX (16 * 1024 * 1024) /* touched only as far as they are used */
#define TICK_MS 100
#define MAINTAIN_MS 500
#define LOG_MS 1000

/* Of all processes; not of Kamailio's shared memory, which calls in progress need. */
typedef struct shared {
  gen_lock_t lock; /* of `flags` and its size */
  unsigned int generation;
  size_t size;
  cv_pools_stats_t stats;
  char flags[FLAGS_MAX];
} shared_t;

static const callvet_options* options = NULL;
static callvet_pools_settings settings;
static cv_ring_t* ring = NULL;
static shared_t* shared = NULL;

int cv_pools_init(const callvet_options* chosen) {
  callvet_error error = {.struct_size = sizeof(error)};
  options = chosen;
  settings.struct_size = sizeof(settings);
  if (callvet_pools_read_settings(options, &settings, &error) != CALLVET_OK) {
    LM_ERR("cannot start: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  if (!settings.counted) return 0;
  if (!settings.shared)
    LM_NOTICE("calls are counted by their sources in this Kamailio alone: there is no Redis\n");
  shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || lock_init(&shared->lock) == NULL) {
    LM_ERR("no memory for pools\n");
    shared = NULL;
    return -1;
  }
  ring = cv_ring_make(RING_BYTES);
  return ring == NULL ? -1 : 0;
}

void cv_pools_destroy(void) {
  cv_ring_destroy(ring);
  ring = NULL;
  if (shared != NULL) {
    lock_destroy(&shared->lock);
    munmap(shared, sizeof(*shared));
  }
  shared = NULL;
}

int cv_pools_are_counted(void) {
  return settings.counted;
}

void cv_pools_note(const callvet_result* result, const char* evidence_id) {
  callvet_text id = {evidence_id, strlen(evidence_id)};
  static char note[CV_NOTE_MAX];
  size_t size = sizeof(note);
  if (!settings.counted) return;
  if (callvet_pools_note(result, id, note, &size, NULL) != CALLVET_OK) {
    cv_count(CV_STAT_POOL_LOST);
    return;
  }
  if (size > 0 && cv_ring_put(ring, note, size) < 0) cv_count(CV_STAT_POOL_LOST);
}

/* What is flagged, copied into memory of this process. */
static callvet_text copy_flags(unsigned int* generation) {
  static char* copy = NULL;
  static size_t room = 0;
  callvet_text flags = {NULL, 0};
  lock_get(&shared->lock);
  if (shared->size > room) {
    char* larger = realloc(copy, shared->size);
    if (larger == NULL) {
      lock_release(&shared->lock);
      return flags;
    }
    copy = larger;
    room = shared->size;
  }
  *generation = shared->generation;
  if (shared->size > 0) memcpy(copy, shared->flags, shared->size);
  flags.data = copy;
  flags.size = shared->size;
  lock_release(&shared->lock);
  return flags;
}

void cv_pools_catch_up(callvet_verifier* verifier) {
  static unsigned int seen = 0;
  unsigned int generation = seen;
  callvet_error error = {.struct_size = sizeof(error)};
  callvet_text flags;
  if (!settings.counted || __atomic_load_n(&shared->generation, __ATOMIC_ACQUIRE) == seen) return;
  flags = copy_flags(&generation);
  if (generation == seen) return; /* no memory: with the next call */
  if (callvet_verifier_set_flags(verifier, flags, &error) != CALLVET_OK)
    LM_ERR("what is flagged cannot be read: %s: %s\n", error.reason, error.detail);
  seen = generation;
}

int cv_pools_each(callvet_flag_function each, void* context) {
  unsigned int generation;
  if (!settings.counted) return -1;
  return callvet_flags_read(copy_flags(&generation), each, context, NULL) == CALLVET_OK ? 0 : -1;
}

int cv_pools_release(const callvet_pool_release* release, callvet_error* error) {
  char note[CV_NOTE_MAX];
  size_t size = sizeof(note);
  if (callvet_pools_release_note(release, note, &size, error) != CALLVET_OK) return -1;
  if (cv_ring_put(ring, note, size) == 0) return 0;
  strcpy(error->reason, "internal-error");
  strcpy(error->detail, "the queue of calls to be counted is full");
  return -1;
}

void cv_pools_stats(cv_pools_stats_t* stats) {
  size_t bytes;
  memset(stats, 0, sizeof(*stats));
  if (!settings.counted) return;
  *stats = shared->stats;
  cv_ring_count(ring, &stats->waiting, &bytes);
}

/* ---- The process that counts. ---- */

static callvet_pools* pools = NULL;
static char* flags = NULL; /* as large as what is published */
static volatile sig_atomic_t ending = 0;

static void on_end(int signal) {
  (void)signal;
  ending = 1;
}

static int start(void) {
  callvet_error error = {.struct_size = sizeof(error)};
  flags = malloc(FLAGS_MAX);
  if (flags == NULL) return -1;
  if (callvet_pools_create(options, &pools, &error) != CALLVET_OK) {
    LM_ERR("calls cannot be counted: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  signal(SIGTERM, on_end);
  signal(SIGINT, on_end);
  return 0;
}

/* A burst does not keep the rest from its turn. */
static void take_notes(void) {
  static char* note = NULL;
  static size_t room = 0;
  callvet_error error = {.struct_size = sizeof(error)};
  size_t size;
  int left = 20000;
  while (left-- > 0 && cv_ring_take(ring, &note, &room, &size) > 0) {
    callvet_text text = {note, size};
    if (callvet_pools_take(pools, text, &error) != CALLVET_OK)
      LM_ERR("a note of the queue: %s: %s\n", error.reason, error.detail);
  }
}

static void publish(void) {
  static int64_t told_ms = -LOG_MS;
  callvet_pools_stats now = {.struct_size = sizeof(now)};
  size_t size = FLAGS_MAX;
  if (callvet_pools_flags(pools, flags, &size, NULL) != CALLVET_OK) {
    if (cv_now_ms() - told_ms >= LOG_MS) LM_CRIT("flags cannot be told: there are too many\n");
    told_ms = cv_now_ms();
  } else if (size != shared->size || memcmp(flags, shared->flags, size) != 0) {
    lock_get(&shared->lock);
    memcpy(shared->flags, flags, size);
    shared->size = size;
    __atomic_add_fetch(&shared->generation, 1, __ATOMIC_ACQ_REL);
    lock_release(&shared->lock);
  }
  if (callvet_pools_get_stats(pools, &now) != CALLVET_OK) return;
  shared->stats.counted = now.counted;
  shared->stats.sources = now.sources;
  shared->stats.kbytes = now.bytes / 1024;
  shared->stats.flagged = now.flagged;
  shared->stats.shared = now.shared;
  shared->stats.not_shared = now.not_shared;
  shared->stats.share_failing = now.share_failing;
}

/* Flags and releases become records like calls. */
static void keep_changes(void) {
  callvet_package package = {.struct_size = sizeof(package)};
  callvet_error error = {.struct_size = sizeof(error)};
  if (!cv_evidence_is_kept()) return;
  for (;;) {
    if (callvet_pools_take_package(pools, &package, &error) != CALLVET_OK) {
      LM_CRIT("LOST: the record of a flag: %s: %s\n", error.reason, error.detail);
      return;
    }
    if (package.bytes.size == 0) return;
    if (cv_evidence_put(package.bytes) < 0)
      LM_CRIT("LOST: the record of a flag: the queue of evidence is full\n");
  }
}

static void reload_if_asked(void) {
  static unsigned int seen = 0;
  unsigned int now = cv_trust_generation();
  callvet_error error = {.struct_size = sizeof(error)};
  if (now == seen) return;
  seen = now;
  if (callvet_pools_reload(pools, &error) != CALLVET_OK)
    LM_ERR("the old rules of pools stay: %s: %s\n", error.reason, error.detail);
}

static void upkeep(void) {
  reload_if_asked();
  callvet_pools_maintain(pools); /* may wait for Redis; notes wait in the ring */
  keep_changes();
  publish();
}

static void drain_wake(void) {
  char bytes[256];
  while (read(cv_ring_wake_fd(ring), bytes, sizeof(bytes)) > 0) {
  }
}

int cv_pools_run(void) {
  int64_t next_ms = 0;
  if (start() < 0) return -1;
  while (!ending) {
    struct pollfd fd = {.fd = cv_ring_wake_fd(ring), .events = POLLIN};
    if (cv_now_ms() >= next_ms) {
      upkeep();
      next_ms = cv_now_ms() + MAINTAIN_MS;
    }
    poll(&fd, 1, TICK_MS);
    cfg_update();
    drain_wake();
    take_notes();
  }
  callvet_pools_finish(pools);
  keep_changes();
  return 0;
}
