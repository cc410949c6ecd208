// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "callvet/result.h"

// Pools of callers that rotate. Whoever spreads his calls over hundreds of numbers is not seen by a
// rule that counts per number; what does not rotate is the origid, the signer and the trunk. Here
// calls are counted by these, over sliding windows, and a source is flagged by rules.

namespace callvet {

/// What the calls of a pool have in common.
///
/// Origid and signer count only for calls that are verified: an unsigned claim frames nobody. An
/// origid is taken for the same whoever signed it, since diallers buy numbers from many carriers;
/// a trusted signer could copy another's, so a flagged pool names the signers that were seen.
enum class SourceKind : uint8_t { kOrigid, kSigner, kTrunk };

inline constexpr size_t kSourceKinds = 3;

/// "origid", "signer" or "trunk".
std::string_view SourceKindText(SourceKind kind);
/// The kind of that text, or nothing.
std::optional<SourceKind> FindSourceKind(std::string_view text);

/// A source of calls. A value.
struct CallSource {
  static constexpr size_t kMaxValue = 256;  // bytes that count; the rest is cut off
  SourceKind kind = SourceKind::kTrunk;
  std::string value;                                    // the UUID, the SPC, the trunk's name
  auto operator<=>(const CallSource&) const = default;  // NOLINT(modernize-use-nullptr)
};

using CallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// What is counted of one judged call. "" where it does not have one. A value.
struct CountedCall {
  CallTime time{};
  std::string caller;       // canonical; "": no caller could be read
  std::string callee;       // canonical
  std::string origid;       // "" unless the call is verified
  std::string signer;       // SPC; "" unless the call is verified
  std::string trunk;        // always, if it is known
  std::string evidence_id;  // by which the call is found again
  enum class Outcome : uint8_t { kGoesOn, kRefused } outcome = Outcome::kGoesOn;
};

/// What is known of a source over a window.
struct PoolFigures {
  std::chrono::seconds window{};
  uint64_t calls = 0;
  uint64_t rejects = 0;  // refused by policy or not verified, see CountedCall::outcome
  uint64_t callers = 0;  // distinct, estimated: 5 % standard error, exact enough below a hundred
  uint64_t callees = 0;  // distinct, estimated
  /// Callers that no source had shown before; nothing as long as it is learnt what is usual.
  std::optional<uint64_t> new_callers;
  /// Coefficient of variation of the times between calls: 0 a metronome, some 1 calls of people,
  /// more in bursts. Nothing below 20 calls, and where it was counted by several processes.
  std::optional<double> variation;
};

/// What is done with further calls of a flagged source.
enum class PoolAction : uint8_t { kReport, kTag, kReject };

/// "report", "tag" or "reject".
std::string_view PoolActionText(PoolAction action);

/// When a source is a pool that rotates: everything that is given must hold. A value.
struct PoolRule {
  static constexpr std::chrono::seconds kMinWindow{60};
  static constexpr std::chrono::seconds kMaxWindow{3600};
  static constexpr uint64_t kFewestCalls = 50;  // no rule may ask for less

  std::string name;
  std::array<bool, kSourceKinds> kinds{true, true, true};  // by SourceKind
  std::chrono::seconds window{600};                        // whole minutes
  uint64_t min_calls = 100;
  uint64_t min_callers = 2;                    // distinct
  std::optional<double> min_new_callers;       // share of the distinct callers, 0 to 1
  std::optional<double> min_calls_per_caller;  // calls by distinct callers
  std::optional<double> max_calls_per_caller;
  std::optional<double> min_callees_per_call;    // distinct callees by calls, 0 to 1
  std::optional<double> min_callers_per_callee;  // distinct callers by distinct callees
  std::optional<double> min_rejects;             // share of the calls, 0 to 1
  std::optional<double> max_variation;
  PoolAction action = PoolAction::kReport;
  std::chrono::seconds hold{3600};  // how long a source stays flagged after it last broke the rule

  std::vector<std::string> except;  // sources that it is not about, by value

