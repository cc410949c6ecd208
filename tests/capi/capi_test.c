/* SPDX-License-Identifier: MIT */
/*
 * The C interface as a C11 program sees it; run by capi_test.py, which makes the laboratory:
 *
 *   capi_test FOLDER
 *
 * FOLDER has config.json, evidence.json (the same with evidence), policy.json, good.sip,
 * tampered.sip, chain.pem, url (of chain.pem, served on loopback) and gone (a URL that is not
 * there).
 */
#include <callvet/callvet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

static const char* folder;

static callvet_text text(const char* data) {
  callvet_text result = {data, strlen(data)};
  return result;
}

static int is(callvet_text value, const char* expected) {
  return value.size == strlen(expected) && memcmp(value.data, expected, value.size) == 0;
}

/* A file in memory of exactly its size, so that AddressSanitizer sees what reads too far. */
static callvet_text file(const char* name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* stream = fopen(path, "rb");
  CHECK(stream != NULL);
  fseek(stream, 0, SEEK_END);
  long size = ftell(stream);
  rewind(stream);
  char* data = malloc((size_t)size + (size == 0));
  CHECK(data != NULL && fread(data, 1, (size_t)size, stream) == (size_t)size);
  fclose(stream);
  callvet_text result = {data, (size_t)size};
  return result;
}

static void release(callvet_text value) {
  free((void*)(uintptr_t)value.data);
}

static int warnings;
static void count_warning(void* context, callvet_log_level level, callvet_text line) {
  CHECK(context == &warnings);
  CHECK(line.size > 0 && line.data[line.size - 1] != '\n');
  if (level == CALLVET_LOG_WARNING) ++warnings;
}

static callvet_verifier* make_verifier(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/config.json", folder);
  callvet_options options = {.struct_size = sizeof options,
                             .config_file = text(path),
                             .log = count_warning,
                             .log_context = &warnings};
  callvet_error error = {.struct_size = sizeof error};
  callvet_verifier* verifier = NULL;
  int status = callvet_verifier_create(&options, &verifier, &error);
  if (status != CALLVET_OK) fprintf(stderr, "%s: %s\n", error.reason, error.detail);
  CHECK(status == CALLVET_OK && verifier != NULL);
  return verifier;
}

static callvet_times times_of(int64_t fresh_for, int64_t stale_for) {
  int64_t now = time(NULL);
  callvet_times times = {sizeof times, now, now + fresh_for, now + stale_for};
  return times;
}

struct judged {
  int status;
  callvet_verdict verdict;
  callvet_result* result;
};

static struct judged judge(callvet_verifier* verifier, const char* name) {
  struct judged judged = {.verdict = {.struct_size = sizeof judged.verdict}};
  CHECK(callvet_result_create(&judged.result) == CALLVET_OK);
  callvet_text message = file(name);
  callvet_call call = {.struct_size = sizeof call, .message = message};
  judged.status = callvet_verify(verifier, &call, judged.result, &judged.verdict, NULL);
  release(message); /* nothing of it may be needed any more */
  return judged;
}

static void put(callvet_verifier* verifier, const char* url_file, const char* pem) {
  callvet_text url = file(url_file);
  callvet_text bytes = file(pem);
  callvet_times times = times_of(3600, 7200);
  CHECK(callvet_certificate_put(verifier, url, bytes, &times, NULL) == CALLVET_OK);
  release(url);
  release(bytes);
}

static int mark(callvet_mark mark, const char* identity, char* buffer, size_t* size) {
  callvet_error error = {.struct_size = sizeof error};
  int status = callvet_mark_identity(&mark, text(identity), buffer, size, &error);
  CHECK(status == CALLVET_OK || strcmp(error.reason, "parameter-invalid") == 0);
  return status;
}

/* A C program may write any number into an enumeration. */
static void refuses_marks_that_there_are_not(void) {
  char buffer[128];
  size_t size = sizeof buffer;
  int header, place;
  for (header = -1; header < 10; header++) {
    for (place = -1; place < 10; place++) {
      callvet_mark wrong = {.struct_size = sizeof wrong, .value = text("No-TN-Validation")};
      memcpy(&wrong.header, &header, sizeof header);
      memcpy(&wrong.place, &place, sizeof place);
      int known = (header == 0 || header == 1) && (place == 0 || place == 1);
      size = sizeof buffer;
      CHECK(mark(wrong, "<sip:+12155550100@example.org>", buffer, &size) ==
            (known ? CALLVET_OK : CALLVET_INVALID));
    }
  }
  /* Nor does the case of its letters make a passed validation true. */
  callvet_mark passed = {.struct_size = sizeof passed, .value = text("tn-validation-PASSED")};
  size = sizeof buffer;
  CHECK(mark(passed, "<sip:+12155550100@example.org>", buffer, &size) == CALLVET_OK);
  CHECK(memmem(buffer, size, "verstat=No-TN-Validation", 24) != NULL);
}

static void judge_orig(callvet_verifier* verifier, const char* const* orig, size_t count,
                       const char* reason) {
  callvet_text items[4], message = file("good.sip");
  struct judged judged = {.verdict = {.struct_size = sizeof judged.verdict}};
  size_t i;
  for (i = 0; i < count; i++) items[i] = text(orig[i]);
  CHECK(callvet_result_create(&judged.result) == CALLVET_OK);
  callvet_call call = {.struct_size = sizeof call, .message = message, .orig = {items, count}};
  callvet_verify(verifier, &call, judged.result, &judged.verdict, NULL);
  CHECK(is(judged.verdict.reason, reason));
  callvet_result_destroy(judged.result);
  release(message);
}

