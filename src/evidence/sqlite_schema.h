// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/sqlite.h"

// The tables of a store in SQLite, and whether they are still as they were made.

namespace callvet {

/// The tables that are there once.
extern const char* const kSqliteSchema;
/// Of a day's table, in the order of RecordOf.
inline constexpr const char* kSqliteColumns =
    "seq, id, kind, time, orig, dest, origid, spc, trunk, reason, call_id, hash, text";

std::string TableOf(int64_t day);
/// Statements that make the table of a day and its indexes, if they are not there.
std::string DaySchema(int64_t day);

/// A row of kSqliteColumns in the table of `day`.
StoredEvidence RecordOf(const SqliteStatement& row, int64_t day);

/// Tells `visitor` which tables of kSqliteSchema are missing. Gives whether all are there. Fails
/// with kEvidenceUnavailable.
Result<bool> CheckSqliteTables(SqliteDatabase& database, EvidenceVisitor& visitor);

/// Tells `visitor` what of tables, indexes and triggers is not as it is made for `days`, and what
/// SQLite itself finds wrong. Fails with kEvidenceUnavailable.
Result<void> CheckSqliteStructure(SqliteDatabase& database, const std::vector<int64_t>& days,
                                  EvidenceVisitor& visitor);

}  // namespace callvet
