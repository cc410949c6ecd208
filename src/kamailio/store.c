/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/dprint.h"
#include "core/hashes.h"
#include "core/locking.h"
#include "core/mem/shm_mem.h"

#define BUCKETS 1024
#define FETCHES_MAX 16
#define REQUEST_MS 30000 /* for which a fetch that nobody waits for stays queued */

typedef struct waiter {
  struct waiter* next;
  cv_call_t* call;
} waiter_t;

typedef struct entry {
  struct entry* next;        /* of the bucket */
  struct entry* next_queued; /* of the queue */
  int in_flight;             /* queued or being fetched */
  int verified;              /* a call by its certificate */
  int host_is_known;         /* when it was queued: one of its host had */
  str host;                  /* in `url`, */
  unsigned int host_hash;    /* and its hash */
  str url;
  cv_answer_t answer;   /* its pem is shm */
  int64_t used_at;      /* ms */
  int64_t wanted_until; /* ms; without a call that waits */
  waiter_t* waiters;
} entry_t;

typedef struct store {
  gen_lock_t lock;
  cv_limits_t limits;
  entry_t* buckets[BUCKETS];
  entry_t *queue_head, *queue_tail;
  int entries, fetching, suspended;
  int unknown;                   /* of the fetches: of hosts that are not known */
  entry_t* running[FETCHES_MAX]; /* those that are being fetched */
  unsigned long evicted, bytes;
  unsigned int trust, flush, reload;
  cv_flush_t to_forget; /* by the fetcher */
  char forget_url[2048];
  int forget_len;
  int wake[2];
} store_t;

static store_t* store = NULL;

int64_t cv_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cv_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec;
}

static int set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int cv_store_init(const cv_limits_t* limits) {
  store = shm_malloc(sizeof(*store));
  if (store == NULL) {
    SHM_MEM_ERROR;
    return -1;
  }
  memset(store, 0, sizeof(*store));
  store->limits = *limits;
  if (lock_init(&store->lock) == NULL || pipe(store->wake) < 0 ||
      set_nonblocking(store->wake[0]) < 0 || set_nonblocking(store->wake[1]) < 0) {
    LM_ERR("no lock or pipe for the certificate table\n");
    return -1;
  }
  return 0;
}

static unsigned long bytes_of(const entry_t* entry) {
  return sizeof(*entry) + (unsigned long)entry->url.len + (unsigned long)entry->answer.pem.len;
}

static void free_entry(entry_t* entry) {
  if (entry->answer.pem.s != NULL) shm_free(entry->answer.pem.s);
  shm_free(entry);
}

void cv_store_destroy(void) {
  int i;
  if (store == NULL) return;
  for (i = 0; i < BUCKETS; i++) {
    while (store->buckets[i] != NULL) {
      entry_t* entry = store->buckets[i];
      store->buckets[i] = entry->next;
      while (entry->waiters != NULL) {
        waiter_t* waiter = entry->waiters;
        entry->waiters = waiter->next;
        if (--waiter->call->pending <= 0) shm_free(waiter->call);
        shm_free(waiter);
      }
      free_entry(entry);
    }
  }
  close(store->wake[0]);
  close(store->wake[1]);
  lock_destroy(&store->lock);
  shm_free(store);
  store = NULL;
}

static entry_t** bucket_of(const str* url) {
  return &store->buckets[get_hash1_raw(url->s, url->len) % BUCKETS];
}

static entry_t* find(const str* url) {
  entry_t* entry;
  for (entry = *bucket_of(url); entry != NULL; entry = entry->next) {
    if (entry->url.len == url->len && memcmp(entry->url.s, url->s, url->len) == 0) return entry;
  }
  return NULL;
}

static void unlink_entry(entry_t* entry) {
  entry_t** link = bucket_of(&entry->url);
  while (*link != entry) link = &(*link)->next;
  *link = entry->next;
  store->entries--;
  store->bytes -= bytes_of(entry);
}

