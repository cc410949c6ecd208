// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "callvet/telephone_number.h"

namespace callvet {

/// The numbers at which help is called, in every form in which they are dialled. A value.
class EmergencyNumbers {
 public:
  /// Those that the table of this library has for the country of `plan`; for nullptr those of all
  /// its countries.
  explicit EmergencyNumbers(const DialPlan* plan);

  /// One more, in canonical form; of the plan's country, if there is a plan.
  void Add(std::string_view number);

  /// True if `digits`, a canonical number, are one of them, also with a country code in front:
  /// "+1911", "0033112". No number that short has another meaning.
  [[nodiscard]] bool Has(std::string_view digits) const { return forms_.contains(digits); }

 private:
  void AddForms(std::string_view number, const DialPlan& plan);

  const DialPlan* plan_;
  std::set<std::string, std::less<>> forms_;
};

}  // namespace callvet
