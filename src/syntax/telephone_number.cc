// SPDX-License-Identifier: MIT
#include "callvet/telephone_number.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "syntax/dial_plan.h"
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

enum class Written { kBare, kWithCountryCode };

bool IsLocal(std::string_view digits, const DialPlan& plan, Written written) {
  const size_t length = digits.size();
  for (const LocalNumbers& local : plan.local_numbers) {
    if (length < local.min_length || length > local.max_length) continue;
    const bool lost = written == Written::kWithCountryCode &&
                      local.with_country_code == LocalNumbers::WithCountryCode::kOtherNumber;
    if (!lost && digits.starts_with(local.prefix)) return true;
  }
  return false;
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

enum class Routing { kUnknown, kGlobal };

struct Canonical {
  std::string_view country_code;  // what is put in front, if anything is
  std::string_view number;
  Routing routing = Routing::kUnknown;  // whether what was dialled says that the number is global
};

// Of what stands behind the country's code: the number without the prefixes with which it is
// dialled at home, if there are some and a possible number is left ("0 10 ...", "17951 138 ...").
std::optional<Canonical> WithoutPrefixesBehindCode(std::string_view behind, const DialPlan& plan) {
  if (plan.prefix_behind_code != DialPlan::PrefixBehindCode::kDropped) return std::nullopt;
  const auto is_possible = [&](std::string_view national) {
    return IsAsLongAsNational(national, plan) && !national.starts_with(plan.national_prefix);
  };
  if (is_possible(behind)) return std::nullopt;
  std::string_view national = StripCarrierCode(behind, plan);
  if (national.starts_with(plan.national_prefix)) {
    national.remove_prefix(plan.national_prefix.size());
  }
  if (!is_possible(national)) return std::nullopt;
  if (IsLocal(national, plan, Written::kWithCountryCode)) return Canonical{{}, national};
  return Canonical{plan.country_code, national};
}

// A number with its country code in front: only local numbers of the plan lose it again, and
// prefixes have no place behind it (H-20).
Canonical CanonicalGlobal(std::string_view digits, const DialPlan& plan) {
  if (!digits.starts_with(plan.country_code)) return {{}, digits};
  const std::string_view behind = digits.substr(plan.country_code.size());
  if (IsLocal(behind, plan, Written::kWithCountryCode)) return {{}, behind};
  return WithoutPrefixesBehindCode(behind, plan).value_or(Canonical{{}, digits});
}

// Italian mobile numbers have ten digits, and those of one operator begin like the country code;
// what follows +39 and has eight digits begins with 0.
bool IsNationalLikeCountry(std::string_view digits, const DialPlan& plan) {
  return plan.country_code == "39" && digits.size() == 10 && digits.starts_with("39") &&
         digits[2] != '0';
}

// The order: what cannot be a national number first, then what the plan's lengths say.
Canonical CanonicalDialled(std::string_view digits, const DialPlan& plan) {
  if (!AllDigits(digits) || IsLocal(digits, plan, Written::kBare)) return {{}, digits};
  digits = StripCarrierCode(digits, plan);
  for (const std::string_view prefix : plan.international_prefixes) {
    if (!digits.starts_with(prefix)) continue;
    const std::string_view global = digits.substr(prefix.size());
    if (global.size() >= kMinInternational || IsLocalWithCountryCode(global, plan)) {
      Canonical canonical = CanonicalGlobal(global, plan);
      canonical.routing = Routing::kGlobal;
      return canonical;
    }
    return {{}, digits};  // 0049112: no national number begins so, however short the plan's are
  }
  const std::string_view country = plan.country_code;
  if (!plan.national_prefix.empty() && digits.starts_with(plan.national_prefix)) {
    const std::string_view national = digits.substr(plan.national_prefix.size());
    // A call to 400... is dialled with 0 as well; where no prefix is dropped, none is a code.
    const bool code = plan.prefix_behind_code == DialPlan::PrefixBehindCode::kDropped &&
                      IsLocal(national, plan, Written::kWithCountryCode);
    if (IsAsLongAsNational(national, plan)) return {code ? "" : country, national};
  }
  if (digits.starts_with(country) && !IsNationalLikeCountry(digits, plan)) {
    const std::string_view behind = digits.substr(country.size());
    if (IsAsLongAsNational(behind, plan) || IsLocalWithCountryCode(digits, plan) ||
        WithoutPrefixesBehindCode(behind, plan)) {
      return CanonicalGlobal(digits, plan);
    }
  }
  if (IsAsLongAsNational(digits, plan)) return {country, digits};
  return {{}, digits};
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
std::string_view WithoutNationalPrefix(std::string_view digits, const DialPlan& plan) {
  const bool prefixed = !plan.national_prefix.empty() && digits.starts_with(plan.national_prefix) &&
                        IsAsLongAsNational(digits.substr(plan.national_prefix.size()), plan);
  return prefixed ? digits.substr(plan.national_prefix.size()) : digits;
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

// The digits of a number, and whether it was written as a global one.
struct Digits {
  std::string text;
  bool global = false;
};

// Of a number in any of the ways in which numbers are written.
Result<Digits> DigitsOf(std::string_view text, const DialPlan* plan, bool may_have_parameters) {
  const size_t cut = std::min(text.find(';'), text.size());
  if (cut > TelephoneNumber::kMaxReceived) {
    return Fail(Reason::kParameterInvalid,
                "a number of " + std::to_string(cut) + " characters: " + Quote(text, 40));
  }
  if (!may_have_parameters && cut < text.size()) {
    return Fail(Reason::kParameterInvalid, "a tn claim has no parameters (A-12): " + Quote(text));
  }
  std::string_view subscriber = Trim(text.substr(0, cut));
  Digits read;
  std::string context;
  const auto parameter = PhoneContext(text.substr(cut));
  if (!parameter) return parameter.error();
  if (subscriber.starts_with('+')) {
    read.global = true;
    subscriber.remove_prefix(1);
  } else if (parameter->starts_with('+')) {
    const auto digits = StripSeparators(parameter->substr(1));
    if (!digits || digits->empty()) {
      return Fail(Reason::kParameterInvalid, "phone-context of " + Quote(text));
    }
    context = *digits;
    read.global = true;
  }
  const auto digits = StripSeparators(subscriber);
  if (!digits || digits->empty()) {
    return Fail(Reason::kParameterInvalid, Quote(text) + " is not a telephone number");
  }
  if (IsServiceCode(*digits, context)) {
    read.global = false;
    context.clear();
  }
  const bool of_country = plan != nullptr && context == plan->country_code;
  read.text = context;
  read.text += of_country ? WithoutNationalPrefix(*digits, *plan) : *digits;
  return read;
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
  Result<TelephoneNumber> number(tl::in_place);
  if (auto ok = number->Read(text, plan, Source::kDialled); !ok) number = ok.error();
  return number;
}

Result<TelephoneNumber> TelephoneNumber::ParseClaim(std::string_view text, const DialPlan* plan) {
  Result<TelephoneNumber> number(tl::in_place);
  if (auto ok = number->Read(text, plan, Source::kClaim); !ok) number = ok.error();
  return number;
}

Result<void> TelephoneNumber::Read(std::string_view text, const DialPlan* plan, Source source) {
  // Nearly all are digits as they stand, with or without '+'.
  const bool plus = text.starts_with('+');
  const std::string_view digits = text.substr(plus ? 1 : 0);
  bool fits = false;
  if (!digits.empty() && text.size() <= kMaxReceived && kNumberChars.HasAll(digits)) {
    fits = ReadDigits(digits, plus, plan, source);
  } else {
    const auto any = DigitsOf(text, plan, source == Source::kDialled);
    if (!any) return any.error();
    fits = ReadDigits(any->text, any->global, plan, source);
  }
  if (fits) return {};
  return Fail(Reason::kParameterInvalid,
              Quote(text) + " has more than 15 digits, which E.164 does not have");
}

// Of kNumberChars, at least one. False if the canonical form has too many.
bool TelephoneNumber::ReadDigits(std::string_view digits, bool global, const DialPlan* plan,
                                 Source source) {
  global_ = global;
  if (plan == nullptr) {  // as it stands
    if (digits.size() > kMaxCanonical) return false;
    canonical_ = digits;
    return true;
  }
  Canonical canonical{{}, digits};
  if (global_ || (source == Source::kClaim && IsE164Claim(digits, *plan))) {
    canonical = CanonicalGlobal(digits, *plan);
  } else {
    canonical = CanonicalDialled(digits, *plan);
    global_ = canonical.routing == Routing::kGlobal;
  }
  canonical_ = canonical.number;
  if (!canonical.country_code.empty()) canonical_.insert(0, canonical.country_code);
  if (canonical_ != digits) digits_ = digits;
  local_ = IsLocal(canonical_, *plan, Written::kBare);
  return canonical_.size() <= kMaxCanonical;
}

}  // namespace callvet