  [[nodiscard]] bool AppliesTo(const CallSource& source) const;
  /// Whether `figures`, which are of this rule's window, are those of a pool. Pure.
  [[nodiscard]] bool Matches(const PoolFigures& figures) const;
};

using PoolRules = std::vector<PoolRule>;

/// One call of a flagged pool.
struct PoolCallSample {
  CallTime time{};
  std::string caller;       // the number, or 16 hex digits of its keyed hash: PoolOptions::numbers
  std::string signer;       // SPC, if the call was verified
  std::string evidence_id;  // "" where no evidence was kept
};

/// A flagged source with what speaks against it. A value.
struct FlaggedPool {
  CallSource source;
  std::string rule;
  PoolAction action = PoolAction::kReport;
  CallTime since{};
  CallTime until{};                    // unless it breaks the rule again before
  PoolFigures figures;                 // as of when it last broke the rule
  std::vector<PoolCallSample> sample;  // the latest calls then, PoolOptions::sample at most
  enum class CountedBy : uint8_t { kThisProcess, kShared } counted_by = CountedBy::kThisProcess;
};

/// That a call comes from a flagged source; the severest action of its sources. A value.
struct PoolHit {
  CallSource source;
  std::string rule;
  PoolAction action = PoolAction::kReport;
};

/// Somebody ended a flag. A value.
struct PoolRelease {
  CallSource source;
  CallTime time{};   // when
  CallTime until{};  // until when the source is not flagged again
  std::string by;    // token name or user
};

/// What became of a source, to be kept: a flag that began or goes on longer, or its end.
using PoolChange = std::variant<FlaggedPool, PoolRelease>;

/// How numbers stand in samples.
enum class SampleNumbers : uint8_t { kClear, kHashed };

/// A Redis that several processes count in. Only keyed hashes go there. Not encrypted: a loopback
/// address, a Unix socket, or a tunnel.
struct PoolRedisOptions {
  std::string host = "127.0.0.1";  // or the path of a Unix socket
  uint16_t port = 6379;
  std::string password;                    // "": none
  std::chrono::milliseconds timeout{500};  // of connecting and of each answer
  std::chrono::milliseconds retry{2'000};  // until one that failed is asked again
  size_t max_queue = 100'000;              // calls that wait to be counted; more are not shared
};

struct PoolOptions {
  size_t max_bytes = size_t{256} << 20U;  // counters of sources; not the memory of numbers
  size_t known_numbers = 1'000'000;       // remembered as seen before, in each of two generations
  std::chrono::seconds generation{7 * 24 * 3600};  // until the older half is forgotten
  /// How long after the start no caller counts as new: what is usual must be seen first.
  std::chrono::seconds learning{24 * 3600};
  size_t sample = 32;  // calls kept of a busy source
  SampleNumbers numbers = SampleNumbers::kHashed;
  size_t max_flagged = 10'000;  // flagged sources at a time
  /// 16 bytes; numbers and sources enter the counters only hashed with it. Processes that share
  /// counters need the same one.
  std::array<uint8_t, 16> hash_key{};
  std::optional<PoolRedisOptions> redis;
};

struct PoolStatistics {
  uint64_t counted = 0;         // calls
  size_t sources = 0;           // in memory
  size_t bytes = 0;             // that they take
  size_t number_bytes = 0;      // what remembers numbers takes
  uint64_t evicted = 0;         // sources forgotten for want of memory
  size_t flagged = 0;           // now
  uint64_t flagged_total = 0;   // since the start
  uint64_t not_flagged = 0;     // since there were max_flagged already
  uint64_t hits = 0;            // calls of flagged sources
  uint64_t shared = 0;          // calls counted in Redis
  uint64_t not_shared = 0;      // calls that Redis was not told of
  size_t share_queue = 0;       // calls that wait to be
  uint64_t share_failures = 0;  // of Redis
  std::string last_failure;     // of Redis, for people; "": all is well
};

/// Counts calls by their sources, and flags sources. Thread-safe; starts no threads; time comes
/// from the calls. Check and Count never wait for anything but short locks.
class CallerPools {
 public:
  /// Connects to nothing yet. Fails with kConfigInvalid if memory or sample are too small to work.
  static Result<std::shared_ptr<CallerPools>> Make(const PoolOptions& options);
  CallerPools(const CallerPools&) = delete;
  CallerPools& operator=(const CallerPools&) = delete;
  ~CallerPools();

  /// Whether a source of `call` is flagged now. Throws where memory runs out: not flagged would be
  /// an answer that lets it go on.
  [[nodiscard]] std::optional<PoolHit> Check(const CountedCall& call) const;
  /// Counts `call`, and flags its sources by `rules`. An origid with the volume of a rule is judged
  /// by itself: its calls count for signer and trunk no more. Not counted if memory runs out.
  void Count(const CountedCall& call, const PoolRules& rules) noexcept;

  /// What is flagged at `now`, the latest first.
  [[nodiscard]] std::vector<FlaggedPool> Flagged(CallTime now) const;
  /// Ends the flag of a source, which is not flagged again before `release.until`; in all processes
  /// that share counters. False if it is not flagged here.
  bool Release(const PoolRelease& release);

  /// Which changes are to be kept now: those that are worth a record, or all, since the program
  /// ends.
  enum class Due : uint8_t { kNow, kAll };
  /// What became of flags since it was told last: new ones, releases, and flags that last longer by
  /// a twelfth of their time or were not told of for half a day.
  [[nodiscard]] std::vector<PoolChange> TakeChanges(CallTime now, Due due);
  /// Flags again what `changes`, in any order, say of `now`; the rest of them counts no more.
  void Restore(const std::vector<PoolChange>& changes, CallTime now);
  /// The figures of `source` over `window` as this process counted them; nothing for a source with
  /// few calls.
  [[nodiscard]] std::optional<PoolFigures> FiguresOf(const CallSource& source, CallTime now,
                                                     std::chrono::seconds window) const;

  /// Forgets flags that ended and, with Redis, tells it what was counted and flags by what all
  /// counted; may wait for Redis (PoolRedisOptions::timeout). To be called every second or so, by
  /// one thread at a time.
  void Maintain(CallTime now, const PoolRules& rules);

  [[nodiscard]] PoolStatistics Statistics() const;

 private:
  struct Parts;
  explicit CallerPools(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace callvet
