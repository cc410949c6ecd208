// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/json_stream.h"
#include "callvet/verdict.h"

namespace callvet {

/// What became of one call, for logs and counters. Numbers are whole: who logs them masks them.
struct CallSummary {
  Reason reason = Reason::kInternalError;
  std::string attest;  // "A", "B", "C", or "" when unknown
  std::string orig;    // as the call shows it
  std::string dest;
  std::string origid;
  std::string signer;       // SPC of the certificate, only if its chain was found good
  std::string x5u;          // as the PASSporT says it
  std::string trunk;        // as the client says it
  std::string disposition;  // "pass", "tag", "reject", or "" when nobody asked
  std::chrono::microseconds verify_time{0};
};

/// What an HTTP server answers, and what happened. The default is "internal error".
struct ApiReply {
  uint16_t status = 500;
  std::string content_type = "application/json";
  std::string body;
  std::vector<CallSummary> calls;
};

/// A reply with `body` on one line.
ApiReply JsonReply(uint16_t status, const JsonValue& body);
/// The same of a body that is written already, and taken.
ApiReply JsonReply(uint16_t status, JsonStream& body);

/// The summary of `verdict`; orig, dest and trunk are the caller's to fill in.
CallSummary Summarise(const Verdict& verdict);

}  // namespace callvet
