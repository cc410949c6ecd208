// SPDX-License-Identifier: MIT
#include "api/policy_call.h"

#include "base/text.h"

namespace callvet {

PolicyCall PolicyCallOf(const CallRequest& request, std::string trunk) {
  PolicyCall call;
  call.orig = request.orig;
  call.from = request.from;
  call.dest = request.dest;
  call.request_uri = request.target;
  call.identities = request.identities;
  call.priority = request.priority;
  call.trunk = std::move(trunk);
  return call;
}

}  // namespace callvet
