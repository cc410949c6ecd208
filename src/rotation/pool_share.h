// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/rotation.h"
#include "rotation/redis.h"
#include "rotation/source_table.h"

namespace callvet {

/// Counters that several processes share through Redis. Calls are only noted where they are judged;
/// Drain, on a thread that may wait, brings them there and reads what all counted.
///
/// Keys are callvet:pool:{ID}:MINUTE:n (hash of counts), :a and :b (HyperLogLogs of callers and
/// callees), and callvet:pool:{ID}:released, where ID is the hashed source: the braces keep all
/// keys of a source on one node of a cluster. All expire. hiredis follows no redirections: in front
/// of a cluster stands a proxy.
class PoolShare {
 public:
  /// One source of one call.
  struct Note {
    SourceId id;
    CallSource source;
    int64_t minute = 0;  // since 1970
    uint64_t caller = 0;
    uint64_t callee = 0;
    uint8_t flags = 0;  // as HashedCall's
    PoolCallSample sample;
  };

  explicit PoolShare(PoolRedisOptions options) : options_(std::move(options)) {}

  /// Notes a call for the next Drain; counts it as not shared if too many wait. Thread-safe.
  void Add(Note note);
  /// Notes that `id` was released. Thread-safe.
  void AddRelease(const SourceId& id, CallTime until);

  /// What Drain tells of.
  struct Sink {
    std::function<void(FlaggedPool)> flag;
    std::function<void(const CallSource&, CallTime until)> released;
  };
  struct Question {
    CallTime now;
    const PoolRules& rules;
    SourceWindow::Learning learning{};
  };
  /// Does what waits; after a failure nothing until `retry` has passed. One thread at a time.
  void Drain(const Question& question, const Sink& sink);

  /// Adds what is known of Redis to `statistics`. Thread-safe.
  void Describe(PoolStatistics& statistics) const;

 private:
  struct Count;   // of one source in one minute
  struct Source;  // one that rules are asked of
  using Counts = std::map<std::pair<std::string, int64_t>, Count>;
  using Sources = std::map<std::string, Source>;

  Result<void> Connect();
  std::deque<Note> Take(size_t limit);
  static void Aggregate(std::deque<Note>& notes, Counts& counts, Sources& sources);
  Result<void> SendReleases(CallTime now);
  Result<void> SendCounts(const Counts& counts, Sources& sources);
  Result<void> AskRules(const Question& question, Sources& sources, const Sink& sink);
  Result<void> AskSource(const Question& question, Source& source, const Sink& sink);
  void Failed(const Failure& failure, uint64_t not_shared);

  const PoolRedisOptions options_;
  mutable std::mutex mutex_;  // of what follows, never held while Redis is asked
  std::deque<Note> notes_;
  std::vector<std::pair<SourceId, CallTime>> releases_;
  uint64_t shared_ = 0;
  uint64_t not_shared_ = 0;
  uint64_t failures_ = 0;
  std::string last_failure_;
  // Of the draining thread alone.
  std::unique_ptr<RedisConnection> connection_;
  std::optional<Stopwatch> since_failure_;
  std::map<std::string, int64_t> hot_;  // sources that all together call much, until which minute
};

}  // namespace callvet
