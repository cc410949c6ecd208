// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "callvet/policy.h"
#include "callvet/verifier.h"
#include "syntax/sip_message.h"

namespace callvet {

/// What a policy has to know of the call that `request` describes, from `trunk`. Pure.
PolicyCall PolicyCallOf(const CallRequest& request, std::string trunk);

/// Adds what only the SIP request says: where it is routed to, and its Priority if it has one
/// value. Pure.
void AddSipFacts(const SipMessage& message, PolicyCall& call);

}  // namespace callvet
