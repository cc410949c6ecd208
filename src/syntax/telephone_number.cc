// SPDX-License-Identifier: MIT
#include "callvet/telephone_number.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

// Nothing shorter follows an international prefix.
constexpr size_t kMinInternational = 7;

constexpr CharSet kNumberChars =
    CharSet::Where([](char c) { return IsDigit(c) || c == '#' || c == '*'; });

// RFC 3966 visual separators, and what people and switches write besides.
bool IsSeparator(char c) {
  return c == '-' || c == '.' || c == '(' || c == ')' || c == ' ' || c == '/';
}

// Digits of `text`, or nothing when a character is in it that no number is written with.
std::optional<std::string> StripSeparators(std::string_view text) {
  if (kNumberChars.HasAll(text)) return std::string(text);
  std::string digits;
  for (const char c : text) {
    if (kNumberChars.Has(c)) {
      digits += c;
    } else if (!IsSeparator(c)) {
      return std::nullopt;
    }
  }
  return digits;
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), IsDigit);
}

bool IsNational(std::string_view digits, const DialPlan& plan) {
  return digits.size() >= plan.min_national && digits.size() <= plan.max_national;
}

enum class Written { kBare, kWithCountryCode };

bool IsLocal(std::string_view digits, const DialPlan& plan, Written written) {
  const auto fits = [&](const LocalNumbers& local) {
    if (written == Written::kWithCountryCode &&
        local.with_country_code == LocalNumbers::WithCountryCode::kOtherNumber) {
      return false;
    }
    return digits.starts_with(local.prefix) && digits.size() >= local.min_length &&
           digits.size() <= local.max_length;
  };
  return std::any_of(plan.local_numbers.begin(), plan.local_numbers.end(), fits);
}

// Without the code that selects a carrier ("17951 0 10 ..."), if one is in front of a whole number.
std::string_view StripCarrierCode(std::string_view digits, const DialPlan& plan) {
  for (const CarrierCode& code : plan.carrier_codes) {
    if (digits.starts_with(code.prefix) && digits.size() >= code.length + plan.min_national) {
      return digits.substr(code.length);
    }
  }
  return digits;
}

bool IsLocalWithCountryCode(std::string_view digits, const DialPlan& plan) {
  return digits.starts_with(plan.country_code) &&
         IsLocal(digits.substr(plan.country_code.size()), plan, Written::kWithCountryCode);
}

// A number with its country code in front: only local numbers of the plan lose it again (H-20).
std::string CanonicalGlobal(std::string_view digits, const DialPlan* plan) {
  if (plan != nullptr && IsLocalWithCountryCode(digits, *plan)) {
    digits.remove_prefix(plan->country_code.size());
  }
  return std::string(digits);
}

enum class Routing { kUnknown, kGlobal };

struct Canonical {
  std::string number;
  Routing routing;  // whether what was dialled says that the number is global
};

// Italian mobile numbers have ten digits, and those of one operator begin like the country code;
// what follows +39 and has eight digits begins with 0.
bool IsNationalLikeCountry(std::string_view digits, const DialPlan& plan) {
  return plan.country_code == "39" && digits.size() == 10 && digits.starts_with("39") &&
         digits[2] != '0';
}

// The order: what cannot be a national number first, then what the plan's lengths say.
Canonical CanonicalDialled(std::string_view digits, const DialPlan& plan) {
  if (!AllDigits(digits) || IsLocal(digits, plan, Written::kBare)) {
    return {std::string(digits), Routing::kUnknown};
  }
  digits = StripCarrierCode(digits, plan);
  for (const std::string_view prefix : plan.international_prefixes) {
    if (!digits.starts_with(prefix)) continue;
    const std::string_view global = digits.substr(prefix.size());
    if (global.size() >= kMinInternational || IsLocalWithCountryCode(global, plan)) {
      return {CanonicalGlobal(global, &plan), Routing::kGlobal};
    }
  }
  const std::string country(plan.country_code);
  if (!plan.national_prefix.empty() && digits.starts_with(plan.national_prefix)) {
    const std::string_view national = digits.substr(plan.national_prefix.size());
    if (IsNational(national, plan)) return {country + std::string(national), Routing::kUnknown};
  }
  if (digits.starts_with(country) && !IsNationalLikeCountry(digits, plan)) {
    if (IsNational(digits.substr(country.size()), plan) || IsLocalWithCountryCode(digits, plan)) {
      return {CanonicalGlobal(digits, &plan), Routing::kUnknown};
    }
  }
  if (IsNational(digits, plan)) return {country + std::string(digits), Routing::kUnknown};
  return {std::string(digits), Routing::kUnknown};
}

