// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "callvet/verdict.h"
#include "pki/chain.h"
#include "pki/es256.h"
#include "syntax/extension_claims.h"
#include "verify/call.h"
#include "verify/known_headers.h"
#include "verify/passport_kind.h"
#include "verify/trail.h"

namespace callvet {

/// One PASSporT of a call and what was found out about it so far. UNTRUSTED until its trail is
/// complete.
struct Candidate {
  explicit Candidate(Details details) : trail(details) {}

  Trail trail;
  PassportVerdict verdict;
  /// Nothing: it could not be read. Its info was given to the verdict, if that is x5u.
  std::optional<IdentityHeader> header;
  std::optional<PassportKind> kind;  // nothing: of a type that is not judged, or not known
  std::optional<Es256Signature> signature;

  /// The JOSE header as it is known, or as it had to be decoded; both null if it could not be read.
  std::shared_ptr<const KnownHeader> known;
  size_t fetched = 0;  // so far of its footprint
  std::shared_ptr<const JoseHeader> decoded;
  [[nodiscard]] const JoseHeader* jose() const {
    return known != nullptr ? &known->header : decoded.get();
  }

  /// What is to be known of it if it passes; null if that is known.
  std::unique_ptr<KnownHeader> to_remember;

  /// Nothing in the compact form, or if they could not be read. Those of an unknown ppt are only
  /// for saying why a diversion behind it is not judged (F-5).
  std::optional<Claims> claims;
  std::optional<DivClaim> div;
  std::optional<RphClaim> rph;
  std::optional<RcdClaims> rcd;  // of any ppt
  std::optional<std::string> opt;

  /// Whom the signer must have authority over, in canonical form: the caller as the signalling
  /// shows it, never as the claim does, which a dial plan could read in another way; for a
  /// diversion who redirected the call (F-2). Nothing in the compact form.
  std::optional<PartyClaim> identity;

  /// Has the key of a signature that is still to be verified.
  std::shared_ptr<const Result<VerifiedChain>> chain;

  [[nodiscard]] bool IsCompact() const {
    return header && header->form() == IdentityHeader::Form::kCompact;
  }
  [[nodiscard]] bool IsDiversion() const { return kind && callvet::IsDiversion(*kind); }
};

/// Runs the checks that need neither a certificate, nor a signature, nor the other PASSporTs of the
/// call: kPptSupported to kSignatureForm but for kIatFresh and kDest of a token that brings its own
/// claims, which depend on its place (place_checks.h). Every check that can be run is run, so that
/// a support engineer sees all that is wrong at once; which reason counts is Trail::Finish's
/// matter. Never fails as a whole. Pure but for what call.known_headers has seen; thread-safe.
Candidate RunClaimChecks(std::string_view text, CallRequest::TokenForm form, const Call& call);

/// Puts what the claims say of attest, origid and dest into the verdict, when nobody asks them any
/// more: they are moved there.
void TellClaims(const Call& call, Candidate& candidate);

}  // namespace callvet
