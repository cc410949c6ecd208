// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <utility>

#include "base/sip_hash.h"
#include "callvet/rotation.h"
#include "rotation/flagged_pools.h"
#include "rotation/pool_share.h"
#include "rotation/seen_numbers.h"
#include "rotation/source_table.h"

namespace callvet {
namespace {

// Keys of their own for numbers and for each kind of source.
SipKey DerivedKey(const std::array<uint8_t, 16>& key, std::string_view purpose) {
  const SipKey whole = SipKeyOf(key);
  return {SipHash(whole, std::string(purpose) + "0"), SipHash(whole, std::string(purpose) + "1")};
}

void WriteHex(uint64_t value, std::array<char, 16>& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < text.size(); ++i)
    text[text.size() - 1 - i] = kDigits[(value >> (4 * i)) & 15U];
}

// Whether `window`, that of `source`, has the volume of a rule about it.
bool HasVolume(const CallSource& source, const SourceWindow& window, CallTime now,
               const PoolRules& rules) {
  uint64_t calls = 0;
  std::chrono::seconds counted{0};  // the window that `calls` is of: most rules have the same
  for (const PoolRule& rule : rules) {
    if (!rule.AppliesTo(source)) continue;
    if (counted != rule.window) calls = window.CallsIn(now, rule.window);
    counted = rule.window;
    if (calls >= rule.min_calls) return true;
  }
  return false;
}

// Whether a rule can flag `origid` by itself.
bool MayJudgeOrigid(const std::string& origid, const PoolRules& rules) {
  if (origid.empty()) return false;
  const CallSource source{SourceKind::kOrigid, origid};
  return std::any_of(rules.begin(), rules.end(),
                     [&](const PoolRule& rule) { return rule.AppliesTo(source); });
}

std::chrono::seconds LongestWindow(const PoolRules& rules) {
  std::chrono::seconds longest{600};
  for (const PoolRule& rule : rules) longest = std::max(longest, rule.window);
  return longest;
}

}  // namespace

struct CallerPools::Parts {
  explicit Parts(const PoolOptions& given)
      : options(given),
        number_key(DerivedKey(given.hash_key, "number")),
        numbers(given.known_numbers, given.generation),
        table(given.max_bytes),
        flagged(given.max_flagged) {
    for (size_t kind = 0; kind < kSourceKinds; ++kind) {
      const std::string text(SourceKindText(static_cast<SourceKind>(kind)));
      source_keys.at(kind) = {DerivedKey(given.hash_key, text + " high"),
                              DerivedKey(given.hash_key, text + " low")};
    }
    if (given.redis) share = std::make_unique<PoolShare>(*given.redis);
  }

  [[nodiscard]] SourceId IdOf(const CallSource& source) const {
    const auto& [high, low] = source_keys.at(static_cast<size_t>(source.kind));
    return {SipHash(high, source.value), SipHash(low, source.value)};
  }
  // As of the first call that was counted.
  SourceWindow::Learning LearningAt(CallTime now) const {
    const CallTime began{std::chrono::milliseconds(first_call.load(std::memory_order_relaxed))};
    return began == CallTime{} || now - began < options.learning ? SourceWindow::Learning::kUnderWay
                                                                 : SourceWindow::Learning::kOver;
  }
  void NoteFirst(CallTime time) {
    int64_t none = 0;
    first_call.compare_exchange_strong(none, time.time_since_epoch().count(),
                                       std::memory_order_relaxed);
  }
  // Whether the source is judged by itself.
  enum class Volume : uint8_t { kLittle, kOfARule };
  Volume CountSource(const CallSource& source, const PoolShare::Note& call, const CountedCall& text,
                     const PoolRules& rules);
  void AskRules(const CallSource& source, SourceWindow& window, CallTime now,
                const PoolRules& rules);
  [[nodiscard]] PoolShare::Note Hash(const CountedCall& call);

