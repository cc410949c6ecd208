// SPDX-License-Identifier: MIT
#include "verify/request_uri.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "syntax/emergency_numbers.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

// Nothing shorter is taken for a whole number that was written without '+'.
constexpr size_t kMinWholeNumber = 10;
// Shorter ones may be extensions of a PBX, also where a phone says that they are numbers.
constexpr size_t kMinCode = 5;
constexpr size_t kMinLocalNumber = 7;
// What is dialled in front of a number in local form somewhere, and how many of its digits must
// follow: trunk prefixes, Argentina's 15, an outside line. Any digit would let other subscribers of
// a country with eight or nine digits pass.
struct TrunkPrefix {
  std::string_view digits;
  size_t fewest_behind;
};
constexpr auto kTrunkPrefixes = std::to_array<TrunkPrefix>({{"", 7},
                                                            {"0", 6},
                                                            {"00", 6},
                                                            {"01", 6},
                                                            {"06", 6},
                                                            {"15", 6},
                                                            {"1", 7},
                                                            {"8", 7},
                                                            {"9", 7},
                                                            {"91", 7}});

// True if the number says who is called: E.164 beyond doubt (written so, or made so by the plan), a
// short code of the plan that is no extension, or so many digits that they are compared as those of
// To are. An extension says nothing.
bool IsComparable(const TelephoneNumber& number, std::string_view uri, const DialPlan* plan) {
  if (number.global()) return true;
  if (number.local() && (number.canonical().size() >= kMinCode || SaysItIsANumber(uri)))
    return true;
  const std::string& digits = number.canonical();
  if (digits.size() >= kMinWholeNumber && std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return true;
  }
  return plan != nullptr && digits.starts_with(plan->country_code) &&
         digits.size() >= plan->country_code.size() + plan->min_national;
}

bool IsTel(std::string_view uri) {
  return EqualsIgnoreCase(uri.substr(0, 4), "tel:");
}

// A number without country or area, that says it is a number. Below seven digits user=phone says
// nothing.
bool IsLocalNumber(const TelephoneNumber& number, std::string_view uri) {
  const std::string& digits = number.canonical();
  return std::all_of(digits.begin(), digits.end(), IsDigit) &&
         (IsTel(uri) || (digits.size() >= kMinLocalNumber && SaysItIsANumber(uri)));
}

// A service (RFC 5031), or nobody's where it cannot be read as one: somebody else may.
std::optional<RequestUri> ReadUrn(const std::string& text, const std::string& uri) {
  if (!EqualsIgnoreCase(uri.substr(0, 4), "urn:")) return std::nullopt;
  auto party = Party::Parse("<" + uri + ">", nullptr);
  RequestUri service{.number = party ? std::move(*party) : Party::Nobody(text)};
  if (IsSosUrn(uri)) service.emergency = EmergencyTarget{"", true};
  return service;
}

// The digits of a user part, or of what has none and is no host, up to a pause; "" if a letter is
// among them, or if they are somebody's number with what stands behind the pause.
std::string DigitsOfUser(std::string_view uri) {
  std::string user = DecodedUser(uri);
  if (CountDigits(user) >= kMinWholeNumber) return "";
  user.resize(InFrontOfPause(user).size());
  user.resize(std::min(user.find(','), user.size()));
  if (uri.find('@') == std::string_view::npos && NamesAHost(user)) return "";
  if (std::any_of(user.begin(), user.end(), IsAlpha)) return "";
  std::erase_if(user, [](char c) { return !IsDigit(c); });
  return user;
}

// The emergency number that a call goes to there: one of the country, of any one where it says that
// it is a number and no country is known, or where its context is another country's. 112 and 911
// need not say it: who answers there takes the call for one (IsEmergency of the policy does, too).
std::optional<EmergencyTarget> ReadEmergency(const TelephoneNumber* number, const std::string& uri,
                                             const DialPlan* plan) {
  std::string digits = number != nullptr ? number->canonical() : DigitsOfUser(uri);
  if (digits.empty() || digits.size() >= kMinWholeNumber) return std::nullopt;
  const bool has_country = HasGlobalContext(uri);
  const DialPlan* where = has_country ? nullptr : plan;
  const bool counts = plan != nullptr || has_country || SaysItIsANumber(uri);
  if (!IsEmergencyNumberAnywhere(digits) && !(counts && IsEmergencyNumber(digits, where))) {
    return std::nullopt;
  }
  const bool interchangeable = ReachesEmergencyServices(digits, where);
  return EmergencyTarget{std::move(digits), interchangeable};
}

