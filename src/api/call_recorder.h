// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "api/verification_core.h"
#include "callvet/evidence.h"
#include "callvet/policy.h"
#include "callvet/result.h"
#include "evidence/writer.h"

namespace callvet {

/// How the calls of an API are kept. A value that borrows the writer. Thread-safe.
struct CallRecorder {
  EvidenceWriter* writer = nullptr;
  std::string policy;  // which one decides: see CallEvidence::policy
};

/// Why no call may be judged now, because its evidence could not be kept; nothing if `recorder` is
/// nullptr.
std::optional<Failure> WouldRefuse(const CallRecorder* recorder);
/// The same for a call that is at hand, which is counted as refused.
std::optional<Failure> RefusalOf(const CallRecorder* recorder);

/// Hands `evidence` (call, verdict, material, trunk and Call-ID are filled in) to the writer; the
/// rest, which is of `core` and `recorder`, is filled in here. Gives the record's id, "" where it
/// was counted as lost. Fails like EvidenceWriter::Submit.
Result<std::string> KeepCall(const CallRecorder& recorder, const VerificationCore& core,
                             CallEvidence& evidence);

}  // namespace callvet
