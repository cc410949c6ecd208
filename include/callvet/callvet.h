/* SPDX-License-Identifier: MIT */
/*
 * callvet for C and everything that can call C: judges calls by STIR/SHAKEN without doing I/O, and
 * fetches certificates in separate calls. Self-contained C11; needs nothing but this file and
 * libcallvet.so. An example: tools/examples/verify.c.
 *
 * Rules of the whole interface
 * - Texts are (pointer, length) and need no NUL; {NULL, 0} is "not given". Input is copied.
 * - Structs begin with struct_size, which the caller sets to sizeof: a newer library serves an
 * older caller, and an older library a newer caller as long as the fields that it does not know are
 * 0.
 * - Functions return CALLVET_OK (0), CALLVET_NEED_CERTIFICATE, or a negative status and then, if
 *   `error` is not NULL, why. No failure, exception or lack of memory ever makes a call verified.
 * - Nothing is to be freed but handles. NULL may be destroyed.
 * - The library starts no threads, has no globals, prints nothing and does nothing when it is
 *   loaded. Handles may be made before or after fork(); a handle made before it is copied like all
 *   memory. (libcurl, behind a callvet_fetcher, may resolve names in threads of its own: make
 *   fetchers after fork.)
 * - A callvet_verifier, a callvet_fetcher, a callvet_evidence_writer and a callvet_pools may be
 *   used by several threads at a time, a callvet_result and a callvet_evidence_packer by one.
 */
#ifndef CALLVET_CALLVET_H
#define CALLVET_CALLVET_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

#if defined(__GNUC__)
#define CALLVET_API __attribute__((visibility("default")))
#else
#define CALLVET_API
#endif

/* Grows when a function is added; the soname changes when one changes its meaning. */
#define CALLVET_ABI_VERSION 5

typedef struct callvet_text {
  const char* data; /* not NUL-terminated, unless said otherwise */
  size_t size;
} callvet_text;

typedef struct callvet_texts {
  const callvet_text* items;
  size_t count;
} callvet_texts;

typedef enum callvet_status {
  CALLVET_OK = 0,               /* done; of a call: there is a verdict, good or bad */
  CALLVET_NEED_CERTIFICATE = 1, /* certificates are missing: see callvet_verdict.missing */
  CALLVET_INVALID = -1,         /* an argument cannot be used: NULL, no struct_size, no number */
  CALLVET_FAILED = -2,          /* it could not be done; see callvet_error */
  CALLVET_TOO_SMALL = -3,       /* the buffer; its size field says how much is needed */
  CALLVET_INTERNAL = -4         /* an exception or no memory */
} callvet_status;

typedef struct callvet_error {
  size_t struct_size;
  char reason[64];  /* an id of the table of reasons, "fetch-timeout"; NUL-terminated */
  char detail[512]; /* for people; may quote what a caller sent; NUL-terminated */
} callvet_error;

typedef enum callvet_log_level {
  CALLVET_LOG_ERROR = 1,
  CALLVET_LOG_WARNING = 2,
  CALLVET_LOG_INFO = 3
} callvet_log_level;

/* Called only during a call of this interface, in the thread that makes it. Must not throw, must
 * not call back into the same handle. `text` is one line without its end, not NUL-terminated. */
typedef void (*callvet_log_function)(void* context, callvet_log_level level, callvet_text text);

/* What verifier and fetcher are configured to be. */
typedef struct callvet_options {
  size_t struct_size;
  callvet_text
      config_file;        /* the configuration of `callvet serve`, whose server parts are ignored */
  callvet_text config;    /* or its text; not both. Neither: {} */
  callvet_text directory; /* relative paths in `config` count from here */
  callvet_text policy;    /* text of a policy file, if the configuration names no file */
  callvet_log_function log; /* or NULL */
  void* log_context;
  uint64_t max_certificates;      /* in memory, and as many chains; 0: 20000 */
  uint64_t max_certificate_bytes; /* the same in bytes, estimated; 0: 256 MiB */
} callvet_options;

