// SPDX-License-Identifier: MIT
#include "callvet/verdict.h"

#include "verify/checks.h"

namespace callvet {

static_assert(CheckList::kChecks == kCheckTable.size());

Check CheckList::operator[](size_t index) const {
  const CheckInfo& info = kCheckTable[index];
  const State& state = states_[index];
  const std::vector<std::string>& part = details_[index / kPart];
  return {info.name, info.clause, state.outcome, state.reason,
          part.empty() ? std::string_view() : part[index % kPart]};
}

namespace {

// kNotRun of a list that is empty.
CheckOutcome OutcomeOf(const CheckList& checks, CheckId id) {
  const auto place = static_cast<size_t>(id);
  return place < checks.size() ? checks.outcome(place) : CheckOutcome::kNotRun;
}

}  // namespace

bool PassportVerdict::ChainPassed() const {
  return OutcomeOf(checks, CheckId::kChain) == CheckOutcome::kPassed;
}

bool PassportVerdict::IsPutDownToSigner() const {
  return ChainPassed() && OutcomeOf(checks, CheckId::kSignature) != CheckOutcome::kFailed;
}

std::string_view CheckOutcomeText(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kPassed:
      return "passed";
    case CheckOutcome::kFailed:
      return "failed";
    case CheckOutcome::kNotApplicable:
      return "not-applicable";
    case CheckOutcome::kNotRun:
      return "not-run";
  }
  return "not-run";
}

std::string_view PriorityStatusText(PriorityVerdict::Status status) {
  switch (status) {
    case PriorityVerdict::Status::kPassed:
      return "RPH-Validation-Passed";
    case PriorityVerdict::Status::kFailed:
      return "RPH-Validation-Failed";
    case PriorityVerdict::Status::kNoValidation:
      return "No-RPH-Validation";
  }
  return "RPH-Validation-Failed";
}

}  // namespace callvet
