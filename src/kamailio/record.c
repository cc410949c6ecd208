/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "core/dprint.h"
#include "core/xavp.h"

static str xavp_name = str_init("callvet");
static str value_name = str_init("callvet_value");

static int result_of(const callvet_verdict* verdict) {
  switch (verdict->reason_class) {
    case CALLVET_VERIFIED:
      return CV_VERIFIED;
    case CALLVET_UNSIGNED:
      return CV_UNSIGNED;
    case CALLVET_REFUSED:
    case CALLVET_INPUT:
      return CV_NOT_VERIFIED;
    case CALLVET_UNDECIDED:
    case CALLVET_POLICY:
      return CV_UNDECIDED;
  }
  return CV_ERROR;
}

static void set(cv_record_t* record, cv_field_t field, callvet_text text) {
  record->fields[field].s = (char*)text.data;
  record->fields[field].len = (int)text.size;
}

static void set_literal(cv_record_t* record, cv_field_t field, char* text) {
  record->fields[field].s = text;
  record->fields[field].len = (int)strlen(text);
}

/* Appends `texts` to what is used of `lists`. */
static int set_list(cv_record_t* record, cv_field_t field, callvet_texts texts, char* lists,
                    int size, int* used) {
  size_t i;
  int begin = *used;
  for (i = 0; i < texts.count; i++) {
    const callvet_text* text = &texts.items[i];
    if (text->size >= (size_t)(size - *used)) return -1;
    if (i > 0) lists[(*used)++] = CV_DIVIDER;
    memcpy(lists + *used, text->data, text->size);
    *used += (int)text->size;
  }
  record->fields[field].s = lists + begin;
  record->fields[field].len = *used - begin;
  return 0;
}

int cv_record_fill(cv_record_t* record, const callvet_verdict* verdict, char* lists, int size) {
  int used = 0;
  record->pending = 0;
  record->result = result_of(verdict);
  record->reason_class = verdict->reason_class;
  record->sip_code = verdict->sip_code;
  record->action = verdict->action;
  /* A request that others may read differently does not go on, whatever the mode is. */
  if (verdict->reason_class == CALLVET_INPUT) record->action = CALLVET_REJECT;
  record->reply_code = verdict->reply_code;
  record->mark_header = verdict->mark.header;
  record->mark_place = verdict->mark.place;
  record->iat = verdict->iat;
  record->age = verdict->age;
  record->time_us = (int64_t)verdict->time_us;
  set(record, CVF_VERSTAT, verdict->verstat);
  set(record, CVF_REASON, verdict->reason);
  set(record, CVF_PHRASE, verdict->phrase);
  set(record, CVF_ATTEST, verdict->attest);
  set(record, CVF_ORIG, verdict->orig);
  set(record, CVF_DEST, verdict->dest);
  set(record, CVF_ORIGID, verdict->origid);
  set(record, CVF_SPC, verdict->spc);
  set(record, CVF_SUBJECT, verdict->subject);
  set(record, CVF_X5U, verdict->x5u);
  set(record, CVF_PPT, verdict->ppt);
  set(record, CVF_ACTION_REASON, verdict->action_reason);
  set(record, CVF_REPLY_PHRASE, verdict->reply_phrase);
  set(record, CVF_MARK, verdict->mark.value);
  set(record, CVF_CHECKS, verdict->checks);
  set(record, CVF_DETAIL, verdict->detail);
  return set_list(record, CVF_REPLY_HEADERS, verdict->reply_headers, lists, size, &used) < 0 ||
                 set_list(record, CVF_STRIP_HEADERS, verdict->strip_headers, lists, size, &used) <
                     0 ||
                 set_list(record, CVF_MARK_IDENTITIES, verdict->mark.identities, lists, size,
                          &used) < 0
             ? -1
             : 0;
}

