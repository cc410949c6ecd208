/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_RECORD_H
#define CALLVET_KAMAILIO_RECORD_H

/*
 * What is known of one call: kept in the XAVP "callvet", which travels with the transaction, so
 * that it is right in every route and every process.
 */

#include <callvet/callvet.h>
#include <stdint.h>

#include "core/parser/msg_parser.h"
#include "core/str.h"

#define CV_LISTS_SIZE 65536 /* bytes of all lists of a record */

/* What the functions return to the script; see README. */
enum {
  CV_VERIFIED = 1,
  CV_STOP = 0,
  CV_NOT_VERIFIED = -1,
  CV_UNDECIDED = -2,
  CV_UNSIGNED = -3,
  CV_ERROR = -4
};

typedef enum cv_field {
  CVF_VERSTAT,
  CVF_REASON,
  CVF_PHRASE,
  CVF_ATTEST,
  CVF_ORIG,
  CVF_DEST,
  CVF_ORIGID,
  CVF_SPC,
  CVF_SUBJECT,
  CVF_X5U,
  CVF_PPT,
  CVF_ACTION_REASON,
  CVF_REPLY_PHRASE,
  CVF_MARK,
  CVF_CHECKS,
  CVF_DETAIL,
  CVF_EVIDENCE_ID,
  /* What the script gave; needed again after a wait. */
  CVF_ARG_ORIG,
  CVF_ARG_DEST,
  CVF_ARG_TRUNK,
  /* Lists, divided by CV_DIVIDER. */
  CVF_REPLY_HEADERS,
  CVF_STRIP_HEADERS,
  CVF_MARK_IDENTITIES,
  CVF_COUNT
} cv_field_t;
#define CV_DIVIDER '\001'

typedef struct cv_record {
  int pending; /* the call waits, or waited: judge it when somebody asks */
  int result;  /* CV_VERIFIED, ... */
  int reason_class, sip_code, action, reply_code, mark_header, mark_place;
  int64_t iat, age, time_us, deadline_ms;
  str fields[CVF_COUNT]; /* into the XAVP, or wherever it was filled from */
} cv_record_t;

/* Fills `record` from `verdict`, whose texts it uses. Lists go into `lists`, of `size` bytes. -1 if
 * they do not fit. */
int cv_record_fill(cv_record_t* record, const callvet_verdict* verdict, char* lists, int size);
/* The verdict "internal-error", which rejects. */
void cv_record_fail(cv_record_t* record);

/* Keeps `record` with the message that is processed. -1 without memory: then there is none. */
int cv_record_save(const cv_record_t* record);
/* What was kept. 0, or -1. */
int cv_record_load(cv_record_t* record);

/* The same for the verdict on a value that is no request's (callvet_check_value): the variables
 * show it until the next check, but nothing is done with the request because of it. */
int cv_record_save_value(const cv_record_t* record);
int cv_record_load_value(cv_record_t* record);

/* Element `index` of a list; 0, or -1 behind the last. */
int cv_list_at(const str* list, int index, str* element);

#endif
