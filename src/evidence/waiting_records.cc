// SPDX-License-Identifier: MIT
#include "evidence/waiting_records.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/prefetch.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_id.h"

namespace callvet {
namespace {

// Memory kept for groups that come later, of some 6,000 calls; more only while they need it.
constexpr size_t kKept = size_t{8} << 20U;

// Room for `more`, so that adding them cannot fail.
template <class Things>
void MakeRoom(Things& things, size_t more) {
  const size_t needed = things.size() + more;
  if (needed > things.capacity()) things.reserve(std::max(needed, 2 * things.capacity()));
}

// Asks for the lines behind `bytes`, where the next call's will stand: who wrote them last, to a
// file, was another processor.
void FetchToWrite(const std::string& bytes, size_t next) {
  PrefetchToWrite(bytes.data() + bytes.size(), std::min(next, bytes.capacity() - bytes.size()));
}

}  // namespace

void WaitingRecords::Add(std::shared_ptr<const EvidenceRecord> record) {
  const auto time = TimeOfId(record->id);
  whole_.push_back(std::move(record));
  if (time) since_ = std::min(since_, *time);
}

void WaitingRecords::AddCall(std::string_view notes, const SharedBasis& basis, sys_seconds time) {
  MakeRoom(calls_, 1);
  MakeRoom(bases_, 1);
  MakeRoom(frames_, CallFrameSize(notes.size()));
  const size_t begin = frames_.size();
  AppendCall(frames_, notes);
  calls_.push_back({begin, PlaceOf(basis)});
  since_ = std::min(since_, time);
  FetchToWrite(frames_, frames_.size() - begin);
}

// Where in bases_ it is now. Calls of few signers share what one of them brought: a count less
// that one thread raises and another lowers.
size_t WaitingRecords::PlaceOf(const SharedBasis& basis) {
  constexpr size_t kLookBack = 8;
  const size_t oldest = bases_.size() - std::min(bases_.size(), kLookBack);
  for (size_t place = bases_.size(); place-- > oldest;) {
    if (bases_[place] == basis) return place;
  }
  bases_.push_back(basis);
  return bases_.size() - 1;
}

size_t WaitingRecords::EndOf(size_t call) const {
  return call + 1 < calls_.size() ? calls_[call + 1].begin : frames_.size();
}

std::string_view WaitingRecords::NotesAt(size_t call) const {
  return NotesOf(std::string_view(frames_).substr(calls_[call].begin));
}

bool WaitingRecords::AreCalls(size_t count) const {
  const auto first = whole_.begin() + static_cast<std::ptrdiff_t>(dropped_whole_);
  return std::all_of(first, first + static_cast<std::ptrdiff_t>(std::min(count, WholeLeft())),
                     [](const auto& record) { return record->kind == EvidenceKind::kCall; });
}

std::vector<std::string> WaitingRecords::Ids(size_t count) const {
  std::vector<std::string> ids;
  ids.reserve(count);
  for (size_t i = 0; i < count && i < WholeLeft(); ++i)
    ids.push_back(whole_[dropped_whole_ + i]->id);
  for (size_t i = dropped_calls_; ids.size() < count && i < calls_.size(); ++i) {
    ids.emplace_back(IdOfNotes(NotesAt(i)));
  }
  return ids;
}

// Seldom: what stands behind it moves.
void WaitingRecords::TakeOut(size_t call) {
  const size_t begin = calls_[call].begin;
  const size_t size = EndOf(call) - begin;
  frames_.erase(begin, size);
  calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(call));
  for (size_t i = call; i < calls_.size(); ++i) calls_[i].begin -= size;
  if (empty()) Clear();
}

Result<WaitingRecords::Records> WaitingRecords::FirstRecords(size_t count,
                                                             const OnUnreadable& unreadable) {
  count = std::min(count, size());
  Records records;
  records.reserve(count);
  const auto first = whole_.begin() + static_cast<std::ptrdiff_t>(dropped_whole_);
  records.assign(first, first + static_cast<std::ptrdiff_t>(std::min(count, WholeLeft())));
  for (size_t i = dropped_calls_; records.size() < count;) {
    auto made = RecordOfNotes(NotesAt(i), BasisOf(i));
    if (made) {
      records.push_back(std::make_shared<const EvidenceRecord>(std::move(*made)));
      ++i;
      continue;
    }
    if (made.error().reason != Reason::kEvidenceAltered) return made.error();
    unreadable(made.error());  // first: if that throws, the record is still here
    TakeOut(i);
    --count;
  }
  return records;
}

// Each group has the bases of its calls with it, so that what is damaged in a file costs no other
// group. Where one begins is its label.
WaitingRecords::Bytes WaitingRecords::First(size_t count, uint64_t offset, const BlobNames& known,
                                            BlobNames& added) {
  Bytes bytes;
  const size_t whole = std::min(count, WholeLeft());
  const size_t end = dropped_calls_ + std::min(count - whole, CallsLeft());
  std::unordered_map<const CallBasis*, uint64_t> labels;
  const CallBasis* last = nullptr;
  uint64_t label = 0;
  for (size_t i = dropped_calls_; i < end; ++i) {
    const CallBasis* const basis = &BasisOf(i);
    if (basis != std::exchange(last, basis)) {
      const auto [known_label, is_new] = labels.try_emplace(basis, offset + bytes.common.size());
      label = known_label->second;
      if (is_new) AppendBasis(bytes.common, *basis, label, known, added);
    }
    FinishCall(std::span<char>(frames_).subspan(calls_[i].begin), label);
  }
  for (size_t i = 0; i < whole; ++i) {
    AppendRecord(bytes.records, *whole_[dropped_whole_ + i], known, added);
  }
  if (end > dropped_calls_) {
    const size_t begin = calls_[dropped_calls_].begin;
    bytes.calls = std::string_view(frames_).substr(begin, EndOf(end - 1) - begin);
  }
  return bytes;
}

WaitingRecords::Records WaitingRecords::Drop(size_t count) noexcept {
  const size_t whole = std::min(count, WholeLeft());
  dropped_whole_ += whole;
  dropped_calls_ += std::min(count - whole, CallsLeft());
  Records gone;
  if (empty()) {
    gone.swap(whole_);
    Clear();
  }
  return gone;
}

void WaitingRecords::Clear() noexcept {
  const bool needs_it = frames_.size() > frames_.capacity() / 8;
  if (!needs_it && frames_.capacity() > kKept) {
    frames_ = std::string();
    calls_ = std::vector<Call>();
    bases_ = std::vector<SharedBasis>();
  }
  whole_.clear();
  calls_.clear();
  bases_.clear();
  frames_.clear();
  dropped_whole_ = dropped_calls_ = 0;
  since_ = sys_seconds::max();
}

void WaitingRecords::swap(WaitingRecords& other) noexcept {
  whole_.swap(other.whole_);
  calls_.swap(other.calls_);
  bases_.swap(other.bases_);
  frames_.swap(other.frames_);
  std::swap(dropped_whole_, other.dropped_whole_);
  std::swap(dropped_calls_, other.dropped_calls_);
  std::swap(since_, other.since_);
}

}  // namespace callvet
