// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/hash_chain.h"
#include "evidence/sqlite.h"

// The tables of an SQLite store that lists and reports read. All functions are for use within a
// transaction and fail with kEvidenceUnavailable.

namespace callvet {

/// The tables; also of a store that was made before there were any.
extern const char* const kSqliteSummarySchema;

/// Makes the tables if they are not there; calls up to `head_seq` are not in them then.
Result<void> MakeSqliteSummaries(SqliteDatabase& database, int64_t head_seq);
/// Where the tallies begin; nothing: an older program's store.
Result<std::optional<int64_t>> SqliteTalliedFrom(SqliteDatabase& database);

/// Adds `records`, which are stored on `day`.
Result<void> PutSqliteSummaries(SqliteDatabase& database, const std::vector<ChainedRecord>& records,
                                int64_t day);
/// Takes out what retention deletes next: the records of `day`, which are in `table`, up to `seq`.
Result<void> TakeSqliteSummaries(SqliteDatabase& database, const std::string& table, int64_t day,
                                 int64_t seq);
/// Whether a complaint with this reference is there.
Result<bool> SqliteHasReference(SqliteDatabase& database, std::string_view reference);

Result<ComplaintPage> FindSqliteComplaints(SqliteDatabase& database, const ComplaintQuery& query);
/// `days`: those that have tables of records.
Result<EvidenceReport> SqliteReport(SqliteDatabase& database, const std::vector<int64_t>& days,
                                    const ReportQuery& query);

/// For audits: whether both tables are there.
Result<bool> SqliteHasSummaries(SqliteDatabase& database);
/// For audits: what is counted of a day.
Result<std::vector<EvidenceTally>> SqliteTallies(SqliteDatabase& database, int64_t day);
/// For audits: hands all complaints to `visitor`, and tells it what of the tables has values that
/// this program does not write.
Result<void> VisitSqliteSummaries(SqliteDatabase& database, EvidenceVisitor& visitor);

}  // namespace callvet
