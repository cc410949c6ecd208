/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_POOLS_H
#define CALLVET_KAMAILIO_POOLS_H

/*
 * Sources whose callers rotate. The processes that judge put a note of each call into a ring; one
 * process of the module counts for all, alone or with others through Redis, and publishes what is
 * flagged in memory that all share. No SIP worker waits.
 */

#include <callvet/callvet.h>

#define CV_NOTE_MAX 16384

/* Reads what `options` (which must stay) says of pools, and makes ring and memory. Before the fork.
 * 0, also if calls are not counted; -1, which is logged. */
int cv_pools_init(const callvet_options* options);
void cv_pools_destroy(void);
int cv_pools_are_counted(void);

/* Notes the call that `result` was used for last. */
void cv_pools_note(const callvet_result* result, const char* evidence_id);
/* Tells `verifier`, this process's, what is flagged, if that changed. */
void cv_pools_catch_up(callvet_verifier* verifier);
/* Calls `each` for what is flagged. */
int cv_pools_each(callvet_flag_function each, void* context);
/* Asks for the end of a flag. 0; -1, with the reason in `error`. */
int cv_pools_release(const callvet_pool_release* release, callvet_error* error);

/* The process that counts. Returns 0 after SIGTERM or SIGINT; -1 if it cannot start. */
int cv_pools_run(void);

/* What the process said last. */
typedef struct cv_pools_stats {
  unsigned long waiting; /* notes in the ring */
  unsigned long counted, sources, kbytes, flagged, shared, not_shared;
  int share_failing;
} cv_pools_stats_t;
void cv_pools_stats(cv_pools_stats_t* stats);

#endif
