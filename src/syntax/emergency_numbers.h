// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "callvet/telephone_number.h"

namespace callvet {

/// Whether `text`, a URI or name-addr, is urn:service:sos or one of its services (RFC 5031), or
/// what networks of emergency services make of it (NENA-STA-010: urn:nena:service:sos,
/// urn:emergency:service:sos.psap). Pure.
bool IsSosUrn(std::string_view text);

/// Whether `digits`, a canonical number, are 112 or 911: at these help is called with any mobile
/// phone, wherever it is (3GPP TS 22.101 10.1). Pure.
bool IsEmergencyNumberAnywhere(std::string_view digits);

/// Whether EmergencyNumbers(plan) has `digits`. Pure; without memory, for who asks once.
bool IsEmergencyNumber(std::string_view digits, const DialPlan* plan);

/// Whether `digits`, one of IsEmergencyNumber, are those of police, fire or ambulance, which
/// networks make urn:service:sos or one another of; a helpline's are not. Pure.
bool ReachesEmergencyServices(std::string_view digits, const DialPlan* plan);

/// Whether `a` and `b`, canonical numbers, are the same one: equal, or one of them the other behind
/// the country code of `plan`, with which it is no number of that country. Pure.
bool IsSameShortNumber(std::string_view a, std::string_view b, const DialPlan* plan);

/// The numbers at which help is called, in every form in which they are dialled. A value.
class EmergencyNumbers {
 public:
  /// Those that the table of this library has for the country of `plan`, 112 and 911
  /// (IsEmergencyNumberAnywhere); for nullptr those of all its countries.
  explicit EmergencyNumbers(const DialPlan* plan);

  /// One more, in canonical form; of the plan's country, if there is a plan.
  void Add(std::string_view number);

  /// True if `digits`, a canonical number, are one of them, also with a country code in front:
  /// "+1911", "0033112". No number that short has another meaning.
  [[nodiscard]] bool Has(std::string_view digits) const {
    return digits.size() <= longest_ && forms_.contains(digits);
  }

 private:
  void AddForms(std::string_view number, const DialPlan& plan);
  void AddForm(std::string form);

  const DialPlan* plan_;
  std::set<std::string, std::less<>> forms_;
  size_t longest_ = 0;  // digits of a form: nearly every other number has more
};

}  // namespace callvet
