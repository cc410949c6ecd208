/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_WORKER_H
#define CALLVET_KAMAILIO_WORKER_H

/*
 * Judging calls in whatever process it is asked for. Each process has a verifier of its own, copied
 * at fork; certificates come from the shared table. Nothing here waits.
 */

#include <callvet/callvet.h>

#include "record.h"
#include "store.h"

/* Reads all files once, before the processes are forked. `options` and what it points at must stay.
 */
int cv_worker_init(const callvet_options* options);
void cv_worker_destroy(void);

/* What the script says of a call; empty: as the message has it. */
typedef struct cv_arguments {
  str identity, orig, dest, trunk;
  str call_id; /* for evidence */
  int64_t at;
} cv_arguments_t;

/* Of the message, or empty. */
str cv_call_id(sip_msg_t* msg);

/* What is missing after cv_judge said CV_UNDECIDED because of that; behind it, up to `all`, what
 * this process has, and another one that judges the call may not. In memory of the verdict. */
typedef struct cv_missing {
  str urls[CV_URLS_MAX];
  int count, all;
} cv_missing_t;

/* How certificates that are not in the table count. */
typedef enum cv_absent {
  CV_ABSENT_ASK,    /* they are listed in `missing` */
  CV_ABSENT_BUSY,   /* fetch-busy: there was no room to wait */
  CV_ABSENT_TIMEOUT /* fetch-timeout: it was waited for */
} cv_absent_t;

/* Judges `msg`, or if it is NULL what the arguments say alone, and fills `record`, whose texts live
 * until the next call. Never fails open: what cannot be judged is an internal error. `missing` may
 * be NULL. */
void cv_judge(sip_msg_t* msg, const cv_arguments_t* arguments, cv_absent_t absent,
              cv_record_t* record, cv_missing_t* missing);

/* The same for a request that is not judged, of which `record` says only what the policy of the
 * trunk removes. */
void cv_judge_nothing(const cv_arguments_t* arguments, cv_record_t* record);

/* Hands over the evidence of the call that cv_judge judged last, whose `record` this is: call it
 * once for each verdict that stands. Where it cannot be kept and calls are refused for that,
 * `record` becomes the refusal. */
void cv_keep(cv_record_t* record);

/* The record of the call that is processed, judged now if it was waited for. 0, or -1: it was not
 * checked. */
int cv_current(sip_msg_t* msg, cv_record_t* record);

/* Takes over what other processes changed: trust and policy, flags, certificates that were thrown
 * away. As long as trust and policy cannot be read, no call passes in this process. */
void cv_worker_catch_up(void);

/* A certificate that came for `url` is put into the verifier of this process, and stays there
 * through a flush until cv_worker_release: for the calls that waited for it, which are judged in
 * between. */
void cv_worker_hold(const str* url, const cv_answer_t* answer);
void cv_worker_release(void);

/* Whether the files that a reload would read can be used: reads them. The reason is in `error`. */
int cv_worker_try_reload(callvet_error* error);

/* Writes what `record` says into `identity`. `*size`: in: room, out: bytes. 0, or -1. */
int cv_mark(const cv_record_t* record, int into, const str* identity, char* buffer, int* size);

#endif
