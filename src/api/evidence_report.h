// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/pool_history.h"
#include "base/json.h"
#include "callvet/complaint.h"
#include "callvet/result.h"

// The report on responsible parties in its forms. Pure; thread-safe.

namespace callvet {

/// `from` and `to` widened to whole hours; `to` becomes the first hour that is not counted. Fails
/// with kParameterInvalid if nothing is between them.
Result<ReportQuery> ReportQueryOf(ReportBy by, std::chrono::sys_seconds from,
                                  std::chrono::sys_seconds to);

/// All rows as one.
ReportRow ReportTotal(const EvidenceReport& report);

/// Calls that passed.
int64_t VerifiedCalls(const ReportRow& row);

/// Complaints for a million calls, with one decimal: "12.5"; "" without calls.
std::string ComplaintsPerMillion(const ReportRow& row);

/// A report in all its parts.
struct WholeReport {
  ReportQuery query;
  EvidenceReport report;
  std::vector<PoolEpisode> pools;  // that were flagged in its time
};

/// {"by", "from", "to", "rows": [...], "total": {...}, "unmatched_complaints", "flagged_pools"}.
JsonValue ReportJson(const WholeReport& whole);

/// RFC 4180 with a header, and lines "total" and "unmatched" behind those of parties, then a line
/// "pool" for each flagged source. A field that a spreadsheet could take for a formula gets an
/// apostrophe in front.
std::string ReportCsv(const WholeReport& whole);

}  // namespace callvet
