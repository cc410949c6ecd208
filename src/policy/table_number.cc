// SPDX-License-Identifier: MIT
#include "policy/table_number.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "syntax/dial_plan.h"

namespace callvet {
namespace {

bool IsNationalOf(std::string_view digits, const DialPlan& plan) {
  if (!digits.starts_with(plan.country_code)) return false;
  return IsAsLongAsNational(digits.substr(plan.country_code.size()), plan);
}

// Whether `digits` were written "+86 0 10 ...": with more behind the country's code than they and a
// short code have.
bool HasPrefixBehindCode(std::string_view received, std::string_view digits, const DialPlan& plan) {
  const size_t code = plan.country_code.size();
  return received.starts_with(plan.country_code) && received.size() > digits.size() &&
         received.substr(code) != digits;
}

// Whether the country's codes without country code (95588) hold the digits behind it.
bool IsCodeBehindCountryCode(std::string_view digits, const DialPlan& plan) {
  if (!digits.starts_with(plan.country_code)) return false;
  digits.remove_prefix(plan.country_code.size());
  return std::any_of(
      plan.local_numbers.begin(), plan.local_numbers.end(), [&](const LocalNumbers& local) {
        return local.with_country_code == LocalNumbers::WithCountryCode::kSameNumber &&
               digits.size() >= local.min_length && digits.size() <= local.max_length &&
               digits.starts_with(local.prefix);
      });
}

}  // namespace

std::optional<TableNumber> TableNumber::Make(std::string_view digits, NumberSpace space) {
  if (digits.empty() || digits.size() > TelephoneNumber::kMaxCanonical) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    if (!IsDigit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  value |= static_cast<uint64_t>(digits.size()) << kLengthShift;
  if (space == NumberSpace::kNational) value |= uint64_t{1} << kSpaceShift;
  return TableNumber(value);
}

std::string_view NumberFormText(NumberForm form) {
  switch (form) {
    case NumberForm::kPlus:
      return "with +";
    case NumberForm::kInternationalPrefix:
      return "with the international prefix";
    case NumberForm::kCountryCode:
      return "with the country code, without +";
    case NumberForm::kNationalPrefix:
      return "with the national prefix";
    case NumberForm::kBare:
      return "bare";
  }
  return "bare";
}

CallNumber CallNumber::Of(const TelephoneNumber& number, const DialPlan* plan) {
  CallNumber read;
  read.digits = number.canonical();
  const std::string_view received = number.digits();
  if (number.global() && received == read.digits) {  // "+86..." as nearly all are
    read.form = NumberForm::kPlus;
    return read;
  }
  if (number.global()) {
    const std::string_view global = WithoutInternationalPrefix(received, plan);
    const bool shorter = global.size() != received.size();
    const bool prefixed =
        plan != nullptr && HasPrefixBehindCode(shorter ? global : received, read.digits, *plan);
    const bool dialled = shorter && (prefixed || global.ends_with(read.digits));
    read.form = dialled ? NumberForm::kInternationalPrefix : NumberForm::kPlus;
    read.has_prefix_behind_code = prefixed;
    // A code that lost its country code is shorter than what arrived.
    const std::string_view whole = dialled ? global : received;
    const bool e164 = prefixed ? IsNationalOf(read.digits, *plan) : read.digits == whole;
    read.space = e164 ? NumberSpace::kE164 : NumberSpace::kNational;
    return read;
  }
  if (plan == nullptr) return read;  // nothing is known: as if it were E.164
  const bool e164 = IsNationalOf(read.digits, *plan);
  read.space = e164 ? NumberSpace::kE164 : NumberSpace::kNational;
  const bool unchanged = received == read.digits;
  read.has_prefix_behind_code = HasPrefixBehindCode(received, read.digits, *plan);
  const bool has_code = unchanged ? e164 : !e164 && received.starts_with(plan->country_code);
  if (has_code || read.has_prefix_behind_code) {
    read.form = NumberForm::kCountryCode;
  } else if (!unchanged && !plan->national_prefix.empty() &&
             received.starts_with(plan->national_prefix)) {
    read.form = NumberForm::kNationalPrefix;
  }
  return read;
}

std::string CallNumber::Text() const {
  return space == NumberSpace::kE164 ? "+" + digits : digits;
}

std::optional<TableNumber> ReadTableNumber(std::string_view text, const DialPlan* plan) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('0')) return std::nullopt;
    if (plan != nullptr && IsCodeBehindCountryCode(text, *plan)) return std::nullopt;
    if (plan != nullptr && text.starts_with(plan->country_code) && !IsPossibleOf(text, *plan)) {
      return std::nullopt;
    }
    return TableNumber::Make(text, NumberSpace::kE164);
  }
  const auto key = TableNumber::Make(text, NumberSpace::kNational);
  if (!key || plan == nullptr) return std::nullopt;  // no country: no codes
  const auto number = TelephoneNumber::Parse(text, plan);
  if (!number || CallNumber::Of(*number, plan) !=
                     CallNumber{std::string(text), NumberSpace::kNational, NumberForm::kBare}) {
    return std::nullopt;
  }
  return key;
}

}  // namespace callvet
