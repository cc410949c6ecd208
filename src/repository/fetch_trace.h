// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"
#include "repository/http_response.h"

// What happened during one fetch, for the operator who asks why it fails.

namespace callvet {

/// One step of a fetch.
struct FetchStep {
  enum class Kind : uint8_t { kPolicy, kDns, kConnect, kTls, kHttp, kBody };
  enum class Outcome : uint8_t { kDone, kFailed, kNotRun };
  Kind kind = Kind::kPolicy;
  Outcome outcome = Outcome::kNotRun;
  std::chrono::microseconds duration{0};
  std::string detail;  // for people; quotes what the server sent
};

/// What happened during one fetch. Every kind of step is there once, in order.
struct FetchTrace {
  std::vector<FetchStep> steps;
  int http_status = 0;                     // 0: no answer
  HttpResponse::Headers response_headers;  // of the answer, as received
  std::string address;                     // "192.0.2.1:443" that was connected to, or ""
  std::string tls;                         // "TLSv1.3 / TLS_AES_256_GCM_SHA384", or ""
};

/// The name of a step: "policy", "dns", "connect", "tls", "http", "body".
std::string_view FetchStepName(FetchStep::Kind kind);

/// How far a transfer came. The times count from its start; 0: that point was not reached.
struct FetchProgress {
  std::string host;
  bool https = true;
  std::string tried;  // addresses of the host, for people; "": it was not found
  std::string tls;
  std::string peer;
  std::chrono::microseconds resolved{0}, connected{0}, secured{0}, answered{0}, ended{0};
};

/// Adds the steps after kPolicy: one that was reached is done, the first that was not is where
/// `failure` happened.
void RecordProgress(FetchTrace& trace, const FetchProgress& progress, const HttpResponse& response,
                    const std::optional<Failure>& failure);

/// Adds all steps of a fetch that ended in step `failed`, before anything was opened.
void RecordUnopened(FetchTrace& trace, FetchStep::Kind failed, const Failure& failure);

}  // namespace callvet
