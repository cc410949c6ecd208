// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/desk_pool.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_id.h"
#include "evidence/note_bytes.h"
#include "evidence/rate_meter.h"
#include "evidence/spill.h"
#include "evidence/waiting_records.h"

namespace callvet {

/// Takes evidence from threads that judge calls, which never wait for a disk, and brings it into a
/// store in groups. What the store does not take, or takes too slowly, goes into the spill
/// directory, and from there into the store once it can.
///
/// Submit and Statistics may be called by any thread. Starts no threads: one that its owner has
/// calls Run.
class EvidenceWriter {
 public:
  /// Told the ids of records that are durable now, in store or spill; by the thread of Run.
  using OnDurable = std::function<void(const std::vector<std::string>& ids)>;

  /// `on_durable` may be empty. Fails like EvidenceSpill::Open.
  static Result<std::unique_ptr<EvidenceWriter>> Make(std::shared_ptr<EvidenceStore> store,
                                                      EvidenceCodec codec,
                                                      const EvidenceWriterOptions& options,
                                                      OnDurable on_durable = nullptr);

  /// Takes notes of `evidence` on the caller's thread (with a key for numbers its record is made
  /// there, so that nothing is ever written that names somebody), queues them, and gives the id of
  /// the record, which is durable a little later. Where the queue is full, or the record cannot be
  /// made: fails with kEvidenceNotKept under kRefuseCalls; under kCount it is counted as lost, and
  /// the id is "". So it is, too, where `goes_on` says that the call goes on without its record;
  /// asked only where there is none, and not under kCount; must not throw. Never waits.
  using GoesOn = std::function<bool()>;
  Result<std::string> Submit(const CallEvidenceView& evidence, const GoesOn& goes_on = nullptr);
  /// Queues a record that was made elsewhere. Where the queue is full it fails with
  /// kEvidenceNotKept, whatever is to be done about lost calls, and counts nothing: the caller
  /// still has it. Never waits.
  Result<void> Submit(std::shared_ptr<const EvidenceRecord> record);

  /// Whether Submit would fail now, so that a call need not be judged for nothing.
  [[nodiscard]] bool Refuses() const;
  /// Counts a call that was refused because of that.
  void CountRefused();

  /// Writes until Stop, then what is still queued; what neither store nor spill took within the
  /// grace is counted as lost. Called once at a time.
  void Run();
  /// Thread-safe; returns at once.
  void Stop();

  [[nodiscard]] EvidenceStatistics Statistics() const;

 private:
  using Records = WaitingRecords::Records;
  /// What a thread that submits a call works with.
  struct Desk {
    EvidenceIds ids;
    NoteDesk call;
  };

  EvidenceWriter(std::shared_ptr<EvidenceStore> store, EvidenceCodec codec,
                 const EvidenceWriterOptions& options, OnDurable on_durable,
                 std::unique_ptr<EvidenceSpill> spill);

  [[nodiscard]] bool HasRoom() const;    // under mutex_
  [[nodiscard]] Failure NoRoom() const;  // under mutex_
  Result<std::string> NotKept(Failure failure, const GoesOn& goes_on);
  [[nodiscard]] size_t FullGroup() const;
  template <class Add>
  Result<void> Queue(const Add& add);
  Result<std::string> MakeAndQueue(const CallEvidenceView& evidence);
  Result<void> NoteAndQueue(const CallEvidenceView& evidence, std::string_view id, sys_seconds now,
                            NoteDesk& desk);
  void GiveBack(Records records);
  void NotePending();
  void Step();
  void Collect();
  void Gather();
  void Take();
  void ChooseWay();
  void Deliver();
  [[nodiscard]] std::optional<size_t> Offer();
  std::optional<size_t> TrySpill();
  [[nodiscard]] size_t GroupSize() const { return std::min(pending_.size(), options_.max_batch); }
  void NoteSpill();
  [[nodiscard]] bool SpillsFirst() const;
  enum class Drained : uint8_t { kSome, kNothing };
  bool Ends(Drained drained);
  Result<Records> NextRecords();
  std::optional<size_t> TryStore();
  [[nodiscard]] bool StoreMayBeTried() const;
  [[nodiscard]] bool SpillMayBeRead() const;
  Result<void> ToStore(const Records& records, EvidenceStore::Seen seen);
  Drained Drain();
  [[nodiscard]] bool Behind() const;
  void Note(const Failure& failure);
  void NoMemory();

  std::shared_ptr<EvidenceStore> store_;
  EvidenceCodec codec_;
  EvidenceWriterOptions options_;
  OnDurable on_durable_;

  // Of the thread in Run.
  std::unique_ptr<EvidenceSpill> spill_;  // nullptr: nothing is spilled
  WaitingRecords pending_;                // taken from the queue, not durable yet
  bool stuck_ = false;                    // nobody took what is pending
  EvidenceStore::Seen pending_seen_ = EvidenceStore::Seen::kNever;
  std::optional<Deadline> store_pause_;  // until it passed the store is not tried
  std::optional<Deadline> spill_pause_;  // nor what waits in the spill directory read
  uint64_t vanished_ = 0;                // of the spill directory's, counted as lost
  RateMeter rate_{options_.burst_rate};  // of what is taken from the queue
  bool burst_ = false;                   // records go into the spill directory, the store has time
  // The last burst was too long: no other until nothing waits and fewer records came.
  bool catching_up_ = false;

  DeskPool<Desk> desks_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  WaitingRecords queue_;
  size_t pending_count_ = 0;  // of pending_, for others than the thread of Run
  // Whole records that are durable. Threads that submit calls let them go, whose memory it is: what
  // another thread frees comes back slowly, to both.
  Records used_;
  bool idle_ = false;                // the thread of Run waits for a record
  std::optional<Deadline> stop_by_;  // nothing: it is not stopping
  EvidenceStatistics statistics_;
};

}  // namespace callvet
