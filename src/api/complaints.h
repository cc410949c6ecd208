// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/evidence_assembly.h"
#include "base/json.h"
#include "callvet/complaint.h"
#include "callvet/result.h"
#include "evidence/complaint_match.h"

// Complaints: filed, matched with calls, listed, shown, and counted for who connected those. What
// the command line and the service have in common. Thread-safe.

namespace callvet {

/// Whose store, and for whom.
struct ComplaintDesk {
  const OpenedEvidence& evidence;
  const DialPlan* dial_plan = nullptr;  // of numbers without '+'
  std::string who;                      // token name or user
  sys_seconds now{};
  /// As EvidenceReader has it: what a report may not count yet.
  std::optional<sys_seconds> spilled_since = std::nullopt;
};

/// What became of a complaint that was filed.
struct FiledComplaint {
  ComplaintEntry entry;
  /// Whether a complaint with this reference had been filed before: `entry` is that one then.
  enum class State : uint8_t { kNew, kSame, kOther } state = State::kNew;  // kOther: it says other
};

/// "new", "duplicate" or "duplicate-differs".
std::string_view FiledStateName(FiledComplaint::State state);
/// What whoever files is told: id, reference, received, about, tolerance_minutes, filed; nothing of
/// calls. Pure.
JsonMembers FiledComplaintJson(const FiledComplaint& filed);

/// Keeps `complaint` durably with the calls that are found for it with `effort`; `filed_by` and
/// `received` are the desk's. The same reference again keeps nothing. Fails with kParameterInvalid
/// if something of it is not as it must be (a callee that is none, a time to come, too long, not
/// UTF-8), or like EvidenceStore::Append.
Result<FiledComplaint> FileComplaint(const ComplaintDesk& desk, Complaint complaint,
                                     CallSearch::Effort effort = CallSearch::Effort::kLookThrough);

/// What a search for calls of earlier complaints found.
struct MatchedAgain {
  size_t looked = 0;  // complaints without a call
  size_t matched = 0;
  size_t ambiguous = 0;
  size_t altered = 0;  // whose records are not as they were kept: left as they are
};
/// How hard the calls of a complaint are looked for; nothing: no more complaints are.
using ComplaintEffort = std::function<std::optional<CallSearch::Effort>(const ComplaintEntry&)>;
/// Looks for the calls of complaints that have none, whose records may have come late: of those
/// that were received since `since`, or of all, the latest first. Without `effort` all are looked
/// through. Fails like EvidenceStore::Find and Append.
Result<MatchedAgain> MatchComplaints(const ComplaintDesk& desk,
                                     std::optional<sys_seconds> since = std::nullopt,
                                     const ComplaintEffort& effort = nullptr);

/// The line of a list. Pure.
JsonValue ComplaintEntryJson(const ComplaintEntry& entry);
/// {"complaints": [...], "next": ...}. Pure.
JsonValue ComplaintPageJson(const ComplaintPage& page);

/// One complaint with its words, and each of its calls with who is responsible for it: the entry,
/// callee, caller, text (null if sealed), calls. Fails with kResourceNotFound; like
/// EvidenceStore::Get.
Result<JsonValue> ShowComplaint(const ComplaintDesk& desk, std::string_view id);

/// Records that somebody looks, before anything is shown. Fails like RecordAccess.
Result<void> RecordComplaintAccess(const ComplaintDesk& desk, const char* what, std::string about);

}  // namespace callvet
