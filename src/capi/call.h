// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "callvet/callvet.h"
#include "callvet/result.h"
#include "callvet/verifier.h"

namespace callvet::capi {

/// What `call` says of the call. Fails with kSipMessageInvalid if its message is not one SIP
/// request that begins with its first byte: unlike a capture's text, a message from the wire has
/// nothing in front. The same if `orig` has more identities than AssertedIdentities allows.
Result<CallRequest> RequestOf(const callvet_call& call);

/// The same for evidence of a call that RequestOf fails for: what can be told of it, as received.
CallRequest WhatIsThere(const callvet_call& call);

/// Its Call-ID, as given or of the message; "" if it has none.
std::string CallIdOf(const callvet_call& call);

}  // namespace callvet::capi
