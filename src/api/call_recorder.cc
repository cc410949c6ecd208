// SPDX-License-Identifier: MIT
#include "api/call_recorder.h"

#include <utility>

#include "api/policy_call.h"

namespace callvet {
namespace {

bool IsEmergency(const CallRecorder& recorder, const VerificationCore& core,
                 const PolicyCallView& call) {
  if (recorder.rules != nullptr) return IsEmergencyCall(*recorder.rules, call);
  return IsEmergencyCall(*PolicyOfNobody(core.options().dial_plan), call);
}

}  // namespace

std::optional<Failure> WouldRefuse(const CallRecorder* recorder) {
  if (recorder == nullptr || !recorder->writer->Refuses()) return std::nullopt;
  return Fail(Reason::kEvidenceNotKept, "the evidence of calls cannot be kept now");
}

std::optional<Failure> RefusalOf(const CallRecorder* recorder, const VerificationCore& core,
                                 const CallRequest& call, const std::string& trunk) {
  auto refusal = WouldRefuse(recorder);
  if (!refusal || IsEmergency(*recorder, core, PolicyCallOf(call, trunk))) return std::nullopt;
  recorder->writer->CountRefused();
  return refusal;
}

Result<std::string> KeepCall(const CallRecorder& recorder, const VerificationCore& core,
                             CallEvidence& evidence, const std::vector<std::string>& called) {
  evidence.options = core.shared_options();
  evidence.policy = recorder.policy;
  if (const auto list = core.trust_list()) {
    evidence.trust_list = "sequence " + std::to_string(list->list.sequence());
  }
  auto kept = recorder.writer->Submit(evidence);
  if (kept) return kept;
  PolicyCallView call = PolicyCallOf(evidence.call, evidence.trunk);
  call.dest = called;
  if (!IsEmergency(recorder, core, call)) return kept;
  recorder.writer->CountLost();
  return std::string();
}

}  // namespace callvet