/* The network would show one number, and another one would have been compared. */
static void refuses_more_callers_than_one(void) {
  callvet_verifier* verifier = make_verifier();
  put(verifier, "url", "chain.pem");
  const char* good[] = {"+12155550100", "<tel:+12155550100>"};
  const char* two[] = {"<sip:+12025550000@example.org>", "<sip:+12155550100@example.org>"};
  const char* two_tel[] = {"<tel:+12025550000>", "<tel:+12155550100>"};
  const char* in_one[] = {"<sip:+12025550000@example.org>, <sip:+12155550100@example.org>"};
  const char* empty[] = {"", "+12155550100"};
  judge_orig(verifier, good, 2, "verified");
  judge_orig(verifier, empty, 2, "verified");
  judge_orig(verifier, two, 2, "sip-message-invalid");
  judge_orig(verifier, two_tel, 2, "sip-message-invalid");
  judge_orig(verifier, in_one, 1, "sip-message-invalid");
  callvet_verifier_destroy(verifier);
}

static void any_time_is_a_time(void) {
  static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 1, INT64_MAX - 1, INT64_MAX};
  callvet_verifier* verifier = make_verifier();
  callvet_text url = file("url"), bytes = file("chain.pem"), message = file("good.sip");
  size_t i, j;
  for (i = 0; i < sizeof times / sizeof *times; i++) {
    for (j = 0; j < sizeof times / sizeof *times; j++) {
      callvet_times at = {sizeof at, times[i], times[j], times[j]};
      struct judged judged = {.verdict = {.struct_size = sizeof judged.verdict}};
      callvet_call call = {.struct_size = sizeof call, .message = message, .at = times[j]};
      CHECK(callvet_certificate_put(verifier, url, bytes, &at, NULL) == CALLVET_OK);
      CHECK(callvet_certificate_put_failure(verifier, text("https://gone.example.org/"),
                                            text("fetch-timeout"), times[i], NULL) == CALLVET_OK);
      CHECK(callvet_result_create(&judged.result) == CALLVET_OK);
      callvet_verify(verifier, &call, judged.result, &judged.verdict, NULL);
      CHECK(judged.verdict.reason_class != CALLVET_VERIFIED);
      callvet_result_destroy(judged.result);
    }
  }
  release(url);
  release(bytes);
  release(message);
  callvet_verifier_destroy(verifier);
}

static void needs_a_certificate_then_verifies(void) {
  callvet_verifier* verifier = make_verifier();
  CHECK(warnings > 0); /* the laboratory's config is insecure, and says so */
  callvet_text url = file("url");
  struct judged before = judge(verifier, "good.sip");
  CHECK(before.status == CALLVET_NEED_CERTIFICATE);
  CHECK(before.verdict.reason_class == CALLVET_UNDECIDED);
  CHECK(before.verdict.action == CALLVET_REJECT);
  CHECK(before.verdict.missing.count == 1);
  CHECK(before.verdict.missing.items[0].size == url.size);
  CHECK(memcmp(before.verdict.missing.items[0].data, url.data, url.size) == 0);
  callvet_result_destroy(before.result);

  put(verifier, "url", "chain.pem");
  struct judged after = judge(verifier, "good.sip");
  CHECK(after.status == CALLVET_OK);
  CHECK(after.verdict.reason_class == CALLVET_VERIFIED);
  CHECK(is(after.verdict.reason, "verified"));
  CHECK(is(after.verdict.verstat, "TN-Validation-Passed"));
  CHECK(is(after.verdict.attest, "A"));
  CHECK(is(after.verdict.orig, "12155550100"));
  CHECK(is(after.verdict.spc, "4321"));
  CHECK(after.verdict.action == CALLVET_PASS);
  CHECK(after.verdict.reply_code == 0);
  CHECK(after.verdict.missing.count == 0);
  CHECK(is(after.verdict.mark.value, "TN-Validation-Passed"));
  char marked[512];
  size_t size = sizeof marked;
  callvet_text identity = text("<sip:+12155550100@caller.example.org;verstat=Nonsense>");
  CHECK(callvet_mark_identity(&after.verdict.mark, identity, marked, &size, NULL) == CALLVET_OK);
  CHECK(size > 0 && memmem(marked, size, "verstat=TN-Validation-Passed", 28) != NULL);
  size_t too_small = 3;
  CHECK(callvet_mark_identity(&after.verdict.mark, identity, marked, &too_small, NULL) ==
        CALLVET_TOO_SMALL);
  CHECK(too_small == size);
  callvet_result_destroy(after.result);
  release(url);
  callvet_verifier_destroy(verifier);
}

static void tampered_is_438(void) {
  callvet_verifier* verifier = make_verifier();
  put(verifier, "url", "chain.pem");
  struct judged judged = judge(verifier, "tampered.sip");
  CHECK(judged.status == CALLVET_OK);
  CHECK(judged.verdict.reason_class == CALLVET_REFUSED);
  CHECK(is(judged.verdict.reason, "orig-mismatch"));
  CHECK(judged.verdict.sip_code == 438);
  CHECK(judged.verdict.action == CALLVET_REJECT);
  CHECK(judged.verdict.reply_code == 438);
  CHECK(judged.verdict.reply_headers.count == 1);
  CHECK(judged.verdict.mark.value.size == 0);
  callvet_result_destroy(judged.result);
  callvet_verifier_destroy(verifier);
}

