// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/verification_core.h"
#include "callvet/evidence.h"
#include "callvet/policy.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "evidence/writer.h"

namespace callvet {

/// How the calls of an API are kept. A value that borrows the writer. Thread-safe.
struct CallRecorder {
  EvidenceWriter* writer = nullptr;
  std::string policy;  // which one decides: see CallEvidence::policy
  /// By which a call is known as one to an emergency number or service, which goes on also without
  /// its record; never nullptr. Where there is no policy: PolicyOfNobody.
  std::shared_ptr<const Policy> rules;
};

/// Why no call may be judged now, because its evidence could not be kept; nothing if `recorder` is
/// nullptr.
std::optional<Failure> WouldRefuse(const CallRecorder* recorder);
/// The same for `call`, which is at hand and counted as refused; nothing if it goes to an emergency
/// number or service.
std::optional<Failure> RefusalOf(const CallRecorder* recorder, const CallRequest& call,
                                 const std::string& trunk = "");

/// A judged call that is to be kept; see CallEvidenceView. Borrows it.
struct JudgedCall {
  const CallRequest& call;
  const VerificationMaterial& material;
  const Verdict& verdict;
  const Disposition* disposition = nullptr;
  std::string_view call_id = {};
  std::string_view trunk = {};
};

/// Hands `judged` to the writer, with what is of `core` and `recorder`. `called`: the called
/// parties as the client gave them, where the call was judged with others. Gives the record's id,
/// "" where it was counted as lost, as that of a call to an emergency number or service is. Fails
/// like EvidenceWriter::Submit.
Result<std::string> KeepCall(const CallRecorder& recorder, const VerificationCore& core,
                             const JudgedCall& judged, const std::vector<std::string>& called);

}  // namespace callvet
