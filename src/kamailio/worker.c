/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <string.h>
#include <time.h>

#include "core/dprint.h"
#include "core/mem/mem.h"
#include "evidence.h"
#include "pools.h"
#include "stats.h"

#define ROUNDS 4 /* of putting what is in the table and verifying again */

static callvet_verifier* verifier = NULL;
static callvet_result* result = NULL;
static unsigned int trust_seen = 0, flush_seen = 0;
static int holding = 0;  /* certificates that the next call needs are kept through a flush */
static int outdated = 0; /* a reload was accepted, and this process could not follow */
static char lists[CV_LISTS_SIZE];

int cv_worker_init(const callvet_options* options) {
  callvet_error error = {.struct_size = sizeof(error)};
  if (callvet_verifier_create(options, &verifier, &error) != CALLVET_OK ||
      callvet_result_create(&result) != CALLVET_OK) {
    LM_ERR("cannot start: %s: %s\n", error.reason, error.detail);
    return -1;
  }
  if (callvet_verifier_ready(verifier, &error) != CALLVET_OK)
    LM_WARN("no call passes yet: %s\n", error.detail);
  return 0;
}

void cv_worker_destroy(void) {
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
  result = NULL;
  verifier = NULL;
}

int cv_worker_try_reload(callvet_error* error) {
  return callvet_verifier_reload(verifier, error) == CALLVET_OK ? 0 : -1;
}

static callvet_text text_of(const str* value) {
  callvet_text text = {value->s, value->len > 0 ? (size_t)value->len : 0};
  return text;
}

str cv_call_id(sip_msg_t* msg) {
  str none = {NULL, 0};
  if (msg == NULL || parse_headers(msg, HDR_CALLID_F, 0) < 0 || msg->callid == NULL) return none;
  return msg->callid->body;
}

void cv_worker_catch_up(void) {
  unsigned int trust = cv_trust_generation(), flush = cv_flush_generation();
  callvet_text all = {NULL, 0};
  callvet_error error = {.struct_size = sizeof(error)};
  static unsigned int failed = 0; /* generation that could not be read, */
  static int64_t again_ms = 0;    /* and when it is tried again */
  cv_pools_catch_up(verifier);
  if (flush != flush_seen && !holding) {
    callvet_certificate_forget(verifier, all);
    flush_seen = flush;
  }
  if (trust == trust_seen || (trust == failed && cv_now_ms() < again_ms)) return;
  if (callvet_verifier_reload(verifier, &error) == CALLVET_OK) {
    trust_seen = trust;
    outdated = 0;
    return;
  }
  outdated = 1;
  LM_CRIT(
      "trust and policy are those from before a reload, so no call passes here; again in a "
      "second: %s: %s\n",
      error.reason, error.detail);
  failed = trust;
  again_ms = cv_now_ms() + 1000;
}

/* Hands the verifier what is known of `url`. 0 if there is something, -1 if not. */
static int put(callvet_text url, const cv_answer_t* answer) {
  callvet_text pem, reason;
  callvet_times times = {.struct_size = sizeof(times)};
  switch (answer->state) {
    case CV_READY:
      pem = text_of(&answer->pem);
      times.fetched_at = answer->fetched_at;
      times.fresh_until = answer->fresh_until;
      times.stale_until = answer->stale_until;
      return callvet_certificate_put(verifier, url, pem, &times, NULL) == CALLVET_OK ? 0 : -1;
    case CV_FAILED:
      reason.data = answer->reason;
      reason.size = strlen(answer->reason);
      return callvet_certificate_put_failure(verifier, url, reason, answer->until, NULL) ==
                     CALLVET_OK
                 ? 0
                 : -1;
    case CV_ABSENT:
    case CV_FETCHING:
      break;
  }
  return -1;
}

static int put_from_table(callvet_text url) {
  str name = {(char*)url.data, (int)url.size};
  cv_answer_t answer;
  if (cv_store_get(&name, &answer) == CV_READY) cv_count(CV_STAT_TABLE_HITS);
  return put(url, &answer);
}

void cv_worker_hold(const str* url, const cv_answer_t* answer) {
  cv_worker_catch_up();
  /* What is larger the table has not taken: it says so. */
  if (answer->state == CV_READY && answer->pem.len <= CV_KEPT_MAX) put(text_of(url), answer);
  holding = 1;
}