/* CALLVET_ABI_VERSION of the library that is loaded. */
CALLVET_API uint32_t callvet_abi_version(void);
/* "0.1.0"; NUL-terminated, static. */
CALLVET_API const char* callvet_version(void);

/* ---- Verifying: never any I/O, but for create and reload, which read files. ---------------- */

typedef struct callvet_verifier callvet_verifier;

/* Reads configuration, anchors, CRLs, and policy. Fails if a file that is named cannot be used;
 * what is downloaded (trust list, CRLs) counts as a fetcher left it in the state directory. */
CALLVET_API int callvet_verifier_create(const callvet_options* options, callvet_verifier** verifier,
                                        callvet_error* error);
CALLVET_API void callvet_verifier_destroy(callvet_verifier* verifier);

/* Reads anchors, trust list, CRLs, policy and its tables anew, for later calls. If any cannot be
 * used nothing changes. The configuration itself is not read again. */
CALLVET_API int callvet_verifier_reload(callvet_verifier* verifier, callvet_error* error);

/* CALLVET_FAILED, with the reason, while no call can pass: there is no trust anchor. */
CALLVET_API int callvet_verifier_ready(const callvet_verifier* verifier, callvet_error* error);

/* One call. Give the request as received, or the fields, or both: a field that is given replaces
 * what the request says. With `dest` the Request-URI counts only if `target` is given too. */
typedef struct callvet_call {
  size_t struct_size;
  callvet_text message;     /* the whole SIP request, from its request line on */
  callvet_texts identities; /* bodies of all Identity headers, in order */
  callvet_texts orig;       /* P-Asserted-Identity values, else From: numbers, URIs, name-addrs. At
                               most one beside a tel URI, as RFC 3325 says, the same number
                               counting once; more are input that cannot be read. Where
                               they name nobody ("sip:anonymous@anonymous.invalid", an IP
                               address alone) the caller is `from`, or From of the message */
  callvet_texts dest;       /* To */
  callvet_text from;        /* From, for the policy */
  callvet_text date;        /* Date */
  callvet_text target;      /* Request-URI */
  callvet_text priority;    /* Priority */
  callvet_texts resource_priority;
  callvet_text trunk; /* whose settings of the policy count; unknown or "": the default */
  int64_t at;         /* judge as of then, seconds since 1970; 0: now. Like all times: what is
                         before 1970 or after 9999 is taken for the first or last second between */
  /* Since version 2. */
  callvet_text call_id; /* Call-ID, for evidence */
} callvet_call;

typedef enum callvet_class {
  CALLVET_VERIFIED = 0,  /* the only one that passes */
  CALLVET_UNSIGNED = 1,  /* no Identity header, or none that anybody here judges */
  CALLVET_REFUSED = 2,   /* a check failed */
  CALLVET_UNDECIDED = 3, /* something needed could not be had: a certificate, a list, memory */
  CALLVET_POLICY = 4,    /* (disposition only) the operator's rules decided */
  CALLVET_INPUT = 5      /* the request could not be read */
} callvet_class;

typedef enum callvet_action {
  CALLVET_PASS = 0,  /* the call goes on */
  CALLVET_TAG = 1,   /* it goes on, and Reason in its replies says what is wrong with it */
  CALLVET_REJECT = 2 /* it is answered with sip_code */
} callvet_action;

typedef enum callvet_mark_header {
  CALLVET_MARK_PAI = 0,
  CALLVET_MARK_FROM = 1
} callvet_mark_header;
typedef enum callvet_mark_place { CALLVET_MARK_USER = 0, CALLVET_MARK_URI = 1 } callvet_mark_place;

/* What is written about a call that goes on, and where (verstat, 3GPP TS 24.229 7.2A.20). */
typedef struct callvet_mark {
  size_t struct_size;
  callvet_text value; /* "" : nothing is written */
  callvet_mark_header header;
  callvet_mark_place place;
  callvet_texts identities; /* whom a passed validation is true of */
} callvet_mark;

