/* SPDX-License-Identifier: MIT */
/*
 * The C interface as a C11 program sees it; run by capi_test.py, which makes the laboratory:
 *
 *   capi_test FOLDER
 *
 * FOLDER has config.json, policy.json, good.sip, tampered.sip, chain.pem, url (of chain.pem, served
 * on loopback) and gone (a URL that is not there).
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

int main(int argc, char** argv) {
  CHECK(argc == 2);
  folder = argv[1];
  CHECK(callvet_abi_version() == CALLVET_ABI_VERSION);
  CHECK(strlen(callvet_version()) > 0);
  needs_a_certificate_then_verifies();
  tampered_is_438();
  failures_stand_and_are_forgotten();
  stale_is_used_and_reported();
  unusable_arguments_never_verify();
  older_structs_are_served();
  fields_replace_the_message();
  reload_refuses_what_is_broken();
  verifies_after_fork();
  fetches();
  puts("all good");
  return 0;
}
