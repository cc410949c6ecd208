// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/verification_core.h"
#include "base/json.h"

namespace callvet {

/// What `core` trusts and what it has at hand, as one JSON object: `now`, `sources`, `trust_list`,
/// `anchors`, `crls`, `cache` (counters of the certificate cache, or null) and `signers` (for each
/// of `x5us` whose certificates are at hand). Anchors and signers have `findings`, the errors and
/// warnings of the SHAKEN profile. Thread-safe.
JsonValue TrustJson(const VerificationCore& core, const std::vector<std::string>& x5us);

/// The parts of it that the command line shows too. Pure.
JsonValue TrustSourcesJson(const std::vector<TrustSource>& sources);
/// `accepted_at`: nothing for a list that was only checked.
JsonValue TrustListJson(const TrustList& list, std::optional<sys_seconds> accepted_at,
                        sys_seconds now);
JsonValue CrlJson(const Crl& crl, sys_seconds now);

}  // namespace callvet
