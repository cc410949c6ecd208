// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "callvet/verdict.h"
#include "pki/es256.h"
#include "verify/call.h"
#include "verify/trail.h"

namespace callvet {

/// What a token that brings its own payload says of the call, once it was found to be this call.
struct SignedCall {
  std::shared_ptr<const JsonValue> payload;
  /// The caller that orig matched, as the signalling shows it in canonical form: whom the signer
  /// must be authorized for. Never the claim itself, which a dial plan could read in another way.
  PartyClaim orig;
};

/// One Identity header taken as far as the cheap checks take it: everything that needs neither a
/// certificate nor a signature. UNTRUSTED.
struct CheckedPassport {
  IdentityHeader header;
  std::string x5u;                        // what to dereference
  std::optional<SignedCall> signed_call;  // full form and bare token; the compact form has none
  Es256Signature signature;
};

/// Runs the checks kDateFresh to kSignatureForm on one Identity header value, records each in
/// `trail` and the claims in `verdict`. Every check that can be run is run, so that a support
/// engineer sees all that is wrong at once; which reason counts is Trail::Finish's matter. Returns
/// nothing if any failed. Pure; thread-safe.
std::optional<CheckedPassport> RunClaimChecks(std::string_view field_value, const Call& call,
                                              Trail& trail, PassportVerdict& verdict);

}  // namespace callvet
