/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * callvet: verifies the caller's number by STIR/SHAKEN. See README.md.
 */
#include <callvet/callvet.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "config.h"
#include "core/cfg/cfg_struct.h"
#include "core/dprint.h"
#include "core/globals.h"
#include "core/kemi.h"
#include "core/mod_fix.h"
#include "core/pt.h"
#include "core/route.h"
#include "core/sr_module.h"
#include "evidence.h"
#include "fetcher.h"
#include "modules/sl/sl.h"
#include "modules/tm/tm_load.h"
#include "pools.h"
#include "pv.h"
#include "rpc.h"
#include "stats.h"
#include "store.h"
#include "worker.h"

MODULE_VERSION

struct tm_binds cv_tmb;
sl_api_t cv_slb;

static pv_elem_t* trunk_format = NULL;
static const callvet_options* options = NULL;

/* What is true of every check of `msg`. */
static void begin(sip_msg_t* msg, cv_arguments_t* arguments) {
  memset(arguments, 0, sizeof(*arguments));
  if (trunk_format != NULL && pv_printf_s(msg, trunk_format, &arguments->trunk) < 0) {
    arguments->trunk.s = NULL;
    arguments->trunk.len = 0;
  }
  arguments->call_id = cv_call_id(msg);
}

/* Keeps evidence and the record, and gives the script its result. */
static int finish(cv_record_t* record) {
  cv_keep(record);
  cv_count_record(record);
  return cv_record_save(record) < 0 ? CV_ERROR : record->result;
}

/* 1: there is a transaction. 0: this is a retransmission. -1: there is none. */
static int have_transaction(sip_msg_t* msg) {
  struct cell* t = cv_tmb.t_gett();
  int status = 1;
  if (t == NULL || t == T_UNDEFINED) status = cv_tmb.t_newtran(msg);
  return status > 0 ? 1 : status;
}

/* With evidence or pools a call has a transaction before its record is made, so that no
 * retransmission, not even one that another process works on, makes a second or counts again. */
static int finish_once(sip_msg_t* msg, cv_record_t* record) {
  int status;
  if (!cv_evidence_is_kept() && !cv_pools_are_counted()) return finish(record);
  /* Before the transaction is made: it takes the XAVP along. */
  if (cv_record_save(record) < 0) return CV_ERROR;
  status = have_transaction(msg);
  if (status == 0) return CV_STOP;
  if (status < 0) LM_ERR("no transaction: a retransmission would be recorded or counted again\n");
  return finish(record);
}

static void request_missing(const cv_missing_t* missing) {
  int i;
  for (i = 0; i < missing->count && i < CV_WAIT_MAX; i++) cv_store_request(&missing->urls[i]);
}

static int check(sip_msg_t* msg, const str* orig, const str* dest) {
  cv_arguments_t arguments;
  cv_missing_t missing;
  cv_record_t record;
  begin(msg, &arguments);
  if (orig != NULL) arguments.orig = *orig;
  if (dest != NULL) arguments.dest = *dest;
  cv_judge(msg, &arguments, CV_ABSENT_ASK, &record, &missing);
  request_missing(&missing); /* for the next call */
  return finish(&record);
}

static int ki_check(sip_msg_t* msg) {
  return check(msg, NULL, NULL);
}

static int ki_check_numbers(sip_msg_t* msg, str* orig, str* dest) {
  return check(msg, orig, dest);
}

static int ki_check_value(sip_msg_t* msg, str* identity, str* orig, str* dest, int at) {
  cv_arguments_t arguments;
  cv_missing_t missing;
  cv_record_t record;
  begin(msg, &arguments);
  arguments.identity = *identity;
  arguments.orig = *orig;
  arguments.dest = *dest;
  arguments.at = at;
  cv_judge(NULL, &arguments, CV_ABSENT_ASK, &record, &missing);
  request_missing(&missing);
  cv_count_record(&record);
  return cv_record_save_value(&record) < 0 ? CV_ERROR : record.result;
}

/* The call cannot wait: the outcome at once, without the certificate. */
static int check_busy(sip_msg_t* msg, const cv_arguments_t* arguments) {
  cv_record_t record;
  cv_count(CV_STAT_BUSY);
  cv_judge(msg, arguments, CV_ABSENT_BUSY, &record, NULL);
  return finish_once(msg, &record);
}

/* The call goes on in this process. tm of Kamailio 5.6 leaves the mark of a suspended transaction,
 * for which it takes no reply any more. */
