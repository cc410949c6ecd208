// SPDX-License-Identifier: MIT
#include "callvet/verdict.h"

#include "base/clock.h"
#include "callvet/certificate_source.h"

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

Result<TnAuthList> CertificateSource::GetTnAuthList(std::string_view url,
                                                    const Deadline& /*deadline*/) const {
  return Fail(Reason::kTnAuthListNotAvailable,
              "this source does not fetch TNAuthLists: " + std::string(url.substr(0, 200)));
}

}  // namespace callvet
