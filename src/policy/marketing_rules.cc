// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/text.h"
#include "policy/rules.h"

namespace callvet {
namespace {

void AddOnce(std::string_view holder, std::vector<std::string_view>& holders) {
  if (std::find(holders.begin(), holders.end(), holder) == holders.end()) {
    holders.push_back(holder);
  }
}

std::vector<std::string_view> HoldersOfNumbers(const RuleInput& input) {
  std::vector<std::string_view> holders;
  for (const Caller& caller : input.callers) {
    if (caller.assigned) AddOnce(caller.rights->holder, holders);
  }
  return holders;
}

// Whose call this is, consent having to be to each of them: the customer, else who holds the
// numbers. The signer only where nobody else is known: it carries calls of many.
std::vector<std::string_view> PartiesThatCall(const RuleInput& input) {
  if (!input.settings.customer.empty()) return {input.settings.customer};
  std::vector<std::string_view> holders = HoldersOfNumbers(input);
  if (holders.empty()) holders.assign(input.signers.begin(), input.signers.end());
  return holders;
}

// A call is a marketing call if its trunk is for that, its number is, or somebody on whose behalf
// it may be is marked so: the signer, the customer, or who holds a number.
bool IsMarketing(const RuleInput& input) {
  const TrunkSettings& settings = input.settings;
  if (settings.use == NumberUse::kMarketing) return true;
  const auto is_marked = [&](std::string_view holder) {
    return input.policy.marketing_holders.find(holder) != input.policy.marketing_holders.end();
  };
  return std::any_of(input.callers.begin(), input.callers.end(),
                     [&](const Caller& caller) {
                       return caller.assigned &&
                              (caller.rights->category == NumberRights::kMarketingCategory ||
                               is_marked(caller.rights->holder));
                     }) ||
         (!settings.customer.empty() && is_marked(settings.customer)) ||
         std::any_of(input.signers.begin(), input.signers.end(), is_marked);
}

// The hours that bind this call: those of each caller's range, and those of marketing calls.
std::vector<HourRange> HoursOf(const RuleInput& input) {
  std::vector<HourRange> binding;
  for (const Caller& caller : input.callers) {
    if (caller.assigned && caller.rights->hours) binding.push_back(*caller.rights->hours);
  }
  if (input.policy.marketing_hours && IsMarketing(input)) {
    binding.push_back(*input.policy.marketing_hours);
  }
  return binding;
}

// Called parties: numbers, each once, and what is none. Few calls are asked for them.
struct Callees {
  std::vector<CallNumber> numbers;
  std::vector<std::string_view> unreadable;

  explicit Callees(const RuleInput& input) {
    const PolicyCallView& call = input.call;
    for (size_t i = 0; i < call.dest.size(); ++i) Add(call.dest[i], input.parties.dest(i), input);
    if (call.request_uri != nullptr) Add(*call.request_uri, input.parties.request_uri(), input);
  }

 private:
  void Add(const std::string& text, const Party* party, const RuleInput& input) {
    if (party == nullptr || !party->tn()) {
      unreadable.push_back(text);
      return;
    }
    CallNumber number = CallNumber::Of(*party->tn(), input.policy.dial_plan);
    if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) {
      numbers.push_back(std::move(number));
    }
  }
};

std::string UnreadableText(const Callees& callees) {
  return "the callee " + Quote(callees.unreadable.front()) + " is no number that can be read";
}

std::string DecisionText(const CallDecision& decision) {
  std::string text = " since " + FormatTime(decision.since);
  if (!decision.proof.empty()) text += ", proof " + Quote(decision.proof);
  return text;
}

// What `callee` said of each holder: a refusal of any of them counts, and each that calls needs a
// consent of its own.
Finding CheckConsentOf(const RuleInput& input, const CallNumber& callee) {
  const auto key = callee.key();
  const auto decide = [&](std::string_view holder) {
    return key ? input.policy.call_lists->Find(*key, holder, input.verdict.judged_at)
               : std::nullopt;
  };
  const auto parties = PartiesThatCall(input);
  auto relevant = parties;
  for (const std::string_view holder : HoldersOfNumbers(input)) AddOnce(holder, relevant);
  if (relevant.empty()) relevant.emplace_back();  // a refusal of all counts for a stranger too
  for (const std::string_view holder : relevant) {
    const auto decision = decide(holder);
    if (decision && decision->kind == CallDecision::Kind::kRefusal) {
      return Finding::Broken(Reason::kConsentRefused,
                             callee.Text() + " has refused" + DecisionText(*decision));
    }
  }
  std::string text;
  for (const std::string_view holder : parties) {
    const auto decision = decide(holder);
    if (!decision) {
      return Finding::Broken(Reason::kConsentMissing, callee.Text() + " has recorded no consent");
    }
    text += " to " + Quote(holder) + DecisionText(*decision);
  }
  if (parties.empty()) {
    return Finding::Broken(Reason::kConsentMissing, "whose call it is, is not known");
  }
  return input.Held([&] { return callee.Text() + " has consented" + text; });
}

// A code without country code is at home.
std::optional<int> MinuteOfDayAt(const RuleInput& input, const CallNumber& callee) {
  const DialPlan* plan = input.policy.dial_plan;
  std::string digits = callee.digits;
  if (callee.space == NumberSpace::kNational) {
    if (plan == nullptr) return std::nullopt;
    digits.insert(0, plan->country_code);
  }
  return input.policy.time_zones.MinuteOfDay(digits, input.verdict.judged_at);
}

}  // namespace

Finding CheckHours(const RuleInput& input) {
  const auto hours = HoursOf(input);
  if (hours.empty()) return input.NotApplicable("no hours are set for this call");
  const Callees callees(input);
  if (!callees.unreadable.empty()) {
    return Finding::Broken(Reason::kOutsideHours, UnreadableText(callees));
  }
  if (callees.numbers.empty()) {
    return Finding::Broken(Reason::kOutsideHours, "the callee, whose hours count, is not known");
  }
  for (const CallNumber& callee : callees.numbers) {
    const auto minute = MinuteOfDayAt(input, callee);
    if (!minute) {
      return Finding::Broken(Reason::kOutsideHours,
                             "no time zone is set for the callee " + callee.Text());
    }
    for (const HourRange& range : hours) {
      if (!range.Holds(*minute)) {
        return Finding::Broken(
            Reason::kOutsideHours,
            FormatMinuteOfDay(*minute) + " at " + callee.Text() + ", allowed is " + range.Text());
      }
    }
  }
  return input.Held([&] { return "inside " + hours.front().Text() + " at the callee"; });
}

Finding CheckConsent(const RuleInput& input) {
  if (!input.policy.call_lists) return input.NotApplicable("no rules for marketing calls");
  if (!IsMarketing(input)) return input.NotApplicable("no marketing call");
  const Callees callees(input);
  if (!callees.unreadable.empty()) {
    return Finding::Broken(Reason::kConsentMissing, UnreadableText(callees));
  }
  if (callees.numbers.empty()) {
    return Finding::Broken(Reason::kConsentMissing, "the callee is not known");
  }
  Finding result;
  for (const CallNumber& callee : callees.numbers) {
    result = CheckConsentOf(input, callee);
    if (result.outcome == RuleStep::Outcome::kBroken) return result;
  }
  return result;
}

}  // namespace callvet
