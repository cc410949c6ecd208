// SPDX-License-Identifier: MIT
#pragma once

#include "api/api_reply.h"
#include "api/call_recorder.h"
#include "api/pool_counter.h"
#include "api/verification_core.h"
#include "base/clock.h"
#include "base/json.h"

namespace callvet {

/// True if the object of a verificationRequest is that of 3GPP TS 24.229 Annex V and not that of
/// ATIS-1000082: it has no `identity` that is a string, which is of ATIS alone (E-6), and it has
/// identityHeader, identityHeaders, dest or protectedHeaders, or no `identity` at all and the
/// number in `to` is a string instead of an array (E-22, E-24). Pure.
bool IsMsVerification(const JsonValue& request);

/// Answers such a request (E-22, E-23): all PASSporTs are judged together, verstatValue says what
/// is true of the call, verifyResults what became of each PASSporT, divResult of each diversion.
/// Without any Identity header the answer is No-TN-Validation alone. Failures of the request are
/// HTTP 400. Thread-safe.
ApiReply MsVerification(const VerificationCore& core, const JsonValue& request,
                        const Deadline& deadline, const CallRecorder* recorder = nullptr,
                        const PoolCounter* pools = nullptr);

}  // namespace callvet
