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

std::shared_ptr<const Policy> PolicyOfNobody(const DialPlan* plan) {
  auto policy = std::make_shared<Policy>();
  policy->dial_plan = plan;
  policy->emergency_numbers = EmergencyNumbers(plan);
  policy->defaults.emergency_by_to = EmergencyByTo::kIgnore;
  return policy;
}

PolicyCallView PolicyCallOf(const CallRequest& request, std::string_view trunk) {
  PolicyCallView call;
  call.orig = request.orig;
  call.from = PolicyCallView::PointerTo(request.from);
  call.remote_party_ids = request.remote_party_ids;
  call.dest = request.dest;
  call.request_uri = PolicyCallView::PointerTo(request.target);
  call.identities = request.identities;
  call.priority = PolicyCallView::PointerTo(request.priority);
  call.trunk = trunk;
  call.details = request.details;
  return call;
}

}  // namespace callvet