  const PoolOptions options;
  const SipKey number_key;
  std::array<std::pair<SipKey, SipKey>, kSourceKinds> source_keys;  // for both halves of an id
  SeenNumbers numbers;
  SourceTable table;
  FlaggedPools flagged;
  std::unique_ptr<PoolShare> share;  // nullptr: this process counts alone
  std::atomic<int64_t> first_call{0};
  std::atomic<uint64_t> counted{0};
  mutable std::atomic<uint64_t> hits{0};
};

// What is the same for all sources of a call.
PoolShare::Note CallerPools::Parts::Hash(const CountedCall& call) {
  PoolShare::Note note;
  note.minute = std::chrono::floor<std::chrono::minutes>(call.time).time_since_epoch().count();
  if (!call.caller.empty()) {
    note.caller = SipHash(number_key, call.caller);
    note.flags |= HashedCall::kHasCaller;
    if (numbers.IsNew(note.caller, call.time)) note.flags |= HashedCall::kNewCaller;
  }
  if (!call.callee.empty()) {
    note.callee = SipHash(number_key, call.callee);
    note.flags |= HashedCall::kHasCallee;
  }
  if (call.outcome == CountedCall::Outcome::kRefused) note.flags |= HashedCall::kRefused;
  return note;
}

// Asks the rules of a busy source; called under its lock.
void CallerPools::Parts::AskRules(const CallSource& source, SourceWindow& window, CallTime now,
                                  const PoolRules& rules) {
  if (!window.DueForRules(now)) return;
  const PoolRule* severest = nullptr;
  PoolFigures broken;
  PoolFigures figures;  // of the rule before: most have the same window
  for (const PoolRule& rule : rules) {
    if (!rule.AppliesTo(source)) continue;
    if (severest != nullptr && severest->action >= rule.action) continue;
    if (window.CallsIn(now, rule.window) < rule.min_calls) continue;
    if (figures.window != rule.window) {
      figures = window.Figures(now, rule.window, LearningAt(now));
    }
    if (!rule.Matches(figures)) continue;
    severest = &rule;
    broken = figures;
  }
  if (severest == nullptr) return window.Rests();
  if (!window.Settled(now, *severest)) return;
  flagged.Flag({source, severest->name, severest->action, now, now + severest->hold, broken,
                window.Sample(), FlaggedPool::CountedBy::kThisProcess});
}

CallerPools::Parts::Volume CallerPools::Parts::CountSource(const CallSource& source,
                                                           const PoolShare::Note& call,
                                                           const CountedCall& text,
                                                           const PoolRules& rules) {
  const SourceId id = IdOf(source);
  HashedCall hashed;
  hashed.time = text.time;
  hashed.caller = static_cast<uint32_t>(call.caller);
  hashed.callee = static_cast<uint32_t>(call.callee);
  hashed.flags = call.flags;
  if (source.kind != SourceKind::kOrigid && MayJudgeOrigid(text.origid, rules)) {
    hashed.flags |= HashedCall::kHasOrigid;
  }
  std::array<char, 16> hex{};
  const bool clear = options.numbers == SampleNumbers::kClear || text.caller.empty();
  if (!clear) WriteHex(call.caller, hex);
  const SourceWindow::SampledCall sample{
      text.time, clear ? std::string_view(text.caller) : std::string_view(hex.data(), hex.size()),
      text.signer, text.evidence_id};
  Volume volume = Volume::kLittle;
  table.Update(id, [&](SourceWindow& window) {
    window.Add(hashed, LongestWindow(rules));
    if (!window.busy()) return;
    if (HasVolume(source, window, text.time, rules)) volume = Volume::kOfARule;
    window.Keep(sample, options.sample);
    AskRules(source, window, text.time, rules);
  });
  if (!share) return volume;
  PoolShare::Note note = call;
  note.id = id;
  note.source = source;
  note.sample = {sample.time, std::string(sample.caller), text.signer, text.evidence_id};
  share->Add(std::move(note));
  return volume;
}

