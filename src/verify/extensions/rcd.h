// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "callvet/content_source.h"
#include "callvet/verdict.h"
#include "syntax/extension_claims.h"
#include "verify/trail.h"

namespace callvet {

/// Holds what stands in rcd against the digests of rcdi (F-22) and looks for those that must be
/// there (F-23): kRcdDigestMissing, kRcdDigestMismatch. What is named by URI is listed as not run.
/// With `trail` the outcome is recorded as kRcd. Thread-safe.
RichCallData CheckRcd(const RcdClaims& claims, Trail* trail);

/// Fetches from `source` what `claims` name by URI, and holds it against the digests; a jCard
/// behind jcl may name more. Only for a PASSporT whose signature and signer are good (F-26). The
/// outcomes go into `data`: kRcdContentNotAvailable, kRcdDigestMissing, kRcdDigestMismatch,
/// kRcdInvalid.
void CheckRcdContent(const RcdClaims& claims, const ContentSource& source, const Deadline& deadline,
                     RichCallData& data);

}  // namespace callvet
