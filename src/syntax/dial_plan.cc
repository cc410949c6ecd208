// SPDX-License-Identifier: MIT
#include "syntax/dial_plan.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace callvet {
namespace {

using enum LocalNumbers::WithCountryCode;
using enum DialPlan::NationalClaims;
using enum DialPlan::PrefixBehindCode;

constexpr std::array<std::string_view, 1> kInternational00 = {"00"};
constexpr std::array<std::string_view, 1> kInternational011 = {"011"};
constexpr std::array<std::string_view, 1> kInternational0011 = {"0011"};
constexpr std::array<std::string_view, 1> kInternational010 = {"010"};
constexpr std::array<std::string_view, 3> kInternationalHk = {"001", "0080", "009"};
constexpr std::array<std::string_view, 4> kInternationalSg = {"001", "002", "008", "019"};

// Chinese numbers that carry no country code (H-20). 106... is an SMS code when bare and Beijing
// (010-6...) after +86; 951... is a call centre when bare and Ningxia (0951-...) after +86.
constexpr auto kLocalCn = std::to_array<LocalNumbers>({
    {"400", 10, 10, kSameNumber},
    {"800", 10, 10, kSameNumber},
    {"1010", 8, 8, kSameNumber},
    {"100", 5, 5, kSameNumber},
    {"106", 8, 15, kOtherNumber},
    {"11", 3, 3, kSameNumber},
    {"12", 3, 5, kSameNumber},
    {"95", 5, 8, kSameNumber},
    {"95", 9, 15, kOtherNumber},
    {"96", 5, 6, kSameNumber},
});

// Services of the European Union (116117) and directory enquiries: where national numbers may have
// six digits, they would be such.
constexpr auto kLocalDe =
    std::to_array<LocalNumbers>({{"116", 6, 6, kSameNumber}, {"118", 5, 6, kSameNumber}});
constexpr auto kLocalIt = std::to_array<LocalNumbers>({{"116", 6, 6, kSameNumber}});

// Of things (H-20).
constexpr auto kLongCn = std::to_array<LongNumbers>(
    {{"1410", 13}, {"1440", 13}, {"1441", 13}, {"146", 13}, {"148", 13}});

constexpr auto kCarrierCn = std::to_array<CarrierCode>({{"179", 5}, {"125", 5}});

constexpr std::span<const LocalNumbers> kNone;
constexpr std::span<const CarrierCode> kNoCodes;

// North American carriers sign ten digits now and then; elsewhere such a claim is another number.
constexpr auto kPlans = std::to_array<DialPlan>({
    {"AU", "61", "0", kInternational0011, 9, 9, kNone, kNoCodes, kRefused},
    {"BR", "55", "0", kInternational00, 10, 11, kNone, kNoCodes, kRefused},
    {"CA", "1", "1", kInternational011, 10, 10, kNone, kNoCodes, kAccepted},
    {"CN", "86", "0", kInternational00, 10, 11, kLocalCn, kCarrierCn, kRefused, kLongCn, kDropped},
    {"DE", "49", "0", kInternational00, 6, 12, kLocalDe, kNoCodes, kRefused},
    {"ES", "34", "", kInternational00, 9, 9, kNone, kNoCodes, kRefused},
    {"FR", "33", "0", kInternational00, 9, 9, kNone, kNoCodes, kRefused},
    {"GB", "44", "0", kInternational00, 9, 10, kNone, kNoCodes, kRefused},
    {"HK", "852", "", kInternationalHk, 8, 9, kNone, kNoCodes, kRefused},
    {"IE", "353", "0", kInternational00, 7, 9, kNone, kNoCodes, kRefused},
    {"IN", "91", "0", kInternational00, 10, 10, kNone, kNoCodes, kRefused},
    {"IT", "39", "", kInternational00, 6, 11, kLocalIt, kNoCodes, kRefused},
    {"JP", "81", "0", kInternational010, 9, 10, kNone, kNoCodes, kRefused},
    {"MX", "52", "", kInternational00, 10, 10, kNone, kNoCodes, kRefused},
    {"NL", "31", "0", kInternational00, 9, 9, kNone, kNoCodes, kRefused},
    {"SG", "65", "", kInternationalSg, 8, 8, kNone, kNoCodes, kRefused},
    {"US", "1", "1", kInternational011, 10, 10, kNone, kNoCodes, kAccepted},
    {"ZA", "27", "0", kInternational00, 9, 9, kNone, kNoCodes, kRefused},
});

}  // namespace

std::span<const DialPlan> AllDialPlans() {
  return kPlans;
}

const DialPlan* FindDialPlan(std::string_view country) {
  if (country.starts_with('+')) country.remove_prefix(1);
  const auto* plan = std::find_if(kPlans.begin(), kPlans.end(), [&](const DialPlan& candidate) {
    return EqualsIgnoreCase(candidate.iso, country) || candidate.country_code == country;
  });
  return plan == kPlans.end() ? nullptr : plan;
}

std::string_view WithoutInternationalPrefix(std::string_view digits, const DialPlan* plan) {
  if (plan == nullptr) return digits;
  for (const std::string_view prefix : plan->international_prefixes) {
    if (digits.starts_with(prefix)) return digits.substr(prefix.size());
  }
  return digits;
}

bool IsAsLongAsNational(std::string_view digits, const DialPlan& plan) {
  return (digits.size() >= plan.min_national && digits.size() <= plan.max_national) ||
         std::any_of(plan.long_numbers.begin(), plan.long_numbers.end(),
                     [&](const LongNumbers& numbers) {
                       return digits.size() == numbers.length && digits.starts_with(numbers.prefix);
                     });
}

bool IsPossibleOf(std::string_view digits, const DialPlan& plan) {
  const std::string_view national = digits.substr(plan.country_code.size());
  return IsAsLongAsNational(national, plan) &&
         (plan.national_prefix.empty() || !national.starts_with(plan.national_prefix));
}

}  // namespace callvet
