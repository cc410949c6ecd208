// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/api_reply.h"
#include "api/evidence_assembly.h"
#include "base/clock.h"

// GET /v1/evidence and what is below it. Every access is itself recorded before anything is
// answered. Thread-safe.

namespace callvet {

/// What is read, and by whom.
struct EvidenceReader {
  const OpenedEvidence& evidence;
  const DialPlan* dial_plan = nullptr;  // of numbers that are looked for
  std::string_view who;                 // name of the access token
  sys_seconds now{};
  /// EvidenceStatistics::spilled_since of the writer: later records may not be found yet.
  std::optional<sys_seconds> spilled_since = std::nullopt;
};

/// A page of calls, the latest first; `spilled_since` says what it may lack. `query` is the query
/// of the request's target: orig, dest, div, origid, spc, trunk, reason, call_id, from, to, limit
/// (1 to 1,000), before; anything else is HTTP 400. With div, or a reason of the policy's rules, so
/// many calls are opened for a page that it may have fewer than `limit`, or none, and a `next`.
ApiReply FindEvidence(const EvidenceReader& reader, std::string_view query);

/// One call's whole story, judged again. HTTP 404 if there is none; 503 (kEvidenceUnavailable) if
/// it may be on its way into the store.
ApiReply ShowEvidence(const EvidenceReader& reader, std::string_view id);

/// A bundle that `callvet evidence verify` takes.
ApiReply ExportEvidence(const EvidenceReader& reader, std::string_view id);

}  // namespace callvet
