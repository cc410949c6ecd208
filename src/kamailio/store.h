/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_STORE_H
#define CALLVET_KAMAILIO_STORE_H

/*
 * What all processes share: certificates by URL, calls that wait for one, and the generations that
 * tell workers that something has changed. In shared memory, under one lock that is held for table
 * work only.
 */

#include <stdint.h>

#include "core/str.h"

struct action;

#define CV_PEM_MAX (1024 * 1024)
#define CV_URLS_MAX 8           /* of one call that are looked up */
#define CV_WAIT_MAX 2           /* of these those that it may have fetched */
#define CV_KEPT_MAX (16 * 1024) /* bytes of a document; a chain has 2 to 6 kB */
#define CV_REASON_MAX 64
#define CV_ROUTE_MAX 64

typedef struct cv_limits {
  int certificates;    /* entries of the table */
  int suspended;       /* calls that wait */
  int queued;          /* fetches that wait or run */
  int negative_expire; /* seconds for which a failure stands */
  int fetches;         /* at a time */
  unsigned long bytes; /* of shared memory for the table */
} cv_limits_t;

typedef enum cv_state {
  CV_ABSENT,   /* nobody knows it */
  CV_FETCHING, /* it is waited for */
  CV_READY,
  CV_FAILED
} cv_state_t;

/* What the table says of one URL. */
typedef struct cv_answer {
  cv_state_t state;
  str pem; /* CV_READY: in memory of this process, until the next cv_store_get */
  int64_t fetched_at, fresh_until, stale_until;
  char reason[CV_REASON_MAX]; /* CV_FAILED */
  int64_t until;              /* CV_FAILED */
} cv_answer_t;

/* A call that waits. */
typedef struct cv_call {
  unsigned int tindex, tlabel;
  struct action* route;    /* native script, or NULL */
  char name[CV_ROUTE_MAX]; /* of the route; of the function in KEMI scripts */
  int64_t deadline_ms;     /* cv_now_ms */
  int pending;             /* URLs that are not there yet */
  struct cv_call* next;    /* in the list of cv_store_done and cv_store_expire */
} cv_call_t;

typedef enum cv_wait { CV_WAITING, CV_NO_NEED, CV_BUSY } cv_wait_t;

int cv_store_init(const cv_limits_t* limits);
void cv_store_destroy(void);

/* Milliseconds of the monotonic clock. */
int64_t cv_now_ms(void);
/* Seconds since 1970 by the clock of the library. time() is up to some milliseconds behind it, so
 * that what has just ended there would still be good here. */
int64_t cv_now(void);

cv_state_t cv_store_get(const str* url, cv_answer_t* answer);

/* Makes `call` (copied) wait for the first CV_WAIT_MAX of `urls` that are not there, which are
 * queued for fetching: one fetch for all that wait. The first `missing` are those that the caller
 * lacks, the others it has. CV_NO_NEED: what is missing is there. CV_BUSY: it would be over a
 * limit; nothing is done. */
cv_wait_t cv_store_wait(const str* urls, int missing, int count, const cv_call_t* call);
/* Whether one more call could wait. */
int cv_store_has_room(void);
/* Queues a fetch that nobody waits for; it is forgotten if its turn does not come within half a
 * minute. 0, or -1 over the limit. */
int cv_store_request(const str* url);

/* The certificate of `url` was used, so that others are pushed out first; where it verified a call,
 * its host is known. */
void cv_store_note_used(const str* url, int verified);

/* For the fetcher. The next URL to fetch, cloned into `url` (malloc), or 0. Known hosts come first,
 * and no host has more than a quarter of the fetches at a time. */
int cv_store_next(str* url);
/* Reads what woke the fetcher; -1 without fetcher. */
int cv_store_wake_fd(void);
/* Keeps what came of a fetch, and gives the calls (shm, owned by the caller) that need wait no
 * longer. */
cv_call_t* cv_store_done(const str* url, const cv_answer_t* answer);
/* The calls whose time is over. */
cv_call_t* cv_store_expire(int64_t now_ms);
void cv_call_free(cv_call_t* call);

/* Removes one URL, or all if it is empty, also from the workers and the fetcher. Says how many. */
int cv_store_flush(const str* url);
/* For the fetcher: what it shall forget, too. CV_FLUSH_ONE: the URL is in `url` (malloc). */
typedef enum cv_flush { CV_FLUSH_NONE, CV_FLUSH_ONE, CV_FLUSH_ALL } cv_flush_t;
cv_flush_t cv_store_take_flush(str* url);

/* Generations: workers compare them with what they saw last. */
unsigned int cv_trust_generation(void);
unsigned int cv_flush_generation(void);
unsigned int cv_reload_generation(void); /* asked for by RPC; the fetcher reads its files again */
void cv_bump_trust(void);
void cv_bump_reload(void);

typedef struct cv_store_stats {
  int certificates, failed, fetching, suspended;
  unsigned long evicted, bytes;
} cv_store_stats_t;
void cv_store_stats(cv_store_stats_t* stats);

/* Calls `each` for every entry, under the lock; it must not block. */
typedef void (*cv_each_f)(void* context, const str* url, const cv_answer_t* answer);
void cv_store_each(cv_each_f each, void* context);

#endif
