// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/evidence_codec.h"

namespace callvet {

/// Where calls are looked for.
struct CallSearch {
  EvidenceStore& store;
  const EvidenceCodec& codec;
  const DialPlan* plan = nullptr;  // for numbers of complaints, and of calls where keys do not do
  /// Whether all calls of the time are looked through where no key finds any, and any number of
  /// those that a key finds: that takes seconds.
  enum class Effort : uint8_t { kByKeys, kLookThrough } effort = Effort::kLookThrough;
};

/// More calls than these, the nearest in time, are not named in one complaint.
inline constexpr size_t kMaxComplaintCalls = 100;

/// The calls that `complaint` may be about, the nearest in time first: calls to `callee`, as called
/// party, request's target or on the way of a redirected call, within `tolerance` of `about`, from
/// `caller` as the call shows it. At most 20,000 calls are looked through (by keys alone: none are
/// given where a key finds more than 1,000, which is left to a look through); records that do not
/// say what their columns say are left out. Fails like EvidenceStore::Find.
Result<std::vector<ComplaintCall>> FindCallsOf(const CallSearch& search,
                                               const Complaint& complaint);

/// Whether `text` has the form of a part of a number: '*' at one end or both, and between them at
/// least three digits (with '+', spaces and the like). Pure.
bool IsNumberPart(std::string_view text);

}  // namespace callvet
