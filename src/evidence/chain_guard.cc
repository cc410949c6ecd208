// SPDX-License-Identifier: MIT
#include "evidence/chain_guard.h"

#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "evidence/evidence_codec.h"
#include "evidence/number_secret.h"

namespace callvet {
namespace {

Failure Altered(const std::string& detail) {
  return Fail(Reason::kEvidenceAltered, "nothing is added to this chain: " + detail);
}

bool Same(const EvidenceCheckpoint& a, const EvidenceCheckpoint& b) {
  return a.seq == b.seq && a.hash == b.hash && a.time == b.time && a.key_id == b.key_id &&
         a.signature == b.signature;
}

// The signed end, the last record and the checkpoints belong together.
Result<void> CheckShape(const ChainTail& tail) {
  if (tail.head.seq == 0) {
    if (tail.traces || tail.base.seq != 0 || tail.newest.seq != 0 || tail.last_seq != 0) {
      return Altered("its signed end is gone");
    }
    return {};
  }
  const int64_t last_seq = tail.last_seq != 0 ? tail.last_seq : tail.base.seq;
  const std::string& last_hash = tail.last_seq != 0 ? tail.last_hash : tail.base.hash;
  if (last_seq != tail.head.seq || last_hash != tail.head.hash) {
    return Altered("its end was signed over another last record");
  }
  if (tail.newest.seq > tail.head.seq ||
      (tail.newest.seq == tail.head.seq && tail.newest.hash != tail.head.hash)) {
    return Altered("it ends before a checkpoint");
  }
  return {};
}

// Nothing: there is none.
Result<std::optional<EvidenceCheckpoint>> ReadMark(const std::filesystem::path& path) {
  constexpr size_t kMaxMark = 256;
  if (path.empty()) return std::optional<EvidenceCheckpoint>();
  const auto text = ReadFileIfThere(path, kMaxMark);
  if (!text) return Altered(text.error().detail);
  if (!*text || (*text)->empty()) return std::optional<EvidenceCheckpoint>();
  auto end = ReadNotedEnd(**text);
  if (!end) return Altered(path.string() + ": " + end.error().detail);
  return std::optional<EvidenceCheckpoint>(std::move(*end));
}

}  // namespace

ChainGuard::ChainGuard(std::filesystem::path mark) : mark_(std::move(mark)) {
  auto read = ReadMark(mark_);
  if (read) {
    wrote_ = std::move(*read);
  } else {
    mark_read_ = read.error();
  }
}

Result<void> ChainGuard::Check(const ChainTail& tail, const EvidenceSigner* signer,
                               const HashAt& hash_at) const {
  if (signer == nullptr) {
    return Fail(Reason::kKeyInvalid, "this store was opened without a key for checkpoints");
  }
  if (auto ok = CheckShape(tail); !ok) return ok;
  if (!mark_read_) return mark_read_;
  const std::lock_guard lock(mutex_);
  if (wrote_ && Same(*wrote_, tail.head)) return {};
  if (wrote_ && (tail.head.seq < wrote_->seq ||
                 (tail.head.seq == wrote_->seq && tail.head.hash != wrote_->hash))) {
    return Altered("it ends before, or other than, what this writer wrote last, " +
                   NotedEnd(*wrote_));
  }
  if (tail.head.seq == 0) return {};
  if (tail.head.key_id != signer->key_id()) {
    return Altered("its end was signed by another key: " + tail.head.key_id);
  }
  const std::vector<std::string> own = {signer->public_pem()};
  if (auto ok = CheckCheckpoint(tail.head, ChainEnd::kHead, own); !ok) {
    return Altered("its end: " + ok.error().detail);
  }
  if (!wrote_) return {};
  // Others went on: what this writer wrote is still there, or retention deleted it.
  if (wrote_->seq <= tail.base.seq) {
    if (auto ok = CheckCheckpoint(tail.base, ChainEnd::kBase, own); !ok) {
      return Altered("its beginning: " + ok.error().detail);
    }
    return {};
  }
  const auto hash = hash_at(wrote_->seq);
  if (!hash) return hash.error();
  if (*hash != wrote_->hash)
    return Altered("what this writer wrote last is not in it, " + NotedEnd(*wrote_));
  return {};
}

void ChainGuard::Wrote(const EvidenceCheckpoint& head) {
  const std::lock_guard lock(mutex_);
  if (wrote_ && head.seq <= wrote_->seq) return;
  wrote_ = head;
  if (!mark_.empty()) (void)WriteFile(mark_, NotedEnd(head) + "\n", FileMode::kPrivate);
}

Result<void> CheckNumberKey(std::string_view named, std::string_view last) {
  const auto text = ReadJson(last, {.max_bytes = last.size()});
  if (!text || NumberKeyOf(*text) == named) return {};
  return Fail(Reason::kEvidenceAltered,
              "the store names another key for numbers than its last record");
}

Result<void> CheckRecord(const StoredEvidence& record, const ChainPlace& place) {
  const std::string difference = ColumnsDifference(record);
  if (!difference.empty()) {
    return Fail(Reason::kEvidenceAltered,
                "of record " + std::to_string(record.seq) + ", " + difference);
  }
  return CheckPlace(record, place);
}

Result<void> SignAnew(EvidenceChainState& state, const EvidenceSigner& own,
                      const EvidenceSigner& next) {
  const std::vector<std::string> keys = {own.public_pem()};
  const auto sign = [&](EvidenceCheckpoint& checkpoint, ChainEnd end) -> Result<void> {
    if (checkpoint.seq == 0) return {};
    if (auto ok = CheckCheckpoint(checkpoint, end, keys); !ok) return ok;
    return SignCheckpoint(checkpoint, end, checkpoint.time, &next);
  };
  if (auto ok = sign(state.base, ChainEnd::kBase); !ok) return ok;
  if (auto ok = sign(state.head, ChainEnd::kHead); !ok) return ok;
  for (EvidenceCheckpoint& checkpoint : state.checkpoints) {
    if (auto ok = sign(checkpoint, ChainEnd::kCheckpoint); !ok) return ok;
  }
  return {};
}

Result<void> CheckOld(const OldDay& day, std::chrono::sys_days limit) {
  if (day.last.seq == 0) return {};
  const std::string difference = ColumnsDifference(day.last);
  if (!difference.empty()) {
    return Fail(Reason::kEvidenceAltered, "retention deletes nothing: of record " +
                                              std::to_string(day.last.seq) + ", " + difference);
  }
  for (const std::string& id : {day.last.id, day.newest_id}) {
    if (DayOfId(id) < limit) continue;
    return Fail(Reason::kEvidenceAltered,
                "retention deletes nothing: " + id + " is younger than the day that it is kept in");
  }
  return {};
}

}  // namespace callvet
