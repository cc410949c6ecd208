// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "pki/chain.h"

namespace callvet {

/// What a path is looked for from and to. The certificates must outlive the search.
struct PathQuery {
  const Certificate& target;
  std::span<const Certificate> intermediates;  // any order; may hold anchors and the target
  std::span<const Certificate> anchors;
  sys_seconds at;
  ChainLimits limits;
};

/// Says whether a complete path (target first, anchor last) is good; its Failure if it is not.
using PathJudge = std::function<Result<void>(const std::vector<Certificate>& path)>;

/// Searches depth first for the paths whose names and signatures lead from the target to an anchor
/// and gives the first one that `judge` accepts, trying those issuers first that fit by key
/// identifier, CA flag and key usage, and then those that are valid at `at`. Issuers that do not
/// fit are tried last, so that the judge can say what is wrong with them; it must refuse them (see
/// ValidatePath). No certificate, and no two with the same name and key, occur twice in a path.
///
/// Fails with the failure of the path that came furthest; when there is no complete path with
/// kChainTooLong if a budget ended the search, kChainWeakKey if a key of forbidden size was in the
/// way, else kChainUntrusted. Thread-safe; no I/O.
Result<std::vector<Certificate>> FindPath(const PathQuery& query, const PathJudge& judge);

/// When the last path that `bundle` (not empty) may be for ends, from its signer (SignerIndex) on:
/// no cached copy is fresh after it (C-23). Where it holds several certificates of an issuer, the
/// one that lasts longest counts, and a self-issued one does not: anchors are not taken from it.
sys_seconds EndOf(const CertificateBundle& bundle);

}  // namespace callvet
