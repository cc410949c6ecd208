// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "callvet/evidence.h"

// What lists and reports need of records, in tables of its own beside them: it follows from the
// records alone, so that an audit can compare it. Pure.

namespace callvet {

/// The summary of `record`, whose text is `json`; `record.summary` does not count.
EvidenceSummary SummaryOf(const JsonValue& json, const EvidenceRecord& record);

/// Calls of a complaint as a record's text has them, and back. What cannot be read is left out.
JsonArray ComplaintCallsJson(const std::vector<ComplaintCall>& calls);
std::vector<ComplaintCall> ReadComplaintCalls(const JsonValue* json);

/// Notes in `entry` that the calls of `match` were found, unless some were before: the first match
/// counts.
void ApplyMatch(const ComplaintEntry& match, ComplaintEntry& entry);

/// The reference of a record that is a complaint; "" of others.
std::string_view ReferenceOf(const EvidenceRecord& record);

/// When a complaint counts in reports: at its call's time, else when it is about.
std::chrono::sys_seconds ComplaintTime(const ComplaintEntry& entry);

/// Counts calls that are alike. A value.
class TallyCounter {
 public:
  /// Of a record that is no call nothing is counted.
  void Add(const EvidenceRecord& record);
  /// All counts so far, in order; none are left.
  std::vector<EvidenceTally> Take();

 private:
  using Key = std::tuple<int64_t, std::string, std::string, std::string, std::string, std::string>;
  std::map<Key, int64_t> counts_;
};

/// Puts a report together from what tables count. A value.
class ReportBuilder {
 public:
  void AddCalls(const std::string& party, const std::string& reason, int64_t calls,
                int64_t rejected);
  void AddComplaints(const std::string& party, int64_t complaints, int64_t ambiguous);
  void AddUnmatched(int64_t complaints) { unmatched_ += complaints; }
  EvidenceReport Finish();

 private:
  ReportRow& RowOf(const std::string& party);
  std::map<std::string, ReportRow> rows_;
  int64_t unmatched_ = 0;
};

}  // namespace callvet
