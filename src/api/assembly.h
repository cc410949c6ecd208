// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "pki/trust_store.h"

// The only place where the parts of callvet are wired together.

namespace callvet {

/// What a verifier on files is made of.
struct VerifierSetup {
  VerifierOptions options;
  std::vector<std::filesystem::path> anchors;      // files or directories
  std::vector<std::filesystem::path> crl_anchors;  // the STI-PA root, for indirect CRLs
  std::vector<std::filesystem::path> crls;
  RevocationPolicy revocation_policy = RevocationPolicy::kIfCovered;
  std::vector<std::filesystem::path> certificates;  // used instead of every x5u
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
};

/// The trust store that `setup` names. Fails with kFileUnreadable, kFileInvalid or kCrlInvalid.
Result<std::shared_ptr<const TrustStore>> LoadTrustStore(const VerifierSetup& setup);

/// A verifier with OpenSSL's ES256. Fails like LoadTrustStore.
Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup);

}  // namespace callvet