/* What is true of a call, and what the policy does with it. Texts live in the callvet_result. */
typedef struct callvet_verdict {
  size_t struct_size;
  /* The verdict. */
  callvet_class reason_class;
  int32_t sip_code;     /* of the reason, by RFC 8224; 0 if it is verified */
  callvet_text reason;  /* "verified", "signature-invalid", ...: stable */
  callvet_text phrase;  /* "Invalid Identity Header" */
  callvet_text verstat; /* "TN-Validation-Passed", "TN-Validation-Failed", "No-TN-Validation" */
  callvet_text detail;  /* for people; may quote what a caller sent */
  callvet_text checks;  /* "iat-fresh=passed dest=failed ..." of the deciding PASSporT */
  uint64_t passports;   /* how many Identity header values there were */
  /* The PASSporT that decided; facts only if the call is verified. Empty if there is none, or if it
   * has control characters: these texts are of one line. */
  callvet_text attest, orig, dest, origid, ppt, x5u;
  int64_t iat, age;          /* seconds; -1 in `iat`: not known */
  callvet_text spc, subject; /* its signer's; several SPCs divided by spaces */
  /* What the policy does. */
  callvet_action action;
  callvet_class action_class; /* class of action_reason */
  callvet_text action_reason; /* "verified", or the id of what decided */
  int32_t reply_code;         /* by code map and overrides; 0 if nothing is wrong */
  callvet_text reply_phrase;
  callvet_texts reply_headers; /* values of Reason headers: of the reply, or of the next one to a
                                  call that goes on */
  callvet_texts strip_headers; /* names of headers to remove from a call that goes on */
  callvet_mark mark;
  /* Certificates. */
  callvet_texts missing; /* x5u URLs: put them, or their failure, and verify again */
  callvet_texts stale;   /* in use, but due for a new fetch when there is time */
  uint64_t time_us;      /* what this took */
  /* Since version 4: x5u URLs of the certificates at hand that PASSporTs of the call were judged
   * with. Whoever judges the call again with another verifier needs them there. Empty where the
   * configuration has the certificates. */
  callvet_texts certificates;
} callvet_verdict;

/* Memory for one verdict, to be used again for the next one. */
typedef struct callvet_result callvet_result;
CALLVET_API int callvet_result_create(callvet_result** result);
CALLVET_API void callvet_result_destroy(callvet_result* result);

/* Judges `call` and fills `verdict`, whose texts live in `result` until its next use. No I/O.
 * CALLVET_OK: this is the verdict. CALLVET_NEED_CERTIFICATE: it is not verified, and certificates
 * are missing that might change that; the verdict is what it is without them. A verified call can
 * have missing certificates too, of PASSporTs that it did not need. A negative status fills the
 * verdict with "internal-error", which rejects. */
CALLVET_API int callvet_verify(callvet_verifier* verifier, const callvet_call* call,
                               callvet_result* result, callvet_verdict* verdict,
                               callvet_error* error);

/* Since version 3. Many calls, in their order, on the caller's thread: statuses[i] and
 * *verdicts[i] are what callvet_verify gives for *calls[i] and results[i], whatever becomes of the
 * others; signatures of several calls are verified together, but for calls with `at` and where
 * evidence is kept. Each call needs a result and a verdict of its own; none of the four arrays has
 * fewer than `count` elements. CALLVET_OK: see `statuses`. CALLVET_INVALID: an array, or one of its
 * elements, or the verifier is NULL; nothing was judged, and every verdict that is there is
 * "internal-error".
 */
typedef struct callvet_batch {
  size_t struct_size;
  size_t count;
  const callvet_call* const* calls;
  callvet_result* const* results;
  callvet_verdict* const* verdicts;
  int* statuses;
} callvet_batch;
CALLVET_API int callvet_verify_batch(callvet_verifier* verifier, const callvet_batch* batch,
                                     callvet_error* error);

