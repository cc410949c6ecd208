/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/dprint.h"

#define TEXT_MAX 8192

cv_params_t cv_params = {
    .fetch_timeout = 2000,
    .fetch_max = 16,
    .queue_max = 256,
    .suspend_max = 1024,
    .cache_max = 4096,
    .negative_expire = 30,
    .iat_window = CV_UNSET,
    .table_kbytes = CV_UNSET,
    .cross_check_every = CV_UNSET,
    .evidence_days = CV_UNSET,
    .evidence_queue = 16384,
    .pools_memory = CV_UNSET,
    .pools_learn = CV_UNSET,
    .pools_redis_port = CV_UNSET,
};

typedef struct text {
  char bytes[TEXT_MAX];
  int used;
  int failed;
} text_t;

static text_t config_text, policy_text;

static void append(text_t* text, const char* format, ...) {
  va_list arguments;
  int room = TEXT_MAX - text->used, written;
  va_start(arguments, format);
  written = vsnprintf(text->bytes + text->used, (size_t)room, format, arguments);
  va_end(arguments);
  if (written < 0 || written >= room)
    text->failed = 1;
  else
    text->used += written;
}

/* , "name": "value" if there is a value; what JSON would have to escape is refused. */
static void append_text(text_t* text, const char* name, const char* value) {
  const char* at;
  if (value == NULL) return;
  for (at = value; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\' || (unsigned char)*at < 0x20) {
      LM_ERR("parameter %s: [%s] has a character that it may not have\n", name, value);
      text->failed = 1;
      return;
    }
  }
  append(text, "%s\"%s\": \"%s\"", text->bytes[text->used - 1] == '{' ? "" : ", ", name, value);
}

static void append_raw(text_t* text, const char* name, const char* value) {
  append(text, "%s\"%s\": %s", text->bytes[text->used - 1] == '{' ? "" : ", ", name, value);
}

static int has_evidence_parameters(void) {
  const cv_params_t* p = &cv_params;
  return p->evidence_store || p->evidence_spill || p->evidence_checkpoint_key ||
         p->evidence_number_key || p->evidence_on_full || p->evidence_days != CV_UNSET;
}

static void append_ports(text_t* text, const char* ports) {
  if (ports == NULL) return;
  if (strspn(ports, "0123456789, ") != strlen(ports)) {
    LM_ERR("parameter allowed_ports: [%s] are no ports\n", ports);
    text->failed = 1;
    return;
  }
  append(text, "%s\"insecure_allow_ports\": [%s]", text->bytes[text->used - 1] == '{' ? "" : ", ",
         ports);
}

/* , "name": number if it was given. The library refuses what is out of range. */
static void append_number(text_t* text, const char* name, int value, int times) {
  char number[32];
  if (value == CV_UNSET) return;
  snprintf(number, sizeof(number), "%lld", (long long)value * times);
  append_raw(text, name, number);
}

/* What the service's configuration calls "evidence". */
static void write_evidence(text_t* text) {
  const char* on_full = cv_params.evidence_on_full;
  if (cv_params.evidence_store == NULL) {
    if (!has_evidence_parameters()) return;
    LM_ERR("parameter evidence_store is missing beside the others of evidence\n");
    text->failed = 1;
    return;
  }
  if (on_full != NULL && strcmp(on_full, "refuse") != 0 && strcmp(on_full, "count") != 0) {
    LM_ERR("parameter evidence_on_full: [%s] is not refuse or count\n", on_full);
    text->failed = 1;
    return;
  }
  append(text, ", \"evidence\": {");
  append_text(text, "store", cv_params.evidence_store);
  append_text(text, "spill_dir", cv_params.evidence_spill);
  append_text(text, "checkpoint_key", cv_params.evidence_checkpoint_key);
  append_text(text, "number_key", cv_params.evidence_number_key);
  append_text(text, "when_full",
              on_full != NULL && strcmp(on_full, "refuse") == 0 ? "refuse-calls" : on_full);
  append_number(text, "retention_days", cv_params.evidence_days, 1);
  append(text, "}");
}

static int has_pools_parameters(void) {
  const cv_params_t* p = &cv_params;
  return p->pools_hash_key || p->pools_redis || p->pools_redis_password ||
         p->pools_memory != CV_UNSET || p->pools_learn != CV_UNSET ||
         p->pools_redis_port != CV_UNSET;
}

/* What the service's configuration calls "pools". */
static void write_pools(text_t* text) {
  const cv_params_t* p = &cv_params;
  if (!p->pools) {
    if (!has_pools_parameters()) return;
    LM_ERR("parameter pools is not 1 beside the others of pools\n");
    text->failed = 1;
    return;
  }
  if (p->pools_redis == NULL && (p->pools_redis_password || p->pools_redis_port != CV_UNSET)) {
    LM_ERR("parameter pools_redis is missing beside its port or password\n");
    text->failed = 1;
    return;
  }
  append(text, ", \"pools\": {");
  append_number(text, "memory_mb", p->pools_memory, 1);
  append_number(text, "learn_seconds", p->pools_learn, 1);
  append_text(text, "hash_key", p->pools_hash_key);
  if (p->pools_redis != NULL) {
    append(text, "%s\"redis\": {", text->bytes[text->used - 1] == '{' ? "" : ", ");
    append_text(text, "host", p->pools_redis);
    append_number(text, "port", p->pools_redis_port, 1);
    append_text(text, "password_file", p->pools_redis_password);
    append(text, "}");
  }
  append(text, "}");
}

