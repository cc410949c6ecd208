/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_CONFIG_H
#define CALLVET_KAMAILIO_CONFIG_H

/* The module's parameters, and the configuration of the library that they stand for. */

#include <callvet/callvet.h>

#define CV_UNSET (-2147483647) /* of a number: not given */

typedef struct cv_params {
  char* config;  /* file; then the parameters from here to `country` may not be given */
  char* anchors; /* file or directory */
  char* crl_file;
  char *trust_list, *trust_list_roots;
  char *state_dir, *cache_dir;
  char* allowed_ports; /* "8443,9443": beside 443 and 8443 */
  char* country;
  int iat_window;                      /* CV_UNSET: the library's */
  char* engine;                        /* which code verifies signatures */
  int table_kbytes, cross_check_every; /* CV_UNSET: the library's */
  int allow_http, allow_private;
  char* policy;      /* file */
  char* mode;        /* without `policy`: its default settings */
  char* fail_policy; /* "closed" or "open" */
  char* code_map;    /* "rfc8224" or "opensipit" */
  char* trunk;       /* may hold pseudo-variables */
  int fetch_timeout; /* ms */
  int fetch_max;     /* threads */
  int queue_max, suspend_max;
  int cache_max, negative_expire;
  char *evidence_store, *evidence_spill, *evidence_checkpoint_key, *evidence_number_key;
  char* evidence_on_full; /* "refuse" or "count" */
  int evidence_days;      /* CV_UNSET: the library's */
  int evidence_queue;     /* KiB */
  int pools;              /* 1: calls are counted by their sources */
  int pools_memory;       /* MiB; CV_UNSET: the library's, like the next */
  int pools_learn;        /* seconds */
  char* pools_hash_key;   /* file */
  char* pools_redis;      /* host or path of a socket */
  int pools_redis_port;
  char* pools_redis_password; /* file */
  int cache_kbytes;           /* 0: a quarter of shared memory */
} cv_params_t;

extern cv_params_t cv_params;

/* What the parameters say, in static memory. NULL if they do not go together; that is logged. */
const callvet_options* cv_config_options(void);
/* The JSON texts, for RPC; without the password of the store. */
const char* cv_config_text(void);
const char* cv_policy_text(void);

#endif