/* A failed one before a good one, the longest unused first; never one that is waited for. */
static int is_better_victim(const entry_t* a, const entry_t* b) {
  if (b == NULL) return 1;
  if ((a->answer.state == CV_FAILED) != (b->answer.state == CV_FAILED))
    return a->answer.state == CV_FAILED;
  return a->used_at < b->used_at;
}

/* One that is queued or waited for never is. */
static int evict_one(const entry_t* spared) {
  entry_t *victim = NULL, *entry;
  int i;
  for (i = 0; i < BUCKETS; i++) {
    for (entry = store->buckets[i]; entry != NULL; entry = entry->next) {
      if (!entry->in_flight && entry != spared && is_better_victim(entry, victim)) victim = entry;
    }
  }
  if (victim == NULL) return -1;
  unlink_entry(victim);
  free_entry(victim);
  store->evicted++;
  return 0;
}

/* Makes room for `bytes` more, beside `spared`. */
static int make_room(unsigned long bytes, const entry_t* spared) {
  while (store->bytes + bytes > store->limits.bytes) {
    if (evict_one(spared) < 0) return -1;
  }
  return 0;
}

/* What is between "//" and the path. */
static str host_of(const str* url) {
  const char* end = url->s + url->len;
  const char* at = url->s;
  str host;
  while (at + 1 < end && !(at[0] == '/' && at[1] == '/')) at++;
  host.s = (char*)(at + 1 < end ? at + 2 : url->s);
  for (at = host.s; at < end && *at != '/' && *at != '?' && *at != '#'; at++) {
  }
  host.len = (int)(at - host.s);
  return host;
}

static entry_t* add(const str* url) {
  entry_t* entry;
  entry_t** bucket;
  if (store->entries >= store->limits.certificates && evict_one(NULL) < 0) return NULL;
  if (make_room(sizeof(*entry) + (unsigned long)url->len, NULL) < 0) return NULL;
  entry = shm_malloc(sizeof(*entry) + url->len);
  if (entry == NULL) return NULL;
  memset(entry, 0, sizeof(*entry));
  entry->url.s = (char*)(entry + 1);
  entry->url.len = url->len;
  memcpy(entry->url.s, url->s, url->len);
  entry->host = host_of(&entry->url);
  entry->host_hash = get_hash1_raw(entry->host.s, entry->host.len);
  bucket = bucket_of(url);
  entry->next = *bucket;
  *bucket = entry;
  store->entries++;
  store->bytes += bytes_of(entry);
  return entry;
}

/* What an entry is worth now. */
static cv_state_t state_of(const entry_t* entry, int64_t now) {
  const cv_answer_t* answer = &entry->answer;
  if (answer->state == CV_READY && now >= answer->stale_until) return CV_ABSENT;
  if (answer->state == CV_FAILED && now >= answer->until) return CV_ABSENT;
  return answer->state;
}

cv_state_t cv_store_get(const str* url, cv_answer_t* answer) {
  static char* copy = NULL;
  static int size = 0;
  entry_t* entry;
  memset(answer, 0, sizeof(*answer));
  lock_get(&store->lock);
  entry = find(url);
  if (entry != NULL) {
    entry->used_at = cv_now_ms();
    *answer = entry->answer;
    answer->state = state_of(entry, cv_now());
    if (entry->answer.pem.s != NULL && entry->answer.pem.len > size) {
      char* larger = realloc(copy, entry->answer.pem.len);
      if (larger == NULL) {
        answer->state = CV_ABSENT;
      } else {
        copy = larger;
        size = entry->answer.pem.len;
      }
    }
    if (entry->answer.pem.s != NULL && answer->state != CV_ABSENT)
      memcpy(copy, entry->answer.pem.s, entry->answer.pem.len);
    answer->pem.s = copy;
  }
  lock_release(&store->lock);
  return answer->state;
}

static int is_same_host(const entry_t* a, const entry_t* b) {
  return a->host_hash == b->host_hash && a->host.len == b->host.len &&
         memcmp(a->host.s, b->host.s, a->host.len) == 0;
}