static void write_config(text_t* text) {
  append(text, "{\"trust\": {");
  append_text(text, "anchors", cv_params.anchors);
  append_text(text, "crls", cv_params.crl_file);
  append_text(text, "trust_list", cv_params.trust_list);
  append_text(text, "trust_list_roots", cv_params.trust_list_roots);
  append_text(text, "state_dir", cv_params.state_dir);
  append(text, "}, \"certificates\": {");
  append_text(text, "cache_dir", cv_params.cache_dir);
  if (cv_params.allow_http) append_raw(text, "insecure_allow_http", "true");
  if (cv_params.allow_private) append_raw(text, "insecure_allow_private_addresses", "true");
  append_ports(text, cv_params.allowed_ports);
  append(text, "}, \"verification\": {");
  append_text(text, "country", cv_params.country);
  append_number(text, "max_age_seconds", cv_params.iat_window, 1);
  append_text(text, "engine", cv_params.engine);
  append_number(text, "table_bytes", cv_params.table_kbytes, 1024);
  append_number(text, "cross_check_every", cv_params.cross_check_every, 1);
  append(text, "}");
  write_evidence(text);
  write_pools(text);
  append(text, "}");
}

static void write_policy(text_t* text) {
  append(text, "{\"default\": {");
  append_text(text, "mode", cv_params.mode);
  append_text(text, "certificate_unavailable", cv_params.fail_policy);
  append_text(text, "code_map", cv_params.code_map);
  append(text, "}}");
}

static void log_line(void* context, callvet_log_level level, callvet_text line) {
  (void)context;
  if (level == CALLVET_LOG_ERROR)
    LM_ERR("%.*s\n", (int)line.size, line.data);
  else if (level == CALLVET_LOG_WARNING)
    LM_WARN("%.*s\n", (int)line.size, line.data);
  else
    LM_INFO("%.*s\n", (int)line.size, line.data);
}

static int is_mixed(void) {
  const cv_params_t* p = &cv_params;
  return p->config != NULL &&
         (p->anchors || p->crl_file || p->trust_list || p->trust_list_roots || p->state_dir ||
          p->cache_dir || p->allowed_ports || p->country || p->iat_window != CV_UNSET ||
          p->engine || p->table_kbytes != CV_UNSET || p->cross_check_every != CV_UNSET ||
          p->allow_http || p->allow_private || p->policy || has_evidence_parameters() || p->pools ||
          has_pools_parameters());
}

static int has_settings(void) {
  return cv_params.mode || cv_params.fail_policy || cv_params.code_map;
}

static callvet_text text_of(const char* text) {
  callvet_text result = {text, text == NULL ? 0 : strlen(text)};
  return result;
}

/* "policy" is a member of the configuration. */
static void add_policy_file(text_t* text) {
  if (cv_params.policy == NULL) return;
  text->used--; /* the last brace */
  append_text(text, "policy", cv_params.policy);
  append(text, "}");
}

const callvet_options* cv_config_options(void) {
  static callvet_options options;
  if (is_mixed()) {
    LM_ERR("with the parameter config, what the file says may not be a parameter too\n");
    return NULL;
  }
  if (cv_params.policy != NULL && has_settings()) {
    LM_ERR("with the parameter policy, mode, fail_policy and code_map stand in its file\n");
    return NULL;
  }
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.log = log_line;
  if (cv_params.config != NULL) {
    options.config_file = text_of(cv_params.config);
  } else {
    write_config(&config_text);
    add_policy_file(&config_text);
    options.config = text_of(config_text.bytes);
    options.directory = text_of("/");
  }
  /* The library refuses it if the configuration names a policy file. */
  if (has_settings()) {
    write_policy(&policy_text);
    options.policy = text_of(policy_text.bytes);
  }
  options.max_certificates = (uint64_t)cv_params.cache_max;
  return config_text.failed || policy_text.failed ? NULL : &options;
}

/* Overwrites the password in the store's URL, behind "//user:" or "password=". */
static void hide_password(char* text) {
  char* store = strstr(text, "\"store\": \"");
  char *end, *at, *colon;
  if (store == NULL) return;
  store += strlen("\"store\": \"");
  end = strchr(store, '"');
  at = strstr(store, "://");
  if (end == NULL || at == NULL || at > end) return;
  store = at + 3;
  for (at = end; at > store && *at != '@'; at--) {
  }
  colon = memchr(store, ':', (size_t)(at - store));
  if (colon != NULL) memset(colon + 1, '*', (size_t)(at - colon - 1));
  at = strstr(store, "password=");
  if (at != NULL && at < end) memset(at + 9, '*', (size_t)(end - at - 9));
}

const char* cv_config_text(void) {
  static char shown[TEXT_MAX];
  if (cv_params.config != NULL) return cv_params.config;
  memcpy(shown, config_text.bytes, sizeof(shown));
  hide_password(shown);
  return shown;
}

const char* cv_policy_text(void) {
  if (cv_params.policy != NULL) return cv_params.policy;
  if (has_settings()) return policy_text.bytes;
  return cv_params.config != NULL ? "as config says" : "the strictest";
}
