// SPDX-License-Identifier: MIT
#pragma once

#include "policy/rule_input.h"

namespace callvet {

/// True if `number` is one at which help is called, also with a country code in front: "+1911",
/// "0033112". No number that short has another meaning.
bool IsEmergencyNumber(const CallNumber& number, const Policy& policy);

/// True if the call goes to an emergency number or urn:service:sos, by the request's URI if that is
/// a number or a URN, else by dest; or is a PSAP's call-back (RFC 7090) on a trunk that accepts
/// them.
bool IsEmergency(const RuleInput& input);

}  // namespace callvet