/* Any host gives a certificate; only one that a trusted CA made verifies a call. */
static int is_known_host(const str* url) {
  const entry_t* entry;
  entry_t wanted = {.host = host_of(url)};
  int i;
  wanted.host_hash = get_hash1_raw(wanted.host.s, wanted.host.len);
  for (i = 0; i < BUCKETS; i++) {
    for (entry = store->buckets[i]; entry != NULL; entry = entry->next) {
      if (entry->verified && is_same_host(entry, &wanted)) return 1;
    }
  }
  return 0;
}

/* One that is in use stays in use while it is fetched anew. */
static void enqueue(entry_t* entry) {
  entry->host_is_known = is_known_host(&entry->url);
  if (state_of(entry, cv_now()) != CV_READY) entry->answer.state = CV_FETCHING;
  entry->used_at = cv_now_ms();
  entry->in_flight = 1;
  entry->next_queued = NULL;
  if (store->queue_tail != NULL)
    store->queue_tail->next_queued = entry;
  else
    store->queue_head = entry;
  store->queue_tail = entry;
  store->fetching++;
  store->unknown += !entry->host_is_known;
}

static void wake_fetcher(void) {
  /* A full pipe wakes it as well. */
  if (write(store->wake[1], "w", 1) < 0) LM_DBG("the fetcher has enough to wake up for\n");
}

static int is_there(const str* url, int64_t now) {
  const entry_t* entry = find(url);
  cv_state_t state = entry == NULL ? CV_ABSENT : state_of(entry, now);
  return state == CV_READY || state == CV_FAILED;
}

/* For so many fetches more, of which `unknown` are of hosts that are not known: these leave a
 * quarter of the queue to the others. */
static int has_queue_room(int urls, int unknown) {
  int queued = store->limits.queued;
  return store->fetching + urls <= queued &&
         (unknown == 0 || store->unknown + unknown <= queued - queued / 4);
}

static int add_waiter(const str* url, cv_call_t* call) {
  entry_t* entry = find(url);
  waiter_t* waiter;
  if (entry == NULL && (entry = add(url)) == NULL) return -1;
  waiter = shm_malloc(sizeof(*waiter));
  if (waiter == NULL) return -1;
  if (!entry->in_flight) enqueue(entry);
  waiter->call = call;
  waiter->next = entry->waiters;
  entry->waiters = waiter;
  call->pending++;
  return 0;
}

/* Takes `call` out of all entries. */
static void remove_waiters(const cv_call_t* call) {
  int i;
  entry_t* entry;
  for (i = 0; i < BUCKETS; i++) {
    for (entry = store->buckets[i]; entry != NULL; entry = entry->next) {
      waiter_t** link = &entry->waiters;
      while (*link != NULL) {
        waiter_t* waiter = *link;
        if (waiter->call == call) {
          *link = waiter->next;
          shm_free(waiter);
        } else {
          link = &waiter->next;
        }
      }
    }
  }
}

/* The first of `urls` that are absent, as many as a call may have fetched, into `waited`. */
static int absent_ones(const str* urls, int count, const str** waited) {
  int64_t now = cv_now();
  int i, absent = 0;
  for (i = 0; i < count && absent < CV_WAIT_MAX; i++) {
    entry_t* entry = find(&urls[i]);
    if (entry != NULL) entry->used_at = cv_now_ms(); /* it must stay until the call goes on */
    if (!is_there(&urls[i], now)) waited[absent++] = &urls[i];
  }
  return absent;
}

static cv_wait_t wait_locked(const str* urls, int missing, int count, const cv_call_t* call) {
  const str* waited[CV_WAIT_MAX];
  int i, absent, unqueued = 0, unknown = 0;
  cv_call_t* kept;
  if (absent_ones(urls, missing, waited) == 0) return CV_NO_NEED;
  absent = absent_ones(urls, count, waited);
  for (i = 0; i < absent; i++) {
    const entry_t* entry = find(waited[i]);
    if (entry != NULL && entry->in_flight) continue;
    unqueued++;
    unknown += !is_known_host(waited[i]);
  }
  if (store->suspended >= store->limits.suspended || !has_queue_room(unqueued, unknown) ||
      (kept = shm_malloc(sizeof(*kept))) == NULL)
    return CV_BUSY;
  *kept = *call;
  kept->pending = 0;
  kept->next = NULL;
  for (i = 0; i < absent; i++) {
    if (add_waiter(waited[i], kept) < 0) {
      remove_waiters(kept);
      shm_free(kept);
      return CV_BUSY;
    }
  }
  store->suspended++;
  return CV_WAITING;
}

