// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "callvet/telephone_number.h"
#include "evidence/evidence_codec.h"

// What no store has a column for is looked for in the records themselves, one after the other.
// Thread-safe.

namespace callvet {

/// What calls are looked for in beside what a store finds them by; "" does not count.
struct OpenedSearch {
  std::string decision;  // id of the reason of the policy's decision
  std::string diverter;  // who redirected the call, as DiverterKey gives it
  [[nodiscard]] bool any() const { return !decision.empty() || !diverter.empty(); }
};

/// Puts a reason's id where it is looked for: no verdict has a reason of the operator's rules.
/// Pure.
void AskForReason(std::string_view id, EvidenceQuery& query, OpenedSearch& search);

/// A number or URI as somebody writes it (`plan` may be null), as records have who redirected a
/// call. Fails like EvidenceCodec::KeyOf.
Result<std::string> DiverterKey(std::string_view party, const DialPlan* plan);

/// A page of the calls of `query` in which `search` finds all that it has. Records that cannot be
/// read, or whose columns are not their text's, are on it, too: nobody knows what they are. Opens
/// `most` records, or a page's worth more; a page may then have fewer calls than the limit, or
/// none, and go on at its `next`. Fails like EvidenceStore::Find.
Result<EvidencePage> FindOpened(EvidenceStore& store, const EvidenceCodec& codec,
                                const EvidenceQuery& query, const OpenedSearch& search,
                                size_t most);

}  // namespace callvet
