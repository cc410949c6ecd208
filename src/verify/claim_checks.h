// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "callvet/verdict.h"
#include "pki/es256.h"
#include "verify/call.h"
#include "verify/trail.h"

namespace callvet {

/// One Identity header taken as far as the cheap checks take it: everything that needs neither a
/// certificate nor a signature. UNTRUSTED.
struct CheckedPassport {
  IdentityHeader header;
  std::string x5u;                      // what to dereference
  std::optional<Claims> claims;         // full form and bare token; the compact form has none
  Es256Signature signature;
};

/// Runs the checks kDateFresh to kSignatureForm on one Identity header value, records each in `trail`
/// and the claims in `verdict`. Every check that can be run is run, so that a support engineer sees
/// all that is wrong at once; which reason counts is Trail::Finish's matter.
/// Returns nothing if any failed. Pure; thread-safe.
std::optional<CheckedPassport> RunClaimChecks(std::string_view field_value, const Call& call,
                                              Trail& trail, PassportVerdict& verdict);

}  // namespace callvet