static void cancel_suspend(const cv_call_t* call) {
  struct cell* transaction;
  cv_tmb.t_cancel_suspend(call->tindex, call->tlabel);
  transaction = cv_tmb.t_gett();
  if (transaction != NULL && transaction != T_UNDEFINED) transaction->flags &= ~T_ASYNC_SUSPENDED;
}

/* Suspends the transaction until the certificates are there, or the time is over: those that it may
 * have fetched, and those that only this process may have. */
static int suspend(sip_msg_t* msg, const cv_arguments_t* arguments, cv_record_t* record,
                   const cv_missing_t* missing, cv_call_t* call) {
  str urls[CV_URLS_MAX];
  static char kept[CV_URLS_MAX][2048];
  int i, status, count = 0, fetched = 0;
  for (i = 0; i < missing->all; i++) {
    if (i < missing->count && fetched == CV_WAIT_MAX) continue;
    if (missing->urls[i].len > (int)sizeof(kept[count])) continue; /* no URL that is fetched */
    memcpy(kept[count], missing->urls[i].s, missing->urls[i].len);
    urls[count].s = kept[count];
    urls[count++].len = missing->urls[i].len;
    if (i < missing->count) fetched++;
  }
  if (fetched == 0) return check_busy(msg, arguments);
  call->deadline_ms = cv_now_ms() + cv_params.fetch_timeout;
  record->pending = 1;
  /* Before the transaction is made: it takes the XAVP along. */
  if (cv_record_save(record) < 0) return CV_ERROR;
  status = have_transaction(msg);
  if (status == 0) return CV_STOP; /* a retransmission */
  if (status < 0) {
    LM_ERR("no transaction to wait in\n");
    return check_busy(msg, arguments);
  }
  status = cv_tmb.t_suspend(msg, &call->tindex, &call->tlabel);
  if (status > 0) return CV_STOP; /* cancelled already */
  if (status < 0) return check_busy(msg, arguments);
  switch (cv_store_wait(urls, fetched, count, call)) {
    case CV_WAITING:
      cv_count(CV_STAT_SUSPENDED);
      return CV_STOP;
    case CV_NO_NEED: /* they came in meanwhile */
      cancel_suspend(call);
      cv_judge(msg, arguments, CV_ABSENT_BUSY, record, NULL);
      return finish(record);
    case CV_BUSY:
      for (i = 0; i < fetched; i++) cv_store_request(&urls[i]);
      break;
  }
  cancel_suspend(call);
  return check_busy(msg, arguments);
}

static int check_async(sip_msg_t* msg, struct action* route, const str* name) {
  cv_arguments_t arguments;
  cv_missing_t missing;
  cv_record_t record;
  cv_call_t call;
  begin(msg, &arguments);
  cv_judge(msg, &arguments, CV_ABSENT_ASK, &record, &missing);
  /* Also a verdict that refuses may change: only a token whose certificate is here was judged. */
  if (record.result == CV_VERIFIED || missing.count == 0) return finish_once(msg, &record);
  if (!cv_store_has_room()) {
    request_missing(&missing); /* for the next call */
    return check_busy(msg, &arguments);
  }
  memset(&call, 0, sizeof(call));
  call.route = route;
  if (name->len >= (int)sizeof(call.name)) {
    LM_ERR("the name [%.*s] is too long\n", name->len, name->s);
    return check_busy(msg, &arguments);
  }
  memcpy(call.name, name->s, name->len);
  return suspend(msg, &arguments, &record, &missing, &call);
}

static int ki_check_async(sip_msg_t* msg, str* function) {
  struct action* route = NULL;
  if (sr_kemi_eng_get() == NULL) {
    int index = route_lookup(&main_rt, function->s);
    if (index < 0 || (route = main_rt.rlist[index]) == NULL) {
      LM_ERR("there is no route [%.*s]\n", function->len, function->s);
      return CV_ERROR;
    }
  }
  return check_async(msg, route, function);
}

static int ki_apply(sip_msg_t* msg) {
  cv_record_t record;
  if (cv_current(msg, &record) < 0) {
    /* Not checked, or no memory for the verdict: such a call does not go on. */
    LM_ERR("callvet_apply without a verdict\n");
    memset(&record, 0, sizeof(record));
    cv_record_fail(&record);
  }
  return cv_apply(msg, &record);
}

static int ki_strip(sip_msg_t* msg) {
  cv_arguments_t arguments;
  cv_record_t record;
  begin(msg, &arguments);
  cv_judge_nothing(&arguments, &record);
  return cv_strip(msg, &record) < 0 ? CV_ERROR : 1;
}

static int ki_add_reason(sip_msg_t* msg) {
  cv_record_t record;
  if (cv_current(msg, &record) < 0) return CV_ERROR;
  return cv_add_reason(msg, &record) < 0 ? CV_ERROR : 1;
}

