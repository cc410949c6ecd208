/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc.h"

#include <string.h>
#include <time.h>

#include "config.h"
#include "evidence.h"
#include "pools.h"
#include "stats.h"
#include "store.h"
#include "worker.h"

/* An answer over 64 kB would be none; an entry has so many bytes beside its URL. */
#define REPLY_BYTES 32000
#define ENTRY_BYTES 128

static const char* stats_doc[] = {"Counters of all processes, and what the shared table holds", 0};
static const char* certs_doc[] = {
    "The certificates of the shared table [whose URL begins with this]", 0};
static const char* flush_doc[] = {"Forgets one URL, or all, in all processes", 0};
static const char* reload_doc[] = {"Reads anchors, lists, policy and tables anew, in all processes",
                                   0};
static const char* verify_doc[] = {"Judges: Identity header value, orig, dest [, time]", 0};
static const char* pools_doc[] = {"Sources whose callers rotate, as they are flagged", 0};
static const char* release_doc[] = {
    "Ends a flag: kind, value [, seconds for which it is not flagged again]", 0};
static const char* config_doc[] = {"What the module is configured to be", 0};

static void add_evidence(rpc_t* rpc, void* reply) {
  cv_evidence_stats_t stats;
  cv_evidence_stats(&stats);
  rpc->struct_add(reply, "uuuuuuud", "evidence_waiting", (unsigned int)stats.waiting,
                  "evidence_queued", (unsigned int)stats.queued, "evidence_stored",
                  (unsigned int)stats.stored, "evidence_spilled", (unsigned int)stats.spilled,
                  "evidence_spill_kib", (unsigned int)stats.spill_kib, "evidence_unusable",
                  (unsigned int)stats.unusable, "evidence_failures",
                  (unsigned int)stats.store_failures, "evidence_failing", stats.failing);
}

static void add_pools(rpc_t* rpc, void* reply) {
  cv_pools_stats_t stats;
  cv_pools_stats(&stats);
  rpc->struct_add(reply, "uuuuuuud", "pools_waiting", (unsigned int)stats.waiting, "pools_counted",
                  (unsigned int)stats.counted, "pools_sources", (unsigned int)stats.sources,
                  "pools_kbytes", (unsigned int)stats.kbytes, "pools_flagged",
                  (unsigned int)stats.flagged, "pools_shared", (unsigned int)stats.shared,
                  "pools_not_shared", (unsigned int)stats.not_shared, "pools_share_failing",
                  stats.share_failing);
}

static void rpc_stats(rpc_t* rpc, void* ctx) {
  void* reply;
  cv_store_stats_t stats;
  int i;
  if (rpc->add(ctx, "{", &reply) < 0) return;
  for (i = 0; i < CV_STAT_COUNT; i++)
    rpc->struct_add(reply, "u", cv_stat_name(i), (unsigned int)cv_stat_value(i));
  cv_store_stats(&stats);
  rpc->struct_add(reply, "ddddud", "certificates", stats.certificates, "failed_urls", stats.failed,
                  "fetching", stats.fetching, "waiting_calls", stats.suspended, "evicted",
                  (unsigned int)stats.evicted, "kbytes", (int)(stats.bytes / 1024));
  if (cv_evidence_is_kept()) add_evidence(rpc, reply);
  if (cv_pools_are_counted()) add_pools(rpc, reply);
}

typedef struct certs {
  rpc_t* rpc;
  void* ctx;
  int64_t now;
  str prefix;
  int room; /* bytes of the answer that are left, about */
  int left_off;
} certs_t;

