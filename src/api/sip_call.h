// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "callvet/result.h"
#include "callvet/verifier.h"
#include "syntax/sip_message.h"

namespace callvet {

/// What a SIP request says of its call: the caller from P-Asserted-Identity (all values), else From
/// (D-3); the called party from To (D-4) and where the call goes from the Request-URI (F-4); Date;
/// all Identity headers; the SDP's fingerprints if there is a body; Resource-Priority and Priority
/// (F-10); of MESSAGE the body (F-30). Fails with kSipMessageInvalid when From, To or Date occur
/// more than once: it would not be clear which one the network uses. A missing header is left out;
/// the verifier says what that means. Pure; thread-safe.
Result<CallRequest> CallFromSip(const SipMessage& message);

/// The Call-ID of `message`, the first if there are several; "" if there is none. Pure;
/// thread-safe.
std::string CallIdOf(const SipMessage& message);

/// The identities in the bodies of all P-Asserted-Identity headers, folded or with commas: one, or
/// one sip(s) and one tel URI (RFC 3325 9.1); the same one twice, or two of a kind with the same
/// number, count once; none is an empty one, or one
/// that names nobody ("sip:anonymous@anonymous.invalid", an IP address alone). More would let a
/// caller show one number and have another one compared: kSipMessageInvalid. Pure; thread-safe.
Result<std::vector<std::string>> AssertedIdentities(const std::vector<std::string>& values);

/// The caller where `values` of P-Asserted-Identity are given beside a call whose caller is
/// `caller`: AssertedIdentities of them; From, if they hold something and it names nobody, whatever
/// the call asserts itself; `caller` if they are empty. Fails as AssertedIdentities. Pure;
/// thread-safe.
Result<std::vector<std::string>> CallerBeside(const std::vector<std::string>& values,
                                              const std::optional<std::string>& from,
                                              std::vector<std::string> caller);

}  // namespace callvet
