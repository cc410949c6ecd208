// SPDX-License-Identifier: MIT
#include "verify/trail.h"

#include <utility>

namespace callvet {

void Trail::Fail(CheckId id, Failure failure) {
  // A failure without a reason would read as a pass.
  if (failure.reason == Reason::kNone) failure.reason = Reason::kInternalError;
  checks_.SetOutcome(IndexOf(id), CheckOutcome::kFailed);
  checks_.SetReason(IndexOf(id), failure.reason);
  failed_ = true;
  checks_.SetDetail(IndexOf(id), std::move(failure.detail));
}

bool Trail::Has(Reason reason) const {
  if (!failed_) return false;
  for (size_t i = 0; i < checks_.size(); ++i) {
    if (checks_.outcome(i) == CheckOutcome::kFailed && checks_.reason(i) == reason) return true;
  }
  return false;
}

Reason Trail::FirstReason() const {
  if (!failed_) return Reason::kNone;
  for (size_t i = 0; i < checks_.size(); ++i) {
    if (checks_.outcome(i) == CheckOutcome::kFailed) return checks_.reason(i);
  }
  return Reason::kNone;
}

void Trail::Finish(PassportVerdict& verdict) && {
  verdict.reason = FirstReason();
  bool left_out = false;  // of all, without asking in between
  for (size_t i = 0; i < CheckList::kChecks; ++i) {
    left_out |= checks_.outcome(i) == CheckOutcome::kNotRun;
  }
  if (left_out && verdict.reason == Reason::kNone) verdict.reason = Reason::kInternalError;
  verdict.checks = std::move(checks_);
}

}  // namespace callvet
