/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pv.h"

#include <ctype.h>
#include <string.h>

#include "apply.h"
#include "worker.h"

/* An answer has it plain and escaped, four times as long, and headers of the request: more would
 * not go into a packet. */
#define PAI_MAX 12288
#define PAI_MIN 256
#define ANSWER_MAX 65000

static int pai_room(const sip_msg_t* msg) {
  int room = (ANSWER_MAX - (int)msg->len) / 4;
  if (room > PAI_MAX) return PAI_MAX;
  return room < PAI_MIN ? PAI_MIN : room;
}

typedef enum cv_special {
  CV_PV_FIELD,
  CV_PV_NUMBER,
  CV_PV_CLASS,
  CV_PV_ACTION,
  CV_PV_PAI
} cv_special_t;

typedef struct cv_pv_name {
  const char* name;
  cv_special_t kind;
  int which; /* field, or number below */
} cv_pv_name_t;

enum { NUMBER_CODE, NUMBER_REPLY, NUMBER_RESULT, NUMBER_IAT, NUMBER_AGE, NUMBER_TIME };

static const cv_pv_name_t names[] = {
    {"verstat", CV_PV_FIELD, CVF_VERSTAT},
    {"reason", CV_PV_FIELD, CVF_REASON},
    {"phrase", CV_PV_FIELD, CVF_REPLY_PHRASE},
    {"attest", CV_PV_FIELD, CVF_ATTEST},
    {"orig", CV_PV_FIELD, CVF_ORIG},
    {"dest", CV_PV_FIELD, CVF_DEST},
    {"origid", CV_PV_FIELD, CVF_ORIGID},
    {"spc", CV_PV_FIELD, CVF_SPC},
    {"subject", CV_PV_FIELD, CVF_SUBJECT},
    {"x5u", CV_PV_FIELD, CVF_X5U},
    {"ppt", CV_PV_FIELD, CVF_PPT},
    {"action_reason", CV_PV_FIELD, CVF_ACTION_REASON},
    {"checks", CV_PV_FIELD, CVF_CHECKS},
    {"detail", CV_PV_FIELD, CVF_DETAIL},
    {"evidence_id", CV_PV_FIELD, CVF_EVIDENCE_ID},
    {"reason_header", CV_PV_FIELD, CVF_REPLY_HEADERS},
    {"code", CV_PV_NUMBER, NUMBER_REPLY},
    {"verdict_code", CV_PV_NUMBER, NUMBER_CODE},
    {"result", CV_PV_NUMBER, NUMBER_RESULT},
    {"iat", CV_PV_NUMBER, NUMBER_IAT},
    {"age", CV_PV_NUMBER, NUMBER_AGE},
    {"time_us", CV_PV_NUMBER, NUMBER_TIME},
    {"class", CV_PV_CLASS, 0},
    {"action", CV_PV_ACTION, 0},
    {"pai", CV_PV_PAI, 0},
    {"pai_escaped", CV_PV_PAI, 1},
};

static int parse_name(pv_spec_t* spec, str* in) {
  size_t i;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (in->len == (int)strlen(names[i].name) && memcmp(in->s, names[i].name, in->len) == 0) {
      spec->pvp.pvn.type = PV_NAME_INTSTR;
      spec->pvp.pvn.u.isname.type = 0;
      spec->pvp.pvn.u.isname.name.n = (int)i;
      return 0;
    }
  }
  LM_ERR("there is no $callvet(%.*s)\n", in->len, in->s);
  return -1;
}

static int64_t number_of(const cv_record_t* record, int which) {
  switch (which) {
    case NUMBER_CODE:
      return record->sip_code;
    case NUMBER_REPLY:
      return record->reply_code;
    case NUMBER_RESULT:
      return record->result;
    case NUMBER_IAT:
      return record->iat;
    case NUMBER_AGE:
      return record->age;
    default:
      return record->time_us;
  }
}

