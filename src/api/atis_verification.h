// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/api_reply.h"
#include "api/call_recorder.h"
#include "api/pool_counter.h"
#include "api/verification_core.h"
#include "base/clock.h"

namespace callvet {

/// Answers `body` of `POST /stir/v1/verification`: ATIS-1000082 (conformance E.2, E.3), or 3GPP TS
/// 24.229 Annex V ("Ms", E.5; see ms_verification.h) if its members are of that kind. A request
/// without `identity` is answered with No-TN-Validation (heartbeats of SBCs are such requests).
///
/// ATIS: only the SHAKEN profile is judged; the outcome is the first of the rows E3 to E18 in the
/// order of the table, its texts being constants of that table. `to` must name exactly the numbers
/// of dest (E-9). Failures that the table has no row for (E-8) have the meaning of the Reason as
/// reasondesc. HTTP 400 and `requestError` for a bad call of the API (E.4). Never throws for bad
/// input; thread-safe.
/// With `recorder` evidence is kept as by JudgeCall; where it cannot be, the answer is HTTP 500.
ApiReply AtisVerification(const VerificationCore& core, std::string_view body,
                          const Deadline& deadline, const CallRecorder* recorder = nullptr,
                          const PoolCounter* pools = nullptr);

/// How a Reason is said in ATIS-1000082's verificationResponse.
struct AtisOutcome {
  std::optional<int> code;  // nothing if it has none (passed, unsigned)
  std::string text;
  std::string description;
  std::string verstat;
};

/// The row of E.3 for `reason`. Pure.
AtisOutcome AtisOutcomeOf(Reason reason);

}  // namespace callvet