static int ki_preload(sip_msg_t* msg, str* url) {
  (void)msg;
  return cv_store_request(url) < 0 ? -1 : 1;
}

/* ---- Functions of the native script ---- */

static int w_check(sip_msg_t* msg, char* unused1, char* unused2) {
  (void)unused1;
  (void)unused2;
  return ki_check(msg);
}

static int w_check_numbers(sip_msg_t* msg, char* orig, char* dest) {
  str values[2];
  if (fixup_get_svalue(msg, (gparam_t*)orig, &values[0]) < 0 ||
      fixup_get_svalue(msg, (gparam_t*)dest, &values[1]) < 0)
    return CV_ERROR;
  return ki_check_numbers(msg, &values[0], &values[1]);
}

static int w_check_async(sip_msg_t* msg, char* name, char* unused) {
  str value;
  (void)unused;
  if (fixup_get_svalue(msg, (gparam_t*)name, &value) < 0) return CV_ERROR;
  return ki_check_async(msg, &value);
}

static int w_check_value(sip_msg_t* msg, char* identity, char* orig, char* dest, char* at) {
  str values[3];
  int seconds;
  if (fixup_get_svalue(msg, (gparam_t*)identity, &values[0]) < 0 ||
      fixup_get_svalue(msg, (gparam_t*)orig, &values[1]) < 0 ||
      fixup_get_svalue(msg, (gparam_t*)dest, &values[2]) < 0 ||
      fixup_get_ivalue(msg, (gparam_t*)at, &seconds) < 0)
    return CV_ERROR;
  return ki_check_value(msg, &values[0], &values[1], &values[2], seconds);
}

static int w_apply(sip_msg_t* msg, char* unused1, char* unused2) {
  (void)unused1;
  (void)unused2;
  return ki_apply(msg);
}

static int w_strip(sip_msg_t* msg, char* unused1, char* unused2) {
  (void)unused1;
  (void)unused2;
  return ki_strip(msg);
}

static int w_add_reason(sip_msg_t* msg, char* unused1, char* unused2) {
  (void)unused1;
  (void)unused2;
  return ki_add_reason(msg);
}

static int w_preload(sip_msg_t* msg, char* url, char* unused) {
  str value;
  (void)unused;
  if (fixup_get_svalue(msg, (gparam_t*)url, &value) < 0) return CV_ERROR;
  return ki_preload(msg, &value);
}

static int fixup_value(void** param, int number) {
  return number == 4 ? fixup_igp_null(param, 1) : fixup_spve_null(param, 1);
}

/* ---- Start and end ---- */

/* By default a quarter of shared memory, whatever the certificates of others are like. */
static unsigned long cache_bytes(void) {
  return cv_params.cache_kbytes > 0 ? (unsigned long)cv_params.cache_kbytes * 1024
                                    : (unsigned long)shm_mem_size / 4;
}

/* The fetcher, and those that write evidence and count. */
static int own_processes(void) {
  return 1 + (cv_evidence_is_kept() != 0) + (cv_pools_are_counted() != 0);
}

/* Names the first parameter that is out of its range. */
static int check_limits(void) {
  const struct {
    const char* name;
    int value;
    int least;
    int most;
    int unset; /* may be CV_UNSET */
  } limits[] = {
      {"fetch_max", cv_params.fetch_max, 1, 16, 0}, /* the library has no more under way */
      {"fetch_timeout", cv_params.fetch_timeout, 50, 60 * 1000, 0}, /* tm ends a call at last */
      {"iat_window", cv_params.iat_window, 1, INT_MAX, 1},
      {"cache_max", cv_params.cache_max, 16, INT_MAX, 0},
      {"cache_kbytes", cv_params.cache_kbytes, 0, INT_MAX, 0},
      {"suspend_max", cv_params.suspend_max, 0, INT_MAX, 0},
      {"queue_max", cv_params.queue_max, 1, INT_MAX, 0},
      {"negative_expire", cv_params.negative_expire, 1, INT_MAX, 0},
      {"evidence_days", cv_params.evidence_days, 0, INT_MAX, 1},
      {"evidence_queue", cv_params.evidence_queue, 64, 1024 * 1024, 0},
  };
  size_t i;
  for (i = 0; i < sizeof(limits) / sizeof(limits[0]); ++i) {
    if (limits[i].unset && limits[i].value == CV_UNSET) continue;
    if (limits[i].value >= limits[i].least && limits[i].value <= limits[i].most) continue;
    LM_ERR("parameter %s: %d is not from %d to %d\n", limits[i].name, limits[i].value,
           limits[i].least, limits[i].most);
    return -1;
  }
  return 0;
}

