// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "callvet/certificate_source.h"
#include "callvet/passport.h"
#include "callvet/result.h"
#include "pki/chain.h"
#include "pki/claim_constraints.h"

namespace callvet {

/// The TNAuthLists of a path, signer first: by value and by reference together (B-5), nothing where
/// a certificate has neither. Only the signer must have one (B-7). Lists by reference come from
/// `source`. Fails with kTnAuthListMissing, kTnAuthListMalformed or kTnAuthListNotAvailable.
/// Thread-safe.
Result<std::vector<std::optional<TnAuthList>>> CollectTnAuthLists(const VerifiedChain& chain,
                                                                  const CertificateSource& source,
                                                                  const Deadline& deadline);

/// B-32 along a path (signer first): each list must be encompassed by the nearest one above it;
/// certificates without a list set no limit of their own and lift none. Fails with
/// kTnAuthListNotEncompassed. Pure.
Result<void> CheckDelegation(const std::vector<std::optional<TnAuthList>>& lists);

/// B-6: the signer's list covers `identity`, which is in canonical form: a number by Authorizes, a
/// URI only by an SPC. Fails with kTnNotAuthorized. Pure.
Result<void> CheckAuthority(const TnAuthList& list, const PartyClaim& identity);

/// B-21 to B-23: the claims keep to the signer's constraints. iat, orig and dest count as demanded
/// in any case. A value that is no string is compared by its deterministic JSON text (B-22). Fails
/// with kClaimRequired, kClaimValueNotPermitted or kClaimExcluded. Pure.
Result<void> CheckClaimConstraints(const ClaimConstraints& constraints, const JsonValue& payload);

}  // namespace callvet
