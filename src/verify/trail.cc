// SPDX-License-Identifier: MIT
#include "verify/trail.h"

#include <algorithm>
#include <utility>

namespace callvet {

void Trail::Fail(CheckId id, Failure failure) {
  // A failure without a reason would read as a pass.
  if (failure.reason == Reason::kNone) failure.reason = Reason::kInternalError;
  At(id) = {CheckOutcome::kFailed, failure.reason};
  failed_ = true;
  TextOf(id) = std::move(failure.detail);
}

Check Trail::at(CheckId id) const {
  const auto place = static_cast<size_t>(id);
  return {kCheckTable[place].name, kCheckTable[place].clause, outcome(id), reason(id),
          texts_.empty() ? std::string() : texts_[place]};
}

bool Trail::Has(Reason reason) const {
  return failed_ && std::any_of(states_.begin(), states_.end(), [reason](const State& state) {
           return state.outcome == CheckOutcome::kFailed && state.reason == reason;
         });
}

Reason Trail::FirstReason() const {
  if (!failed_) return Reason::kNone;
  for (const State& state : states_) {
    if (state.outcome == CheckOutcome::kFailed) return state.reason;
  }
  return Reason::kNone;
}

void Trail::Finish(PassportVerdict& verdict) && {
  verdict.reason = FirstReason();
  verdict.checks.resize(kCheckTable.size());
  for (size_t i = 0; i < kCheckTable.size(); ++i) {
    Check& check = verdict.checks[i];
    check.id = kCheckTable[i].name;
    check.clause = kCheckTable[i].clause;
    check.outcome = states_[i].outcome;
    check.reason = states_[i].reason;
    if (!texts_.empty()) check.detail = std::move(texts_[i]);
    if (check.outcome == CheckOutcome::kNotRun && verdict.reason == Reason::kNone) {
      verdict.reason = Reason::kInternalError;
    }
  }
}

}  // namespace callvet