cv_wait_t cv_store_wait(const str* urls, int missing, int count, const cv_call_t* call) {
  cv_wait_t result;
  lock_get(&store->lock);
  result = wait_locked(urls, missing, count, call);
  lock_release(&store->lock);
  if (result == CV_WAITING) wake_fetcher();
  return result;
}

int cv_store_has_room(void) {
  int room;
  lock_get(&store->lock);
  room = store->suspended < store->limits.suspended;
  lock_release(&store->lock);
  return room;
}

static int request_locked(const str* url) {
  entry_t* entry = find(url);
  int64_t wanted_until = cv_now_ms() + REQUEST_MS;
  if (entry != NULL && entry->in_flight) {
    entry->wanted_until = wanted_until;
    return 0;
  }
  if (entry != NULL && state_of(entry, cv_now()) == CV_FAILED) return 0;
  if (!has_queue_room(1, !is_known_host(url))) return -1;
  if (entry == NULL && (entry = add(url)) == NULL) return -1;
  entry->wanted_until = wanted_until;
  enqueue(entry);
  return 0;
}

int cv_store_request(const str* url) {
  int result;
  lock_get(&store->lock);
  result = request_locked(url);
  lock_release(&store->lock);
  if (result == 0) wake_fetcher();
  return result;
}

void cv_store_note_used(const str* url, int verified) {
  entry_t* entry;
  lock_get(&store->lock);
  entry = find(url);
  if (entry != NULL) {
    entry->used_at = cv_now_ms();
    if (verified) entry->verified = 1;
  }
  lock_release(&store->lock);
}

int cv_store_wake_fd(void) {
  return store == NULL ? -1 : store->wake[0];
}

static void unqueue(entry_t* entry) {
  entry_t** link = &store->queue_head;
  entry_t* before = NULL;
  while (*link != entry) {
    before = *link;
    link = &before->next_queued;
  }
  *link = entry->next_queued;
  if (store->queue_tail == entry) store->queue_tail = before;
}

/* What no call waits for any more is not fetched: whoever sends many calls would keep others
 * waiting long after his were answered. */
static void drop_unwanted(int64_t now_ms) {
  entry_t *entry, *next;
  for (entry = store->queue_head; entry != NULL; entry = next) {
    next = entry->next_queued;
    if (entry->waiters != NULL || now_ms < entry->wanted_until) continue;
    unqueue(entry);
    entry->in_flight = 0;
    store->fetching--;
    store->unknown -= !entry->host_is_known;
    if (entry->answer.pem.s != NULL) continue; /* an old copy */
    unlink_entry(entry);
    free_entry(entry);
  }
}

static int runs_of_host(const entry_t* entry) {
  int i, runs = 0;
  for (i = 0; i < store->limits.fetches; i++) {
    runs += store->running[i] != NULL && is_same_host(store->running[i], entry);
  }
  return runs;
}

/* Known hosts come first; the others leave a quarter of the slots to
 * them. Nobody can fill the slots with the hosts of his choice, however many they are. */
static entry_t* pick(void) {
  int unknown_runs = 0, slots = store->limits.fetches, i;
  int of_host = slots < 8 ? (slots + 1) / 2 : slots / 4;
  entry_t *entry, *picked = NULL;
  for (i = 0; i < slots; i++)
    unknown_runs += store->running[i] != NULL && !store->running[i]->host_is_known;
  for (entry = store->queue_head; entry != NULL; entry = entry->next_queued) {
    if (picked != NULL && !entry->host_is_known) continue;
    if (!entry->host_is_known && slots > 1 && unknown_runs >= slots - (slots + 3) / 4) continue;
    if (runs_of_host(entry) >= of_host) continue;
    if (entry->host_is_known) return entry;
    picked = entry;
  }
  return picked;
}