// 911 or 110 within a country: the country's code is no part of it, and where it was written
// in front, it is taken off.
bool IsServiceCode(std::string_view digits, std::string_view context) {
  constexpr size_t kServiceCode = 3;
  constexpr size_t kMaxCountryCode = 3;
  return !context.empty() && context.size() <= kMaxCountryCode && digits.size() <= kServiceCode &&
         AllDigits(digits);
}

// "020..." in the context of +44: the prefix belongs to dialling, and no national number begins
// with it.
std::string WithoutNationalPrefix(std::string_view digits, const DialPlan& plan) {
  const bool prefixed = !plan.national_prefix.empty() && digits.starts_with(plan.national_prefix) &&
                        IsNational(digits.substr(plan.national_prefix.size()), plan);
  return std::string(prefixed ? digits.substr(plan.national_prefix.size()) : digits);
}

// phone-context of `parameters`, "" if there is none. It may occur once (RFC 3966 3): of two,
// somebody else may take the other one.
Result<std::string_view> PhoneContext(std::string_view parameters) {
  constexpr std::string_view kName = "phone-context";
  const auto context = FindUriParameter(parameters, kName);
  if (!context) return std::string_view();
  const auto behind = static_cast<size_t>(context->data() - parameters.data()) + context->size();
  const size_t next = std::min(parameters.find(';', behind), parameters.size());
  if (context->size() > TelephoneNumber::kMaxReceived ||
      FindUriParameter(parameters.substr(next), kName)) {
    return Fail(Reason::kParameterInvalid, "phone-context of " + Quote(parameters, 200));
  }
  return *context;
}

// RFC 8225 5.2.1: a claim is E.164 already, unless it cannot be.
bool IsE164Claim(std::string_view digits, const DialPlan& plan) {
  return plan.national_claims == DialPlan::NationalClaims::kRefused && !digits.starts_with('0');
}

}  // namespace

std::optional<std::string> WithCountryCode(std::string_view canonical, const DialPlan& plan) {
  if (!IsLocal(canonical, plan, Written::kWithCountryCode)) return std::nullopt;
  return std::string(plan.country_code).append(canonical);
}

Result<TelephoneNumber> TelephoneNumber::Parse(std::string_view text, const DialPlan* plan) {
  return Read(text, plan, Source::kDialled);
}

Result<TelephoneNumber> TelephoneNumber::ParseClaim(std::string_view text, const DialPlan* plan) {
  return Read(text, plan, Source::kClaim);
}

Result<TelephoneNumber> TelephoneNumber::Read(std::string_view text, const DialPlan* plan,
                                              Source source) {
  const size_t cut = std::min(text.find(';'), text.size());
  if (cut > kMaxReceived) {
    return Fail(Reason::kParameterInvalid,
                "a number of " + std::to_string(cut) + " characters: " + Quote(text, 40));
  }
  if (source == Source::kClaim && cut < text.size()) {
    return Fail(Reason::kParameterInvalid, "a tn claim has no parameters (A-12): " + Quote(text));
  }
  std::string_view subscriber = Trim(text.substr(0, cut));
  TelephoneNumber number;
  std::string context;
  const auto parameter = PhoneContext(text.substr(cut));
  if (!parameter) return parameter.error();
  if (subscriber.starts_with('+')) {
    number.global_ = true;
    subscriber.remove_prefix(1);
  } else if (parameter->starts_with('+')) {
    const auto digits = StripSeparators(parameter->substr(1));
    if (!digits || digits->empty()) {
      return Fail(Reason::kParameterInvalid, "phone-context of " + Quote(text));
    }
    context = *digits;
    number.global_ = true;
  }
  auto digits = StripSeparators(subscriber);
  if (!digits || digits->empty()) {
    return Fail(Reason::kParameterInvalid, Quote(text) + " is not a telephone number");
  }
  if (IsServiceCode(*digits, context)) {
    number.global_ = false;
    context.clear();
  }
  if (plan != nullptr && context == plan->country_code)
    *digits = WithoutNationalPrefix(*digits, *plan);
  number.digits_ = context.empty() ? std::move(*digits) : context + *digits;
  if (plan == nullptr) {
    number.canonical_ = number.digits_;
  } else if (number.global_ || (source == Source::kClaim && IsE164Claim(number.digits_, *plan))) {
    number.canonical_ = CanonicalGlobal(number.digits_, plan);
  } else {
    Canonical canonical = CanonicalDialled(number.digits_, *plan);
    number.canonical_ = std::move(canonical.number);
    number.global_ = canonical.routing == Routing::kGlobal;
  }
  number.local_ = plan != nullptr && IsLocal(number.canonical_, *plan, Written::kBare);
  if (number.canonical_.size() > kMaxCanonical) {
    return Fail(Reason::kParameterInvalid,
                Quote(text) + " has more than 15 digits, which E.164 does not have");
  }
  return number;
}

}  // namespace callvet
