// SPDX-License-Identifier: MIT
#include "api/call_recorder.h"

#include <functional>

#include "api/policy_call.h"

namespace callvet {
namespace {

// What a caller says of the call (psap-callback) frees it from no record: only where it goes does.
bool IsEmergency(const CallRecorder& recorder, PolicyCallView call) {
  call.priority = nullptr;
  return IsEmergencyCall(*recorder.rules, call);
}

}  // namespace

std::optional<Failure> WouldRefuse(const CallRecorder* recorder) {
  if (recorder == nullptr || !recorder->writer->Refuses()) return std::nullopt;
  return Fail(Reason::kEvidenceNotKept, "the evidence of calls cannot be kept now");
}

std::optional<Failure> RefusalOf(const CallRecorder* recorder, const CallRequest& call,
                                 const std::string& trunk) {
  auto refusal = WouldRefuse(recorder);
  if (!refusal || IsEmergency(*recorder, PolicyCallOf(call, trunk))) return std::nullopt;
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
  const auto goes_on = [&] {
    PolicyCallView call = PolicyCallOf(evidence.call, evidence.trunk);
    call.dest = called;
    return IsEmergency(recorder, call);
  };
  return recorder.writer->Submit(evidence, std::ref(goes_on));
}

}  // namespace callvet
