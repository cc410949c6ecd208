// SPDX-License-Identifier: MIT
#include <string>

#include "callvet/policy.h"
#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

// Calls of which the verdict is `reason`.
Disposition Decided(const Policy& policy, Reason reason, std::string called) {
  PolicyCall call;
  call.orig = {"+861058880100"};
  call.from = "<sip:+861058880100@example.org;user=phone>";
  call.dest = {std::move(called)};
  call.trunk = "pstn";
  Verdict verdict;
  verdict.reason = reason;
  if (reason == Reason::kNone) {
    PassportVerdict passport;
    passport.reason = Reason::kNone;
    passport.ppt = "shaken";
    passport.attest = "A";
    passport.orig = "861058880100";
    passport.dest = {"8613800138009"};
    verdict.passports = {passport};
    verdict.decided_by = 0;
  }
  verdict.judged_at = std::chrono::sys_seconds{std::chrono::seconds{1768478400}};
  return Decide(policy, call, verdict);
}

}  // namespace

// A policy is whole or says what is wrong with it; whatever it says, it marks no call as passed
// that is not verified, and rejects no emergency call.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const LoadedPolicy loaded =
      ParsePolicy(fuzz::Text(data, size), std::string(CALLVET_SOURCE_DIR) + "/tools/policy");
  fuzz::Require((loaded.policy == nullptr) == !loaded.problems.empty(),
                "no policy exactly if there is a problem");
  for (const PolicyProblem& problem : loaded.problems) (void)PolicyProblemText(problem);
  if (loaded.policy == nullptr) return 0;
  fuzz::Reached();
  for (const Reason reason : {Reason::kNone, Reason::kNoIdentity, Reason::kSignatureInvalid,
                              Reason::kDateStale, Reason::kCertificateNotAvailable}) {
    const Disposition call = Decided(*loaded.policy, reason, "+8613800138009");
    fuzz::Require(call.mode == PolicyMode::kIntercept || call.action != Action::kReject,
                  "only the mode intercept rejects");
    if (reason != Reason::kNone && call.verstat) {
      fuzz::Require(call.verstat->value.find("Passed") == std::string::npos,
                    "passed stands only on what is verified (D-9)");
    }
    const Disposition emergency = Decided(*loaded.policy, reason, "911");
    fuzz::Require(!emergency.emergency || emergency.action != Action::kReject,
                  "emergency calls are never rejected");
  }
  (void)PoolRulesOf(*loaded.policy);
  return 0;
}
