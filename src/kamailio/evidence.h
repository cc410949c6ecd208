/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_EVIDENCE_H
#define CALLVET_KAMAILIO_EVIDENCE_H

/*
 * What is kept of each call. The process that judges packs it and puts it into a ring in shared
 * memory; one process of the module takes it out and writes. No SIP worker waits for a disk. If the
 * process dies, Kamailio ends (as with any of its processes).
 */

#include <callvet/callvet.h>

/* Reads what `options` (which must stay) says of evidence, and makes the ring of `queue_kib` KiB.
 * Before the fork. 0, also if none is kept; -1, which is logged. */
int cv_evidence_init(const callvet_options* options, int queue_kib);
void cv_evidence_destroy(void);
int cv_evidence_is_kept(void);

typedef enum cv_kept {
  CV_KEPT,   /* its record is on its way; or no evidence is kept */
  CV_LOST,   /* it cannot be kept, and the call goes on; counted */
  CV_REFUSED /* it cannot be kept, and the call may not go on */
} cv_kept_t;

#define CV_EVIDENCE_ID_MAX 64

/* Hands over the evidence of the call that `result` was used for last. Its id, or "", into `id`. */
cv_kept_t cv_evidence_keep(const callvet_result* result, char id[CV_EVIDENCE_ID_MAX]);

/* Hands over a package that was made elsewhere. 0, or -1: there is no room. */
int cv_evidence_put(callvet_text package);

/* The process that writes. Returns 0 after SIGTERM or SIGINT, when all that was handed over is
 * written; -1 if it cannot start. */
int cv_evidence_run(void);

/* What the process said last. */
typedef struct cv_evidence_stats {
  unsigned long waiting; /* packages in the ring */
  unsigned long stored, spilled, store_failures, unusable, queued;
  unsigned long spill_kib;
  int failing;
} cv_evidence_stats_t;
void cv_evidence_stats(cv_evidence_stats_t* stats);

#endif