void cv_record_fail(cv_record_t* record) {
  int i;
  for (i = 0; i < CVF_ARG_ORIG; i++) record->fields[i].len = 0;
  for (i = CVF_REPLY_HEADERS; i < CVF_COUNT; i++) record->fields[i].len = 0;
  record->pending = 0;
  record->result = CV_ERROR;
  record->reason_class = CALLVET_UNDECIDED;
  record->action = CALLVET_REJECT;
  record->sip_code = record->reply_code = 500;
  record->iat = -1;
  record->age = 0;
  set_literal(record, CVF_VERSTAT, "No-TN-Validation");
  set_literal(record, CVF_REASON, "internal-error");
  set_literal(record, CVF_PHRASE, "Server Internal Error");
  set_literal(record, CVF_ACTION_REASON, "internal-error");
  set_literal(record, CVF_REPLY_PHRASE, "Server Internal Error");
}

/* Room for `size` bytes until the next call, or NULL. Of the C library: Kamailio's own allocator
 * looks through all its lists of free memory for each piece. */
static char* room_of(int size) {
  static char* room = NULL;
  static int has = 0;
  if (size > has) {
    char* larger = realloc(room, size);
    if (larger == NULL) return NULL;
    room = larger;
    has = size;
  }
  return room;
}

/* The record, then the texts of its fields one behind the other. */
static int save(const cv_record_t* record, str* name) {
  cv_record_t head = *record;
  sr_xval_t value;
  char* blob;
  int i, size = sizeof(head);
  for (i = 0; i < CVF_COUNT; i++) size += record->fields[i].len;
  blob = room_of(size);
  if (blob == NULL) {
    LM_ERR("no memory for the verdict of a call\n");
    xavp_rm_by_name(name, 1, NULL);
    return -1;
  }
  size = sizeof(head);
  for (i = 0; i < CVF_COUNT; i++) {
    if (head.fields[i].len > 0) memcpy(blob + size, record->fields[i].s, record->fields[i].len);
    size += head.fields[i].len;
    head.fields[i].s = NULL;
  }
  memcpy(blob, &head, sizeof(head));
  memset(&value, 0, sizeof(value));
  value.type = SR_XTYPE_STR;
  value.v.s.s = blob;
  value.v.s.len = size;
  xavp_rm_by_name(name, 1, NULL); /* only now: texts of the record may be in it */
  if (xavp_add_value(name, &value, NULL) == NULL) {
    LM_ERR("no shared memory for the verdict of a call\n");
    return -1;
  }
  return 0;
}

int cv_record_save(const cv_record_t* record) {
  xavp_rm_by_name(&value_name, 1, NULL);
  return save(record, &xavp_name);
}

int cv_record_save_value(const cv_record_t* record) {
  return save(record, &value_name);
}

static int load(cv_record_t* record, str* name) {
  const sr_xavp_t* kept = xavp_get(name, NULL);
  char* at;
  int i, left;
  if (kept == NULL || kept->val.type != SR_XTYPE_STR || kept->val.v.s.len < (int)sizeof(*record))
    return -1;
  memcpy(record, kept->val.v.s.s, sizeof(*record));
  at = kept->val.v.s.s + sizeof(*record);
  left = kept->val.v.s.len - (int)sizeof(*record);
  for (i = 0; i < CVF_COUNT; i++) {
    /* A script may write this XAVP; it must not make us read too far. */
    if (record->fields[i].len < 0 || record->fields[i].len > left) return -1;
    record->fields[i].s = at;
    at += record->fields[i].len;
    left -= record->fields[i].len;
  }
  return 0;
}

int cv_record_load(cv_record_t* record) {
  return load(record, &xavp_name);
}

int cv_record_load_value(cv_record_t* record) {
  return load(record, &value_name);
}

int cv_list_at(const str* list, int index, str* element) {
  const char* at = list->s;
  const char* end = list->s + list->len;
  if (list->len <= 0) return -1;
  for (;;) {
    const char* divider = memchr(at, CV_DIVIDER, end - at);
    element->s = (char*)at;
    element->len = (int)((divider == NULL ? end : divider) - at);
    if (index-- == 0) return 0;
    if (divider == NULL) return -1;
    at = divider + 1;
  }
}
