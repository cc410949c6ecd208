// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_id.h"
#include "evidence/rate_meter.h"
#include "evidence/spill.h"

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
  /// the id is "". Never waits.
  Result<std::string> Submit(CallEvidence evidence);
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
  using Records = EvidenceSpill::Records;
  using Waiting = std::vector<WaitingRecord>;
  enum class Taken : uint8_t { kStore, kSpill, kNobody };

  EvidenceWriter(std::shared_ptr<EvidenceStore> store, EvidenceCodec codec,
                 const EvidenceWriterOptions& options, OnDurable on_durable,
                 std::unique_ptr<EvidenceSpill> spill);

  [[nodiscard]] bool HasRoom() const;            // under mutex_
  [[nodiscard]] Failure NoRoom() const;          // under mutex_
  Result<std::string> NotKept(Failure failure);  // under mutex_
  Result<std::string> NewId(sys_seconds now);
  Result<WaitingRecord> Prepare(const CallEvidence& evidence, const std::string& id);
  Result<void> Queue(WaitingRecord record);
  void GiveBack(Waiting records);
  Result<std::string> MakeAndQueue(CallEvidence evidence);
  void Step();
  void Collect();
  void Take();  // under mutex_
  void Gather();
  void ChooseWay();
  void Deliver();
  [[nodiscard]] Taken Offer();
  bool TrySpill();
  void NoteSpill();
  [[nodiscard]] bool SpillsFirst() const;
  enum class Drained : uint8_t { kSome, kNothing };
  bool Ends(Drained drained);
  Result<EvidenceSpill::Records> Whole();
  bool TryStore();
  [[nodiscard]] bool StoreMayBeTried() const;
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
  Waiting pending_;                       // taken from the queue, not durable yet
  EvidenceStore::Seen pending_seen_ = EvidenceStore::Seen::kNever;
  std::optional<Deadline> store_pause_;  // until it passed the store is not tried
  RateMeter rate_;                       // of what is taken from the queue
  bool burst_ = false;                   // records go into the spill directory, the store has time
  // The last burst was too long: no other until nothing waits and fewer records came.
  bool catching_up_ = false;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<WaitingRecord> queue_;
  // Durable, of the last group. Threads that submit calls let them go, whose memory it is: what
  // another thread frees comes back slowly, to both.
  Waiting used_;
  bool idle_ = false;  // the thread of Run waits for a record
  EvidenceIds ids_;
  std::optional<Deadline> stop_by_;  // nothing: it is not stopping
  EvidenceStatistics statistics_;
};

}  // namespace callvet
