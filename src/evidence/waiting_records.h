// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/record_frames.h"

namespace callvet {

/// Records that are in no store yet: whole ones, and calls of which there are notes. Those of all
/// calls stand end to end as the frames of a spill file, so that a call takes no memory of its own
/// and a file gets them as they are. In the order in which they came, whole ones first. Not
/// thread-safe.
class WaitingRecords {
 public:
  using Records = std::vector<std::shared_ptr<const EvidenceRecord>>;

  WaitingRecords() = default;
  WaitingRecords(WaitingRecords&& other) noexcept { swap(other); }
  WaitingRecords& operator=(WaitingRecords&&) = delete;

  /// Adds a record, which is not null. If it throws std::bad_alloc nothing was added.
  void Add(std::shared_ptr<const EvidenceRecord> record);
  /// Adds the record of a call, whose id was made at `time`, by its notes: copies them. The same.
  void AddCall(std::string_view notes, const SharedBasis& basis, sys_seconds time);

  [[nodiscard]] size_t size() const { return WholeLeft() + CallsLeft(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// No record in it has an earlier id.
  [[nodiscard]] sys_seconds since() const { return since_; }
  /// Whether the first `count` are of calls only.
  [[nodiscard]] bool AreCalls(size_t count) const;
  /// The ids of the first `count`.
  [[nodiscard]] std::vector<std::string> Ids(size_t count) const;

  /// Told why of some notes no record can be made. They are gone then: nobody else must wait for
  /// them.
  using OnUnreadable = std::function<void(const Failure&)>;
  /// The first `count`, without such, as a store takes them. Fails with kInternalError.
  Result<Records> FirstRecords(size_t count, const OnUnreadable& unreadable);
  /// The first `count` as a file takes them, in which they will stand at `offset`: what calls have
  /// in common and blobs, but for those in `known`, which are in `added` then; whole records;
  /// calls, which are borrowed until something is changed here.
  struct Bytes {
    std::string common;
    std::string records;
    std::string_view calls;
  };
  Bytes First(size_t count, uint64_t offset, const BlobNames& known, BlobNames& added);

  /// The first `count` are gone. With the last of them it gives the whole ones that there were:
  /// whoever made them may let them go. Keeps the memory that a usual group needs.
  Records Drop(size_t count) noexcept;
  void swap(WaitingRecords& other) noexcept;

 private:
  struct Call {
    size_t begin = 0;  // of its frame
    size_t basis = 0;  // its place in bases_
  };
  [[nodiscard]] size_t WholeLeft() const { return whole_.size() - dropped_whole_; }
  [[nodiscard]] size_t CallsLeft() const { return calls_.size() - dropped_calls_; }
  [[nodiscard]] std::string_view NotesAt(size_t call) const;
  [[nodiscard]] size_t EndOf(size_t call) const;
  [[nodiscard]] const CallBasis& BasisOf(size_t call) const { return *bases_[calls_[call].basis]; }
  size_t PlaceOf(const SharedBasis& basis);
  void TakeOut(size_t call);
  void Clear() noexcept;

  Records whole_;
  std::vector<Call> calls_;
  std::vector<SharedBasis> bases_;  // held once for calls that follow each other
  std::string frames_;              // of calls_, end to end; not finished until First
  size_t dropped_whole_ = 0;
  size_t dropped_calls_ = 0;
  sys_seconds since_ = sys_seconds::max();
};

}  // namespace callvet
