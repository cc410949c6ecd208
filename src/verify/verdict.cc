// SPDX-License-Identifier: MIT
#include "callvet/verdict.h"

namespace callvet {

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

}  // namespace callvet
