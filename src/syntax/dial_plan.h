// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "callvet/telephone_number.h"

namespace callvet {

/// `digits` without the prefix that `plan` (which may be null) has for calls abroad.
std::string_view WithoutInternationalPrefix(std::string_view digits, const DialPlan* plan);

/// Whether `digits` are as many as a national number of `plan` has, without country code. Pure.
bool IsAsLongAsNational(std::string_view digits, const DialPlan& plan);

/// False if no dialling rule makes `digits`, which have the country code of `plan`: "+86 0 10 ...",
/// or one too short or long.
bool IsPossibleOf(std::string_view digits, const DialPlan& plan);

}  // namespace callvet