static void failures_stand_and_are_forgotten(void) {
  callvet_verifier* verifier = make_verifier();
  callvet_text url = file("url");
  int64_t later = time(NULL) + 60;
  CHECK(callvet_certificate_put_failure(verifier, url, text("verified"), later, NULL) ==
        CALLVET_INVALID);
  CHECK(callvet_certificate_put_failure(verifier, url, text("fetch-timeout"), later, NULL) ==
        CALLVET_OK);
  struct judged failed = judge(verifier, "good.sip");
  CHECK(failed.status == CALLVET_OK);
  CHECK(is(failed.verdict.reason, "fetch-timeout"));
  CHECK(failed.verdict.sip_code == 436);
  callvet_result_destroy(failed.result);
  CHECK(callvet_certificate_forget(verifier, url) == CALLVET_OK);
  struct judged again = judge(verifier, "good.sip");
  CHECK(again.status == CALLVET_NEED_CERTIFICATE);
  callvet_result_destroy(again.result);

  callvet_times times = times_of(3600, 7200);
  callvet_error error = {.struct_size = sizeof error};
  CHECK(callvet_certificate_put(verifier, url, text("no certificate"), &times, &error) ==
        CALLVET_FAILED);
  CHECK(strcmp(error.reason, "certificate-unreadable") == 0);
  release(url);
  callvet_verifier_destroy(verifier);
}

static void stale_is_used_and_reported(void) {
  callvet_verifier* verifier = make_verifier();
  callvet_text url = file("url");
  callvet_text bytes = file("chain.pem");
  callvet_times times = times_of(-10, 7200);
  CHECK(callvet_certificate_put(verifier, url, bytes, &times, NULL) == CALLVET_OK);
  struct judged stale = judge(verifier, "good.sip");
  CHECK(stale.status == CALLVET_OK && stale.verdict.reason_class == CALLVET_VERIFIED);
  CHECK(stale.verdict.stale.count == 1);
  callvet_result_destroy(stale.result);
  callvet_certificate_forget(verifier, text(""));
  times = times_of(-20, -10);
  CHECK(callvet_certificate_put(verifier, url, bytes, &times, NULL) == CALLVET_OK);
  struct judged ended = judge(verifier, "good.sip");
  CHECK(ended.status == CALLVET_NEED_CERTIFICATE);
  callvet_result_destroy(ended.result);
  release(url);
  release(bytes);
  callvet_verifier_destroy(verifier);
}

static void unusable_arguments_never_verify(void) {
  callvet_verifier* verifier = make_verifier();
  callvet_result* result = NULL;
  CHECK(callvet_result_create(&result) == CALLVET_OK);
  callvet_call call = {.struct_size = sizeof call};
  callvet_verdict verdict = {.struct_size = sizeof verdict};
  CHECK(callvet_verify(NULL, &call, result, &verdict, NULL) == CALLVET_INVALID);
  CHECK(verdict.action == CALLVET_REJECT && is(verdict.reason, "internal-error"));
  CHECK(callvet_verify(verifier, NULL, result, &verdict, NULL) == CALLVET_INVALID);
  CHECK(verdict.reason_class == CALLVET_UNDECIDED);
  CHECK(callvet_verify(verifier, &call, result, NULL, NULL) == CALLVET_INVALID);
  verdict.struct_size = 0;
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_INVALID);

  callvet_verifier* none = verifier;
  CHECK(callvet_verifier_create(NULL, &none, NULL) == CALLVET_INVALID && none == NULL);
  callvet_options options = {.struct_size = sizeof options, .config = text("{\"no\": 1}")};
  callvet_error error = {.struct_size = sizeof error};
  CHECK(callvet_verifier_create(&options, &none, &error) == CALLVET_FAILED && none == NULL);
  CHECK(strcmp(error.reason, "config-invalid") == 0);
  options.config_file = text("/nonexistent");
  CHECK(callvet_verifier_create(&options, &none, &error) == CALLVET_FAILED);
  callvet_verifier_destroy(NULL);
  callvet_result_destroy(NULL);
  callvet_fetcher_destroy(NULL);

  /* A message that is no request, or does not begin with it, is 400; no call at all has no caller.
   */
  verdict.struct_size = sizeof verdict;
  call.message = text("hello");
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
  CHECK(is(verdict.reason, "sip-message-invalid") && verdict.action == CALLVET_REJECT);
  call.message =
      text("x\r\nINVITE sip:a@example.org SIP/2.0\r\nFrom: <sip:+12155550100@a>\r\n\r\n");
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
  CHECK(is(verdict.reason, "sip-message-invalid") && verdict.sip_code == 400);
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
}

