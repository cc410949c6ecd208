/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_STATS_H
#define CALLVET_KAMAILIO_STATS_H

#include "record.h"

/* The module's statistics, group "callvet". */
typedef enum cv_stat {
  CV_STAT_CHECKED, /* calls that got a verdict */
  CV_STAT_VERIFIED,
  CV_STAT_FAILED,    /* refused, or unreadable */
  CV_STAT_UNDECIDED, /* a certificate or something else could not be had */
  CV_STAT_UNSIGNED,
  CV_STAT_REJECTED,  /* by the policy */
  CV_STAT_SUSPENDED, /* calls that waited for a certificate */
  CV_STAT_RESUMED,
  CV_STAT_EXPIRED, /* of these, those whose time was over */
  CV_STAT_GONE,    /* of these, those whose caller had hung up */
  CV_STAT_BUSY,    /* calls that there was no room to wait for */
  CV_STAT_FETCHES,
  CV_STAT_FETCH_FAILURES,
  CV_STAT_TABLE_HITS, /* certificates that a process took from the shared table */
  CV_STAT_RELOADS,
  CV_STAT_EVIDENCE,         /* calls whose evidence was handed over */
  CV_STAT_EVIDENCE_REFUSED, /* calls that were refused, because it could not be */
  CV_STAT_EVIDENCE_LOST,    /* calls that went on without it */
  CV_STAT_DISAGREEMENTS,    /* processes whose arithmetic and OpenSSL disagreed */
  CV_STAT_POOL_LOST,        /* calls that were not counted by their sources: too many at once */
  CV_STAT_COUNT
} cv_stat_t;

int cv_stats_init(void);
void cv_count(cv_stat_t stat);
/* Counts a verdict. */
void cv_count_record(const cv_record_t* record);
const char* cv_stat_name(cv_stat_t stat);
unsigned long cv_stat_value(cv_stat_t stat);

#endif
