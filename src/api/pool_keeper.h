// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/evidence_assembly.h"
#include "callvet/evidence.h"
#include "callvet/rotation.h"

namespace callvet {

/// Keeps flags and releases as records of the evidence store, and takes them from there after a
/// restart. One thread at a time.
class PoolKeeper {
 public:
  struct Setup {
    std::shared_ptr<CallerPools> pools;
    std::optional<NumberSecret> number_key;
    /// Opens the store to be read once, or gives it.
    std::function<Result<OpenedEvidence>()> open;
    /// Hands a record over to who writes it.
    std::function<Result<void>(std::shared_ptr<const EvidenceRecord>)> submit;
  };
  explicit PoolKeeper(Setup setup) : setup_(std::move(setup)) {}

  /// Does what is due, and says what an operator must know of it. Until it succeeded once, flags of
  /// before are taken from the store, as far as `rules` or a day reach back; a record that cannot
  /// be read is named, and the others count.
  std::vector<std::string> Maintain(CallTime now, const PoolRules& rules);
  /// Keeps all that was not kept yet, since the program ends; says what it could not.
  std::vector<std::string> Finish(CallTime now);

 private:
  void Load(CallTime now, const PoolRules& rules, std::vector<std::string>& news);
  void Keep(CallTime now, CallerPools::Due due, std::vector<std::string>& news);

  Setup setup_;
  enum class State : uint8_t { kNew, kTold, kLoaded } state_ = State::kNew;
  CallTime next_load_{};
};

}  // namespace callvet