/* Writes `mark` into `identity`, a From or P-Asserted-Identity value, after removing every verstat
 * that came with it; with an empty value it only removes. A passed validation is written only into
 * an identity that it is true of, else No-TN-Validation. `*size`: in: room in `buffer`, out: bytes
 * written or, with CALLVET_TOO_SMALL, needed. No NUL is written, and no line break: a folded value
 * is put on one line. CALLVET_INVALID: header or place is none of its enumeration; CALLVET_FAILED:
 * no sip, sips or tel URI in it, or a line break that is no fold. */
CALLVET_API int callvet_mark_identity(const callvet_mark* mark, callvet_text identity, char* buffer,
                                      size_t* size, callvet_error* error);

/* ---- Certificates of a verifier ------------------------------------------------------------- */

typedef struct callvet_times {
  size_t struct_size;
  int64_t fetched_at;  /* seconds since 1970 */
  int64_t fresh_until; /* then it is reported as stale, and still used */
  int64_t stale_until; /* then it is missing */
} callvet_times;

/* `bytes`: PEM or DER, the signer first, as served at `url`. It is not trusted for being put: chain
 * and validity are judged with every call. CALLVET_FAILED if no certificate can be read from it. */
CALLVET_API int callvet_certificate_put(callvet_verifier* verifier, callvet_text url,
                                        callvet_text bytes, const callvet_times* times,
                                        callvet_error* error);
/* Says that `url` cannot be had: until `until` calls that need it get the verdict `reason`, an id
 * such as "fetch-timeout" (undecided, 436) that does not verify. A certificate that is at hand goes
 * on counting. */
CALLVET_API int callvet_certificate_put_failure(callvet_verifier* verifier, callvet_text url,
                                                callvet_text reason, int64_t until,
                                                callvet_error* error);
/* Forgets one URL, or with an empty text all, failures too. */
CALLVET_API int callvet_certificate_forget(callvet_verifier* verifier, callvet_text url);

typedef struct callvet_verifier_stats {
  size_t struct_size;
  uint64_t verified, unsigned_calls, refused, undecided, unreadable; /* verdicts */
  uint64_t rejected, tagged;                                         /* dispositions */
  uint64_t need_certificate;                /* of these, calls answered CALLVET_NEED_CERTIFICATE */
  uint64_t certificates, certificate_bytes; /* in memory */
  uint64_t reloads;
  /* Since version 3: signatures verified with a table of the signer's key, and those left to
   * OpenSSL; tables in memory. */
  uint64_t by_table, by_openssl;
  uint64_t tables, table_bytes, table_limit_bytes;
  uint64_t tables_built, tables_evicted;
  uint64_t cross_checks, disagreements; /* with OpenSSL: after one, it verifies all */
} callvet_verifier_stats;
CALLVET_API int callvet_verifier_get_stats(const callvet_verifier* verifier,
                                           callvet_verifier_stats* stats);

/* ---- Fetching: blocks, for threads or processes that may wait. ------------------------------ */

typedef struct callvet_fetcher callvet_fetcher;

/* The same configuration: sections `certificates` and `trust` say what may be fetched, and how.
 * Reads and writes the cache and state directories; downloads a trust list and CRLs that are
 * configured. */
CALLVET_API int callvet_fetcher_create(const callvet_options* options, callvet_fetcher** fetcher,
                                       callvet_error* error);
CALLVET_API void callvet_fetcher_destroy(callvet_fetcher* fetcher);

typedef struct callvet_certificate {
  size_t struct_size;
  char* buffer; /* in: room for the certificates, as PEM */
  size_t buffer_size;
  size_t size;           /* out: bytes written, or needed */
  callvet_times times;   /* out */
  int32_t trust_changed; /* out: 1 if CRLs of it were fetched: verifiers should reload */
} callvet_certificate;