void cv_worker_release(void) {
  holding = 0;
}

/* A call that meets a disagreement with OpenSSL is an internal error; the library logs it. */
static void count_disagreements(void) {
  static uint64_t counted = 0;
  callvet_verifier_stats stats = {.struct_size = sizeof(stats)};
  if (callvet_verifier_get_stats(verifier, &stats) != CALLVET_OK) return;
  for (; counted < stats.disagreements; counted++) cv_count(CV_STAT_DISAGREEMENTS);
}

static int verify(const callvet_call* call, callvet_verdict* verdict) {
  callvet_error error = {.struct_size = sizeof(error)};
  int status;
  verdict->struct_size = sizeof(*verdict);
  status = callvet_verify(verifier, call, result, verdict, &error);
  if (status < 0) LM_ERR("a call could not be judged: %s: %s\n", error.reason, error.detail);
  if (verdict->reason_class == CALLVET_UNDECIDED) count_disagreements();
  return status;
}

/* Puts what the table has of what the verdict misses, if it may; how many there were. The other
 * URLs are left in `missing`, in memory of the verdict. */
static int put_missing(const callvet_verdict* verdict, int may_put, cv_missing_t* missing) {
  size_t i;
  int put = 0;
  missing->count = 0;
  for (i = 0; i < verdict->missing.count; i++) {
    const callvet_text url = verdict->missing.items[i];
    if (may_put && put_from_table(url) == 0) {
      put++;
    } else if (missing->count < CV_URLS_MAX) {
      missing->urls[missing->count].s = (char*)url.data;
      missing->urls[missing->count++].len = (int)url.size;
    }
  }
  return put;
}

/* Adds the other certificates that the verdict rests on: it goes on in another process. */
static void add_others(const callvet_verdict* verdict, cv_missing_t* missing) {
  size_t i;
  missing->all = missing->count;
  for (i = 0; i < verdict->certificates.count && missing->all < CV_URLS_MAX; i++) {
    const callvet_text url = verdict->certificates.items[i];
    missing->urls[missing->all].s = (char*)url.data;
    missing->urls[missing->all++].len = (int)url.size;
  }
}

/* This process has them, so that it never asks the table: they are in use all the same. Those of
 * calls that are refused are not: whoever is trusted could keep his own there. */
static void note_used(const callvet_verdict* verdict) {
  size_t i;
  if (verdict->reason_class != CALLVET_VERIFIED) return;
  for (i = 0; i < verdict->certificates.count && i < CV_URLS_MAX; i++) {
    const callvet_text url = verdict->certificates.items[i];
    str name = {(char*)url.data, (int)url.size};
    cv_store_note_used(
        &name, url.size == verdict->x5u.size && memcmp(url.data, verdict->x5u.data, url.size) == 0);
  }
}

/* Verifies again as long as the table has what is missing. */
static int verify_with_table(const callvet_call* call, callvet_verdict* verdict,
                             cv_missing_t* missing) {
  int round, status = verify(call, verdict);
  for (round = 0; put_missing(verdict, round < ROUNDS, missing) > 0; round++)
    status = verify(call, verdict);
  return status;
}

/* The verdict if what is missing cannot be had for `reason`: for this call alone. */
static void verify_without(const callvet_call* call, callvet_verdict* verdict,
                           cv_missing_t* missing, const char* reason) {
  static char urls[CV_URLS_MAX][2048];
  callvet_text names[CV_URLS_MAX], why = {reason, strlen(reason)};
  int i, count = 0;
  for (i = 0; i < missing->count; i++) {
    if (missing->urls[i].len > (int)sizeof(urls[i])) continue;
    memcpy(urls[count], missing->urls[i].s, missing->urls[i].len);
    names[count].data = urls[count];
    names[count].size = (size_t)missing->urls[i].len;
    count++;
  }
  for (i = 0; i < count; i++)
    callvet_certificate_put_failure(verifier, names[i], why, cv_now() + 3600, NULL);
  verify(call, verdict);
  for (i = 0; i < count; i++) callvet_certificate_forget(verifier, names[i]);
  missing->count = 0;
}

