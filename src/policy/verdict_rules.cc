// SPDX-License-Identifier: MIT
#include "base/text.h"
#include "policy/rules.h"

namespace callvet {
namespace {

// A is the highest; what attests nothing is below all.
int Level(char attestation) {
  return attestation >= 'A' && attestation <= 'C' ? 'D' - attestation : 0;
}

}  // namespace

Finding CheckVerdict(const RuleInput& input) {
  if (input.verdict.passed()) return input.Held("the call is verified");
  return Finding::Broken(input.verdict.reason, std::string(Info(input.verdict.reason).meaning));
}

Finding CheckAttestation(const RuleInput& input) {
  const char minimum = input.settings.minimum_attestation;
  if (minimum == '\0') return input.NotApplicable("no minimum is set");
  const PassportVerdict* passport = input.verdict.deciding();
  if (!input.verdict.passed() || passport == nullptr) {
    return input.NotApplicable("the call is not verified");
  }
  const std::optional<std::string>& attest = passport->attest;
  const int level = attest && attest->size() == 1 ? Level((*attest)[0]) : 0;
  const auto detail = [&] {
    return "attestation " + attest.value_or("none") + ", the least is " + minimum;
  };
  return level >= Level(minimum) ? input.Held(detail)
                                 : Finding::Broken(Reason::kAttestationTooLow, detail());
}

Finding CheckCallerPool(const RuleInput& input) {
  const PoolHit* pool = input.call.pool;
  if (pool == nullptr) return input.NotApplicable("no source of the call is flagged");
  const auto detail = [&] {
    return std::string(SourceKindText(pool->source.kind)) + " " + Quote(pool->source.value) +
           " is flagged by the rule " + Quote(pool->rule);
  };
  if (pool->action == PoolAction::kReport)
    return input.Held([&] { return detail() + ", which only reports"; });
  return Finding::Broken(Reason::kCallerPool, detail());
}

}  // namespace callvet
