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
                             const JudgedCall& judged, const std::vector<std::string>& called) {
  std::string trust_list;
  if (const auto list = core.trust_list()) {
    trust_list = "sequence " + std::to_string(list->list.sequence());
  }
  const auto goes_on = [&] {
    PolicyCallView call = PolicyCallOf(judged.call, judged.trunk);
    call.dest = called;
    return IsEmergency(recorder, call);
  };
  return recorder.writer->Submit(
      {judged.call, judged.call_id, judged.trunk, core.shared_options(), judged.material,
       judged.verdict, judged.disposition, recorder.policy, trust_list},
      std::ref(goes_on));
}

}  // namespace callvet