// Two URIs in one: the next element may take the other one.
bool HoldsTwo(const std::string& text) {
  const auto spec = AddrSpec(text);
  if (!spec) return text.find('<') != std::string::npos;
  return std::count(spec->begin(), spec->end(), '@') > 1;
}

// "0571" and "86" in front of a short code: an area's code, or the country's; without a plan, some
// country's.
bool IsAreaOrCountry(std::string_view prefix, const DialPlan* plan) {
  constexpr size_t kMost = 5;
  if (prefix.starts_with('0')) return prefix.size() <= kMost;
  const auto plans = AllDialPlans();
  return plan != nullptr ? prefix == plan->country_code
                         : std::any_of(plans.begin(), plans.end(), [&](const DialPlan& other) {
                             return other.country_code == prefix;
                           });
}

}  // namespace

RequestUri RequestUri::Read(const std::string& text, const VerifierOptions& options) {
  if (options.target_policy == TargetPolicy::kToOnly) {
    return {.ignored = "it is to be ignored"};
  }
  if (HoldsTwo(text)) return {.number = Party::Nobody(text)};
  const std::string uri = RequestUriText(text);
  if (auto service = ReadUrn(text, uri)) return std::move(*service);
  const bool bare_uri = text.find('<') == std::string::npos && text.find(':') != std::string::npos;
  auto party = Party::Parse(bare_uri ? "<" + uri + ">" : text, options.dial_plan);
  const bool is_number = party && party->tn();
  // It says that it is a number, which cannot be read; somebody else may read one.
  if (!is_number && HasPhoneContext(text)) return {.number = Party::Nobody(text)};
  if (auto emergency = ReadEmergency(is_number ? &*party->tn() : nullptr, uri, options.dial_plan)) {
    return {.number = is_number ? *party : Party::Nobody(text), .emergency = std::move(emergency)};
  }
  if (is_number && IsComparable(*party->tn(), uri, options.dial_plan)) {
    return {.number = *party};
  }
  if (is_number && IsLocalNumber(*party->tn(), uri)) {
    return {.local = *party, .contact = *party};
  }
  RequestUri target;
  if (party) target.contact = *party;
  target.ignored = !party        ? "it cannot be read: " + party.error().detail
                   : party->tn() ? "it is no whole number"
                                 : "it is no telephone number";
  // What the next element may take for a number is compared as such, or is nobody's.
  const std::string dialled = DialledPart(uri, kMinWholeNumber);
  if (dialled.empty() && !SaysItIsANumber(uri)) return target;
  // Extensions and accounts, which phones write user=phone behind; "*67911" is none.
  if (dialled.empty() && is_number) {
    const std::string& digits = party->tn()->canonical();
    if (!std::all_of(digits.begin(), digits.end(), IsDigit)) target.number = *party;
    return target;
  }
  const auto number = Party::Parse(dialled, options.dial_plan);
  const bool comparable =
      number && number->tn() && IsComparable(*number->tn(), uri, options.dial_plan);
  target.number = comparable ? *number : Party::Nobody(text);
  return target;
}

bool IsLocalFormOf(std::string_view local, std::string_view number, const DialPlan* plan) {
  if (local.ends_with(number)) {
    const std::string_view prefix = local.substr(0, local.size() - number.size());
    return prefix.empty() || IsAreaOrCountry(prefix, plan);
  }
  return std::any_of(kTrunkPrefixes.begin(), kTrunkPrefixes.end(), [&](const TrunkPrefix& prefix) {
    if (!local.starts_with(prefix.digits)) return false;
    const std::string_view rest = local.substr(prefix.digits.size());
    return rest.size() >= prefix.fewest_behind && number.ends_with(rest);
  });
}

}  // namespace callvet
