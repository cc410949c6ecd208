// SPDX-License-Identifier: MIT
#include "evidence/writer.h"

#include <algorithm>
#include <new>
#include <utility>

namespace callvet {
namespace {

// A store that failed is left alone this many times as long as it took to fail.
constexpr int kPauseOverHang = 4;

}  // namespace

EvidenceWriter::EvidenceWriter(std::shared_ptr<EvidenceStore> store, EvidenceCodec codec,
                               const EvidenceWriterOptions& options, OnDurable on_durable,
                               std::unique_ptr<EvidenceSpill> spill)
    : store_(std::move(store)),
      codec_(std::move(codec)),
      options_(options),
      on_durable_(std::move(on_durable)),
      spill_(std::move(spill)) {}

Result<std::unique_ptr<EvidenceWriter>> EvidenceWriter::Make(std::shared_ptr<EvidenceStore> store,
                                                             EvidenceCodec codec,
                                                             const EvidenceWriterOptions& options,
                                                             OnDurable on_durable) {
  std::unique_ptr<EvidenceSpill> spill;
  if (!options.spill_directory.empty()) {
    auto opened = EvidenceSpill::Open(options.spill_directory, options.max_spill_bytes,
                                      codec.key() ? codec.key()->name() : std::string());
    if (!opened) return opened.error();
    spill = std::move(*opened);
  }
  std::unique_ptr<EvidenceWriter> writer(new EvidenceWriter(
      std::move(store), std::move(codec), options, std::move(on_durable), std::move(spill)));
  if (writer->spill_ != nullptr) writer->NoteSpill();
  // Deletes nothing: says at once what the first append would, that nothing can be added.
  if (const auto ok = writer->store_->Prune(std::chrono::sys_days()); !ok) writer->Note(ok.error());
  return writer;
}

bool EvidenceWriter::HasRoom() const {
  return queue_.size() < options_.max_queue;
}

bool EvidenceWriter::Refuses() const {
  if (options_.loss == EvidenceLoss::kCount) return false;
  const std::lock_guard lock(mutex_);
  return !HasRoom();
}

void EvidenceWriter::CountRefused() {
  const std::lock_guard lock(mutex_);
  ++statistics_.refused;
}

Failure EvidenceWriter::NoRoom() const {
  return Fail(Reason::kEvidenceNotKept,
              "the queue of evidence is full: " + statistics_.last_failure);
}

// What becomes of a call whose record is not kept. Throws nothing: it is counted once.
Result<std::string> EvidenceWriter::NotKept(Failure failure, const GoesOn& goes_on) {
  const bool lost = options_.loss == EvidenceLoss::kCount || (goes_on && goes_on());
  {
    const std::lock_guard lock(mutex_);
    ++(lost ? statistics_.lost : statistics_.refused);
  }
  if (lost) return std::string();
  failure.reason = Reason::kEvidenceNotKept;
  return failure;
}

// So many records are a group that nobody waits for more of. Half of the room, since a queue that
// is longer says that the store is too slow.
size_t EvidenceWriter::FullGroup() const {
  return std::max<size_t>(1, std::min(options_.max_batch, options_.max_queue / 2));
}

// `add` adds to the queue, or throws std::bad_alloc.
template <class Add>
Result<void> EvidenceWriter::Queue(const Add& add) {
  std::shared_ptr<const EvidenceRecord> used;  // goes after the lock
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (!HasRoom()) return NoRoom();
    add(queue_);
    if (!used_.empty()) {
      used = std::move(used_.back());
      used_.pop_back();
    }
    wake = std::exchange(idle_, false) || queue_.size() == FullGroup();
  }
  if (wake) wake_.notify_one();
  return {};
}

