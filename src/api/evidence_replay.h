// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/evidence_codec.h"
#include "evidence/material.h"
#include "pki/certificate.h"
#include "pki/trust_store.h"

namespace callvet {

/// What became of judging a recorded call again.
struct EvidenceReplay {
  enum class Outcome : uint8_t {
    kRepeated,   // the same verdict, check by check
    kDiffers,    // another one: record or program was changed
    kUndecided,  // the recorded verdict was that time ran out, or something inside failed, which
                 // does not come again; or an interface refused the call by its own rules
  };
  Outcome outcome = Outcome::kDiffers;
  bool judged = true;      // false: an interface refused the call before it was judged, then
  std::string difference;  // for people
  CallRequest call;        // as recorded
  Verdict verdict;         // of now
  std::shared_ptr<const TrustStore> trust_store;  // by which it was judged; not null
};

/// "repeated", "differs" or "undecided".
std::string_view ReplayOutcomeName(EvidenceReplay::Outcome outcome);

/// Judges the call of a record again, at the recorded time and by what it was judged by then, which
/// `blobs` gives; nothing else is asked, least of all the network. With `trusted` only those
/// anchors of then count that are among them: for evidence that somebody else recorded. Fails with
/// kNotPermitted if the parties are sealed, kParameterInvalid if the record is not of a call,
/// kEvidenceAltered if something is missing or not what its SHA-256 says. Thread-safe.
Result<EvidenceReplay> ReplayEvidence(
    const EvidenceText& text, const BlobSource& blobs,
    const std::optional<std::vector<Certificate>>& trusted = std::nullopt);

/// Holds the verdict that a file brings beside its record (VerdictJson; null: none) against what
/// its record was judged to be: if it says other, `replay` differs. Sentences do not count.
void CompareExported(const JsonValue& exported, EvidenceReplay& replay);

}  // namespace callvet