CallerPools::CallerPools(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
CallerPools::~CallerPools() = default;

Result<std::shared_ptr<CallerPools>> CallerPools::Make(const PoolOptions& options) {
  if (options.max_bytes < SourceTable::kMinBytes) {
    return Fail(Reason::kConfigInvalid, "caller pools need eight megabytes at least");
  }
  if (options.max_flagged == 0 || options.known_numbers == 0) {
    return Fail(Reason::kConfigInvalid, "caller pools need room for flags and numbers");
  }
  return std::shared_ptr<CallerPools>(new CallerPools(std::make_unique<Parts>(options)));
}

std::optional<PoolHit> CallerPools::Check(const CountedCall& call) const {
  std::optional<PoolHit> severest = parts_->flagged.Check(call);
  if (severest) parts_->hits.fetch_add(1, std::memory_order_relaxed);
  return severest;
}

void CallerPools::Count(const CountedCall& call, const PoolRules& rules) noexcept {
  try {
    parts_->NoteFirst(call.time);
    const PoolShare::Note note = parts_->Hash(call);
    const auto count = [&](SourceKind kind, const std::string& value) {
      return value.empty() ? Parts::Volume::kLittle
                           : parts_->CountSource({kind, value.substr(0, CallSource::kMaxValue)},
                                                 note, call, rules);
    };
    // A pool behind one origid must not make a pool of the carrier by whose trunk it comes. Who
    // changes his origid too is counted by the trunk.
    if (count(SourceKind::kOrigid, call.origid) == Parts::Volume::kLittle) {
      count(SourceKind::kSigner, call.signer);
      count(SourceKind::kTrunk, call.trunk);
    }
    parts_->counted.fetch_add(1, std::memory_order_relaxed);
  } catch (...) {  // no memory: what is counted is too little, and no verdict depends on it
  }
}

std::vector<FlaggedPool> CallerPools::Flagged(CallTime now) const {
  return parts_->flagged.All(now);
}

bool CallerPools::Release(const PoolRelease& release) {
  const bool was_flagged = parts_->flagged.Release(release);
  if (parts_->share) parts_->share->AddRelease(parts_->IdOf(release.source), release.until);
  return was_flagged;
}

std::vector<PoolChange> CallerPools::TakeChanges(CallTime now, Due due) {
  return parts_->flagged.TakeChanges(now, due);
}

void CallerPools::Restore(const std::vector<PoolChange>& changes, CallTime now) {
  parts_->flagged.Restore(changes, now);
}

std::optional<PoolFigures> CallerPools::FiguresOf(const CallSource& source, CallTime now,
                                                  std::chrono::seconds window) const {
  std::optional<PoolFigures> figures;
  parts_->table.Read(parts_->IdOf(source), [&](const SourceWindow& found) {
    if (found.busy()) figures = found.Figures(now, window, parts_->LearningAt(now));
  });
  return figures;
}

void CallerPools::Maintain(CallTime now, const PoolRules& rules) {
  parts_->flagged.Expire(now);
  if (!parts_->share) return;
  const PoolShare::Sink sink{[this](FlaggedPool pool) { parts_->flagged.Flag(std::move(pool)); },
                             [this, now](const CallSource& source, CallTime until) {
                               parts_->flagged.Release({source, now, until, "another process"});
                             }};
  parts_->share->Drain({now, rules, parts_->LearningAt(now)}, sink);
}

PoolStatistics CallerPools::Statistics() const {
  PoolStatistics statistics;
  const SourceTable::Size size = parts_->table.GetSize();
  statistics.counted = parts_->counted.load(std::memory_order_relaxed);
  statistics.sources = size.sources;
  statistics.bytes = size.bytes;
  statistics.number_bytes = parts_->numbers.bytes();
  statistics.evicted = size.evicted;
  statistics.flagged = parts_->flagged.size();
  statistics.flagged_total = parts_->flagged.total();
  statistics.not_flagged = parts_->flagged.not_flagged();
  statistics.hits = parts_->hits.load(std::memory_order_relaxed);
  if (parts_->share) parts_->share->Describe(statistics);
  return statistics;
}

}  // namespace callvet
