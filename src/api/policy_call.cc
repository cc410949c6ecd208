// SPDX-License-Identifier: MIT
#include "api/policy_call.h"

#include "base/text.h"
#include "policy/policy_data.h"

namespace callvet {

Result<const DialPlan*> DialPlanWith(const Policy& policy, const DialPlan* chosen) {
  if (chosen == nullptr) return policy.dial_plan;
  if (policy.dial_plan != nullptr && chosen->country_code != policy.dial_plan->country_code) {
    return Fail(Reason::kConfigInvalid,
                "country " + Quote(chosen->iso) + " is not that of the policy, " + policy.country);
  }
  return chosen;
}

PolicyCall PolicyCallOf(const CallRequest& request, std::string trunk) {
  PolicyCall call;
  call.orig = request.orig;
  call.from = request.from;
  call.remote_party_ids = request.remote_party_ids;
  call.dest = request.dest;
  call.request_uri = request.target;
  call.identities = request.identities;
  call.priority = request.priority;
  call.trunk = std::move(trunk);
  call.details = request.details;
  return call;
}

}  // namespace callvet