static void set_running(entry_t* entry, int runs) {
  int i;
  for (i = 0; i < store->limits.fetches; i++) {
    if (store->running[i] != (runs ? NULL : entry)) continue;
    store->running[i] = runs ? entry : NULL;
    break;
  }
}

int cv_store_next(str* url) {
  entry_t* entry;
  url->s = NULL;
  lock_get(&store->lock);
  drop_unwanted(cv_now_ms());
  entry = pick();
  if (entry != NULL && (url->s = malloc(entry->url.len)) != NULL) {
    unqueue(entry);
    set_running(entry, 1);
    url->len = entry->url.len;
    memcpy(url->s, entry->url.s, entry->url.len);
  }
  lock_release(&store->lock);
  return url->s != NULL;
}

/* Keeps `answer` in `entry`; a good copy that is there survives a failure. */
static void keep(entry_t* entry, const cv_answer_t* answer) {
  char* pem = NULL;
  int64_t now = cv_now();
  int has_copy = entry->answer.pem.s != NULL && now < entry->answer.stale_until;
  if (answer->state == CV_READY && answer->pem.len <= CV_KEPT_MAX &&
      make_room((unsigned long)answer->pem.len, entry) == 0) {
    pem = shm_malloc(answer->pem.len);
    if (pem != NULL) memcpy(pem, answer->pem.s, answer->pem.len);
  }
  if (pem == NULL && has_copy) {
    entry->answer.state = CV_READY;
    entry->answer.fresh_until = now + store->limits.negative_expire;
    return;
  }
  if (entry->answer.pem.s != NULL) shm_free(entry->answer.pem.s);
  store->bytes -= bytes_of(entry);
  entry->answer = *answer;
  entry->answer.pem.s = pem;
  if (pem == NULL) entry->answer.pem.len = 0;
  store->bytes += bytes_of(entry);
  if (pem == NULL) {
    entry->answer.state = CV_FAILED;
    if (answer->state == CV_READY)
      strcpy(entry->answer.reason,
             answer->pem.len > CV_KEPT_MAX ? "fetch-too-large" : "internal-error");
    /* Busy we were ourselves. */
    entry->answer.until =
        now + (strcmp(answer->reason, "fetch-busy") == 0 ? 1 : store->limits.negative_expire);
  }
}

cv_call_t* cv_store_done(const str* url, const cv_answer_t* answer) {
  cv_call_t* calls = NULL;
  entry_t* entry;
  lock_get(&store->lock);
  entry = find(url);
  if (entry != NULL) {
    keep(entry, answer);
    entry->in_flight = 0;
    set_running(entry, 0);
    store->fetching--;
    store->unknown -= !entry->host_is_known;
    while (entry->waiters != NULL) {
      waiter_t* waiter = entry->waiters;
      cv_call_t* call = waiter->call;
      entry->waiters = waiter->next;
      shm_free(waiter);
      if (--call->pending == 0) {
        store->suspended--;
        call->next = calls;
        calls = call;
      }
    }
  }
  lock_release(&store->lock);
  return calls;
}

/* One call of which the time is over, or NULL. */
static cv_call_t* find_expired(int64_t now_ms) {
  int i;
  entry_t* entry;
  waiter_t* waiter;
  for (i = 0; i < BUCKETS; i++) {
    for (entry = store->buckets[i]; entry != NULL; entry = entry->next) {
      for (waiter = entry->waiters; waiter != NULL; waiter = waiter->next) {
        if (now_ms >= waiter->call->deadline_ms) return waiter->call;
      }
    }
  }
  return NULL;
}