static int mod_init(void) {
  cv_limits_t limits = {cv_params.cache_max,       cv_params.suspend_max, cv_params.queue_max,
                        cv_params.negative_expire, cv_params.fetch_max,   cache_bytes()};
  str trunk = {cv_params.trunk, 0};
  if (check_limits() < 0) return -1;
  if (callvet_abi_version() < CALLVET_ABI_VERSION) {
    LM_ERR("libcallvet %s is older than this module\n", callvet_version());
    return -1;
  }
  if (load_tm_api(&cv_tmb) < 0 || sl_load_api(&cv_slb) < 0) {
    LM_ERR("the modules tm and sl must be loaded before this one\n");
    return -1;
  }
  options = cv_config_options();
  if (options == NULL || cv_stats_init() < 0 || cv_store_init(&limits) < 0 ||
      cv_evidence_init(options, cv_params.evidence_queue) < 0 || cv_pools_init(options) < 0 ||
      cv_worker_init(options) < 0)
    return -1;
  /* Evidence and pools without a trunk would not say who connected the call. */
  if (trunk.s == NULL && own_processes() > 1) trunk.s = "$si";
  if (trunk.s != NULL) {
    trunk.len = (int)strlen(trunk.s);
    if (pv_parse_format(&trunk, &trunk_format) < 0) return -1;
  }
  register_procs(own_processes());
  cfg_register_child(own_processes());
  return 0;
}

/* 0 in the process that forks; -1 if it failed, also in the new process, which returns only then.
 */
static int fork_fetcher(void) {
  cv_fetcher_setup_t setup = {options, cv_params.fetch_max, cv_params.fetch_timeout};
  int pid = fork_process(PROC_RPC, "callvet fetcher", 1);
  if (pid < 0) LM_ERR("no process for the fetcher\n");
  if (pid != 0) return pid < 0 ? -1 : 0;
  if (cfg_child_init() < 0) return -1;
  return cv_fetcher_run(&setup);
}

static int fork_evidence(void) {
  int pid = fork_process(PROC_NOCHLDINIT, "callvet evidence", 0);
  if (pid < 0) LM_ERR("no process for evidence\n");
  if (pid != 0) return pid < 0 ? -1 : 0;
  if (cfg_child_init() < 0 || cv_evidence_run() < 0) return -1;
  _exit(0);
}

static int fork_pools(void) {
  int pid = fork_process(PROC_NOCHLDINIT, "callvet pools", 0);
  if (pid < 0) LM_ERR("no process for pools\n");
  if (pid != 0) return pid < 0 ? -1 : 0;
  if (cfg_child_init() < 0 || cv_pools_run() < 0) return -1;
  _exit(0);
}

static int child_init(int rank) {
  if (rank != PROC_MAIN) return 0;
  if (cv_evidence_is_kept() && fork_evidence() < 0) return -1;
  if (cv_pools_are_counted() && fork_pools() < 0) return -1;
  return fork_fetcher();
}

static void mod_destroy(void) {
  cv_worker_destroy();
  cv_evidence_destroy();
  cv_pools_destroy();
  cv_store_destroy();
}

