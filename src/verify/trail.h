// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "callvet/result.h"
#include "callvet/verdict.h"
#include "verify/checks.h"

namespace callvet {

/// The list of checks of one PASSporT while it is being filled. Every check begins as "not run".
class Trail {
 public:
  explicit Trail(Details details = Details::kAll) : details_(details) {}

  /// `detail` is a text, or a function that gives one and is called only if details are wanted of
  /// what passed.
  template <class Detail>
  void Pass(CheckId id, const Detail& detail) {
    Set(id, CheckOutcome::kPassed, detail);
  }
  /// Not applicable; `why` like that of Pass.
  template <class Detail>
  void Skip(CheckId id, const Detail& why) {
    Set(id, CheckOutcome::kNotApplicable, why);
  }
  void Fail(CheckId id, Failure failure);
  /// Whether a check failed for `reason`.
  [[nodiscard]] bool Has(Reason reason) const;

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] CheckOutcome outcome(CheckId id) const { return At(id).outcome; }
  [[nodiscard]] Reason reason(CheckId id) const { return At(id).reason; }
  /// The check as a verdict tells it.
  [[nodiscard]] Check at(CheckId id) const;
  /// The reason of the first failed check so far, in the order of CheckId; kNone if none failed.
  [[nodiscard]] Reason FirstReason() const;

  /// The checks and what they come to: kNone exactly if no check failed and none was left out,
  /// else the reason of the first failed one in the order of CheckId.
  void Finish(PassportVerdict& verdict) &&;

 private:
  struct State {
    CheckOutcome outcome = CheckOutcome::kNotRun;
    Reason reason = Reason::kNone;
  };
  State& At(CheckId id) { return states_[static_cast<size_t>(id)]; }
  [[nodiscard]] const State& At(CheckId id) const { return states_[static_cast<size_t>(id)]; }
  std::string& TextOf(CheckId id) {
    if (texts_.empty()) texts_.resize(states_.size());
    return texts_[static_cast<size_t>(id)];
  }
  template <class Detail>
  void Set(CheckId id, CheckOutcome outcome, const Detail& detail) {
    At(id).outcome = outcome;
    if (details_ != Details::kAll) {
      if (!texts_.empty()) TextOf(id).clear();
    } else if constexpr (std::is_invocable_v<const Detail&>) {
      TextOf(id) = detail();
    } else {
      TextOf(id) = detail;
    }
  }

  Details details_;
  std::array<State, kCheckTable.size()> states_{};
  std::vector<std::string> texts_;  // the details; empty as long as there is none
  bool failed_ = false;
};

}  // namespace callvet
