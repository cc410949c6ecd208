// SPDX-License-Identifier: MIT
#include "api/call_recorder.h"

#include <utility>

namespace callvet {

std::optional<Failure> WouldRefuse(const CallRecorder* recorder) {
  if (recorder == nullptr || !recorder->writer->Refuses()) return std::nullopt;
  return Fail(Reason::kEvidenceNotKept, "the evidence of calls cannot be kept now");
}

std::optional<Failure> RefusalOf(const CallRecorder* recorder) {
  auto refusal = WouldRefuse(recorder);
  if (refusal) recorder->writer->CountRefused();
  return refusal;
}

Result<std::string> KeepCall(const CallRecorder& recorder, const VerificationCore& core,
                             CallEvidence& evidence) {
  evidence.options = core.shared_options();
  evidence.policy = recorder.policy;
  if (const auto list = core.trust_list()) {
    evidence.trust_list = "sequence " + std::to_string(list->list.sequence());
  }
  return recorder.writer->Submit(evidence);
}

}  // namespace callvet
