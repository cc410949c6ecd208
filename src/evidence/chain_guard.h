// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/hash_chain.h"

namespace callvet {

/// What a store says of its chain's end, read in the transaction that extends it.
struct ChainTail {
  EvidenceCheckpoint base;    // seq 0: there is none
  EvidenceCheckpoint head;    // seq 0: there is none
  EvidenceCheckpoint newest;  // checkpoint; seq 0: there is none
  int64_t last_seq = 0;       // of the last record of the last day; 0: there is none
  std::string last_hash;
  int64_t last_day = 0;
  bool traces = false;  // a day or a key is there: something was appended before
};

/// A day that retention wants to delete.
struct OldDay {
  StoredEvidence last;    // its last record; seq 0: there is none
  std::string newest_id;  // the greatest one: ids begin with their time
};

/// Keeps a writer from signing a chain that is not its own. Thread-safe.
class ChainGuard {
 public:
  /// The hash of the record at a seq; "" if it is not there.
  using HashAt = std::function<Result<std::string>(int64_t seq)>;

  /// Whether `tail` may be extended by `signer`: signed by it over the last record, not below a
  /// checkpoint, and behind what this process wrote last. The signature of a head that this process
  /// wrote itself is not verified again. Fails with kEvidenceAltered or kKeyInvalid (no signer), or
  /// like `hash_at`.
  Result<void> Check(const ChainTail& tail, const EvidenceSigner* signer,
                     const HashAt& hash_at) const;
  /// `head` was committed.
  void Wrote(const EvidenceCheckpoint& head);

 private:
  mutable std::mutex mutex_;
  std::optional<EvidenceCheckpoint> wrote_;
};

/// What must be so of a record before it is shown: ColumnsDifference and CheckPlace. Fails with
/// kEvidenceAltered. Pure.
Result<void> CheckRecord(const StoredEvidence& record, const ChainPlace& place);

/// Verifies all signatures of `state` with the key of `own` and signs the same statements with
/// `next`. Fails with kEvidenceAltered, or like EvidenceSigner::Sign.
Result<void> SignAnew(EvidenceChainState& state, const EvidenceSigner& own,
                      const EvidenceSigner& next);

/// Whether all of `day` was recorded before `limit`, as the ids say, which the chain holds. Fails
/// with kEvidenceAltered. Pure.
Result<void> CheckOld(const OldDay& day, std::chrono::sys_days limit);

}  // namespace callvet
