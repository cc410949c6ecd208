// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "verify/call.h"
#include "verify/trail.h"

namespace callvet {

/// kMsgi (F-30): the payload's msgi is the digest of the message that the call brings; without a
/// message nothing can be. Fails with kMsgiMissing, kMsgiInvalid, kMsgiMismatch. Thread-safe.
void CheckMsgi(const JsonValue& payload, const Call& call, Trail& trail);

}  // namespace callvet
