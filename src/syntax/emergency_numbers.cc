// SPDX-License-Identifier: MIT
#include "syntax/emergency_numbers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "syntax/dial_plan.h"
#include "syntax/party.h"

namespace callvet {
namespace {

using Numbers = std::array<std::string_view, 8>;

struct CountryEmergency {
  std::string_view country;
  Numbers services;
  Numbers helplines;
};

// Police, fire and ambulance (also at sea in JP, of the traffic in CN), of which networks make
// urn:service:sos or one another; and what else of help is dialled so: for children and people in a
// crisis, rescue, relays for the deaf. 112 is known to every mobile phone.
constexpr auto kEmergency = std::to_array<CountryEmergency>({
    {"AU", {"000", "112"}, {"106"}},
    {"BR", {"190", "192", "193", "112", "911"}, {}},
    {"CA", {"911", "112"}, {"988"}},
    {"CN", {"110", "119", "120", "122", "112", "12110"}, {"12395", "95110"}},
    {"DE", {"110", "112"}, {}},
    {"ES", {"112", "061", "062", "080", "085", "091", "092"}, {}},
    {"FR",
     {"112", "15", "17", "18"},
     {"114", "115", "119", "191", "196", "197", "116000", "116117"}},
    {"GB", {"999", "112"}, {"18000"}},
    {"HK", {"999", "112"}, {"992"}},
    {"IE", {"999", "112"}, {}},
    {"IN", {"112", "100", "101", "102", "108"}, {}},
    {"IT", {"112", "113", "115", "117", "118"}, {"114", "1515", "1530"}},
    {"JP", {"110", "118", "119"}, {}},
    {"MX", {"911", "112"}, {}},
    {"NL", {"112"}, {}},
    {"SG", {"999", "995", "112"}, {}},
    {"US", {"911", "112"}, {"988"}},
    {"ZA", {"10111", "10177", "112"}, {}},
});

// What every mobile phone calls for help at (3GPP TS 22.101 10.1).
constexpr auto kAnywhere = std::to_array<std::string_view>({"112", "911"});

// Whether `digits`, also in the form for calls abroad, are the country code of `plan` and no number
// of that country, but `code` behind it.
bool IsCodeWithCountry(std::string_view digits, const DialPlan& plan, std::string_view code) {
  digits = WithoutInternationalPrefix(digits, &plan);
  return digits.starts_with(plan.country_code) && !IsPossibleOf(digits, plan) &&
         digits.substr(plan.country_code.size()) == code;
}

// Whether `digits` are in that column of the table, for the country of `plan`; for nullptr of any.
bool IsInTable(std::string_view digits, const DialPlan* plan, Numbers CountryEmergency::*column) {
  return std::any_of(kEmergency.begin(), kEmergency.end(), [&](const CountryEmergency& row) {
    const DialPlan* its = FindDialPlan(row.country);
    if (plan != nullptr && plan != its) return false;
    const Numbers& numbers = row.*column;
    const auto is = [&](std::string_view number) {
      return !number.empty() && digits.ends_with(number) &&
             (digits.size() == number.size() || IsCodeWithCountry(digits, *its, number));
    };
    return std::any_of(numbers.begin(), numbers.end(), is) ||
           (column == &CountryEmergency::services &&
            std::any_of(kAnywhere.begin(), kAnywhere.end(), is));
  });
}

}  // namespace

bool IsSosUrn(std::string_view text) {
  constexpr std::string_view kSos[] = {"urn:service:sos", "urn:nena:service:sos",
                                       "urn:emergency:service:sos"};
  if (text.find(':') == std::string_view::npos) return false;  // a number
  const auto uri = AddrSpec(text);
  return uri && std::any_of(std::begin(kSos), std::end(kSos), [&](std::string_view sos) {
           return EqualsIgnoreCase(uri->substr(0, sos.size()), sos) &&
                  (uri->size() == sos.size() || (*uri)[sos.size()] == '.');
         });
}

bool IsEmergencyNumberAnywhere(std::string_view digits) {
  return std::find(kAnywhere.begin(), kAnywhere.end(), digits) != kAnywhere.end();
}

bool IsEmergencyNumber(std::string_view digits, const DialPlan* plan) {
  return ReachesEmergencyServices(digits, plan) ||
         IsInTable(digits, plan, &CountryEmergency::helplines);
}

bool ReachesEmergencyServices(std::string_view digits, const DialPlan* plan) {
  return IsEmergencyNumberAnywhere(digits) || IsInTable(digits, plan, &CountryEmergency::services);
}

bool IsSameShortNumber(std::string_view a, std::string_view b, const DialPlan* plan) {
  return a == b ||
         (plan != nullptr && (IsCodeWithCountry(a, *plan, b) || IsCodeWithCountry(b, *plan, a)));
}

EmergencyNumbers::EmergencyNumbers(const DialPlan* plan) : plan_(plan) {
  for (const CountryEmergency& row : kEmergency) {
    const DialPlan* its = FindDialPlan(row.country);
    if (plan != nullptr && plan != its) continue;
    for (const Numbers& numbers : {row.services, row.helplines}) {
      for (const std::string_view number : numbers) {
        if (!number.empty()) AddForms(number, *its);
      }
    }
    for (const std::string_view number : kAnywhere) AddForms(number, *its);
  }
}

void EmergencyNumbers::Add(std::string_view number) {
  if (plan_ != nullptr) {
    AddForms(number, *plan_);
  } else {
    AddForm(std::string(number));
  }
}

void EmergencyNumbers::AddForms(std::string_view number, const DialPlan& plan) {
  AddForm(std::string(number));
  const std::string behind_code = std::string(plan.country_code).append(number);
  const auto add = [&](std::string_view prefix) {
    std::string form = std::string(prefix).append(behind_code);
    if (IsCodeWithCountry(form, plan, number)) AddForm(std::move(form));
  };
  add("");
  for (const std::string_view prefix : plan.international_prefixes) add(prefix);
}

void EmergencyNumbers::AddForm(std::string form) {
  longest_ = std::max(longest_, form.size());
  forms_.insert(std::move(form));
}

}  // namespace callvet