static void a_batch_is_its_calls(void) {
  enum { KINDS = 3, COUNT = 133 }; /* more than are judged together */
  static const char* const reasons[KINDS] = {"verified", "orig-mismatch", "verified"};
  static const char* const files[KINDS] = {"good.sip", "tampered.sip", "good.sip"};
  callvet_verifier* verifier = make_verifier();
  put(verifier, "url", "chain.pem");
  callvet_text messages[COUNT];
  callvet_call calls[COUNT];
  callvet_verdict verdicts[COUNT];
  const callvet_call* call_of[COUNT];
  callvet_verdict* verdict_of[COUNT];
  callvet_result* results[COUNT];
  int statuses[COUNT], i;
  for (i = 0; i < COUNT; i++) {
    statuses[i] = 9;
    messages[i] = file(files[i % KINDS]);
    calls[i] = (callvet_call){.struct_size = sizeof calls[i], .message = messages[i]};
    if (i % 7 == 3) calls[i].at = time(NULL); /* judged for itself */
    verdicts[i] = (callvet_verdict){.struct_size = sizeof verdicts[i]};
    call_of[i] = &calls[i];
    verdict_of[i] = &verdicts[i];
    CHECK(callvet_result_create(&results[i]) == CALLVET_OK);
  }
  callvet_batch batch = {sizeof batch, COUNT, call_of, results, verdict_of, statuses};
  CHECK(callvet_verify_batch(verifier, &batch, NULL) == CALLVET_OK);
  for (i = 0; i < COUNT; i++) {
    CHECK(statuses[i] == CALLVET_OK && is(verdicts[i].reason, reasons[i % KINDS]));
  }
  callvet_verifier_stats stats = {.struct_size = sizeof stats};
  CHECK(callvet_verifier_get_stats(verifier, &stats) == CALLVET_OK);
  CHECK(stats.verified == 89 && stats.refused == 44);
  CHECK(stats.by_table + stats.by_openssl == 89 && stats.table_limit_bytes > 0);

  /* What cannot be judged does no harm to the others. */
  calls[0].struct_size = 0;
  CHECK(callvet_verify_batch(verifier, &batch, NULL) == CALLVET_OK);
  CHECK(statuses[0] == CALLVET_INVALID && is(verdicts[0].reason, "internal-error"));
  CHECK(statuses[2] == CALLVET_OK && is(verdicts[2].reason, "verified"));

  /* A hole: nothing is judged, and nothing is left that was verified. */
  callvet_result* whole = results[1];
  results[1] = NULL;
  CHECK(callvet_verify_batch(verifier, &batch, NULL) == CALLVET_INVALID);
  for (i = 0; i < COUNT; i++) CHECK(is(verdicts[i].reason, "internal-error"));
  results[1] = whole;
  CHECK(callvet_verify_batch(NULL, &batch, NULL) == CALLVET_INVALID);
  CHECK(callvet_verify_batch(verifier, NULL, NULL) == CALLVET_INVALID);
  callvet_batch none = {.struct_size = sizeof none};
  CHECK(callvet_verify_batch(verifier, &none, NULL) == CALLVET_OK);
  for (i = 0; i < COUNT; i++) {
    callvet_result_destroy(results[i]);
    release(messages[i]);
  }
  callvet_verifier_destroy(verifier);
}

static void settings_of_the_engine_are_read(void) {
  static const char* const wrong[] = {"{\"verification\": {\"engine\": \"gpu\"}}",
                                      "{\"verification\": {\"table_bytes\": 64}}"};
  static const char* const names[] = {"verification.engine", "verification.table_bytes"};
  callvet_verifier* verifier = NULL;
  size_t i;
  for (i = 0; i < 2; i++) {
    callvet_options options = {.struct_size = sizeof options, .config = text(wrong[i])};
    callvet_error error = {.struct_size = sizeof error};
    CHECK(callvet_verifier_create(&options, &verifier, &error) == CALLVET_FAILED);
    CHECK(strcmp(error.reason, "config-invalid") == 0 && strstr(error.detail, names[i]) != NULL);
  }
  callvet_options options = {.struct_size = sizeof options,
                             .config = text("{\"verification\": {\"table_bytes\": 200000}}")};
  CHECK(callvet_verifier_create(&options, &verifier, NULL) == CALLVET_OK);
  callvet_verifier_stats stats = {.struct_size = sizeof stats};
  CHECK(callvet_verifier_get_stats(verifier, &stats) == CALLVET_OK);
  CHECK(stats.table_limit_bytes > 100000 && stats.table_limit_bytes <= 200000);
  callvet_verifier_destroy(verifier);
}

/* A caller that was compiled against a smaller, older struct. */
static void older_structs_are_served(void) {
  struct old_verdict {
    size_t struct_size;
    callvet_class reason_class;
    int32_t sip_code;
    callvet_text reason;
    unsigned char behind[16];
  } old;
  memset(&old, 0xA5, sizeof old);
  old.struct_size = offsetof(struct old_verdict, behind);
  callvet_verifier* verifier = make_verifier();
  callvet_result* result = NULL;
  CHECK(callvet_result_create(&result) == CALLVET_OK);
  callvet_text message = file("good.sip");
  callvet_call call = {.struct_size = offsetof(callvet_call, orig), .message = message};
  CHECK(callvet_verify(verifier, &call, result, (callvet_verdict*)(void*)&old, NULL) ==
        CALLVET_NEED_CERTIFICATE);
  CHECK(old.struct_size == offsetof(struct old_verdict, behind));
  CHECK(is(old.reason, "certificate-not-available") && old.sip_code == 436);
  for (size_t i = 0; i < sizeof old.behind; i++) CHECK(old.behind[i] == 0xA5);
  release(message);
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
}