static const char* class_of(const cv_record_t* record) {
  static const char* const classes[] = {"verified",  "unsigned", "refused",
                                        "undecided", "policy",   "input"};
  int which = record->reason_class;
  return which >= 0 && which < 6 ? classes[which] : "undecided";
}

static const char* action_of(const cv_record_t* record) {
  return record->action == CALLVET_PASS ? "pass" : record->action == CALLVET_TAG ? "tag" : "reject";
}

static int give_text(sip_msg_t* msg, pv_param_t* param, pv_value_t* value, const char* text) {
  str result = {(char*)text, (int)strlen(text)};
  return pv_get_strval(msg, param, value, &result);
}

/* The first of a list: there is more than one Reason only with several PASSporTs. */
static int give_first(sip_msg_t* msg, pv_param_t* param, pv_value_t* value, const str* list) {
  str first;
  if (cv_list_at(list, 0, &first) < 0) return pv_get_null(msg, param, value);
  return pv_get_strval(msg, param, value, &first);
}

/* As the value of a header in a URI (RFC 3261 25.1, hvalue): all that could end it is escaped. */
static int escape(const str* text, char* buffer, int size) {
  static const char kept[] = "-_.!~*'()[]/:+$";
  static const char digits[] = "0123456789ABCDEF";
  int i, used = 0;
  for (i = 0; i < text->len; i++) {
    unsigned char c = (unsigned char)text->s[i];
    if (used + 3 > size) return -1;
    if (isalnum(c) || (c != '\0' && strchr(kept, c) != NULL)) {
      buffer[used++] = (char)c;
    } else {
      buffer[used++] = '%';
      buffer[used++] = digits[c >> 4];
      buffer[used++] = digits[c & 15];
    }
  }
  return used;
}

static int give_identity(sip_msg_t* msg, pv_param_t* param, pv_value_t* value,
                         const cv_record_t* record, int escaped) {
  static char text[PAI_MAX], escaped_text[3 * PAI_MAX];
  str result = {text, pai_room(msg)};
  if (cv_marked_identity(msg, record, text, &result.len) < 0) return pv_get_null(msg, param, value);
  if (escaped) {
    int len = escape(&result, escaped_text, sizeof(escaped_text));
    if (len < 0) return pv_get_null(msg, param, value);
    result.s = escaped_text;
    result.len = len;
  }
  return pv_get_strval(msg, param, value, &result);
}

static int get_value(sip_msg_t* msg, pv_param_t* param, pv_value_t* value) {
  const cv_pv_name_t* name = &names[param->pvn.u.isname.name.n];
  cv_record_t record;
  if (msg == NULL) return pv_get_null(msg, param, value);
  if ((name->kind == CV_PV_PAI || cv_record_load_value(&record) < 0) &&
      cv_current(msg, &record) < 0)
    return pv_get_null(msg, param, value);
  switch (name->kind) {
    case CV_PV_FIELD:
      if (name->which == CVF_REPLY_HEADERS)
        return give_first(msg, param, value, &record.fields[CVF_REPLY_HEADERS]);
      if (record.fields[name->which].len == 0) return pv_get_null(msg, param, value);
      return pv_get_strval(msg, param, value, &record.fields[name->which]);
    case CV_PV_NUMBER:
      if ((name->which == NUMBER_IAT || name->which == NUMBER_AGE) && record.iat < 0)
        return pv_get_null(msg, param, value);
      return pv_get_sintval(msg, param, value, (int)number_of(&record, name->which));
    case CV_PV_CLASS:
      return give_text(msg, param, value, class_of(&record));
    case CV_PV_ACTION:
      return give_text(msg, param, value, action_of(&record));
    case CV_PV_PAI:
      return give_identity(msg, param, value, &record, name->which);
  }
  return pv_get_null(msg, param, value);
}

pv_export_t cv_pvs[] = {
    {{"callvet", sizeof("callvet") - 1}, PVT_OTHER, get_value, 0, parse_name, 0, 0, 0},
    {{0, 0}, 0, 0, 0, 0, 0, 0, 0},
};
