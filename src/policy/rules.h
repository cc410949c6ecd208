// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "policy/rule_input.h"

namespace callvet {

// The rules, one function each, in the order in which they decide. Pure; thread-safe.

Finding CheckVerdict(const RuleInput& input);         // D-7, D-8
Finding CheckAttestation(const RuleInput& input);     // D-12, D-13
Finding CheckCallerRegular(const RuleInput& input);   // H-8, H-21
Finding CheckDoNotOriginate(const RuleInput& input);  // H-2
Finding CheckHolder(const RuleInput& input);          // H-2: who may show the number
Finding CheckUse(const RuleInput& input);             // H-2, H-4: what for
Finding CheckHours(const RuleInput& input);           // H-3
Finding CheckConsent(const RuleInput& input);         // H-3, H-5
Finding CheckCallerPool(const RuleInput& input);      // H-2: a source that rotates its callers
Finding CheckOtherNumbers(const RuleInput& input);    // H-2: what stands beside the verified number

/// Who holds the first of the callers that the registry knows; "": nobody that is known. H-2
std::string HolderOfCaller(const RuleInput& input);

}  // namespace callvet