static void fields_replace_the_message(void) {
  callvet_verifier* verifier = make_verifier();
  put(verifier, "url", "chain.pem");
  callvet_result* result = NULL;
  CHECK(callvet_result_create(&result) == CALLVET_OK);
  callvet_text message = file("good.sip");
  callvet_text other = text("+12155550199");
  callvet_call call = {.struct_size = sizeof call, .message = message, .orig = {&other, 1}};
  callvet_verdict verdict = {.struct_size = sizeof verdict};
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
  CHECK(is(verdict.reason, "orig-mismatch"));
  call.orig.count = 0;
  call.dest.items = &other;
  call.dest.count = 1;
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
  CHECK(is(verdict.reason, "dest-mismatch"));
  call.dest.count = 0;
  call.at = time(NULL) + 3600;
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
  CHECK(is(verdict.reason, "iat-stale"));
  CHECK(strstr("iat-fresh", "fresh") != NULL && verdict.checks.size > 0);
  release(message);
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
}

static void reload_refuses_what_is_broken(void) {
  callvet_verifier* verifier = make_verifier();
  callvet_error error = {.struct_size = sizeof error};
  CHECK(callvet_verifier_ready(verifier, &error) == CALLVET_OK);
  CHECK(callvet_verifier_reload(verifier, &error) == CALLVET_OK);
  char path[4096];
  snprintf(path, sizeof path, "%s/policy.json", folder);
  callvet_text old = file("policy.json");
  FILE* stream = fopen(path, "wb");
  CHECK(stream != NULL && fputs("{\"mode\": ", stream) >= 0 && fclose(stream) == 0);
  CHECK(callvet_verifier_reload(verifier, &error) == CALLVET_FAILED);
  CHECK(strcmp(error.reason, "config-invalid") == 0);
  stream = fopen(path, "wb");
  CHECK(stream != NULL && fputs("{\"default\": {\"mode\": \"tag\"}}", stream) >= 0);
  CHECK(fclose(stream) == 0);
  CHECK(callvet_verifier_reload(verifier, &error) == CALLVET_OK);
  put(verifier, "url", "chain.pem");
  struct judged judged = judge(verifier, "tampered.sip");
  CHECK(judged.verdict.action == CALLVET_TAG && is(judged.verdict.reason, "orig-mismatch"));
  callvet_result_destroy(judged.result);
  callvet_verifier_stats stats = {.struct_size = sizeof stats};
  CHECK(callvet_verifier_get_stats(verifier, &stats) == CALLVET_OK);
  CHECK(stats.reloads == 2 && stats.refused == 1 && stats.tagged == 1 && stats.certificates == 1);
  stream = fopen(path, "wb");
  CHECK(stream != NULL && fwrite(old.data, 1, old.size, stream) == old.size);
  CHECK(fclose(stream) == 0);
  release(old);
  callvet_verifier_destroy(verifier);
}

