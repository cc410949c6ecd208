// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <exception>

#include "base/text.h"
#include "policy/emergency.h"
#include "policy/policy_data.h"
#include "policy/rules.h"
#include "policy/sip_answer.h"
#include "syntax/party.h"

namespace callvet {
namespace {

struct Rule {
  std::string_view name;
  std::string_view clause;
  Finding (*check)(const RuleInput&);
};

constexpr auto kRules = std::to_array<Rule>({
    {"verdict", "RFC 8224 6.2 (A-40 to A-49, H-2)", CheckVerdict},
    {"attestation", "D-12, D-13", CheckAttestation},
    {"caller-regular", "H-8, H-21", CheckCallerRegular},
    {"do-not-originate", "H-2", CheckDoNotOriginate},
    {"holder", "H-2", CheckHolder},
    {"use", "H-2, H-4", CheckUse},
    {"hours", "H-3", CheckHours},
    {"consent", "H-3, H-5", CheckConsent},
    {"caller-pool", "H-2", CheckCallerPool},
    {"other-numbers", "H-2", CheckOtherNumbers},
});

// What the settings want for a broken rule, before the mode.
Action WantedFor(Reason reason, const RuleInput& input) {
  const TrunkSettings& settings = input.settings;
  const auto entry = settings.overrides.find(reason);
  if (entry != settings.overrides.end() && entry->second.action) return *entry->second.action;
  if (reason == Reason::kAttestationTooLow) return settings.below_minimum;
  if (reason == Reason::kIrregularCaller) return settings.irregular_caller;
  if (reason == Reason::kCallerPool && input.call.pool != nullptr) {
    return input.call.pool->action == PoolAction::kTag ? Action::kTag : Action::kReject;
  }
  // "Open" is for what could not be had in time, not for a defect of ours.
  const bool undecided = IsUndecided(reason) && reason != Reason::kInternalError;
  return undecided && settings.when_undecided == WhenUndecided::kOpen ? Action::kTag
                                                                      : Action::kReject;
}

// The severest broken rule, the first of equals.
void RunRules(const RuleInput& input, Disposition& disposition) {
  disposition.wanted = Action::kPass;
  disposition.reason = Reason::kNone;
  disposition.steps.reserve(kRules.size());
  for (const Rule& rule : kRules) {
    Finding finding = rule.check(input);
    RuleStep& step = disposition.steps.emplace_back();
    step.rule = rule.name;
    step.clause = rule.clause;
    step.outcome = finding.outcome;
    step.reason = finding.reason;
    if (!finding.detail.empty()) step.detail = std::move(finding.detail);
    if (finding.outcome != RuleStep::Outcome::kBroken) continue;
    step.action = WantedFor(finding.reason, input);
    if (disposition.reason == Reason::kNone || step.action > disposition.wanted) {
      disposition.wanted = step.action;
      disposition.reason = finding.reason;
    }
    if (finding.irregular && !disposition.irregular) disposition.irregular = finding.irregular;
  }
}

Action Soften(Action wanted, PolicyMode mode, bool emergency) {
  switch (mode) {
    case PolicyMode::kIntercept:
      return emergency ? std::min(wanted, Action::kTag) : wanted;
    case PolicyMode::kTag:
      return std::min(wanted, Action::kTag);
    case PolicyMode::kObserve:
      return Action::kPass;
  }
  return wanted;
}

// A signature says who shows a number. Where that is not who may show it, it is not validated.
bool RightToNumberIsBroken(const Disposition& disposition) {
  if (disposition.reason == Reason::kNone) return false;  // no rule is
  for (const RuleStep& step : disposition.steps) {
    const bool about_rights = step.reason == Reason::kNumberOfAnotherHolder ||
                              step.reason == Reason::kNumberNotAssigned ||
                              step.reason == Reason::kDoNotOriginate;
    if (about_rights && step.action != Action::kPass) return true;
  }
  return false;
}

// The values of the marked header that show the number or URI that the verdict is about.
std::vector<std::string> VerifiedIdentities(const RuleInput& input) {
  std::vector<std::string> verified;
  const PassportVerdict* passport = input.verdict.deciding();
  if (passport == nullptr || !passport->orig) return verified;
  const PolicyCallView& call = input.call;
  const bool from_is_known =
      input.settings.verstat_header == VerstatMark::Header::kFrom && call.from != nullptr;
  verified.reserve(from_is_known ? 1 : call.orig.size());
  const auto add = [&](const std::string& text, const Party* party) {
    if (party != nullptr && party->canonical() == *passport->orig) verified.push_back(text);
  };
  if (from_is_known) {
    add(*call.from, input.parties.from());
  } else {
    for (size_t i = 0; i < call.orig.size(); ++i) add(call.orig[i], input.parties.orig(i));
  }
  return verified;
}

VerstatMark VerstatOf(const RuleInput& input, const Disposition& disposition) {
  Verstat verstat = input.verdict.verstat();
  std::vector<std::string> identities;
  if (verstat == Verstat::kTnValidationPassed) {
    if (!RightToNumberIsBroken(disposition)) identities = VerifiedIdentities(input);
    if (identities.empty()) verstat = Verstat::kNoTnValidation;
  }
  std::string value(VerstatText(verstat));
  const PassportVerdict* passport = input.verdict.deciding();
  const bool suffix = input.settings.verstat_form == VerstatForm::kSuffix &&
                      verstat != Verstat::kNoTnValidation && passport != nullptr;
  if (suffix && (passport->attest == "A" || passport->attest == "B" || passport->attest == "C")) {
    value += "-" + *passport->attest;
  }
  return {std::move(value), input.settings.verstat_header, input.settings.verstat_place,
          std::move(identities)};
}

const HeaderNames& StripHeadersOf(const RuleInput& input, bool emergency) {
  const StripHeaders& headers = input.settings.strip_headers;
  if (emergency) return headers.of_emergency_calls;
  return input.remote_party_is_verified ? headers.with_verified_remote_party : headers.of_calls;
}

Disposition MakeDisposition(const Policy& policy, const PolicyCallView& call,
                            const Verdict& verdict) {
  const TrunkSettings& settings = policy.SettingsOf(call.trunk);
  RuleMemory memory;
  const RuleInput input = RuleInput::Read(policy, settings, call, verdict, memory);
  Disposition disposition;
  disposition.mode = settings.mode;
  disposition.trunk = settings.name;
  disposition.holder = HolderOfCaller(input);
  disposition.emergency = IsEmergency(input);
  RunRules(input, disposition);
  disposition.action = Soften(disposition.wanted, settings.mode, disposition.emergency);
  disposition.sip_code = 0;
  if (disposition.reason != Reason::kNone) {
    SipAnswer answer = AnswerOf(disposition.reason, settings);
    disposition.sip_code = answer.code;
    disposition.sip_phrase = std::move(answer.phrase);
  }
  if (settings.mode == PolicyMode::kObserve) return disposition;
  disposition.strip_headers = StripHeadersOf(input, disposition.emergency);
  if (disposition.action != Action::kPass) {
    disposition.reason_headers =
        ReasonHeaders(disposition.action, disposition.reason, verdict, call.identities, settings);
  }
  if (disposition.action != Action::kReject) disposition.verstat = VerstatOf(input, disposition);
  return disposition;
}

// When something inside failed: no rule was asked, and the mode still counts.
Disposition Undecided(const Policy& policy, const PolicyCallView& call) {
  Disposition disposition;
  disposition.mode = policy.SettingsOf(call.trunk).mode;
  disposition.emergency = IsEmergencyCall(policy, call);
  disposition.action = Soften(Action::kReject, disposition.mode, disposition.emergency);
  return disposition;
}

}  // namespace

const TrunkSettings& Policy::SettingsOf(std::string_view trunk) const {
  if (trunk.empty()) return defaults;
  const auto found = trunks.find(trunk);
  return found == trunks.end() ? defaults : found->second;
}

const PoolRules& PoolRulesOf(const Policy& policy) {
  return policy.pool_rules;
}

Disposition Decide(const Policy& policy, const PolicyCallView& call,
                   const Verdict& verdict) noexcept {
  try {
    return MakeDisposition(policy, call, verdict);
  } catch (const std::exception&) {
    return Undecided(policy, call);
  } catch (...) {
    return Undecided(policy, call);
  }
}

bool IsEmergencyCall(const Policy& policy, const PolicyCallView& call) noexcept {
  try {
    RuleMemory memory;
    const Verdict none;
    return IsEmergency(RuleInput::Read(policy, policy.SettingsOf(call.trunk), call, none, memory));
  } catch (...) {
    return false;
  }
}

std::string_view PolicyModeText(PolicyMode mode) {
  switch (mode) {
    case PolicyMode::kIntercept:
      return "intercept";
    case PolicyMode::kTag:
      return "tag";
    case PolicyMode::kObserve:
      return "observe";
  }
  return "intercept";
}

std::string_view ActionText(Action action) {
  switch (action) {
    case Action::kPass:
      return "pass";
    case Action::kTag:
      return "tag";
    case Action::kReject:
      return "reject";
  }
  return "reject";
}

std::string_view IrregularCallerText(IrregularCaller kind) {
  switch (kind) {
    case IrregularCaller::kNoNumber:
      return "no-number";
    case IrregularCaller::kNotInPlan:
      return "not-in-plan";
    case IrregularCaller::kWrongLength:
      return "wrong-length";
    case IrregularCaller::kNeverACaller:
      return "never-a-caller";
    case IrregularCaller::kEmergencyCode:
      return "emergency-code";
    case IrregularCaller::kReserved:
      return "reserved";
    case IrregularCaller::kDomesticFormAbroad:
      return "domestic-form-abroad";
    case IrregularCaller::kDomesticNumberAbroad:
      return "domestic-number-abroad";
    case IrregularCaller::kOtherNumber:
      return "other-number";
  }
  return "not-in-plan";
}

std::string_view RuleOutcomeText(RuleStep::Outcome outcome) {
  switch (outcome) {
    case RuleStep::Outcome::kHeld:
      return "held";
    case RuleStep::Outcome::kBroken:
      return "broken";
    case RuleStep::Outcome::kNotApplicable:
      return "not-applicable";
  }
  return "not-applicable";
}

}  // namespace callvet
