// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/trust_assembly.h"
#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "pki/fast_es256.h"
#include "pki/trust_store.h"
#include "repository/certificate_repository.h"
#include "repository/https_fetcher.h"

// The only place where the parts of callvet are wired together.

namespace callvet {

/// How certificates are downloaded and kept. Scheme and ports are those of VerifierOptions.
struct DownloadSetup {
  CertificateRepositoryOptions repository;
  HttpsFetcherOptions fetcher;           // but for its url_policy
  std::vector<std::string> allow_hosts;  // as in UrlPolicyOptions
  std::vector<std::string> deny_hosts;
  std::filesystem::path cache_directory;  // "": in memory only
};

/// What a verifier is made of.
struct VerifierSetup {
  VerifierOptions options;
  std::vector<std::filesystem::path> anchors;      // files or directories
  std::vector<std::filesystem::path> crl_anchors;  // the STI-PA root, for indirect CRLs
  std::vector<std::filesystem::path> crls;
  RevocationPolicy revocation_policy = RevocationPolicy::kIfCovered;
  std::vector<std::filesystem::path> certificates;  // if any, used instead of every x5u
  TrustSetup trust;                                 // further sources of trust
  std::optional<DownloadSetup> downloads;           // nothing: no x5u is followed
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  Es256EngineOptions engine;  // which code verifies signatures, and its memory
};

/// The trust store that `setup` names. Fails with kFileUnreadable, kFileInvalid or kCrlInvalid;
/// with a trust list or CRL URL also like MakeTrustInputs, and with the first failure of
/// TrustKeeper::Load: what was asked for and is not accepted is not silently left out.
Result<std::shared_ptr<const TrustStore>> LoadTrustStore(const VerifierSetup& setup);

/// The guarded fetcher that `setup` describes. Fails like UrlPolicy::Make and HttpsFetcher::Make.
Result<std::shared_ptr<const HttpsFetcher>> MakeFetcher(const VerifierSetup& setup);

/// The cache and downloads of `setup.downloads`, which must be there. They live by the machine's
/// clock and not by `setup.clock`: a call judged at a past time is not fetched in the past. Fails
/// like MakeFetcher and DiskCache::Open.
Result<std::shared_ptr<const CertificateRepository>> MakeRepository(const VerifierSetup& setup);

/// A verifier. Fails like LoadTrustStore, MakeRepository and MakeEs256Engine.
Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup);

}  // namespace callvet