static void verifies_after_fork(void) {
  callvet_verifier* verifier = make_verifier();
  put(verifier, "url", "chain.pem");
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      struct judged judged = judge(verifier, "good.sip");
      int verified = judged.verdict.reason_class == CALLVET_VERIFIED;
      callvet_result_destroy(judged.result);
      callvet_verifier_destroy(verifier);
      _exit(verified ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  callvet_verifier_destroy(verifier);
}

static void fetches(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/config.json", folder);
  callvet_options options = {.struct_size = sizeof options, .config_file = text(path)};
  callvet_fetcher* fetcher = NULL;
  CHECK(callvet_fetcher_create(&options, &fetcher, NULL) == CALLVET_OK);
  callvet_text url = file("url");
  callvet_text gone = file("gone");
  callvet_certificate certificate = {.struct_size = sizeof certificate};
  CHECK(callvet_fetcher_fetch(fetcher, url, 5000, &certificate, NULL) == CALLVET_TOO_SMALL);
  CHECK(certificate.size > 500);
  certificate.buffer_size = certificate.size;
  certificate.buffer = malloc(certificate.size);
  CHECK(certificate.buffer != NULL);
  CHECK(callvet_fetcher_fetch(fetcher, url, 5000, &certificate, NULL) == CALLVET_OK);
  CHECK(certificate.times.fresh_until > time(NULL));
  callvet_verifier* verifier = make_verifier();
  callvet_text bytes = {certificate.buffer, certificate.size};
  CHECK(callvet_certificate_put(verifier, url, bytes, &certificate.times, NULL) == CALLVET_OK);
  struct judged judged = judge(verifier, "good.sip");
  CHECK(judged.verdict.reason_class == CALLVET_VERIFIED);
  callvet_result_destroy(judged.result);

  callvet_error error = {.struct_size = sizeof error};
  CHECK(callvet_fetcher_fetch(fetcher, gone, 5000, &certificate, &error) == CALLVET_FAILED);
  CHECK(strcmp(error.reason, "fetch-http-status") == 0);
  CHECK(callvet_fetcher_fetch(fetcher, gone, 5000, &certificate, &error) == CALLVET_FAILED);
  CHECK(strcmp(error.reason, "fetch-backoff") == 0);
  callvet_fetcher_stats stats = {.struct_size = sizeof stats};
  CHECK(callvet_fetcher_get_stats(fetcher, &stats) == CALLVET_OK);
  CHECK(stats.fetches == 2 && stats.fetch_failures == 1);
  int32_t changed = -1;
  CHECK(callvet_fetcher_maintain(fetcher, 1000, &changed) == CALLVET_OK && changed >= 0);
  CHECK(callvet_fetcher_reload(fetcher, 1000, NULL) == CALLVET_OK);
  CHECK(callvet_fetcher_forget(fetcher, text("")) == CALLVET_OK);
  free(certificate.buffer);
  release(url);
  release(gone);
  callvet_verifier_destroy(verifier);
  callvet_fetcher_destroy(fetcher);
}

/* A package in memory of exactly its size. */
static callvet_text copy(callvet_text source) {
  char* data = malloc(source.size);
  CHECK(data != NULL);
  memcpy(data, source.data, source.size);
  callvet_text result = {data, source.size};
  return result;
}

static callvet_options evidence_options(char path[4096]) {
  snprintf(path, 4096, "%s/evidence.json", folder);
  callvet_options options = {.struct_size = sizeof options, .config_file = text(path)};
  return options;
}

static void without_the_section_no_evidence_is_kept(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/config.json", folder);
  callvet_options options = {.struct_size = sizeof options, .config_file = text(path)};
  callvet_evidence_settings settings = {.struct_size = sizeof settings, .kept = -1};
  CHECK(callvet_evidence_read_settings(&options, &settings, NULL) == CALLVET_OK);
  CHECK(settings.kept == 0 && settings.when_full == CALLVET_REFUSE_CALLS);
  callvet_evidence_packer* packer = NULL;
  callvet_evidence_writer* writer = NULL;
  callvet_error error = {.struct_size = sizeof error};
  CHECK(callvet_evidence_packer_create(&options, &packer, &error) == CALLVET_FAILED);
  CHECK(packer == NULL && strcmp(error.reason, "config-invalid") == 0);
  CHECK(callvet_evidence_writer_create(&options, &writer, &error) == CALLVET_FAILED);
  CHECK(writer == NULL);
  CHECK(callvet_evidence_writer_run(NULL) == CALLVET_INVALID);
  CHECK(callvet_evidence_writer_check(&options, &error) == CALLVET_FAILED);
  CHECK(strcmp(error.reason, "config-invalid") == 0);
  CHECK(callvet_evidence_writer_check(NULL, &error) == CALLVET_INVALID);
  callvet_evidence_packer_destroy(NULL);
  callvet_evidence_writer_destroy(NULL);

  /* With a verifier that keeps none there is nothing to pack. */
  char evidence_path[4096];
  callvet_options with = evidence_options(evidence_path);
  CHECK(callvet_evidence_writer_check(&with, &error) == CALLVET_OK);
  CHECK(callvet_evidence_packer_create(&with, &packer, NULL) == CALLVET_OK);
  callvet_verifier* verifier = make_verifier();
  struct judged judged = judge(verifier, "good.sip");
  callvet_package package = {.struct_size = sizeof package};
  CHECK(callvet_evidence_pack(packer, judged.result, &package, &error) == CALLVET_FAILED);
  CHECK(package.id.size == 0 && package.bytes.size == 0);
  callvet_result_destroy(judged.result);
  callvet_verifier_destroy(verifier);
  callvet_evidence_packer_destroy(packer);
}

/* Calls are judged and packed in this process, and written by a child that it forked, which
 * `callvet evidence` then looks at: see capi_test.py. */
static void evidence_crosses_processes(void) {
  char path[4096];
  callvet_options options = evidence_options(path);
  callvet_error error = {.struct_size = sizeof error};
  callvet_verifier* verifier = NULL;
  callvet_evidence_packer* packer = NULL;
  callvet_evidence_settings settings = {.struct_size = sizeof settings};
  CHECK(callvet_evidence_read_settings(&options, &settings, NULL) == CALLVET_OK);
  CHECK(settings.kept == 1 && settings.when_full == CALLVET_COUNT_LOST);
  CHECK(callvet_verifier_create(&options, &verifier, &error) == CALLVET_OK);
  CHECK(callvet_evidence_packer_create(&options, &packer, &error) == CALLVET_OK);
  put(verifier, "url", "chain.pem");
  const char* calls[] = {"good.sip", "tampered.sip", "good.sip"};
  enum { COUNT = sizeof calls / sizeof calls[0] };
  callvet_text packages[COUNT];
  for (size_t i = 0; i < COUNT; i++) {
    struct judged judged = judge(verifier, calls[i]);
    callvet_package package = {.struct_size = sizeof package};
    CHECK(callvet_evidence_pack(packer, judged.result, &package, &error) == CALLVET_OK);
    CHECK(package.id.size == 36);
    callvet_result_destroy(judged.result); /* nothing of it may be needed any more */
    packages[i] = copy(package.bytes);
    CHECK(callvet_evidence_handed_over(packer) == CALLVET_OK);
  }
  CHECK(packages[2].size < packages[0].size); /* what they share travels once */
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    callvet_evidence_writer* writer = NULL;
    CHECK(callvet_evidence_writer_create(&options, &writer, &error) == CALLVET_OK);
    for (size_t i = 0; i < COUNT; i++)
      CHECK(callvet_evidence_writer_submit(writer, packages[i], &error) == CALLVET_OK);
    CHECK(callvet_evidence_writer_submit(writer, text("nonsense"), &error) == CALLVET_FAILED);
    CHECK(strcmp(error.reason, "evidence-altered") == 0);
    CHECK(callvet_evidence_writer_stop(writer) == CALLVET_OK);
    CHECK(callvet_evidence_writer_run(writer) == CALLVET_OK); /* what is queued */
    CHECK(callvet_evidence_writer_maintain(writer) == CALLVET_OK);
    callvet_evidence_stats stats = {.struct_size = sizeof stats};
    CHECK(callvet_evidence_writer_get_stats(writer, &stats) == CALLVET_OK);
    CHECK(stats.submitted == COUNT && stats.stored == COUNT && stats.unusable == 1);
    CHECK(stats.queued == 0 && stats.failing == 0);
    callvet_evidence_writer_destroy(writer);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  for (size_t i = 0; i < COUNT; i++) release(packages[i]);

  /* A full queue gives the package back; nobody writes here. */
  callvet_evidence_writer* writer = NULL;
  CHECK(callvet_evidence_writer_create(&options, &writer, &error) == CALLVET_OK);
  struct judged judged = judge(verifier, "tampered.sip");
  int submitted = CALLVET_OK;
  for (int i = 0; i < 101; i++) {
    callvet_package package = {.struct_size = sizeof package};
    CHECK(submitted == CALLVET_OK);
    /* A packer after fork, or with another writer, is another stream. */
    if (i == 0) {
      callvet_evidence_packer_destroy(packer);
      CHECK(callvet_evidence_packer_create(&options, &packer, NULL) == CALLVET_OK);
    }
    CHECK(callvet_evidence_pack(packer, judged.result, &package, NULL) == CALLVET_OK);
    submitted = callvet_evidence_writer_submit(writer, package.bytes, &error);
  }
  CHECK(submitted == CALLVET_FAILED && strcmp(error.reason, "evidence-not-kept") == 0);
  callvet_verdict refused = {.struct_size = sizeof refused};
  CHECK(callvet_evidence_refuse(verifier, judged.result, &refused, NULL) == CALLVET_OK);
  CHECK(is(refused.reason, "evidence-not-kept") && refused.reply_code == 503);
  CHECK(refused.action == CALLVET_REJECT && refused.reason_class == CALLVET_UNDECIDED);
  callvet_package none = {.struct_size = sizeof none};
  CHECK(callvet_evidence_pack(packer, judged.result, &none, NULL) == CALLVET_FAILED);
  callvet_result_destroy(judged.result);
  callvet_evidence_writer_destroy(writer);
  callvet_evidence_packer_destroy(packer);
  callvet_verifier_destroy(verifier);
}

/* Nor is it without evidence, where a verifier could not follow a reload. */
static void an_emergency_call_is_not_refused(void) {
  callvet_verifier* verifier = make_verifier();
  callvet_result* result = NULL;
  CHECK(callvet_result_create(&result) == CALLVET_OK);
  const struct {
    const char* dest;
    callvet_action action;
  } calls[] = {{"911", CALLVET_TAG}, {"+12155550101", CALLVET_REJECT}};
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    callvet_text orig = text("+12155550100"), dest = text(calls[i].dest);
    callvet_call call = {.struct_size = sizeof call, .orig = {&orig, 1}, .dest = {&dest, 1}};
    callvet_verdict verdict = {.struct_size = sizeof verdict};
    CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
    CHECK(verdict.action == calls[i].action);
    CHECK(callvet_evidence_refuse(verifier, result, &verdict, NULL) == CALLVET_OK);
    CHECK(is(verdict.reason, "evidence-not-kept") && verdict.action == calls[i].action);
  }
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
}

