// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

struct FetchGateOptions {
  size_t max_under_way = 32;
  size_t max_under_way_per_host = 16;
  size_t max_waiting_per_host = 8;  // for a turn; less than there are places to wait in all
  /// After a failure the next attempt for that URL waits this long, twice as long each time, at
  /// most `max_backoff`. The same holds for a host once `host_failures` attempts in a row found it
  /// dead; then one attempt at a time probes it.
  std::chrono::seconds first_backoff{5};
  std::chrono::seconds max_backoff{300};
  uint32_t host_failures = 5;
  /// URLs and hosts that are remembered, each; the longest untouched are forgotten first.
  size_t max_tracked = 10'000;
};

/// Decides whether a fetch may begin: back-off per URL (the negative entries of the cache), a
/// breaker per host, and caps on what is under way. Callers choose URLs, so everything here is
/// bounded. Only failures that say something about the host trip its breaker; others (a 404, junk)
/// count for their URL alone, or a caller could shut a host off by asking for what it does not
/// have. Thread-safe; each call takes a few steps under one lock, and only Enter waits.
class FetchGate {
 public:
  explicit FetchGate(const FetchGateOptions& options) : options_(options) {}

  /// The failure that still stands for `url` at `now`, or nothing if a fetch may be tried:
  /// kFetchBackoff with the first reason in its detail, or that reason itself if a document came
  /// that is of no use, since then nothing about the signer changed.
  [[nodiscard]] std::optional<Failure> Standing(std::string_view url, sys_seconds now) const;

  /// Asks to begin, and waits until `patience` ends while the caps leave no room; for a host that
  /// was found dead nobody waits. Success must be followed by exactly one Leave or Abandon; a
  /// failure (like Standing, or kFetchBusy) by none.
  Result<void> Enter(std::string_view url, sys_seconds now,
                     const Deadline& patience = Deadline::After({}));

  /// Reports the end: nothing for success, else why it failed. Without memory the failure may be
  /// forgotten, so that the next attempt need not wait.
  void Leave(std::string_view url, sys_seconds now, const std::optional<Failure>& failure) noexcept;

  /// Reports an end that says nothing about URL and host: the caller had no more time.
  void Abandon(std::string_view url) noexcept;

  /// Forgets what failed: one URL with its host, or everything.
  void Forgive(std::string_view url);
  void ForgiveAll();

 private:
  struct State {
    std::string name;
    uint32_t failures = 0;
    sys_seconds failed_at{};
    sys_seconds next_try{};
    size_t under_way = 0;
    Failure last;
  };
  // States by name, the longest untouched first.
  struct Table {
    std::list<State> queue;
    std::unordered_map<std::string_view, std::list<State>::iterator> index;

    [[nodiscard]] const State* Find(std::string_view name) const;
    State& Touch(std::string_view name, size_t max);
    void Erase(std::string_view name);
  };

  [[nodiscard]] static Failure Backoff(std::string_view whose, const State& state);
  [[nodiscard]] std::optional<Failure> StandingLocked(std::string_view url, std::string_view host,
                                                      sys_seconds now) const;
  [[nodiscard]] bool IsDead(const State& host) const {
    return host.failures >= options_.host_failures;
  }
  Result<void> TryEnter(std::string_view url, const std::string& name, sys_seconds now);
  [[nodiscard]] bool MayWait(const Result<void>& entered, const std::string& name,
                             const Deadline& patience) const;
  State* GiveBack(std::string_view url);
  void CountFailure(State& state, sys_seconds now, const Failure& failure,
                    uint32_t tolerated) const;

  FetchGateOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::unordered_map<std::string, size_t> waiting_;  // by host
  Table urls_;
  Table hosts_;
  size_t under_way_ = 0;
};

/// One fetch through a FetchGate: leaves it, if it was entered, at the end of its scope, whatever
/// happened.
class FetchPassage {
 public:
  FetchPassage(FetchGate& gate, const Clock& clock, std::string_view url)
      : gate_(gate), clock_(clock), url_(url) {}
  FetchPassage(const FetchPassage&) = delete;
  FetchPassage& operator=(const FetchPassage&) = delete;
  ~FetchPassage();

  /// Like FetchGate::Enter, now.
  Result<void> Enter(const Deadline& patience);
  void Succeeded() { failure_.reset(); }
  void Failed(const Failure& failure) { failure_ = failure; }
  /// The caller had no more time.
  void Abandoned() { abandoned_ = true; }

 private:
  FetchGate& gate_;
  const Clock& clock_;
  std::string_view url_;
  std::optional<Failure> failure_ = Fail(Reason::kInternalError, "the fetch ended early");
  bool entered_ = false;
  bool abandoned_ = false;
};

/// "host:port" of an absolute URL, in the bytes received; the whole text if it has none.
std::string_view AuthorityOf(std::string_view url);

}  // namespace callvet
