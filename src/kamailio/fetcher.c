/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fetcher.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cfg/cfg_struct.h"
#include "core/dprint.h"
#include "core/kemi.h"
#include "core/script_cb.h"
#include "modules/tm/tm_load.h"
#include "stats.h"
#include "store.h"
#include "worker.h"

#define TICK_MS 50
#define MAINTAIN_S 5
#define MAINTAIN_MS 30000

extern struct tm_binds cv_tmb;

/* One download. Made and freed by the main thread; a thread of the pool has it in between. Threads
 * use malloc and the library alone: nothing of Kamailio. */
typedef struct job {
  struct job* next;
  str url;
  char* buffer;
  callvet_certificate certificate;
  callvet_error error;
  int status;
  int64_t again_ms;   /* after fetch-busy: when it is tried again, */
  int64_t give_up_ms; /* and how long */
} job_t;

typedef struct pool {
  callvet_fetcher* fetcher;
  int timeout_ms;
  int threads;
  pthread_mutex_t mutex;
  pthread_cond_t more;
  job_t *head, *tail; /* to be done */
  int done[2];        /* pipe of job pointers */
  int trust_changed;  /* atomic */
  int reload;         /* atomic: the upkeep thread shall read the files again */
} pool_t;

static pool_t pool;
static job_t* busy =
    NULL; /* jobs that are tried again: too many downloads from one host at a time */

static void fetch(job_t* job) {
  callvet_text url = {job->url.s, (size_t)job->url.len};
  job->certificate.struct_size = sizeof(job->certificate);
  job->certificate.buffer = job->buffer;
  job->certificate.buffer_size = CV_PEM_MAX;
  job->error.struct_size = sizeof(job->error);
  job->status = callvet_fetcher_fetch(pool.fetcher, url, (uint32_t)pool.timeout_ms,
                                      &job->certificate, &job->error);
}

static void* fetch_thread(void* unused) {
  for (;;) {
    job_t* job;
    pthread_mutex_lock(&pool.mutex);
    while (pool.head == NULL) pthread_cond_wait(&pool.more, &pool.mutex);
    job = pool.head;
    pool.head = job->next;
    if (pool.head == NULL) pool.tail = NULL;
    pthread_mutex_unlock(&pool.mutex);
    fetch(job);
    if (write(pool.done[1], &job, sizeof(job)) != sizeof(job))
      abort(); /* pointers are written whole or not at all; a lost one would be a hung call */
  }
  return unused;
}

/* Trust list, CRLs and certificates that end soon. */
static void* upkeep_thread(void* unused) {
  for (;;) {
    int32_t changed = 0;
    int i;
    if (__atomic_exchange_n(&pool.reload, 0, __ATOMIC_ACQ_REL)) {
      callvet_fetcher_reload(pool.fetcher, MAINTAIN_MS, NULL);
      __atomic_store_n(&pool.trust_changed, 1, __ATOMIC_RELEASE);
    }
    callvet_fetcher_maintain(pool.fetcher, MAINTAIN_MS, &changed);
    if (changed) __atomic_store_n(&pool.trust_changed, 1, __ATOMIC_RELEASE);
    for (i = 0; i < MAINTAIN_S * 10 && !__atomic_load_n(&pool.reload, __ATOMIC_ACQUIRE); i++)
      usleep(100000);
  }
  return unused;
}