static void add_cert(void* context, const str* url, const cv_answer_t* answer) {
  static const char* const states[] = {"absent", "fetching", "ready", "failed"};
  certs_t* certs = context;
  str name = *url;
  void* entry;
  if (url->len < certs->prefix.len || memcmp(url->s, certs->prefix.s, certs->prefix.len) != 0)
    return;
  certs->room -= url->len + ENTRY_BYTES;
  if (certs->room < 0) {
    certs->left_off++;
    return;
  }
  if (certs->rpc->add(certs->ctx, "{", &entry) < 0) return;
  certs->rpc->struct_add(entry, "Ss", "url", &name, "state", states[answer->state]);
  if (answer->state == CV_READY)
    certs->rpc->struct_add(entry, "ddd", "age", (int)(certs->now - answer->fetched_at), "fresh_for",
                           (int)(answer->fresh_until - certs->now), "usable_for",
                           (int)(answer->stale_until - certs->now));
  if (answer->state == CV_FAILED)
    certs->rpc->struct_add(entry, "sd", "reason", answer->reason, "again_in",
                           (int)(answer->until - certs->now));
}

static void rpc_certs(rpc_t* rpc, void* ctx) {
  certs_t certs = {rpc, ctx, cv_now(), {0, 0}, REPLY_BYTES, 0};
  void* rest;
  if (rpc->scan(ctx, "*S", &certs.prefix) < 1) certs.prefix.len = 0;
  cv_store_each(add_cert, &certs);
  if (certs.left_off > 0 && rpc->add(ctx, "{", &rest) >= 0)
    rpc->struct_add(rest, "d", "left_off", certs.left_off);
}

static void rpc_flush(rpc_t* rpc, void* ctx) {
  str url = {0, 0};
  /* Without an argument binrpc leaves something in `url`. */
  if (rpc->scan(ctx, "*S", &url) < 1) url.len = 0;
  rpc->add(ctx, "d", cv_store_flush(&url));
}

/* What cannot be used is refused here already, with the reason. */
static void rpc_reload(rpc_t* rpc, void* ctx) {
  callvet_error error = {.struct_size = sizeof(error)};
  if (cv_worker_try_reload(&error) < 0) {
    rpc->fault(ctx, 500, "%s: %s", error.reason, error.detail);
    return;
  }
  cv_count(CV_STAT_RELOADS);
  cv_bump_trust();
  cv_bump_reload();
  rpc->add(ctx, "s", "ok");
}

static void rpc_verify(rpc_t* rpc, void* ctx) {
  cv_arguments_t arguments;
  cv_record_t record;
  cv_missing_t missing;
  void* reply;
  int at = 0, i;
  memset(&arguments, 0, sizeof(arguments));
  if (rpc->scan(ctx, "S.S.S", &arguments.identity, &arguments.orig, &arguments.dest) < 3) {
    rpc->fault(ctx, 400, "identity, orig and dest are needed");
    return;
  }
  if (rpc->scan(ctx, "*d", &at) == 1) arguments.at = at;
  cv_judge(NULL, &arguments, CV_ABSENT_ASK, &record, &missing);
  if (rpc->add(ctx, "{", &reply) < 0) return;
  rpc->struct_add(reply, "SSdSSS", "verstat", &record.fields[CVF_VERSTAT], "reason",
                  &record.fields[CVF_REASON], "code", record.reply_code, "attest",
                  &record.fields[CVF_ATTEST], "checks", &record.fields[CVF_CHECKS], "detail",
                  &record.fields[CVF_DETAIL]);
  for (i = 0; i < missing.count && i < CV_WAIT_MAX; i++) {
    rpc->struct_add(reply, "S", "fetching", &missing.urls[i]);
    cv_store_request(&missing.urls[i]);
  }
}

typedef struct pools_reply {
  rpc_t* rpc;
  void* ctx;
  int room; /* bytes of the answer that are left, about */
  int left_off;
} pools_reply_t;

static str str_of(callvet_text text) {
  str value = {(char*)text.data, (int)text.size};
  return value;
}

