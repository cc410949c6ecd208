// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/text.h"
#include "policy/rules.h"
#include "syntax/party.h"

namespace callvet {
namespace {

void AddNumber(const std::optional<TelephoneNumber>& number, const DialPlan* plan,
               std::vector<CallNumber>& numbers) {
  if (!number) return;
  CallNumber read = CallNumber::Of(*number, plan);
  if (std::find(numbers.begin(), numbers.end(), read) == numbers.end()) {
    numbers.push_back(std::move(read));
  }
}

void AddNumbers(const std::vector<std::string>& texts, const DialPlan* plan,
                std::vector<CallNumber>& numbers) {
  for (const std::string& text : texts) {
    if (const auto party = Party::Parse(text, plan)) AddNumber(party->tn(), plan, numbers);
  }
}

bool IsSosUrn(std::string_view text) {
  constexpr std::string_view kSos = "urn:service:sos";
  const auto uri = AddrSpec(text);
  if (!uri || !EqualsIgnoreCase(uri->substr(0, kSos.size()), kSos)) return false;
  return uri->size() == kSos.size() || (*uri)[kSos.size()] == '.';
}

bool IsEmergencyTarget(const std::string& text, const Policy& policy) {
  if (IsSosUrn(text)) return true;
  const auto party = Party::Parse(text, policy.dial_plan);
  if (!party || !party->tn()) return false;
  const CallNumber number = CallNumber::Of(*party->tn(), policy.dial_plan);
  return std::find(policy.emergency_numbers.begin(), policy.emergency_numbers.end(),
                   number.digits) != policy.emergency_numbers.end();
}

}  // namespace

RuleInput RuleInput::Read(const Policy& policy, const TrunkSettings& settings,
                          const PolicyCall& call, const Verdict& verdict) {
  RuleInput input{policy, settings, call, verdict, {}, false, {}, {}};
  AddNumbers(call.orig, policy.dial_plan, input.callers);
  AddNumbers(call.dest, policy.dial_plan, input.callees);
  if (call.request_uri) AddNumbers({*call.request_uri}, policy.dial_plan, input.callees);
  const PassportVerdict* passport = verdict.deciding();
  if (verdict.passed() && passport != nullptr) {
    if (passport->signer) input.signers = passport->signer->spcs;
    input.caller_is_uri =
        input.callers.empty() && passport->orig && passport->orig->find(':') != std::string::npos;
  }
  return input;
}

bool IsEmergency(const RuleInput& input) {
  if (input.settings.psap_callback == PsapCallback::kAccept && input.call.priority &&
      EqualsIgnoreCase(Trim(*input.call.priority), "psap-callback")) {
    return true;
  }
  // The request's URI says where the call goes. To is only what the caller wrote: with an ordinary
  // target behind it, it would be a way around every rule.
  if (input.call.request_uri) return IsEmergencyTarget(*input.call.request_uri, input.policy);
  return std::any_of(input.call.dest.begin(), input.call.dest.end(), [&](const std::string& text) {
    return IsEmergencyTarget(text, input.policy);
  });
}

}  // namespace callvet