/* Signals are the main thread's. */
static int start_threads(void) {
  sigset_t all, before;
  pthread_t thread;
  int i, failed = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (i = 0; i < pool.threads; i++) failed |= pthread_create(&thread, NULL, fetch_thread, NULL);
  failed |= pthread_create(&thread, NULL, upkeep_thread, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed ? -1 : 0;
}

static void submit(job_t* job) {
  job->next = NULL;
  pthread_mutex_lock(&pool.mutex);
  if (pool.tail != NULL)
    pool.tail->next = job;
  else
    pool.head = job;
  pool.tail = job;
  pthread_cond_signal(&pool.more);
  pthread_mutex_unlock(&pool.mutex);
}

static void free_job(job_t* job) {
  free(job->url.s);
  free(job->buffer);
  free(job);
}

/* Lets the calls go on; runs their routes in this process. */
static void resume(cv_call_t* calls, cv_stat_t why) {
  while (calls != NULL) {
    cv_call_t* call = calls;
    str name = {call->name, (int)strlen(call->name)};
    str event = str_init("callvet");
    int status;
    calls = call->next;
    cv_count(why);
    if (call->route != NULL)
      status = cv_tmb.t_continue(call->tindex, call->tlabel, call->route);
    else
      status = cv_tmb.t_continue_cb(call->tindex, call->tlabel, &name, &event);
    if (status != 0) cv_count(CV_STAT_GONE);
    cv_call_free(call);
  }
}

static int is_tried_again(job_t* job) {
  int64_t now = cv_now_ms();
  if (job->status != CALLVET_FAILED || strcmp(job->error.reason, "fetch-busy") != 0 ||
      now >= job->give_up_ms)
    return 0;
  job->again_ms = now + TICK_MS;
  job->next = busy;
  busy = job;
  return 1;
}

static void take_result(job_t* job) {
  cv_answer_t answer;
  cv_call_t* calls;
  if (is_tried_again(job)) return;
  memset(&answer, 0, sizeof(answer));
  cv_count(CV_STAT_FETCHES);
  if (job->status == CALLVET_OK) {
    answer.state = CV_READY;
    answer.pem.s = job->buffer;
    answer.pem.len = (int)job->certificate.size;
    answer.fetched_at = job->certificate.times.fetched_at;
    answer.fresh_until = job->certificate.times.fresh_until;
    answer.stale_until = job->certificate.times.stale_until;
    if (job->certificate.trust_changed) cv_bump_trust();
  } else {
    const char* reason = job->status == CALLVET_FAILED ? job->error.reason : "fetch-too-large";
    answer.state = CV_FAILED;
    snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
    cv_count(CV_STAT_FETCH_FAILURES);
    LM_INFO("[%.*s] cannot be had: %s: %s\n", job->url.len, job->url.s, reason, job->error.detail);
  }
  calls = cv_store_done(&job->url, &answer);
  if (calls != NULL) {
    cv_worker_hold(&job->url, &answer);
    resume(calls, CV_STAT_RESUMED);
    cv_worker_release();
  }
  free_job(job);
}

static int submit_again(int running) {
  job_t** link = &busy;
  int64_t now = cv_now_ms();
  while (running < pool.threads && *link != NULL) {
    job_t* job = *link;
    if (now < job->again_ms) {
      link = &job->next;
      continue;
    }
    *link = job->next;
    submit(job);
    running++;
  }
  return running;
}

/* Keeps the threads busy; those that find none wait in the queue of the store. Returns how many
 * are. */
static int submit_queued(int running) {
  str url;
  while (running < pool.threads && cv_store_next(&url)) {
    job_t* job = calloc(1, sizeof(*job));
    if (job != NULL && (job->buffer = malloc(CV_PEM_MAX)) != NULL) {
      job->url = url;
      job->give_up_ms = cv_now_ms() + pool.timeout_ms;
      submit(job);
      running++;
    } else {
      cv_answer_t answer = {.state = CV_FAILED, .reason = "overloaded"};
      resume(cv_store_done(&url, &answer), CV_STAT_RESUMED);
      free(job);
      free(url.s);
    }
  }
  return running;
}

static void drain(int fd) {
  char bytes[256];
  while (read(fd, bytes, sizeof(bytes)) > 0) {
  }
}

/* This process judges the calls that waited. It follows at once: the files may be unusable when the
 * next one is judged. */
static void look_at_generations(unsigned int* reload_seen, unsigned int* trust_seen) {
  unsigned int reload = cv_reload_generation(), trust = cv_trust_generation();
  if (reload != *reload_seen) {
    *reload_seen = reload;
    __atomic_store_n(&pool.reload, 1, __ATOMIC_RELEASE);
  }
  if (__atomic_exchange_n(&pool.trust_changed, 0, __ATOMIC_ACQ_REL)) cv_bump_trust();
  if (trust != *trust_seen) {
    *trust_seen = trust;
    cv_worker_catch_up();
  }
}

/* Before anything is fetched again. */
static void forget_flushed(void) {
  str url = {NULL, 0};
  callvet_text name = {NULL, 0};
  cv_flush_t what = cv_store_take_flush(&url);
  if (what == CV_FLUSH_NONE) return;
  if (what == CV_FLUSH_ONE) {
    name.data = url.s;
    name.size = (size_t)url.len;
  }
  callvet_fetcher_forget(pool.fetcher, name);
  free(url.s);
}

static int loop(void) {
  struct pollfd fds[2] = {{.fd = cv_store_wake_fd(), .events = POLLIN},
                          {.fd = pool.done[0], .events = POLLIN}};
  unsigned int reload_seen = cv_reload_generation(), trust_seen = cv_trust_generation();
  int running = 0;
  for (;;) {
    job_t* job;
    if (poll(fds, 2, TICK_MS) < 0) usleep(1000); /* a signal */
    cfg_update();
    drain(fds[0].fd);
    forget_flushed();
    if (fds[1].revents & POLLIN) {
      if (read(pool.done[0], &job, sizeof(job)) == sizeof(job)) {
        running--;
        take_result(job);
      }
    }
    running = submit_queued(submit_again(running));
    resume(cv_store_expire(cv_now_ms()), CV_STAT_EXPIRED);
    look_at_generations(&reload_seen, &trust_seen);
  }
  return -1;
}

int cv_fetcher_run(const cv_fetcher_setup_t* setup) {
  callvet_error error = {.struct_size = sizeof(error)};
  memset(&pool, 0, sizeof(pool));
  pool.timeout_ms = setup->timeout_ms;
  pool.threads = setup->threads;
  if (callvet_fetcher_create(setup->options, &pool.fetcher, &error) != CALLVET_OK) {
    LM_ERR("the fetcher cannot start: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  if (pipe(pool.done) < 0 || pthread_mutex_init(&pool.mutex, NULL) != 0 ||
      pthread_cond_init(&pool.more, NULL) != 0 || start_threads() < 0) {
    LM_ERR("the fetcher has no threads\n");
    return -1;
  }
  cv_bump_trust(); /* a trust list or CRLs may have come in */
  return loop();
}
