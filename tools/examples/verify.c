/* SPDX-License-Identifier: MIT */
/*
 * Judges one SIP request by the library's C interface:
 *
 *   verify CONFIG MESSAGE-FILE
 *
 * CONFIG is a configuration of `callvet serve`. Prints the verdict; the exit code is 0 if the call
 * is verified, 1 if not, 2 if something could not be used.
 *
 *   cc verify.c $(pkg-config --cflags --libs callvet) -o verify
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <callvet/callvet.h>

enum { MESSAGE_SIZE = 65536, CERTIFICATE_SIZE = 131072, FETCH_MS = 2000 };

static callvet_text text(const char* data) {
  callvet_text result = {data, strlen(data)};
  return result;
}

static void print(const char* name, callvet_text value) {
  printf("%-8s %.*s\n", name, (int)value.size, value.data == NULL ? "" : value.data);
}

static void log_line(void* context, callvet_log_level level, callvet_text line) {
  (void)context;
  (void)level;
  fprintf(stderr, "callvet: %.*s\n", (int)line.size, line.data);
}

/* Fetches what `verdict` misses and hands it to `verifier`; an SBC does this outside of its
 * workers. */
static void get_missing(callvet_fetcher* fetcher, callvet_verifier* verifier,
                        const callvet_verdict* verdict) {
  static char buffer[CERTIFICATE_SIZE];
  for (size_t i = 0; i < verdict->missing.count; i++) {
    callvet_text url = verdict->missing.items[i];
    callvet_error error = {.struct_size = sizeof error};
    callvet_certificate certificate = {
        .struct_size = sizeof certificate, .buffer = buffer, .buffer_size = sizeof buffer};
    print("fetch", url);
    if (callvet_fetcher_fetch(fetcher, url, FETCH_MS, &certificate, &error) == CALLVET_OK) {
      callvet_text bytes = {buffer, certificate.size};
      callvet_certificate_put(verifier, url, bytes, &certificate.times, NULL);
      if (certificate.trust_changed) callvet_verifier_reload(verifier, NULL);
    } else {
      callvet_certificate_put_failure(verifier, url, text(error.reason), INT32_MAX, NULL);
    }
  }
}

static int judge(callvet_fetcher* fetcher, callvet_verifier* verifier, callvet_result* result,
                 callvet_text message) {
  callvet_call call = {.struct_size = sizeof call, .message = message};
  callvet_verdict verdict = {.struct_size = sizeof verdict};
  callvet_error error = {.struct_size = sizeof error};
  int status = callvet_verify(verifier, &call, result, &verdict, &error);
  if (status == CALLVET_NEED_CERTIFICATE) {
    get_missing(fetcher, verifier, &verdict);
    status = callvet_verify(verifier, &call, result, &verdict, &error);
  }
  if (status < 0) {
    fprintf(stderr, "%s: %s\n", error.reason, error.detail);
    return 2;
  }
  print("verstat", verdict.verstat);
  print("reason", verdict.reason);
  print("attest", verdict.attest);
  print("orig", verdict.orig);
  printf("%-8s %s\n", "action",
         verdict.action == CALLVET_REJECT ? "reject"
         : verdict.action == CALLVET_TAG  ? "tag"
                                          : "pass");
  if (verdict.reply_code != 0) printf("%-8s %d\n", "reply", (int)verdict.reply_code);
  return verdict.reason_class == CALLVET_VERIFIED ? 0 : 1;
}

int main(int argc, char** argv) {
  static char message[MESSAGE_SIZE];
  FILE* file = argc == 3 ? fopen(argv[2], "rb") : NULL;
  if (file == NULL) {
    fprintf(stderr, "usage: verify CONFIG MESSAGE-FILE\n");
    return 2;
  }
  callvet_text received = {message, fread(message, 1, sizeof message, file)};
  fclose(file);

  callvet_options options = {
      .struct_size = sizeof options, .config_file = text(argv[1]), .log = log_line};
  callvet_error error = {.struct_size = sizeof error};
  callvet_fetcher* fetcher = NULL;
  callvet_verifier* verifier = NULL;
  callvet_result* result = NULL;
  int code = 2;
  if (callvet_fetcher_create(&options, &fetcher, &error) == CALLVET_OK &&
      callvet_verifier_create(&options, &verifier, &error) == CALLVET_OK &&
      callvet_result_create(&result) == CALLVET_OK) {
    code = judge(fetcher, verifier, result, received);
  } else {
    fprintf(stderr, "%s: %s\n", error.reason, error.detail);
  }
  callvet_result_destroy(result);
  callvet_verifier_destroy(verifier);
  callvet_fetcher_destroy(fetcher);
  return code;
}
