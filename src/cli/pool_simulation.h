// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/json.h"
#include "callvet/rotation.h"

namespace callvet::cli {

/// Runs labelled calls through caller pools as the service would, and through a rule that counts
/// per calling number, and says what either found.
class PoolSimulation {
 public:
  /// The rule beside it: more than `calls` of one number within `window` flag the number.
  struct NumberRule {
    uint64_t calls = 20;
    std::chrono::seconds window{600};
  };
  /// Borrows both.
  PoolSimulation(CallerPools& pools, const PoolRules& rules, NumberRule number_rule)
      : pools_(pools), rules_(rules), number_rule_(number_rule) {}

  /// One call: {"time", "class", "actor", "caller", "callee"} and, where it has them, "origid",
  /// "signer", "trunk", "verified" and "refused". Calls come in order of time. Fails with
  /// kFileInvalid.
  Result<void> Add(std::string_view line);

  /// What was found, by class: calls, calls from flagged sources, actors, flagged actors, and the
  /// longest time from an actor's first call to its flag.
  [[nodiscard]] JsonValue Report() const;

 private:
  struct Actor {
    std::optional<CallTime> first;  // its first call, but for history
    std::optional<CallTime> flagged;
    bool number_flagged = false;
  };
  struct Class {
    uint64_t calls = 0;
    uint64_t hits = 0;
    uint64_t number_hits = 0;
    std::map<std::string, Actor> actors;
  };

  bool ExceedsNumberRule(const CountedCall& call);

  CallerPools& pools_;
  const PoolRules& rules_;
  const NumberRule number_rule_;
  std::map<std::string, Class> classes_;
  std::unordered_map<std::string, std::deque<CallTime>> numbers_;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> sources_;  // rules by source
  CallTime last_{};
};

}  // namespace callvet::cli