/* The certificates at `url`, from the cache or by one GET (one for all who ask at a time), within
 * `timeout_ms`. 128 KiB of buffer always suffice. CALLVET_FAILED: error->reason says why; it is
 * remembered for a while, so that a dead host is not asked for every call. */
CALLVET_API int callvet_fetcher_fetch(callvet_fetcher* fetcher, callvet_text url,
                                      uint32_t timeout_ms, callvet_certificate* certificate,
                                      callvet_error* error);

/* Does what is due: trust list, CRLs, certificates that end soon. Call it every few seconds.
 * `*trust_changed` (or NULL) becomes 1 if verifiers should reload. */
CALLVET_API int callvet_fetcher_maintain(callvet_fetcher* fetcher, uint32_t timeout_ms,
                                         int32_t* trust_changed);
/* Reads files of trust anew and asks for new lists. */
CALLVET_API int callvet_fetcher_reload(callvet_fetcher* fetcher, uint32_t timeout_ms,
                                       callvet_error* error);
/* Forgets one URL, or with an empty text all: in memory and in the cache directory. */
CALLVET_API int callvet_fetcher_forget(callvet_fetcher* fetcher, callvet_text url);

typedef struct callvet_fetcher_stats {
  size_t struct_size;
  uint64_t fetches, fetch_failures; /* begun, and failed of these */
  uint64_t memory_hits, disk_hits, negative_hits, joined, refused_busy, refreshes;
} callvet_fetcher_stats;
CALLVET_API int callvet_fetcher_get_stats(const callvet_fetcher* fetcher,
                                          callvet_fetcher_stats* stats);

/* ---- Evidence (since version 2): what is kept of each call, so that it can be traced. ---------
 *
 * The section `evidence` of the configuration says whether, where and how; it is that of `callvet
 * serve`. Whoever judges calls makes one package of each, without I/O, and hands it to the process
 * or thread that has the store, over whatever they share. What many calls share (chains, anchors,
 * CRLs) is in the first package that needs it: all packages of one packer that were handed over
 * must reach one writer, in order. */

typedef enum callvet_when_full {
  CALLVET_REFUSE_CALLS = 0, /* a call whose evidence cannot be kept does not go on */
  CALLVET_COUNT_LOST = 1    /* it goes on, and is counted as loudly as possible */
} callvet_when_full;

/* What a configuration says of evidence. */
typedef struct callvet_evidence_settings {
  size_t struct_size;
  int32_t kept; /* 1 if it has the section */
  callvet_when_full when_full;
} callvet_evidence_settings;
/* Opens nothing but the configuration. */
CALLVET_API int callvet_evidence_read_settings(const callvet_options* options,
                                               callvet_evidence_settings* settings,
                                               callvet_error* error);

typedef struct callvet_evidence_packer callvet_evidence_packer;
/* Reads the number key, if one is configured: packages hold numbers as the store will. Fails
 * without the section `evidence`. After a fork each process's copy is a packer of its own. */
CALLVET_API int callvet_evidence_packer_create(const callvet_options* options,
                                               callvet_evidence_packer** packer,
                                               callvet_error* error);
CALLVET_API void callvet_evidence_packer_destroy(callvet_evidence_packer* packer);

typedef struct callvet_package {
  size_t struct_size;
  callvet_text id;    /* of the record, by which it will be found */
  callvet_text bytes; /* opaque */
} callvet_package;
/* The evidence of the call that `result` was used for last, with a verifier whose configuration has
 * the section `evidence`; else CALLVET_FAILED. Each use is another record. No I/O. The texts live
 * in `packer` until its next use. A package is a few kB; one that has something for the first time
 * has that too: a trust list, CRLs. */
CALLVET_API int callvet_evidence_pack(callvet_evidence_packer* packer, const callvet_result* result,
                                      callvet_package* package, callvet_error* error);
/* The last package is sure to be submitted. Without it the next one repeats what it shares. */
CALLVET_API int callvet_evidence_handed_over(callvet_evidence_packer* packer);