// Nothing throws once the record is queued: what throws was not kept.
Result<std::string> EvidenceWriter::Submit(const CallEvidenceView& evidence,
                                           const GoesOn& goes_on) {
  try {
    auto kept = MakeAndQueue(evidence);
    if (!kept) return NotKept(kept.error(), goes_on);
    return kept;
  } catch (const std::bad_alloc&) {
    return NotKept(Fail(Reason::kEvidenceNotKept, "no memory"), goes_on);
  }
}

// What waits may be written to a disk as it is.
Result<void> EvidenceWriter::NoteAndQueue(const CallEvidenceView& evidence, std::string_view id,
                                          sys_seconds now, NoteDesk& desk) {
  if (codec_.key()) {
    auto made = codec_.Encode(evidence, id);
    if (!made) return made.error();
    return Submit(std::make_shared<const EvidenceRecord>(std::move(*made)));
  }
  if (auto ok = codec_.Note(evidence, id, desk); !ok) return ok;
  return Queue([&](WaitingRecords& queue) { queue.AddCall(desk.notes.bytes(), desk.basis, now); });
}

Result<std::string> EvidenceWriter::MakeAndQueue(const CallEvidenceView& evidence) {
  const sys_seconds now = SystemClock().Now();
  const auto desk = desks_.Take();
  auto id = desk->ids.Next(now);
  if (!id) return id;
  if (auto queued = NoteAndQueue(evidence, *id, now, desk->call); !queued) {
    if (queued.error().reason != Reason::kEvidenceNotKept) Note(queued.error());
    id = std::move(queued.error());
  }
  return id;
}

Result<void> EvidenceWriter::Submit(std::shared_ptr<const EvidenceRecord> record) {
  return Queue([&](WaitingRecords& queue) { queue.Add(std::move(record)); });
}

void EvidenceWriter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!stop_by_) stop_by_ = Deadline::After(options_.stop_grace);
  }
  wake_.notify_all();
}

EvidenceStatistics EvidenceWriter::Statistics() const {
  const std::lock_guard lock(mutex_);
  EvidenceStatistics statistics = statistics_;
  statistics.queued = queue_.size() + pending_count_;
  return statistics;
}

void EvidenceWriter::Note(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  ++statistics_.store_failures;
  statistics_.last_failure = std::string(Info(failure.reason).id) + ": " + failure.detail;
}

bool EvidenceWriter::Behind() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() + pending_.size() > options_.max_queue / 2;
}

// Waits for records, unless some are pending; for a while, if nobody took those.
void EvidenceWriter::Collect() {
  std::unique_lock lock(mutex_);
  const auto stopping = [&] { return stop_by_.has_value(); };
  const bool idle_work = spill_ != nullptr && !spill_->empty();
  if (!pending_.empty()) {
    if (!stuck_) return;
    // Once it is stopping, the wait must not be left out.
    if (stopping()) {
      wake_.wait_for(lock, std::min(options_.retry, std::chrono::milliseconds(50)));
    } else {
      wake_.wait_for(lock, options_.retry, stopping);
    }
    return;
  }
  const auto any = [&] { return stopping() || !queue_.empty(); };
  idle_ = true;
  if (idle_work) {
    const bool waits = !StoreMayBeTried() || !SpillMayBeRead();
    wake_.wait_for(lock, waits ? options_.retry : std::chrono::milliseconds(1), any);
  } else {
    wake_.wait(lock, any);
  }
  idle_ = false;
}

// Waits until a group came together. Who submits wakes nobody meanwhile, but with the last of it.
void EvidenceWriter::Gather() {
  std::unique_lock lock(mutex_);
  if (queue_.empty()) return;
  wake_.wait_for(lock, options_.commit_interval,
                 [&] { return stop_by_.has_value() || queue_.size() >= FullGroup(); });
}

// The queue becomes what is pending, which was nothing.
void EvidenceWriter::Take() {
  {
    const std::lock_guard lock(mutex_);
    pending_.swap(queue_);
    pending_count_ = pending_.size();
  }
  pending_seen_ = EvidenceStore::Seen::kNever;
  rate_.Add(pending_.size());
}