cv_call_t* cv_store_expire(int64_t now_ms) {
  cv_call_t *calls = NULL, *call;
  lock_get(&store->lock);
  while (store->suspended > 0 && (call = find_expired(now_ms)) != NULL) {
    remove_waiters(call);
    store->suspended--;
    call->next = calls;
    calls = call;
  }
  drop_unwanted(now_ms);
  lock_release(&store->lock);
  return calls;
}

void cv_call_free(cv_call_t* call) {
  shm_free(call);
}

/* A second one before the fetcher saw the first: all. */
static void note_flush(const str* url) {
  int one = url->len > 0 && url->len <= (int)sizeof(store->forget_url) &&
            store->to_forget == CV_FLUSH_NONE;
  store->to_forget = one ? CV_FLUSH_ONE : CV_FLUSH_ALL;
  if (!one) return;
  memcpy(store->forget_url, url->s, url->len);
  store->forget_len = url->len;
}

int cv_store_flush(const str* url) {
  int i, removed = 0;
  lock_get(&store->lock);
  for (i = 0; i < BUCKETS; i++) {
    entry_t* entry = store->buckets[i];
    while (entry != NULL) {
      entry_t* next = entry->next;
      int named = url->len == 0 ||
                  (entry->url.len == url->len && memcmp(entry->url.s, url->s, url->len) == 0);
      if (named) removed++;
      if (named && entry->in_flight) {
        entry->answer.state = CV_FETCHING;
        entry->answer.stale_until = 0;
      } else if (named) {
        unlink_entry(entry);
        free_entry(entry);
      }
      entry = next;
    }
  }
  store->flush++;
  note_flush(url);
  lock_release(&store->lock);
  wake_fetcher();
  return removed;
}

cv_flush_t cv_store_take_flush(str* url) {
  cv_flush_t what;
  lock_get(&store->lock);
  what = store->to_forget;
  store->to_forget = CV_FLUSH_NONE;
  if (what == CV_FLUSH_ONE) {
    url->len = store->forget_len;
    url->s = malloc(store->forget_len);
    if (url->s != NULL)
      memcpy(url->s, store->forget_url, store->forget_len);
    else
      what = CV_FLUSH_ALL;
  }
  lock_release(&store->lock);
  return what;
}

static unsigned int read_generation(const unsigned int* generation) {
  return __atomic_load_n(generation, __ATOMIC_ACQUIRE);
}

unsigned int cv_trust_generation(void) {
  return read_generation(&store->trust);
}

unsigned int cv_flush_generation(void) {
  return read_generation(&store->flush);
}

unsigned int cv_reload_generation(void) {
  return read_generation(&store->reload);
}

void cv_bump_trust(void) {
  __atomic_add_fetch(&store->trust, 1, __ATOMIC_ACQ_REL);
}

void cv_bump_reload(void) {
  __atomic_add_fetch(&store->reload, 1, __ATOMIC_ACQ_REL);
  wake_fetcher();
}

typedef struct state_counts {
  cv_store_stats_t* stats;
} state_counts_t;

static void count_state(void* context, const str* url, const cv_answer_t* answer) {
  cv_store_stats_t* stats = ((state_counts_t*)context)->stats;
  (void)url;
  if (answer->state == CV_READY) stats->certificates++;
  if (answer->state == CV_FAILED) stats->failed++;
}

void cv_store_stats(cv_store_stats_t* stats) {
  state_counts_t counts = {stats};
  memset(stats, 0, sizeof(*stats));
  cv_store_each(count_state, &counts);
  lock_get(&store->lock);
  stats->fetching = store->fetching;
  stats->suspended = store->suspended;
  stats->evicted = store->evicted;
  stats->bytes = store->bytes;
  lock_release(&store->lock);
}

void cv_store_each(cv_each_f each, void* context) {
  int i;
  entry_t* entry;
  int64_t now = cv_now();
  lock_get(&store->lock);
  for (i = 0; i < BUCKETS; i++) {
    for (entry = store->buckets[i]; entry != NULL; entry = entry->next) {
      cv_answer_t answer = entry->answer;
      answer.state = state_of(entry, now);
      each(context, &entry->url, &answer);
    }
  }
  lock_release(&store->lock);
}
