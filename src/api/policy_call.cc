// SPDX-License-Identifier: MIT
#include "api/policy_call.h"

#include "base/text.h"

namespace callvet {

PolicyCall PolicyCallOf(const CallRequest& request, std::string trunk) {
  PolicyCall call;
  call.orig = request.orig;
  call.dest = request.dest;
  call.identities = request.identities;
  call.trunk = std::move(trunk);
  return call;
}

void AddSipFacts(const SipMessage& message, PolicyCall& call) {
  call.request_uri = message.request_uri;
  const auto priorities = message.All("priority");
  if (priorities.size() == 1) call.priority = std::string(TrimLines(priorities.front()));
}

}  // namespace callvet
