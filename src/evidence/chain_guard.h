// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

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

  /// `mark` is a file that says what this writer wrote last, also to the one that comes after it;
  /// it must not lie where the store lies. "": that is forgotten with this object. A file that is
  /// missing, or empty, as a crash of the machine may leave it, says nothing; in one that says
  /// something else nobody can tell what was written, and Check fails.
  explicit ChainGuard(std::filesystem::path mark = {});

  /// Whether `tail` may be extended by `signer`: signed by it over the last record, not below a
  /// checkpoint, and behind what this writer wrote last. The signature of a head that this process
  /// wrote itself is not verified again. Fails with kEvidenceAltered or kKeyInvalid (no signer), or
  /// like `hash_at`.
  Result<void> Check(const ChainTail& tail, const EvidenceSigner* signer,
                     const HashAt& hash_at) const;
  /// `head` was committed. The mark is not forced to the disk, nor looked after where it cannot be
  /// written: an older one only says less.
  void Wrote(const EvidenceCheckpoint& head);

 private:
  std::filesystem::path mark_;
  Result<void> mark_read_;
  mutable std::mutex mutex_;
  std::optional<EvidenceCheckpoint> wrote_;  // from a mark: seq and hash alone
};

/// Whether the chain's last record, whose text is `last`, was made with the key for numbers that
/// the store names: nothing signs what it names. A text that cannot be read says nothing here.
/// Fails with kEvidenceAltered. Pure.
Result<void> CheckNumberKey(std::string_view named, std::string_view last);

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
