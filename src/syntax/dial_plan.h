// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "callvet/telephone_number.h"

namespace callvet {

/// `digits` without the prefix that `plan` (which may be null) has for calls abroad.
std::string_view WithoutInternationalPrefix(std::string_view digits, const DialPlan* plan);

/// Whether `digits` are as many as a national number of `plan` has, without country code. Pure.
bool IsAsLongAsNational(std::string_view digits, const DialPlan& plan);

/// The country code of E.164 that `national`, a whole number of `plan` without prefix, has: that of
/// the plan, or of a part overseas. Pure.
std::string_view CountryCodeOf(std::string_view national, const DialPlan& plan);

/// Whether `digits` are a national number of `plan` with such a code in front. Pure.
bool IsGlobalFormOf(std::string_view digits, const DialPlan& plan);

/// False if no dialling rule makes `digits`, which have the country code of `plan`: "+86 0 10 ...",
/// or one too short or long.
bool IsPossibleOf(std::string_view digits, const DialPlan& plan);

}  // namespace callvet
