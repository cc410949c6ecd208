// SPDX-License-Identifier: MIT
#include "verify/trail.h"

#include <algorithm>
#include <utility>

namespace callvet {

Trail::Trail(Details details) : details_(details) {
  checks_.reserve(kCheckTable.size());
  for (const CheckInfo& info : kCheckTable) {
    checks_.push_back({info.name, info.clause, CheckOutcome::kNotRun, Reason::kNone, {}});
  }
}

void Trail::Fail(CheckId id, Failure failure) {
  // A failure without a reason would read as a pass.
  if (failure.reason == Reason::kNone) failure.reason = Reason::kInternalError;
  At(id).outcome = CheckOutcome::kFailed;
  At(id).reason = failure.reason;
  At(id).detail = std::move(failure.detail);
  failed_ = true;
}

bool Trail::Has(Reason reason) const {
  return failed_ && std::any_of(checks_.begin(), checks_.end(), [reason](const Check& check) {
           return check.outcome == CheckOutcome::kFailed && check.reason == reason;
         });
}

Reason Trail::FirstReason() const {
  for (const Check& check : checks_) {
    if (check.outcome == CheckOutcome::kFailed) return check.reason;
  }
  return Reason::kNone;
}

void Trail::Finish(PassportVerdict& verdict) && {
  verdict.reason = FirstReason();
  bool left_out = false;
  for (const Check& check : checks_) {
    if (check.outcome == CheckOutcome::kNotRun) left_out = true;
  }
  if (verdict.reason == Reason::kNone && left_out) verdict.reason = Reason::kInternalError;
  verdict.checks = std::move(checks_);
}

}  // namespace callvet