static void add_flag(void* context, const callvet_flag* flag) {
  pools_reply_t* reply = context;
  str kind = str_of(flag->kind), value = str_of(flag->value), rule = str_of(flag->rule),
      action = str_of(flag->action);
  void* entry;
  reply->room -= value.len + rule.len + ENTRY_BYTES;
  if (reply->room < 0) {
    reply->left_off++;
    return;
  }
  if (reply->rpc->add(reply->ctx, "{", &entry) < 0) return;
  reply->rpc->struct_add(entry, "SSSSdduuu", "kind", &kind, "value", &value, "rule", &rule,
                         "action", &action, "since", (int)flag->since, "until", (int)flag->until,
                         "calls", (unsigned int)flag->calls, "callers", (unsigned int)flag->callers,
                         "callees", (unsigned int)flag->callees);
}

static void rpc_pools(rpc_t* rpc, void* ctx) {
  pools_reply_t reply = {rpc, ctx, REPLY_BYTES, 0};
  void* rest;
  if (!cv_pools_are_counted()) {
    rpc->fault(ctx, 404, "calls are not counted by their sources: parameter pools");
    return;
  }
  cv_pools_each(add_flag, &reply);
  if (reply.left_off > 0 && rpc->add(ctx, "{", &rest) >= 0)
    rpc->struct_add(rest, "d", "left_off", reply.left_off);
}

typedef struct sought {
  str kind, value;
  int found;
} sought_t;

static int same(callvet_text text, const str* value) {
  return text.size == (size_t)value->len && memcmp(text.data, value->s, text.size) == 0;
}

static void look_for(void* context, const callvet_flag* flag) {
  sought_t* sought = context;
  if (same(flag->kind, &sought->kind) && same(flag->value, &sought->value)) sought->found = 1;
}

static void rpc_pool_release(rpc_t* rpc, void* ctx) {
  sought_t sought;
  callvet_pool_release release = {.struct_size = sizeof(release)};
  callvet_error error = {.struct_size = sizeof(error)};
  int seconds = 3600;
  memset(&sought, 0, sizeof(sought));
  if (!cv_pools_are_counted() || rpc->scan(ctx, "S.S", &sought.kind, &sought.value) < 2) {
    rpc->fault(ctx, 400, "kind and value are needed, and the parameter pools");
    return;
  }
  if (rpc->scan(ctx, "*d", &seconds) != 1) seconds = 3600;
  cv_pools_each(look_for, &sought);
  if (!sought.found) {
    rpc->fault(ctx, 404, "this source is not flagged");
    return;
  }
  release.kind.data = sought.kind.s;
  release.kind.size = (size_t)sought.kind.len;
  release.value.data = sought.value.s;
  release.value.size = (size_t)sought.value.len;
  release.seconds = seconds;
  release.by.data = "rpc";
  release.by.size = 3;
  if (cv_pools_release(&release, &error) < 0) {
    rpc->fault(ctx, 400, "%s", error.detail);
    return;
  }
  rpc->add(ctx, "s", "ok");
}

static void rpc_config(rpc_t* rpc, void* ctx) {
  void* reply;
  if (rpc->add(ctx, "{", &reply) < 0) return;
  rpc->struct_add(reply, "sssddddddd", "library", callvet_version(), "config", cv_config_text(),
                  "policy", cv_policy_text(), "fetch_timeout", cv_params.fetch_timeout, "fetch_max",
                  cv_params.fetch_max, "queue_max", cv_params.queue_max, "suspend_max",
                  cv_params.suspend_max, "cache_max", cv_params.cache_max, "negative_expire",
                  cv_params.negative_expire, "evidence_queue", cv_params.evidence_queue);
}

rpc_export_t cv_rpcs[] = {
    {"callvet.stats", rpc_stats, stats_doc, 0},
    {"callvet.certs", rpc_certs, certs_doc, RET_ARRAY},
    {"callvet.flush", rpc_flush, flush_doc, 0},
    {"callvet.reload", rpc_reload, reload_doc, 0},
    {"callvet.verify", rpc_verify, verify_doc, 0},
    {"callvet.config", rpc_config, config_doc, 0},
    {"callvet.pools", rpc_pools, pools_doc, RET_ARRAY},
    {"callvet.pool_release", rpc_pool_release, release_doc, 0},
    {0, 0, 0, 0},
};
