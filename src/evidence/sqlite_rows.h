// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/hash_chain.h"
#include "evidence/sqlite.h"

// What adding, reading and retention need of a store in SQLite: transactions, days, rows, ends.

namespace callvet {

/// A day's records lie in a table of their own.
struct SqliteDay {
  int64_t day = 0;
  int64_t min_time = 0;
  int64_t max_time = 0;
};
/// `order`: "ASC" or "DESC".
Result<std::vector<SqliteDay>> SqliteDays(SqliteDatabase& database, const char* order);

/// Where the chain begins ("base") or ends ("head"); seq 0: nowhere yet.
Result<EvidenceCheckpoint> SqliteChainEnd(SqliteDatabase& database, const char* name);
Result<void> PutSqliteChainEnd(SqliteDatabase& database, const char* name,
                               const EvidenceCheckpoint& end);

/// Hash and text; seq 0: there is none.
Result<StoredEvidence> SqliteRowAt(SqliteDatabase& database, int64_t seq);
/// What stands before and behind `record` in the chain, which begins at `base`.
Result<ChainPlace> SqlitePlaceOf(SqliteDatabase& database, const StoredEvidence& record,
                                 const EvidenceCheckpoint& base);

/// Runs `work` in a transaction of `database`, begun by `begin`, and commits it, or rolls it back;
/// also one that an earlier failure left open. Fails like `work`, or with kEvidenceUnavailable,
/// also if there is no memory.
template <class Work>
auto SqliteTransaction(SqliteDatabase& database, const char* begin, Work work) -> decltype(work()) {
  try {
    if (database.InTransaction()) (void)database.Execute("ROLLBACK");
    if (auto ok = database.Execute(begin); !ok) return ok.error();
    auto result = work();
    if (result) {
      auto committed = database.Execute("COMMIT");
      if (committed) return result;
      result = committed.error();
    }
    (void)database.Execute("ROLLBACK");
    return result;
  } catch (const std::bad_alloc&) {
    (void)database.Execute("ROLLBACK");
    return Fail(Reason::kEvidenceUnavailable, "no memory");
  }
}

}  // namespace callvet