bool EvidenceWriter::StoreMayBeTried() const {
  return !store_pause_ || store_pause_->Passed();
}

bool EvidenceWriter::SpillMayBeRead() const {
  return !spill_pause_ || spill_pause_->Passed();
}

Result<void> EvidenceWriter::ToStore(const Records& records, EvidenceStore::Seen seen) {
  const Stopwatch tried;
  auto stored = store_->Append(records, seen);
  if (stored) {
    store_pause_.reset();
    const std::lock_guard lock(mutex_);
    statistics_.stored += records.size();
    statistics_.last_failure.clear();
    return stored;
  }
  Note(stored.error());
  // Of a store that hangs, most of the time must be left for the spill.
  const auto hung = std::chrono::ceil<std::chrono::milliseconds>(tried.Elapsed());
  store_pause_ = Deadline::After(std::max(options_.retry, kPauseOverHang * hung));
  return stored;
}

// How many records went into the spill directory; nothing: none.
std::optional<size_t> EvidenceWriter::TrySpill() {
  if (spill_ == nullptr) return std::nullopt;
  const size_t count = GroupSize();
  if (const auto spilled = spill_->Append(pending_, count); !spilled) {
    Note(spilled.error());
    return std::nullopt;
  }
  NoteSpill();
  const std::lock_guard lock(mutex_);
  statistics_.spilled += count;
  return count;
}

// The next group, as a store takes it. Notes of which no record can be made are counted as lost.
Result<EvidenceWriter::Records> EvidenceWriter::NextRecords() try {
  return pending_.FirstRecords(GroupSize(), [this](const Failure& failure) {
    Note(failure);
    const std::lock_guard lock(mutex_);
    ++statistics_.lost;
    --pending_count_;
  });
} catch (const std::bad_alloc&) {
  return Fail(Reason::kInternalError, "no memory for the records of calls");
}

// The same of the store.
std::optional<size_t> EvidenceWriter::TryStore() {
  if (!StoreMayBeTried()) return std::nullopt;
  const auto records = NextRecords();
  if (!records) {
    Note(records.error());
    return std::nullopt;
  }
  if (ToStore(*records, pending_seen_)) return records->size();
  pending_seen_ = EvidenceStore::Seen::kPerhaps;
  return std::nullopt;
}

bool EvidenceWriter::SpillsFirst() const {
  if (Behind()) return true;
  {
    // At the end a slow store has half of the grace; the rest is for what it did not take.
    const std::lock_guard lock(mutex_);
    if (stop_by_ && stop_by_->Left() < options_.stop_grace / 2) return true;
  }
  if (!burst_) return false;
  // What is no call is rare, and looked for at once.
  return pending_.AreCalls(GroupSize());
}

// How many records of the next group are durable now; nothing: nobody took them.
std::optional<size_t> EvidenceWriter::Offer() {
  // A store that is too slow for what comes is left alone until the queue is short again; in a
  // burst it takes from calls the time that they need.
  const bool hurry = SpillsFirst();
  if (hurry) {
    if (const auto spilled = TrySpill()) return spilled;
  }
  if (const auto stored = TryStore()) return stored;
  return hurry ? std::nullopt : TrySpill();
}

void EvidenceWriter::Deliver() {
  if (pending_.empty()) return;
  const auto taken = Offer();
  stuck_ = !taken;
  if (!taken) return;
  std::vector<std::string> ids;
  if (on_durable_) ids = pending_.Ids(*taken);
  GiveBack(pending_.Drop(*taken));
  NotePending();
  if (on_durable_) on_durable_(ids);
}

// Those of the group before that nobody let go meanwhile are freed here.
void EvidenceWriter::GiveBack(Records records) {
  if (records.empty()) return;
  const std::lock_guard lock(mutex_);
  used_.swap(records);
}

void EvidenceWriter::NotePending() {
  const std::lock_guard lock(mutex_);
  pending_count_ = pending_.size();
}

