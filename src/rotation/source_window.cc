// SPDX-License-Identifier: MIT
#include "rotation/source_window.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace callvet {
namespace {

constexpr uint32_t kFewestGaps = 20;
constexpr std::chrono::seconds kRulesInterval{1};
constexpr uint32_t kCallsUnasked = 32;
constexpr std::chrono::minutes kSettling{2};
constexpr std::chrono::minutes kOutOfOrder{10};  // by which a call may come late

int64_t MinuteNumber(CallTime time) {
  return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

// The first minute of which a part is within `window` before `now`.
int64_t FirstMinute(CallTime now, std::chrono::seconds window) {
  return MinuteNumber(now - window);
}

size_t TextBytes(const std::string& text) {
  return text.capacity() > 15 ? AllocatedBytes(text.capacity() + 1) : 0;
}

}  // namespace

void SourceWindow::Add(const HashedCall& call, std::chrono::seconds longest) {
  if (busy_) {
    AddBusy(call, longest);
  } else {
    AddQuiet(call, longest);
  }
}

void SourceWindow::AddQuiet(const HashedCall& call, std::chrono::seconds longest) {
  const auto count = static_cast<uint64_t>(call.time.time_since_epoch().count());
  const QuietCall one{count << 8U | call.flags, call.caller, call.callee};
  if (quiet_.size() >= kMaxQuiet || quiet_.size() == quiet_.capacity()) {
    const auto oldest = static_cast<uint64_t>(
        std::max<int64_t>((call.time - longest).time_since_epoch().count(), 0));
    std::erase_if(quiet_, [&](const QuietCall& old) { return old.time_and_flags >> 8U < oldest; });
  }
  if (quiet_.size() >= kMaxQuiet) {
    Promote(longest);
    return AddBusy(call, longest);
  }
  quiet_.push_back(one);
  bytes_ = AllocatedBytes(quiet_.capacity() * sizeof(QuietCall));
}

void SourceWindow::Promote(std::chrono::seconds longest) {
  busy_ = std::make_unique<Busy>();
  std::vector<QuietCall> calls;
  calls.swap(quiet_);
  bytes_ = AllocatedBytes(sizeof(Busy));
  for (const QuietCall& one : calls) {
    HashedCall call;
    call.time = CallTime(std::chrono::milliseconds(one.time_and_flags >> 8U));
    call.flags = static_cast<uint8_t>(one.time_and_flags & 0xffU);
    call.caller = one.caller;
    call.callee = one.callee;
    AddBusy(call, longest);
  }
}

size_t SourceWindow::MinuteBytes(const Minute& minute) {
  return minute.callers.HeapBytes() + minute.callees.HeapBytes();
}

void SourceWindow::ForgetOld(int64_t oldest) {
  auto& minutes = busy_->minutes;
  size_t old = 0;
  for (; old < minutes.size() && minutes[old].number < oldest; ++old) {
    bytes_ -= MinuteBytes(minutes[old]);
  }
  minutes.erase(minutes.begin(), minutes.begin() + static_cast<std::ptrdiff_t>(old));
}

// Where the clock was set back, minutes to come would count in every window until they are over.
void SourceWindow::FitToClock(CallTime now) {
  if (now >= busy_->last - kOutOfOrder) return;
  auto& minutes = busy_->minutes;
  while (!minutes.empty() && minutes.back().number > MinuteNumber(now)) {
    bytes_ -= MinuteBytes(minutes.back());
    minutes.pop_back();
  }
  busy_->last = now;
  busy_->asked = {};
  busy_->with_origid = std::min(busy_->with_origid, now);
  busy_->broken.reset();
}

// Calls come nearly in order: several threads judge them.
SourceWindow::Minute& SourceWindow::MinuteOf(int64_t number) {
  auto& minutes = busy_->minutes;
  if (!minutes.empty() && minutes.back().number == number) return minutes.back();
  const auto place =
      std::lower_bound(minutes.begin(), minutes.end(), number,
                       [](const Minute& minute, int64_t wanted) { return minute.number < wanted; });
  if (place != minutes.end() && place->number == number) return *place;
  const size_t before = AllocatedBytes(minutes.capacity() * sizeof(Minute));
  Minute fresh;
  fresh.number = number;
  const auto made = minutes.insert(place, std::move(fresh));
  bytes_ += AllocatedBytes(minutes.capacity() * sizeof(Minute)) - before;
  return *made;
}

void SourceWindow::AddBusy(const HashedCall& call, std::chrono::seconds longest) {
  FitToClock(call.time);
  ForgetOld(FirstMinute(call.time, longest));
  Minute& minute = MinuteOf(MinuteNumber(call.time));
  const size_t before = MinuteBytes(minute);
  ++minute.calls;
  if (call.Has(HashedCall::kRefused)) ++minute.rejects;
  if (call.Has(HashedCall::kNewCaller)) ++minute.new_callers;
  if (call.Has(HashedCall::kHasCaller)) minute.callers.Add(call.caller);
  if (call.Has(HashedCall::kHasCallee)) minute.callees.Add(call.callee);
  if (busy_->last != CallTime{}) {
    const double gap =
        std::max(0.0, std::chrono::duration<double>(call.time - busy_->last).count());
    ++minute.gaps;
    minute.gap_sum += gap;
    minute.gap_squares += gap * gap;
  }
  busy_->last = std::max(busy_->last, call.time);
  if (call.Has(HashedCall::kHasOrigid)) busy_->with_origid = call.time;
  bytes_ += MinuteBytes(minute) - before;
}

PoolFigures SourceWindow::Figures(CallTime now, std::chrono::seconds window,
                                  Learning learning) const {
  PoolFigures figures;
  figures.window = window;
  if (!busy_) return figures;
  DistinctRegisters callers;
  DistinctRegisters callees;
  uint64_t new_callers = 0;
  double gaps = 0;
  double sum = 0;
  double squares = 0;
  const int64_t first = FirstMinute(now, window);
  const int64_t last = MinuteNumber(now);
  for (const Minute& minute : busy_->minutes) {
    if (minute.number < first || minute.number > last) continue;
    figures.calls += minute.calls;
    figures.rejects += minute.rejects;
    new_callers += minute.new_callers;
    minute.callers.AddTo(callers);
    minute.callees.AddTo(callees);
    gaps += minute.gaps;
    sum += minute.gap_sum;
    squares += minute.gap_squares;
  }
  figures.callers = std::min(callers.Estimate(), figures.calls);
  figures.callees = std::min(callees.Estimate(), figures.calls);
  if (learning == Learning::kOver) figures.new_callers = std::min(new_callers, figures.callers);
  if (gaps >= kFewestGaps && sum > 0) {
    const double mean = sum / gaps;
    figures.variation = std::sqrt(std::max(0.0, squares / gaps - mean * mean)) / mean;
  }
  return figures;
}

uint64_t SourceWindow::CallsIn(CallTime now, std::chrono::seconds window) const {
  uint64_t calls = 0;
  if (!busy_) return calls;
  const int64_t first = FirstMinute(now, window);
  const int64_t last = MinuteNumber(now);
  for (const Minute& minute : busy_->minutes) {
    if (minute.number >= first && minute.number <= last) calls += minute.calls;
  }
  return calls;
}

bool SourceWindow::DueForRules(CallTime now) {
  if (!busy_) return false;
  if (++busy_->unasked < kCallsUnasked && now - busy_->asked < kRulesInterval) return false;
  busy_->asked = now;
  busy_->unasked = 0;
  return true;
}

bool SourceWindow::Settled(CallTime now, const PoolRule& rule) {
  if (now - busy_->with_origid > rule.window) return true;
  if (!busy_->broken) busy_->broken = now;
  if (now - *busy_->broken < kSettling) return false;
  const auto minutes = static_cast<uint64_t>(rule.window / std::chrono::minutes(1));
  return CallsIn(now, std::chrono::minutes(1)) * minutes >= rule.min_calls;
}

void SourceWindow::Rests() {
  busy_->broken.reset();
}

size_t SourceWindow::SampleBytes(const PoolCallSample& sample) {
  return TextBytes(sample.caller) + TextBytes(sample.signer) + TextBytes(sample.evidence_id);
}

void SourceWindow::Keep(const SampledCall& call, size_t limit) {
  if (!busy_ || limit == 0) return;
  auto& kept = busy_->sample;
  size_t at = busy_->next_sample;
  if (kept.size() < limit) {
    const size_t before = AllocatedBytes(kept.capacity() * sizeof(PoolCallSample));
    at = kept.size();
    kept.emplace_back();
    bytes_ += AllocatedBytes(kept.capacity() * sizeof(PoolCallSample)) - before;
  } else {
    busy_->next_sample = (at + 1) % kept.size();
  }
  // In place: what the oldest call took is enough for the new one.
  PoolCallSample& sample = kept[at];
  bytes_ -= SampleBytes(sample);
  sample.time = call.time;
  sample.caller.assign(call.caller);
  sample.signer.assign(call.signer);
  sample.evidence_id.assign(call.evidence_id);
  bytes_ += SampleBytes(sample);
}

std::vector<PoolCallSample> SourceWindow::Sample() const {
  std::vector<PoolCallSample> calls;
  if (!busy_) return calls;
  const auto& kept = busy_->sample;
  calls.reserve(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    calls.push_back(kept[(busy_->next_sample + i) % kept.size()]);
  }
  return calls;
}

size_t SourceWindow::CountBytes() const {
  if (!busy_) return AllocatedBytes(quiet_.capacity() * sizeof(QuietCall));
  size_t bytes = AllocatedBytes(sizeof(Busy)) +
                 AllocatedBytes(busy_->minutes.capacity() * sizeof(Minute)) +
                 AllocatedBytes(busy_->sample.capacity() * sizeof(PoolCallSample));
  for (const Minute& minute : busy_->minutes) bytes += MinuteBytes(minute);
  for (const PoolCallSample& sample : busy_->sample) bytes += SampleBytes(sample);
  return bytes;
}

}  // namespace callvet