static callvet_options pools_options(char path[4096]) {
  snprintf(path, 4096, "%s/pools.json", folder);
  callvet_options options = {.struct_size = sizeof options, .config_file = text(path)};
  return options;
}

/* One call of a trunk, from another number each time: its note, and what becomes of it. */
static callvet_action call_of(callvet_verifier* verifier, callvet_result* result, int number,
                              char* note, size_t* size) {
  char from[64], to[64];
  snprintf(from, sizeof from, "+1215555%04d", number);
  snprintf(to, sizeof to, "+1312555%04d", number);
  callvet_text orig = text(from), dest = text(to);
  callvet_call call = {.struct_size = sizeof call,
                       .orig = {&orig, 1},
                       .dest = {&dest, 1},
                       .trunk = text("gateway-3")};
  callvet_verdict verdict = {.struct_size = sizeof verdict};
  CHECK(callvet_verify(verifier, &call, result, &verdict, NULL) == CALLVET_OK);
  CHECK(callvet_pools_note(result, text("an-id"), note, size, NULL) == CALLVET_OK && *size > 0);
  return verdict.action;
}

static void see_flag(void* context, const callvet_flag* flag) {
  CHECK(is(flag->kind, "trunk") && is(flag->value, "gateway-3") && is(flag->rule, "dialler"));
  CHECK(is(flag->action, "reject") && flag->calls >= 100 && flag->until >= flag->since + 3600);
  ++*(int*)context;
}

