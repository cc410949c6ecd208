// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/chain_guard.h"
#include "evidence/sqlite.h"

namespace callvet {

/// Deletes old days from a store in SQLite, by steps. Each method runs within a transaction of the
/// caller's, behind which the store is whole. References outlive it. Not thread-safe.
class SqliteRetention {
 public:
  /// Of one step: how many rows it deleted, and whether another may have something to do.
  struct Step {
    int64_t deleted = 0;
    bool more = false;
  };
  /// The chain's ends, checked: what Append would look at.
  using Tail = std::function<Result<ChainTail>()>;

  /// `signer` may be nullptr: then what needs one fails.
  SqliteRetention(SqliteDatabase& database, const Clock& clock, const EvidenceSigner* signer,
                  Tail checked_tail)
      : database_(database),
        clock_(clock),
        signer_(signer),
        checked_tail_(std::move(checked_tail)) {}

  /// Whether all days before the day `limit` may be deleted. Fails with kEvidenceAltered.
  Result<void> CheckOldDays(int64_t limit);
  /// Some records of the first day, if that is before `limit`.
  Result<Step> DeleteSomeRecords(int64_t limit);
  /// Some blobs that no record names which is left, nor one of `limit` or later.
  Result<Step> DeleteSomeBlobs(int64_t limit);

 private:
  Result<void> CheckOldDay(int64_t day, int64_t limit, const EvidenceCheckpoint& base);
  Result<int64_t> DeleteFirst(int64_t day, EvidenceCheckpoint& base);
  Result<StoredEvidence> LastOfStep(int64_t day);
  Result<void> SettleDay(int64_t day);
  Result<int64_t> Changes();

  SqliteDatabase& database_;
  const Clock& clock_;
  const EvidenceSigner* signer_;
  Tail checked_tail_;
};

}  // namespace callvet
