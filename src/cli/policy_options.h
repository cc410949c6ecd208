// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "callvet/policy.h"
#include "callvet/telephone_number.h"
#include "cli/console.h"

namespace callvet::cli {

/// The policy in `file`. Complains of every problem and gives nullptr if there is any.
std::shared_ptr<const Policy> PolicyOption(const std::string& file, const Console& console);

/// The dialling rules of `country` (as --country), or of the policy if it is "". Fails with
/// kParameterInvalid if it is unknown or has another country code than that of the policy: one
/// number would be two.
Result<const DialPlan*> PolicyCountry(const Policy& policy, const std::string& country);

/// Fails with kParameterInvalid, naming the nearest, unless `trunk` is "" or a trunk of the policy.
Result<void> CheckTrunk(const Policy& policy, const std::string& trunk);

}  // namespace callvet::cli
