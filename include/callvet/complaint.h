// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Complaints about calls, the calls that they are about, and who connected those (H-4, H-9).

namespace callvet {

/// What a complaint is about.
enum class ComplaintCategory : uint8_t {
  kHarassment,
  kFraud,
  kMarketing,
  kRobocall,
  kSpoofing,
  kOther,
};

/// "harassment", "fraud", "marketing", "robocall", "spoofing" or "other".
std::string_view ComplaintCategoryName(ComplaintCategory category);
/// The category of that name, or nothing.
std::optional<ComplaintCategory> FindComplaintCategory(std::string_view name);

/// What somebody complains of, as it is filed. A value.
struct Complaint {
  static constexpr std::chrono::seconds kDefaultTolerance{900};
  static constexpr std::chrono::seconds kMaxTolerance{86'400};
  static constexpr size_t kMaxText = 4'000;
  static constexpr size_t kMaxReference = 128;
  static constexpr size_t kMaxParty = 256;

  std::string callee;  // number or URI as somebody writes it
  std::string caller;  // the same; "": not known; with '*' for what is not: "*5678", "+8610*"
  std::chrono::sys_seconds about{};  // when the call was, more or less
  std::chrono::seconds tolerance = kDefaultTolerance;
  ComplaintCategory category = ComplaintCategory::kOther;
  std::string text;       // in the complainer's words; UTF-8
  std::string reference;  // the authority's number, unique in a store; "": none
  std::string filed_by;   // token name or user
  std::chrono::sys_seconds received{};
};

/// Who answers for a call, as far as its record says. "": nobody that is known.
struct ResponsibleParty {
  std::string
      signer;  // SPC that the call is put down to, else the subject of who signed a call that passed
  std::string holder;  // of the caller's number, by the policy's registry when the call came
  std::string trunk;   // where it came in
  bool operator==(const ResponsibleParty&) const = default;
};

/// A call that a complaint is about, or may be.
struct ComplaintCall {
  std::string id;  // of its record
  std::chrono::sys_seconds time{};
  ResponsibleParty party;
  bool operator==(const ComplaintCall&) const = default;
};

/// What is known of a complaint without opening it.
struct ComplaintEntry {
  int64_t seq = 0;  // of its record
  std::string id;
  std::string reference;
  std::string filed_by;
  std::chrono::sys_seconds received{};
  std::chrono::sys_seconds about{};
  std::chrono::seconds tolerance{};
  ComplaintCategory category = ComplaintCategory::kOther;
  int64_t candidates = 0;  // calls that it may be about: 0 unmatched, 1 matched, more: ambiguous
  ComplaintCall nearest;   // in time; counts in reports
  std::string matched_by;  // id of the record that says so: its own, or that of a later match
  bool operator==(const ComplaintEntry&) const = default;
};

/// "unmatched", "matched" or "ambiguous". Pure.
std::string_view ComplaintStateName(int64_t candidates);

/// Which complaints; what is "" or nothing does not count. All that is given must hold.
struct ComplaintQuery {
  static constexpr size_t kMaxLimit = 10'000;  // more is cut to it
  enum class State : uint8_t { kAny, kUnmatched, kMatched, kAmbiguous } state = State::kAny;
  std::string id;
  std::string reference;
  std::optional<std::chrono::sys_seconds> from;  // received; included
  std::optional<std::chrono::sys_seconds> to;    // included
  size_t limit = 100;
  int64_t before = INT64_MAX;  // only with a smaller seq: the `next` of the page before
};

/// Complaints, the latest filed one first.
struct ComplaintPage {
  std::vector<ComplaintEntry> complaints;
  std::optional<int64_t> next;  // for ComplaintQuery::before; nothing: these were all
};

/// Whom a report counts for.
enum class ReportBy : uint8_t { kSigner, kHolder, kTrunk };

/// "signer", "holder" or "trunk".
std::string_view ReportByName(ReportBy by);
std::optional<ReportBy> FindReportBy(std::string_view name);

/// Calls are counted by the hour: `from` and `to` are whole hours since 1970.
struct ReportQuery {
  ReportBy by = ReportBy::kSigner;
  std::chrono::sys_seconds from{};  // included
  std::chrono::sys_seconds to{};    // not included
};

/// What one party answers for.
struct ReportRow {
  std::string party;  // "": nobody that is known
  int64_t calls = 0;
  int64_t rejected = 0;                    // by the policy
  std::map<std::string, int64_t> reasons;  // calls by the id of their verdict's reason
  int64_t complaints = 0;                  // whose nearest call is this party's
  int64_t ambiguous = 0;                   // of these, with more than one call
  bool operator==(const ReportRow&) const = default;
};

/// Calls and complaints of a time, the most complained of first.
struct EvidenceReport {
  std::vector<ReportRow> rows;
  int64_t unmatched = 0;  // complaints about this time without a call
};

}  // namespace callvet
