// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "callvet/result.h"
#include "callvet/verdict.h"
#include "evidence/canonical_text.h"

// A verdict as evidence keeps it: every outcome and every reason, no sentences for people. Pure;
// thread-safe.

namespace callvet {

/// What names nobody: reason, and for each PASSporT its reason, type and outcomes. The outcomes of
/// the checks are a string of letters (p, f, n, r: passed, failed, not applicable, not run) in the
/// order of CheckNames; reasons of failed checks stand beside it.
void WriteVerdictDigest(const Verdict& verdict, CanonicalText& json);
/// The same, as a value.
JsonValue VerdictDigest(const Verdict& verdict);

/// Takes what of the claims may name somebody out of a VerdictDigest: an origid that is no UUID, an
/// attest that is none of A, B and C. Gives it, by PASSporT; null if there is nothing.
JsonValue TakeOddClaims(JsonValue& digest);
/// The digest with the claims that TakeOddClaims gave back in it.
JsonValue WithOddClaims(const JsonValue& digest, const JsonValue& claims);

/// Whom it names: the parties of each PASSporT, and the call's path.
void WritePartiesDigest(const Verdict& verdict, CanonicalText& json);
/// The same, as a value.
JsonValue PartiesDigest(const Verdict& verdict);

/// The ids of the checks of this program, in order: the key to the letters.
std::vector<std::string_view> CheckNames(const Verdict& verdict);

/// In what `now` differs from `then`, in words, or "". `names_then` and `names_now` are their
/// CheckNames; a check that only one of them has does not count unless it failed.
std::string DigestDifference(const JsonValue& then, const std::vector<std::string>& names_then,
                             const JsonValue& now, const std::vector<std::string>& names_now);

}  // namespace callvet
