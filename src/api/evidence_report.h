// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

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

/// {"by", "from", "to", "rows": [...], "total": {...}, "unmatched_complaints", "flagged_pools"}.
/// `flagged_pools` are those that are flagged when the report is made; null: nobody counts pools.
JsonValue ReportJson(const ReportQuery& query, const EvidenceReport& report,
                     const JsonValue& flagged_pools = {});

/// RFC 4180 with a header, and lines "total" and "unmatched" behind those of parties. A field that
/// a spreadsheet could take for a formula gets an apostrophe in front.
std::string ReportCsv(const ReportQuery& query, const EvidenceReport& report);

}  // namespace callvet
