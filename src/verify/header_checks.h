// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "callvet/verifier.h"
#include "pki/es256.h"
#include "syntax/uri.h"
#include "verify/call.h"
#include "verify/passport_kind.h"
#include "verify/trail.h"

// The checks of the Identity header and the JOSE header: all but the claims. Each records its
// outcome in `trail`. Pure; thread-safe.

namespace callvet {

/// What `options` allow of URLs: of an x5u, and of every other one that is fetched.
X5uRules X5uRulesOf(const VerifierOptions& options);

/// kDateFresh (A-45, D-5). The second is for the compact form, which cannot do without a Date
/// it adds what that demands.
void CheckDate(const Call& call, Trail& trail);
void CheckCompactDate(const Call& call, Trail& trail);

/// kPptSupported: a PASSporT of a type that is not judged is ignored, whatever it holds (A-41,
/// A-54), and so is msg where there is no message. Nothing then.
std::optional<PassportKind> CheckPpt(const std::optional<std::string_view>& ppt, const Call& call,
                                     Trail& trail);

/// kForm.
void CheckForm(const IdentityHeader& header, PassportKind kind, Trail& trail);
/// kInfo (A-2, C-20). `known` (may be nullptr) has an x5u that is good.
void CheckInfoParameter(const IdentityHeader& header, const JoseHeader* known, const Call& call,
                        Trail& trail);
/// kAlg of the compact form.
void CheckCompactAlg(const IdentityHeader& header, Trail& trail);
/// kJoseHeader, kTyp, kAlg, kX5u, kPptSame of a token that brings its own header.
void CheckJoseHeader(const IdentityHeader& header, const JoseHeader& jose, const Call& call,
                     Trail& trail);
/// kSignatureForm; the signature if it has the right form.
std::optional<Es256Signature> CheckSignatureForm(const IdentityHeader& header, Trail& trail);

}  // namespace callvet
