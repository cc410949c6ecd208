// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/text.h"
#include "policy/rules.h"
#include "syntax/dial_plan.h"

namespace callvet {
namespace {

// E.164 numbers of other countries are not shorter (ITU: country code and subscriber).
constexpr size_t kMinForeign = 7;

Finding Irregular(IrregularCaller kind, const std::string& detail) {
  Finding finding = Finding::Broken(Reason::kIrregularCaller, detail);
  finding.irregular = kind;
  return finding;
}

bool IsDomestic(const Policy& policy, const CallNumber& number) {
  return number.space == NumberSpace::kNational ||
         (policy.dial_plan != nullptr && number.digits.starts_with(policy.dial_plan->country_code));
}

// No number of any country begins with 0: behind "+0086..." a number of this one may hide.
bool IsNoCountry(const CallNumber& number) {
  return number.space == NumberSpace::kE164 && number.digits.starts_with('0');
}

// What no dialling rule makes: "+86 0 10 ...", one of this country that is too long, "+0086 ...".
bool IsImpossible(const Policy& policy, const CallNumber& number) {
  if (IsNoCountry(number) || number.has_prefix_behind_code) return true;
  return number.space == NumberSpace::kE164 && IsDomestic(policy, number) &&
         !IsPossibleOf(number.digits, *policy.dial_plan);
}

bool IsNationalForm(NumberForm form) {
  return form == NumberForm::kNationalPrefix || form == NumberForm::kBare;
}

// H-8, H-2: what comes from abroad shows "+" or 00, and a domestic number only if it is verified.
std::optional<Finding> CheckAbroad(const RuleInput& input, const Caller& caller) {
  const CallNumber& number = caller.number;
  if (input.settings.origin != TrunkOrigin::kInternational) return std::nullopt;
  const auto text = [&] {
    return number.Text() + " from abroad, " + std::string(NumberFormText(number.form));
  };
  if (IsNationalForm(number.form)) return Irregular(IrregularCaller::kDomesticFormAbroad, text());
  if (IsDomestic(input.policy, number) && !caller.verified) {
    return Irregular(IrregularCaller::kDomesticNumberAbroad, text() + ", not verified");
  }
  return std::nullopt;
}

// The plan that `number` belongs to: that of the country, or of another one whose code it has.
const NumberPlan* PlanOf(const Policy& policy, const CallNumber& number) {
  for (const NumberPlan& plan : policy.plans) {
    const bool home = &plan == &policy.plans.front();
    if (number.space == NumberSpace::kNational && !home) continue;
    if (plan.IsDomestic(number)) return &plan;
  }
  return nullptr;
}

Finding CheckByPlan(const RuleInput& input, const CallNumber& number, const NumberPlan& plan) {
  bool wrong_length = false;
  const NumberPlan::Row* row = plan.Find(number, wrong_length);
  if (row == nullptr) {
    return Irregular(wrong_length ? IrregularCaller::kWrongLength : IrregularCaller::kNotInPlan,
                     number.Text() + (wrong_length ? " has not the length of its prefix"
                                                   : " is not in the number plan"));
  }
  const auto text = [&] { return number.Text() + " is " + row->category; };
  switch (row->may_show) {
    case MayShow::kNobody:
      return Irregular(IrregularCaller::kNeverACaller, text() + ", which never calls");
    case MayShow::kUnassigned:
      return Irregular(IrregularCaller::kNotInPlan, text());
    case MayShow::kReserved:
      if (!input.settings.customer.empty()) {
        return Irregular(IrregularCaller::kReserved, text() + ", on the trunk of a customer");
      }
      return input.Held(text);
    case MayShow::kHolder:
    case MayShow::kOwnLine:
      return input.Held(text);
  }
  return Irregular(IrregularCaller::kNotInPlan, text());
}

Finding CheckOneCaller(const RuleInput& input, const Caller& caller) {
  const Policy& policy = input.policy;
  const CallNumber& number = caller.number;
  if (!caller.key) {
    return Irregular(IrregularCaller::kNoNumber, number.Text() + " has more than digits");
  }
  if (policy.emergency_numbers.Has(number.digits)) {
    return Irregular(IrregularCaller::kEmergencyCode, number.Text() + " is an emergency code");
  }
  if (auto abroad = CheckAbroad(input, caller)) return *abroad;
  if (number.has_prefix_behind_code) {
    return Irregular(IrregularCaller::kWrongLength,
                     number.Text() + " was shown with a prefix behind its country's code");
  }
  if (const NumberPlan* plan = PlanOf(policy, number)) return CheckByPlan(input, number, *plan);
  if (IsImpossible(policy, number)) {
    return Irregular(IrregularCaller::kWrongLength, number.Text() + " is no number of its country");
  }
  if (IsDomestic(policy, number)) {
    return input.Held([&] { return number.Text() + " is possible; no number plan is set"; });
  }
  if (number.digits.size() < kMinForeign) {
    return Irregular(IrregularCaller::kWrongLength, number.Text() + " is too short for abroad");
  }
  return input.Held([&] { return number.Text() + " is a number of another country"; });
}

// Who presents a number of this call.
enum class Presenter { kUnknown, kCustomer, kSigner, kCertifiedNumber, kOfAnotherNumber };

Presenter PresenterOf(const RuleInput& input, const Caller& caller) {
  if (!input.settings.customer.empty()) return Presenter::kCustomer;
  if (!input.verdict.passed()) return Presenter::kUnknown;
  // Who was given numbers one by one, by an authority or an SPC's holder, has no others (B-6,
  // B-32).
  if (!input.signer_has_spc && !caller.verified) return Presenter::kOfAnotherNumber;
  // No certificate of the path names an SPC, and the number was found in the signer's list (B-6):
  // nobody gave it who may give away any number (B-32).
  return input.signers.empty() ? Presenter::kCertifiedNumber : Presenter::kSigner;
}

std::string PresenterText(const RuleInput& input, Presenter presenter) {
  switch (presenter) {
    case Presenter::kUnknown:
      return "nobody (the call is not verified)";
    case Presenter::kCustomer:
      return "customer " + input.settings.customer;
    case Presenter::kCertifiedNumber:
      return "a certificate for the number itself";
    case Presenter::kOfAnotherNumber:
      return "a certificate for another number";
    case Presenter::kSigner:
      break;
  }
  std::string text = "the signer SPC";
  for (const std::string& spc : input.signers) text.append(" ").append(Quote(spc));
  return text;
}

bool Presents(const RuleInput& input, Presenter presenter, std::string_view holder) {
  switch (presenter) {
    case Presenter::kUnknown:
    case Presenter::kOfAnotherNumber:
      return false;
    case Presenter::kCustomer:
      return holder == input.settings.customer;
    case Presenter::kCertifiedNumber:
      return true;
    case Presenter::kSigner:
      break;
  }
  const auto info = input.policy.holders.find(holder);
  return std::any_of(input.signers.begin(), input.signers.end(), [&](const std::string& spc) {
    if (spc == holder) return true;
    if (info == input.policy.holders.end()) return false;
    const auto& spcs = info->second.spcs;
    return std::find(spcs.begin(), spcs.end(), spc) != spcs.end();
  });
}

// Numbers that must have a holder wherever there is a registry: codes without country code (95588,
// 10086), whatever their length; what the plan reserves or assigns to enterprises; and what is no
// possible number, behind which one of the registry may hide.
bool MustBeHeld(const RuleInput& input, const CallNumber& number) {
  if (input.policy.unassigned == UnassignedNumbers::kReject) return true;
  if (!input.settings.customer.empty()) return true;  // a customer shows only its own numbers
  if (number.space == NumberSpace::kNational || IsImpossible(input.policy, number)) return true;
  const NumberPlan* plan = PlanOf(input.policy, number);
  if (plan == nullptr) return false;
  bool wrong_length = false;
  const NumberPlan::Row* row = plan->Find(number, wrong_length);
  return row != nullptr &&
         (row->may_show == MayShow::kHolder || row->may_show == MayShow::kReserved);
}

// Strict mode is about domestic numbers: who holds a foreign one is not in the registry.
bool IsForeign(const RuleInput& input, const CallNumber& number) {
  const DialPlan* plan = input.policy.dial_plan;
  return plan != nullptr && number.space == NumberSpace::kE164 && !IsNoCountry(number) &&
         !number.digits.starts_with(plan->country_code);
}

bool IsUndecidedAndOpen(const RuleInput& input) {
  return input.settings.when_undecided == WhenUndecided::kOpen && IsUndecided(input.verdict.reason);
}

Finding CheckHolderOf(const RuleInput& input, const Caller& caller) {
  const CallNumber& number = caller.number;
  const auto& rights = caller.rights;
  const Presenter presenter = PresenterOf(input, caller);
  if (!caller.key) {
    return Finding::Broken(Reason::kNumberNotAssigned,
                           number.Text() + " is no number that anybody holds");
  }
  if (!caller.assigned) {
    const auto text = [&] {
      return number.Text() + (rights ? " is not assigned at this time" : " is in no range");
    };
    const bool foreign = IsForeign(input, number) && input.settings.customer.empty();
    if (foreign || (!rights && !MustBeHeld(input, number))) return input.NotApplicable(text);
    return Finding::Broken(Reason::kNumberNotAssigned, text());
  }
  const auto text = [&] {
    return number.Text() + " belongs to " + Quote(rights->holder) + ", shown by " +
           PresenterText(input, presenter);
  };
  if (Presents(input, presenter, rights->holder)) return input.Held(text);
  // Where calls that could not be decided go on, their numbers are not proven either: all but
  // codes.
  const bool proof_waived = !MustBeHeld(input, number) ||
                            (IsUndecidedAndOpen(input) && number.space == NumberSpace::kE164);
  if (presenter == Presenter::kUnknown && proof_waived) {
    return input.NotApplicable(text);
  }
  return Finding::Broken(Reason::kNumberOfAnotherHolder, text());
}

// The first broken finding of all callers, else the first that held, else the last.
template <class Check>
Finding CheckEachCaller(const RuleInput& input, const Check& check) {
  Finding result = input.callers.empty() ? input.NotApplicable("the call shows no number")
                                         : check(input.callers.front());
  for (size_t i = 1; i < input.callers.size(); ++i) {
    if (result.outcome == RuleStep::Outcome::kBroken) break;
    Finding finding = check(input.callers[i]);
    const bool broken = finding.outcome == RuleStep::Outcome::kBroken;
    if (broken || result.outcome != RuleStep::Outcome::kHeld) result = std::move(finding);
  }
  return result;
}

// Whether `holder` is the customer of the trunk, or holds the number that was verified.
bool IsHolderOfTheCall(const RuleInput& input, std::string_view holder) {
  if (holder.empty()) return false;
  return holder == input.settings.customer ||
         std::any_of(input.callers.begin(), input.callers.end(), [&](const Caller& caller) {
           return caller.verified && caller.holder() == holder;
         });
}

// By the number plan, else, where something depends on it, by the dialling rules alone.
bool JudgesCallers(const RuleInput& input) {
  const Policy& policy = input.policy;
  return !policy.plans.empty() || policy.registry || policy.do_not_originate ||
         input.settings.origin == TrunkOrigin::kInternational;
}

}  // namespace

Finding CheckCallerRegular(const RuleInput& input) {
  if (!JudgesCallers(input)) return input.NotApplicable("no number plan is set");
  if (!input.unreadable_callers.empty()) {
    return Irregular(IrregularCaller::kNoNumber,
                     Quote(input.unreadable_callers.front()) + " is no number that can be read");
  }
  if (input.callers.empty()) {
    return input.caller_is_uri ? input.NotApplicable("the caller is a URI, and verified")
                               : Irregular(IrregularCaller::kNoNumber, "the call shows no number");
  }
  return CheckEachCaller(input,
                         [&](const Caller& caller) { return CheckOneCaller(input, caller); });
}

Finding CheckDoNotOriginate(const RuleInput& input) {
  if (!input.policy.do_not_originate) return input.NotApplicable("no list is set");
  return CheckEachCaller(input, [&](const Caller& caller) {
    const CallNumber& number = caller.number;
    if (!caller.key) {
      return Finding::Broken(Reason::kDoNotOriginate, number.Text() + " cannot be looked up");
    }
    const auto row = input.policy.do_not_originate->Find(*caller.key);
    if (!row || !row->ValidAt(input.verdict.judged_at)) {
      return input.Held([&] { return number.Text() + " is not on the list"; });
    }
    return Finding::Broken(Reason::kDoNotOriginate,
                           number.Text() + " never calls, says " + Quote(row->holder));
  });
}

std::string HolderOfCaller(const RuleInput& input) {
  for (const Caller& caller : input.callers) {
    if (!caller.holder().empty()) return std::string(caller.holder());
  }
  return {};
}

Finding CheckHolder(const RuleInput& input) {
  if (!input.policy.registry) return input.NotApplicable("no registry is set");
  if (!input.unreadable_callers.empty()) {
    return Finding::Broken(Reason::kNumberNotAssigned, Quote(input.unreadable_callers.front()) +
                                                           " is no number that anybody holds");
  }
  return CheckEachCaller(input, [&](const Caller& caller) { return CheckHolderOf(input, caller); });
}

Finding CheckUse(const RuleInput& input) {
  if (!input.policy.registry) return input.NotApplicable("no registry is set");
  return CheckEachCaller(input, [&](const Caller& caller) {
    const auto& rights = caller.rights;
    if (!rights || rights->uses == 0) return input.NotApplicable("no uses are laid down");
    const auto text = [&] {
      return caller.number.Text() + ", used for " + std::string(NumberUseText(input.settings.use));
    };
    return rights->Allows(input.settings.use) ? input.Held(text)
                                              : Finding::Broken(Reason::kUseNotAllowed, text());
  });
}

Finding CheckOtherNumbers(const RuleInput& input) {
  if (input.settings.other_numbers == OtherNumbers::kAccept) {
    return input.NotApplicable("other numbers are accepted");
  }
  if (!input.verdict.passed()) return input.NotApplicable("the call is not verified");
  if (!input.unreadable_callers.empty()) {
    return Irregular(IrregularCaller::kOtherNumber,
                     Quote(input.unreadable_callers.front()) + " cannot be read, nor verified");
  }
  return CheckEachCaller(input, [&](const Caller& caller) {
    const CallNumber& number = caller.number;
    if (caller.verified) return input.Held([&] { return number.Text() + " is verified"; });
    const std::string_view holder = caller.holder();
    if (!IsHolderOfTheCall(input, holder)) {
      return Irregular(IrregularCaller::kOtherNumber,
                       number.Text() + " was not verified, and is of another holder");
    }
    return input.Held([&] { return number.Text() + " belongs to " + Quote(holder) + " too"; });
  });
}

}  // namespace callvet
