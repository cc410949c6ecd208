// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "callvet/policy.h"
#include "callvet/result.h"
#include "callvet/telephone_number.h"
#include "callvet/verifier.h"

namespace callvet {

/// The dialling rules by which calls are verified that `policy` decides: `chosen`, or those of its
/// own country if that is nullptr. Fails with kConfigInvalid if both are there with different
/// country codes: one number would be two.
Result<const DialPlan*> DialPlanWith(const Policy& policy, const DialPlan* chosen);

/// The policy of an operator that has none: without any rule, in the country of `plan`, if that is
/// not nullptr. What is an emergency call is not taken from To where the request's URI is another.
std::shared_ptr<const Policy> PolicyOfNobody(const DialPlan* plan);

/// What a policy has to know of the call that `request` describes, from `trunk`; both are borrowed.
/// Pure.
PolicyCallView PolicyCallOf(const CallRequest& request, std::string_view trunk);

}  // namespace callvet