static sr_kemi_t kemi[] = {
    {str_init("callvet"),
     str_init("check"),
     SR_KEMIP_INT,
     ki_check,
     {SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("check_numbers"),
     SR_KEMIP_INT,
     ki_check_numbers,
     {SR_KEMIP_STR, SR_KEMIP_STR, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("check_async"),
     SR_KEMIP_INT,
     ki_check_async,
     {SR_KEMIP_STR, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("check_value"),
     SR_KEMIP_INT,
     ki_check_value,
     {SR_KEMIP_STR, SR_KEMIP_STR, SR_KEMIP_STR, SR_KEMIP_INT, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("apply"),
     SR_KEMIP_INT,
     ki_apply,
     {SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("strip"),
     SR_KEMIP_INT,
     ki_strip,
     {SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("add_reason"),
     SR_KEMIP_INT,
     ki_add_reason,
     {SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {str_init("callvet"),
     str_init("preload"),
     SR_KEMIP_INT,
     ki_preload,
     {SR_KEMIP_STR, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE, SR_KEMIP_NONE}},
    {{0, 0}, {0, 0}, 0, NULL, {0, 0, 0, 0, 0, 0}},
};

int mod_register(char* path, int* dlflags, void* p1, void* p2) {
  (void)path;
  (void)dlflags;
  (void)p1;
  (void)p2;
  sr_kemi_modules_add(kemi);
  return 0;
}

static cmd_export_t cmds[] = {
    {"callvet_check", w_check, 0, 0, 0, ANY_ROUTE},
    {"callvet_check", w_check_numbers, 2, fixup_spve_spve, fixup_free_spve_spve, ANY_ROUTE},
    {"callvet_check_async", w_check_async, 1, fixup_spve_null, fixup_free_spve_null, REQUEST_ROUTE},
    {"callvet_check_value", (cmd_function)w_check_value, 4, fixup_value, 0, ANY_ROUTE},
    {"callvet_apply", w_apply, 0, 0, 0, REQUEST_ROUTE | FAILURE_ROUTE},
    {"callvet_strip", w_strip, 0, 0, 0, REQUEST_ROUTE | BRANCH_ROUTE | FAILURE_ROUTE},
    {"callvet_add_reason", w_add_reason, 0, 0, 0, REQUEST_ROUTE | FAILURE_ROUTE | ONREPLY_ROUTE},
    {"callvet_preload", w_preload, 1, fixup_spve_null, fixup_free_spve_null, ANY_ROUTE},
    {0, 0, 0, 0, 0, 0},
};

static param_export_t params[] = {
    {"config", PARAM_STRING, &cv_params.config},
    {"anchors", PARAM_STRING, &cv_params.anchors},
    {"crl_file", PARAM_STRING, &cv_params.crl_file},
    {"trust_list", PARAM_STRING, &cv_params.trust_list},
    {"trust_list_roots", PARAM_STRING, &cv_params.trust_list_roots},
    {"state_dir", PARAM_STRING, &cv_params.state_dir},
    {"cache_dir", PARAM_STRING, &cv_params.cache_dir},
    {"allowed_ports", PARAM_STRING, &cv_params.allowed_ports},
    {"country", PARAM_STRING, &cv_params.country},
    {"iat_window", PARAM_INT, &cv_params.iat_window},
    {"engine", PARAM_STRING, &cv_params.engine},
    {"table_kbytes", PARAM_INT, &cv_params.table_kbytes},
    {"cross_check_every", PARAM_INT, &cv_params.cross_check_every},
    {"insecure_allow_http", PARAM_INT, &cv_params.allow_http},
    {"insecure_allow_private", PARAM_INT, &cv_params.allow_private},
    {"policy", PARAM_STRING, &cv_params.policy},
    {"mode", PARAM_STRING, &cv_params.mode},
    {"fail_policy", PARAM_STRING, &cv_params.fail_policy},
    {"code_map", PARAM_STRING, &cv_params.code_map},
    {"trunk", PARAM_STRING, &cv_params.trunk},
    {"fetch_timeout", PARAM_INT, &cv_params.fetch_timeout},
    {"fetch_max", PARAM_INT, &cv_params.fetch_max},
    {"queue_max", PARAM_INT, &cv_params.queue_max},
    {"suspend_max", PARAM_INT, &cv_params.suspend_max},
    {"cache_max", PARAM_INT, &cv_params.cache_max},
    {"cache_kbytes", PARAM_INT, &cv_params.cache_kbytes},
    {"negative_expire", PARAM_INT, &cv_params.negative_expire},
    {"evidence_store", PARAM_STRING, &cv_params.evidence_store},
    {"evidence_spill", PARAM_STRING, &cv_params.evidence_spill},
    {"evidence_checkpoint_key", PARAM_STRING, &cv_params.evidence_checkpoint_key},
    {"evidence_number_key", PARAM_STRING, &cv_params.evidence_number_key},
    {"evidence_on_full", PARAM_STRING, &cv_params.evidence_on_full},
    {"evidence_days", PARAM_INT, &cv_params.evidence_days},
    {"evidence_queue", PARAM_INT, &cv_params.evidence_queue},
    {"pools", PARAM_INT, &cv_params.pools},
    {"pools_memory", PARAM_INT, &cv_params.pools_memory},
    {"pools_learn", PARAM_INT, &cv_params.pools_learn},
    {"pools_hash_key", PARAM_STRING, &cv_params.pools_hash_key},
    {"pools_redis", PARAM_STRING, &cv_params.pools_redis},
    {"pools_redis_port", PARAM_INT, &cv_params.pools_redis_port},
    {"pools_redis_password", PARAM_STRING, &cv_params.pools_redis_password},
    {0, 0, 0},
};

struct module_exports exports = {"callvet", DEFAULT_DLFLAGS, cmds,       params, cv_rpcs, cv_pvs, 0,
                                 mod_init,  child_init,      mod_destroy};
