// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_reply.h"
#include "api/call_recorder.h"
#include "api/pool_counter.h"
#include "api/verification_core.h"
#include "base/clock.h"
#include "callvet/policy.h"
#include "callvet/verifier.h"

// callvet's own API: POST /v1/calls, /v1/calls:batch and /v1/decode. The members of requests and
// answers are described in the service's OpenAPI document. Everything here is thread-safe.

namespace callvet {

/// Answers `body` of `POST /v1/calls`: one call, from its parts or its whole SIP message, gives
/// what is true of it (the verdict, as `callvet verify --json` prints it) and what to do. Unknown
/// members and members of a wrong type are HTTP 400 with {"error": {"reason", "detail"}}. With `at`
/// the call is judged as of that time, with today's anchors and CRLs.
/// `policy` (may be nullptr) says what to do. With `recorder` the call's evidence is kept, and
/// `evidence_id` names it; a call whose evidence cannot be kept is HTTP 503 (evidence-not-kept).
ApiReply JudgeCall(const VerificationCore& core, const Policy* policy, std::string_view body,
                   const Deadline& deadline, const CallRecorder* recorder = nullptr,
                   const PoolCounter* pools = nullptr);

/// Judges the lines of `POST /v1/calls:batch`. Not thread-safe; chains are remembered between calls
/// judged at past times.
class CallBatch {
 public:
  /// `recorder` and `pools` (may be nullptr) as in JudgeCall; they outlive this object.
  CallBatch(std::shared_ptr<const VerificationCore> core, std::shared_ptr<const Policy> policy,
            const CallRecorder* recorder = nullptr, const PoolCounter* pools = nullptr);
  /// The answer to each line, in their order: lines themselves, without their ends. Never fails as
  /// a whole: what is wrong with a line is said in its answer, with its `id` where that can be
  /// read. Each call may take `each`. Calls of
  /// the present whose evidence is not kept go through Verifier::VerifyBatch; the others one by
  /// one.
  [[nodiscard]] std::vector<ApiReply> Judge(std::span<const std::string> lines,
                                            std::chrono::milliseconds each);

 private:
  std::shared_ptr<const VerificationCore> core_;
  std::shared_ptr<const Policy> policy_;  // may be nullptr
  const CallRecorder* recorder_;
  const PoolCounter* pools_;
  std::optional<VerificationCore::PastJudge> past_;
};

/// Answers `body` of `POST /v1/decode`, {"text": "..."}: what can be read of each Identity header
/// or token in the text, as `callvet decode --json` prints it. Nothing is verified.
ApiReply DecodeText(std::string_view body, sys_seconds now);

/// {"error": {"reason", "detail"}} with `status`; in front `id`, that of the call.
ApiReply ErrorReply(uint16_t status, const Failure& failure,
                    const std::optional<std::string>& id = std::nullopt);

}  // namespace callvet