/* Stale certificates are used, and fetched anew by whoever may wait. */
static void refresh_stale(const callvet_verdict* verdict) {
  size_t i;
  for (i = 0; i < verdict->stale.count; i++) {
    const callvet_text url = verdict->stale.items[i];
    str name = {(char*)url.data, (int)url.size};
    cv_answer_t answer;
    if (cv_store_get(&name, &answer) == CV_READY && answer.fresh_until > cv_now()) {
      put_from_table(url);
    } else {
      cv_store_request(&name);
    }
  }
}

static void fill_call(callvet_call* call, sip_msg_t* msg, const cv_arguments_t* arguments,
                      callvet_text texts[3]) {
  memset(call, 0, sizeof(*call));
  call->struct_size = sizeof(*call);
  if (msg != NULL) {
    call->message.data = msg->buf;
    call->message.size = msg->len;
  }
  texts[0] = text_of(&arguments->identity);
  texts[1] = text_of(&arguments->orig);
  texts[2] = text_of(&arguments->dest);
  call->identities.items = &texts[0];
  call->identities.count = texts[0].size > 0;
  call->orig.items = &texts[1];
  call->orig.count = texts[1].size > 0;
  call->dest.items = &texts[2];
  call->dest.count = texts[2].size > 0;
  call->trunk = text_of(&arguments->trunk);
  call->call_id = text_of(&arguments->call_id);
  call->at = arguments->at;
}

/* What an operator took out of the trust, or rules out since, must not pass because this process
 * still has what was before. */
static void refuse(callvet_verdict* verdict) {
  callvet_error error = {.struct_size = sizeof(error)};
  if (callvet_evidence_refuse(verifier, result, verdict, &error) != CALLVET_OK)
    LM_ERR("%s: %s\n", error.reason, error.detail); /* the verdict is an internal error */
}

void cv_judge(sip_msg_t* msg, const cv_arguments_t* arguments, cv_absent_t absent,
              cv_record_t* record, cv_missing_t* missing) {
  callvet_call call;
  callvet_text texts[3];
  callvet_verdict verdict;
  cv_missing_t found;
  memset(record, 0, sizeof(*record));
  record->fields[CVF_ARG_ORIG] = arguments->orig;
  record->fields[CVF_ARG_DEST] = arguments->dest;
  record->fields[CVF_ARG_TRUNK] = arguments->trunk;
  if (missing == NULL) missing = &found;
  cv_worker_catch_up();
  fill_call(&call, msg, arguments, texts);
  verify_with_table(&call, &verdict, missing);
  if (missing->count > 0 && absent != CV_ABSENT_ASK) {
    verify_without(&call, &verdict, missing,
                   absent == CV_ABSENT_BUSY ? "fetch-busy" : "fetch-timeout");
  }
  note_used(&verdict);
  refresh_stale(&verdict);
  if (outdated) {
    refuse(&verdict);
    missing->count = 0; /* it was the former verdict's, and no certificate helps */
  }
  add_others(&verdict, missing);
  if (cv_record_fill(record, &verdict, lists, sizeof(lists)) < 0) {
    LM_ERR("a call has identities that are too long\n");
    cv_record_fail(record);
  }
}

/* What the policy of a trunk removes from any request that is not judged: this hangs on the policy
 * alone, and is asked for with each ACK and BYE. */
typedef struct stripped {
  int known;
  unsigned int trust; /* generation of the policy */
  int trunk_len, headers_len;
  char trunk[64], headers[512];
} stripped_t;

/* The place of `trunk`, or NULL: its name is too long. */
static stripped_t* stripped_of(const str* trunk) {
  static stripped_t kept[16];
  unsigned int place = 0;
  int i;
  if (trunk->len > (int)sizeof(kept[0].trunk)) return NULL;
  for (i = 0; i < trunk->len; i++) place = place * 31 + (unsigned char)trunk->s[i];
  return &kept[place % (sizeof(kept) / sizeof(kept[0]))];
}

static int is_of(const stripped_t* kept, const str* trunk) {
  return kept->known && kept->trust == trust_seen && kept->trunk_len == trunk->len &&
         memcmp(kept->trunk, trunk->s, trunk->len) == 0;
}