static void a_pool_is_flagged_told_and_released(void) {
  char path[4096], note[4096];
  static char flags[65536];
  size_t size = sizeof note;
  int seen = 0;
  callvet_options options = pools_options(path);
  callvet_error error = {.struct_size = sizeof error};
  callvet_pools_settings settings = {.struct_size = sizeof settings};
  CHECK(callvet_pools_read_settings(&options, &settings, NULL) == CALLVET_OK);
  CHECK(settings.counted == 1 && settings.shared == 0);
  callvet_pools* pools = NULL;
  callvet_verifier* verifier = NULL;
  callvet_result* result = NULL;
  CHECK(callvet_pools_create(&options, &pools, &error) == CALLVET_OK);
  CHECK(callvet_verifier_create(&options, &verifier, &error) == CALLVET_OK);
  CHECK(callvet_result_create(&result) == CALLVET_OK);
  for (int i = 0; i < 140; i++) {
    size = sizeof note;
    CHECK(call_of(verifier, result, i, note, &size) == CALLVET_PASS);
    CHECK(callvet_pools_take(pools, (callvet_text){note, size}, &error) == CALLVET_OK);
  }
  CHECK(callvet_pools_maintain(pools) == CALLVET_OK);
  callvet_pools_stats stats = {.struct_size = sizeof stats};
  CHECK(callvet_pools_get_stats(pools, &stats) == CALLVET_OK);
  CHECK(stats.counted == 140 && stats.flagged == 1 && stats.unusable == 0);
  /* Who judges is told. */
  size = 10;
  CHECK(callvet_pools_flags(pools, flags, &size, NULL) == CALLVET_TOO_SMALL && size > 10);
  size = sizeof flags;
  CHECK(callvet_pools_flags(pools, flags, &size, NULL) == CALLVET_OK && size > 0);
  CHECK(callvet_flags_read((callvet_text){flags, size}, see_flag, &seen, NULL) == CALLVET_OK);
  CHECK(seen == 1);
  CHECK(callvet_verifier_set_flags(verifier, (callvet_text){flags, size}, NULL) == CALLVET_OK);
  size_t note_size = sizeof note;
  CHECK(call_of(verifier, result, 500, note, &note_size) == CALLVET_REJECT);
  /* What cannot be read changes nothing. */
  CHECK(callvet_verifier_set_flags(verifier, text("nonsense"), &error) == CALLVET_FAILED);
  CHECK(callvet_pools_take(pools, text("nonsense"), &error) == CALLVET_FAILED);
  note_size = sizeof note;
  CHECK(call_of(verifier, result, 501, note, &note_size) == CALLVET_REJECT);
  /* Released. */
  callvet_pool_release release_it = {.struct_size = sizeof release_it,
                                     .kind = text("trunk"),
                                     .value = text("gateway-3"),
                                     .seconds = 3600,
                                     .by = text("test")};
  note_size = sizeof note;
  CHECK(callvet_pools_release_note(&release_it, note, &note_size, NULL) == CALLVET_OK);
  CHECK(callvet_pools_take(pools, (callvet_text){note, note_size}, NULL) == CALLVET_OK);
  CHECK(callvet_pools_take(pools, (callvet_text){note, note_size}, &error) == CALLVET_FAILED);
  CHECK(strcmp(error.reason, "resource-not-found") == 0);
  release_it.seconds = -1;
  CHECK(callvet_pools_release_note(&release_it, note, &note_size, NULL) == CALLVET_INVALID);
  size = sizeof flags;
  CHECK(callvet_pools_flags(pools, flags, &size, NULL) == CALLVET_OK && size == 0);
  CHECK(callvet_verifier_set_flags(verifier, (callvet_text){NULL, 0}, NULL) == CALLVET_OK);
  note_size = sizeof note;
  CHECK(call_of(verifier, result, 502, note, &note_size) == CALLVET_PASS);
  callvet_package package = {.struct_size = sizeof package};
  CHECK(callvet_pools_take_package(pools, &package, NULL) == CALLVET_OK && package.bytes.size == 0);
  CHECK(callvet_pools_reload(pools, NULL) == CALLVET_OK);
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
  callvet_pools_destroy(pools);
}

static void without_the_section_nothing_is_counted(void) {
  char path[4096], note[16];
  size_t size = sizeof note;
  callvet_pools* pools = NULL;
  callvet_options options = evidence_options(path);
  callvet_error error = {.struct_size = sizeof error};
  CHECK(callvet_pools_create(&options, &pools, &error) == CALLVET_FAILED && pools == NULL);
  callvet_verifier* verifier = make_verifier();
  struct judged judged = judge(verifier, "tampered.sip");
  CHECK(callvet_pools_note(judged.result, text(""), note, &size, NULL) == CALLVET_OK && size == 0);
  CHECK(callvet_pools_note(NULL, text(""), note, &size, NULL) == CALLVET_INVALID);
  CHECK(callvet_pools_take(NULL, text(""), NULL) == CALLVET_INVALID);
  callvet_pools_destroy(NULL);
  callvet_result_destroy(judged.result);
  callvet_verifier_destroy(verifier);
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  folder = argv[1];
  CHECK(callvet_abi_version() == CALLVET_ABI_VERSION);
  CHECK(strlen(callvet_version()) > 0);
  needs_a_certificate_then_verifies();
  refuses_marks_that_there_are_not();
  refuses_more_callers_than_one();
  any_time_is_a_time();
  tampered_is_438();
  failures_stand_and_are_forgotten();
  stale_is_used_and_reported();
  unusable_arguments_never_verify();
  a_batch_is_its_calls();
  settings_of_the_engine_are_read();
  older_structs_are_served();
  fields_replace_the_message();
  reload_refuses_what_is_broken();
  verifies_after_fork();
  fetches();
  without_the_section_no_evidence_is_kept();
  evidence_crosses_processes();
  an_emergency_call_is_not_refused();
  a_pool_is_flagged_told_and_released();
  without_the_section_nothing_is_counted();
  puts("all good");
  return 0;
}
