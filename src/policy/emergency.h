// SPDX-License-Identifier: MIT
#pragma once

#include "policy/rule_input.h"

namespace callvet {

/// True if the call goes to an emergency number or urn:service:sos, by the request's URI if that is
/// a number or a URN, else by dest; or is a PSAP's call-back (RFC 7090) on a trunk that accepts
/// them.
bool IsEmergency(const RuleInput& input);

}  // namespace callvet