/* Not of a verdict that came of an error. */
static void keep_stripped(stripped_t* kept, const str* trunk, const cv_record_t* record) {
  static const str error = str_init("internal-error");
  const str* why = &record->fields[CVF_ACTION_REASON];
  const str* headers = &record->fields[CVF_STRIP_HEADERS];
  kept->known = record->result == CV_UNSIGNED && headers->len <= (int)sizeof(kept->headers) &&
                !(why->len == error.len && memcmp(why->s, error.s, error.len) == 0);
  if (!kept->known) return;
  kept->trust = trust_seen;
  kept->trunk_len = trunk->len;
  kept->headers_len = headers->len;
  memcpy(kept->trunk, trunk->s, trunk->len);
  memcpy(kept->headers, headers->s, headers->len);
}

void cv_judge_nothing(const cv_arguments_t* arguments, cv_record_t* record) {
  stripped_t* kept = stripped_of(&arguments->trunk);
  cv_worker_catch_up();
  if (kept != NULL && !outdated && is_of(kept, &arguments->trunk)) {
    memset(record, 0, sizeof(*record));
    record->fields[CVF_STRIP_HEADERS].s = kept->headers;
    record->fields[CVF_STRIP_HEADERS].len = kept->headers_len;
    return;
  }
  cv_judge(NULL, arguments, CV_ABSENT_ASK, record, NULL);
  if (kept != NULL && !outdated) keep_stripped(kept, &arguments->trunk, record);
}

void cv_keep(cv_record_t* record) {
  static char id[CV_EVIDENCE_ID_MAX];
  callvet_verdict verdict = {.struct_size = sizeof(verdict)};
  callvet_error error = {.struct_size = sizeof(error)};
  if (cv_evidence_keep(result, id) != CV_REFUSED) {
    cv_pools_note(result, id);
    record->fields[CVF_EVIDENCE_ID].s = id;
    record->fields[CVF_EVIDENCE_ID].len = (int)strlen(id);
    return;
  }
  if (callvet_evidence_refuse(verifier, result, &verdict, &error) != CALLVET_OK ||
      cv_record_fill(record, &verdict, lists, sizeof(lists)) < 0) {
    LM_ERR("a call without evidence: %s: %s\n", error.reason, error.detail);
    cv_record_fail(record);
  }
}

int cv_current(sip_msg_t* msg, cv_record_t* record) {
  cv_arguments_t arguments;
  cv_absent_t absent;
  if (cv_record_load(record) < 0) return -1;
  if (!record->pending) return 0;
  memset(&arguments, 0, sizeof(arguments));
  arguments.orig = record->fields[CVF_ARG_ORIG];
  arguments.dest = record->fields[CVF_ARG_DEST];
  arguments.trunk = record->fields[CVF_ARG_TRUNK];
  arguments.call_id = cv_call_id(msg);
  absent = CV_ABSENT_TIMEOUT;
  cv_judge(msg, &arguments, absent, record, NULL);
  cv_keep(record);
  cv_count_record(record);
  if (cv_record_save(record) < 0 || cv_record_load(record) < 0) return -1;
  return 0;
}

int cv_mark(const cv_record_t* record, int into, const str* identity, char* buffer, int* size) {
  callvet_text identities[64];
  callvet_mark mark = {.struct_size = sizeof(mark)};
  callvet_error error = {.struct_size = sizeof(error)};
  size_t room = (size_t)*size;
  int count = 0;
  str element;
  while (count < 64 && cv_list_at(&record->fields[CVF_MARK_IDENTITIES], count, &element) == 0)
    identities[count++] = text_of(&element);
  if (into == record->mark_header) mark.value = text_of(&record->fields[CVF_MARK]);
  mark.header = record->mark_header;
  mark.place = record->mark_place;
  mark.identities.items = identities;
  mark.identities.count = (size_t)count;
  if (callvet_mark_identity(&mark, text_of(identity), buffer, &room, &error) != CALLVET_OK) {
    LM_DBG("no verstat in [%.*s]: %s\n", identity->len, identity->s, error.detail);
    return -1;
  }
  *size = (int)room;
  return 0;
}