// One group from the spill directory into the store.
EvidenceWriter::Drained EvidenceWriter::Drain() {
  if (spill_ == nullptr || spill_->empty() || !StoreMayBeTried() || !SpillMayBeRead() || burst_ ||
      Behind()) {
    return Drained::kNothing;
  }
  {
    // At the end what is only in memory comes first.
    const std::lock_guard lock(mutex_);
    if (stop_by_ && !(queue_.empty() && pending_.empty())) return Drained::kNothing;
  }
  const auto records = spill_->Next(options_.max_batch);
  if (!records) {
    Note(records.error());
    spill_pause_ = Deadline::After(options_.retry);
    return Drained::kNothing;
  }
  if (!records->empty() && !ToStore(*records, EvidenceStore::Seen::kPerhaps)) {
    spill_->Rewind();
    return Drained::kNothing;
  }
  spill_->Drop();
  NoteSpill();
  return Drained::kSome;
}

void EvidenceWriter::NoteSpill() {
  const std::lock_guard lock(mutex_);
  statistics_.spill_bytes = spill_->bytes();
  statistics_.spilled_since = spill_->since();
  statistics_.damaged = spill_->damaged();
  statistics_.torn_files = spill_->torn_files();
  statistics_.lost += spill_->vanished() - std::exchange(vanished_, spill_->vanished());
}

// Whether Run is to end: all is written and what could be drained is, or the time for it is over.
bool EvidenceWriter::Ends(Drained drained) {
  const std::lock_guard lock(mutex_);
  if (!stop_by_) return false;
  const bool written = queue_.empty() && pending_.empty();
  // A burst that was going on when the end came was not asked for what waits.
  if (written && drained == Drained::kNothing && !burst_) return true;
  if (!stop_by_->Passed()) return false;
  statistics_.lost += queue_.size() + pending_.size();
  queue_.Drop(queue_.size());
  pending_.Drop(pending_.size());
  pending_count_ = 0;
  return true;
}

// A burst ends when fewer records come, or what waits has waited long enough, or takes half of the
// room. Behind the latter two the load is none: the next burst begins only when nothing waits and
// fewer came in between.
void EvidenceWriter::ChooseWay() {
  burst_ = false;
  if (spill_ == nullptr || options_.burst_rate == 0) return;
  const bool fast = rate_.per_second() > static_cast<double>(options_.burst_rate);
  const auto since = spill_->since();
  if (!since) {
    catching_up_ = catching_up_ && fast;
  } else if (spill_->bytes() > options_.max_spill_bytes / 2 ||
             SystemClock().Now() - *since > options_.burst_time) {
    catching_up_ = true;
  }
  if (catching_up_ || !fast) return;
  const std::lock_guard lock(mutex_);
  burst_ = !stop_by_;
}

void EvidenceWriter::Step() {
  Collect();
  if (pending_.empty()) {
    Gather();
    Take();
  }
  ChooseWay();
  Deliver();
}

// What a step that failed for want of memory had taken, is still taken: it goes on with it.
void EvidenceWriter::NoMemory() {
  pending_seen_ = EvidenceStore::Seen::kPerhaps;
  if (spill_ != nullptr) spill_->Rewind();
  std::unique_lock lock(mutex_);
  ++statistics_.store_failures;
  statistics_.last_failure = "no memory";
  wake_.wait_for(lock, std::min(options_.retry, std::chrono::milliseconds(50)));
}

void EvidenceWriter::Run() {
  while (true) {
    try {
      Step();
      if (Ends(Drain())) break;
    } catch (const std::bad_alloc&) {
      NoMemory();
      if (Ends(Drained::kNothing)) break;
    }
  }
  if (spill_ == nullptr) return;
  try {
    spill_->Settle();
  } catch (const std::bad_alloc&) {
    NoMemory();
  }
  NoteSpill();
}

}  // namespace callvet
