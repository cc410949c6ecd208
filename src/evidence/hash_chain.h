// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"

// How a store's records are chained, and what is signed. Pure; thread-safe.

namespace callvet {

/// The hash before the first record: 32 zero bytes.
std::string FirstHash();

/// SHA-256(`previous` || SHA-256(`text`)), 32 bytes. Fails with kInternalError.
Result<std::string> NextHash(std::string_view previous, std::string_view text);

/// A record with its place in the chain.
struct ChainedRecord {
  const EvidenceRecord* record = nullptr;  // borrowed
  int64_t seq = 0;
  std::string hash;
};

/// `records` behind `head`; `head` becomes the end of the last one, its time and signature left as
/// they are. Fails with kInternalError.
Result<std::vector<ChainedRecord>> ExtendChain(const std::vector<const EvidenceRecord*>& records,
                                               EvidenceCheckpoint& head);

/// What a checkpoint says of the chain: its end, where it begins since older records were deleted,
/// or that it once came by here. Each is a statement of its own: none serves as another.
enum class ChainEnd : uint8_t { kHead, kBase, kCheckpoint };

/// Signs `checkpoint` as of `now`. `signer` may be nullptr: fails with kKeyInvalid.
Result<void> SignCheckpoint(EvidenceCheckpoint& checkpoint, ChainEnd end, sys_seconds now,
                            const EvidenceSigner* signer);

/// Whether `checkpoint` was signed by one of `public_keys` (PEM). Fails with kEvidenceAltered.
Result<void> CheckCheckpoint(const EvidenceCheckpoint& checkpoint, ChainEnd end,
                             const std::vector<std::string>& public_keys);

/// Whether `signature` over `statement` is by the key whose id is `key_id`, one of `public_keys`.
/// Fails with kEvidenceAltered.
Result<void> CheckSignature(std::string_view statement, std::string_view signature,
                            std::string_view key_id, const std::vector<std::string>& public_keys);

/// A P-256 public key, in PEM or DER, in the one form in which stores name it (PEM of an
/// uncompressed point). Fails with kKeyInvalid or kSignerKeyUnsupported.
Result<std::string> PlainPublicKey(std::string_view key);

/// Seq and hash of `end` as people note them: "SEQ:HASH".
std::string NotedEnd(const EvidenceCheckpoint& end);
/// The other way, white space at the ends apart; without time and signature. Fails with
/// kParameterInvalid.
Result<EvidenceCheckpoint> ReadNotedEnd(std::string_view text);

/// The hexadecimal SHA-256 of a public key's PEM text, without white space at its ends. Fails with
/// kInternalError.
Result<std::string> EvidenceKeyId(std::string_view public_pem);

/// Where a record stands in its chain.
struct ChainPlace {
  std::string before;      // hash of the record before it; "": that is not there
  std::string after;       // hash of the next record, or of the chain's end behind the last one
  std::string after_text;  // "" behind the last one
};
/// The place of `record` in a store: `base` is where the chain begins, `row_at(seq)` gives a
/// Result<StoredEvidence>, `head()` a Result<EvidenceCheckpoint>. Fails as these do.
template <class RowAt, class Head>
Result<ChainPlace> ChainPlaceOf(const StoredEvidence& record, const EvidenceCheckpoint& base,
                                RowAt row_at, Head head) {
  ChainPlace place;
  if (base.seq == record.seq - 1) {
    place.before = base.hash;
  } else {
    auto row = row_at(record.seq - 1);
    if (!row) return row.error();
    place.before = std::move(row->hash);
  }
  auto end = head();
  if (!end) return end.error();
  if (end->seq == record.seq) {
    place.after = std::move(end->hash);
    return place;
  }
  auto next = row_at(record.seq + 1);
  if (!next) return next.error();
  place.after = std::move(next->hash);
  place.after_text = std::move(next->text);
  return place;
}
/// Whether `record` follows from what is before it, and what is behind it from `record`. Fails with
/// kEvidenceAltered.
Result<void> CheckPlace(const StoredEvidence& record, const ChainPlace& place);

/// The chain's end is signed once more as a checkpoint, which stays, once so many records, or so
/// much time, came behind the last one.
inline constexpr int64_t kCheckpointRecords = 1000;
inline constexpr std::chrono::seconds kCheckpointTime{60};

}  // namespace callvet