/* The verdict of the call that `result` was used for last, if its evidence cannot be kept:
 * "evidence-not-kept" (undecided, 503). It is rejected, whatever the policy's mode, with the
 * policy's answer; an emergency call is not. `result` then has no evidence. */
CALLVET_API int callvet_evidence_refuse(const callvet_verifier* verifier, callvet_result* result,
                                        callvet_verdict* verdict, callvet_error* error);

/* Whether the keys and places that callvet_evidence_writer_create needs can be used, as far as can
 * be seen without opening or making anything: before fork, by the user who will write. Fails as it
 * would. Since version 5. */
CALLVET_API int callvet_evidence_writer_check(const callvet_options* options, callvet_error* error);

typedef struct callvet_evidence_writer callvet_evidence_writer;
/* Opens (or makes) store, spill directory and keys. One for all packers; make it after fork. */
CALLVET_API int callvet_evidence_writer_create(const callvet_options* options,
                                               callvet_evidence_writer** writer,
                                               callvet_error* error);
CALLVET_API void callvet_evidence_writer_destroy(callvet_evidence_writer* writer);
/* Takes a package, without waiting for a disk. CALLVET_FAILED with "evidence-not-kept": the queue
 * is full; submit it again later. With another reason it is unusable, and its record is lost. */
CALLVET_API int callvet_evidence_writer_submit(callvet_evidence_writer* writer,
                                               callvet_text package, callvet_error* error);
/* Blocks: writes until stop, then what is still queued, as far as store or spill directory take it.
 * In a thread of the caller's, once at a time. */
CALLVET_API int callvet_evidence_writer_run(callvet_evidence_writer* writer);
CALLVET_API int callvet_evidence_writer_stop(callvet_evidence_writer* writer);
/* Says by the log function what an operator must know (a store that fails, or is well again), and
 * once a day deletes what is older than `retention_days`, which may take a while. Call it every few
 * seconds, from one thread. */
CALLVET_API int callvet_evidence_writer_maintain(callvet_evidence_writer* writer);

typedef struct callvet_evidence_stats {
  size_t struct_size;
  uint64_t submitted, unusable;             /* packages */
  uint64_t queued, spill_bytes;             /* waiting now, in memory and in spill files */
  uint64_t stored, spilled, store_failures; /* records; failures of store or spill directory */
  int32_t failing;                          /* 1 if store or spill directory failed last */
  uint64_t lost;                            /* records that were still queued when run ended */
} callvet_evidence_stats;
CALLVET_API int callvet_evidence_writer_get_stats(const callvet_evidence_writer* writer,
                                                  callvet_evidence_stats* stats);

/* ---- Caller pools (since version 3): sources whose callers rotate. -----------------------------
 *
 * The section `pools` of the configuration says whether calls are counted by origid, signer and
 * trunk, and the policy's `pools` when such a source is flagged, and what becomes of its calls;
 * both are those of `callvet serve`. One process or thread counts for all that judge: each of these
 * makes a note of every call, without I/O, and hands it over by whatever they share; who counts
 * publishes what is flagged, and verifiers are told. With `pools.redis` several such counters, on
 * one host or many, count together. */

typedef struct callvet_pools_settings {
  size_t struct_size;
  int32_t counted; /* 1 if the configuration has the section */
  int32_t shared;  /* 1 if it names a Redis */
} callvet_pools_settings;
/* Opens nothing but the configuration. */
CALLVET_API int callvet_pools_read_settings(const callvet_options* options,
                                            callvet_pools_settings* settings, callvet_error* error);

/* What is counted of the call that `result` was used for last: opaque, a few hundred bytes. Make it
 * once of each call that is not to be judged again, when it is known by which id its evidence is
 * found ({NULL, 0} if there is none). `*size`: in: room in `buffer`, out: bytes written or, with
 * CALLVET_TOO_SMALL, needed; 0 if the call is not counted, since it was judged as of another time,
 * could not be read, or the configuration has no section `pools`. */
CALLVET_API int callvet_pools_note(const callvet_result* result, callvet_text evidence_id,
                                   char* buffer, size_t* size, callvet_error* error);

typedef struct callvet_pool_release {
  size_t struct_size;
  callvet_text kind;  /* "origid", "signer" or "trunk" */
  callvet_text value; /* which */
  int64_t seconds;    /* for which it is not flagged again; 0 to 90 days */
  callvet_text by;    /* who releases it, for the record */
} callvet_pool_release;
/* A note that ends a flag. Sizes as above. */
CALLVET_API int callvet_pools_release_note(const callvet_pool_release* release, char* buffer,
                                           size_t* size, callvet_error* error);

typedef struct callvet_pools callvet_pools;
/* Reads configuration and policy. Fails without the section `pools`. With the section `evidence`
 * flags of before are read from its store (by maintain, which says if that fails), and changes of
 * flags become records. */
CALLVET_API int callvet_pools_create(const callvet_options* options, callvet_pools** pools,
                                     callvet_error* error);
CALLVET_API void callvet_pools_destroy(callvet_pools* pools);
/* Does what a note says. Never waits. CALLVET_FAILED: it is none. */
CALLVET_API int callvet_pools_take(callvet_pools* pools, callvet_text note, callvet_error* error);
/* Does what is due, by one thread at a time, which may wait for Redis (pools.redis.timeout_ms):
 * call it twice a second. What an operator must know goes to the log function. */
CALLVET_API int callvet_pools_maintain(callvet_pools* pools);
/* Reads the policy anew. If it cannot be used nothing changes. */
CALLVET_API int callvet_pools_reload(callvet_pools* pools, callvet_error* error);
/* What is flagged now, for callvet_verifier_set_flags: opaque; empty if nothing is. Sizes as above.
 */
CALLVET_API int callvet_pools_flags(callvet_pools* pools, char* buffer, size_t* size,
                                    callvet_error* error);
/* The next change of a flag as a package for a callvet_evidence_writer; its bytes are empty if
 * there is none. The texts live in `pools` until the next use by the same thread that maintains. */
CALLVET_API int callvet_pools_take_package(callvet_pools* pools, callvet_package* package,
                                           callvet_error* error);
/* The program ends: what is flagged becomes changes, as far as it was not. */
CALLVET_API int callvet_pools_finish(callvet_pools* pools);

/* From now on what `flags` says is flagged, for this verifier. CALLVET_FAILED, and nothing changes,
 * if they cannot be read. */
CALLVET_API int callvet_verifier_set_flags(callvet_verifier* verifier, callvet_text flags,
                                           callvet_error* error);

typedef struct callvet_flag {
  size_t struct_size;
  callvet_text kind, value, rule, action; /* "report", "tag" or "reject" */
  int64_t since, until;                   /* seconds since 1970 */
  uint64_t calls, callers, callees;       /* in the rule's window, when it was last broken */
} callvet_flag;
typedef void (*callvet_flag_function)(void* context, const callvet_flag* flag);
/* Calls `each` for what `flags` says. */
CALLVET_API int callvet_flags_read(callvet_text flags, callvet_flag_function each, void* context,
                                   callvet_error* error);

typedef struct callvet_pools_stats {
  size_t struct_size;
  uint64_t counted, unusable;                  /* notes */
  uint64_t sources, bytes, evicted;            /* in memory now, and forgotten for want of it */
  uint64_t flagged;                            /* now */
  uint64_t shared, not_shared, share_failures; /* with Redis */
  int32_t share_failing;                       /* 1 if Redis failed last */
} callvet_pools_stats;
CALLVET_API int callvet_pools_get_stats(const callvet_pools* pools, callvet_pools_stats* stats);

#if defined(__cplusplus)
}
#endif

#endif /* CALLVET_CALLVET_H */
