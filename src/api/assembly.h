// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/file_certificate_source.h"
#include "api/trust_assembly.h"
#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
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

/// Whether content that rich call data names by URI is fetched (F-23).
enum class RcdContent : uint8_t { kLeave, kFetch };

/// What a verifier is made of.
struct VerifierSetup {
  VerifierOptions options;
  std::vector<std::filesystem::path> anchors;      // files or directories
  std::vector<std::filesystem::path> crl_anchors;  // the STI-PA root, for indirect CRLs
  std::vector<std::filesystem::path> crls;
  RevocationPolicy revocation_policy = RevocationPolicy::kIfCovered;
  std::vector<std::filesystem::path> certificates;  // if any, used instead of every x5u
  std::vector<UrlFile> url_certificates;            // the same for an x5u each
  TrustSetup trust;                                 // further sources of trust
  std::optional<DownloadSetup> downloads;           // nothing: no x5u is followed
  RcdContent rcd_content = RcdContent::kLeave;      // by the fetcher of `downloads`
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
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

/// A verifier with OpenSSL's ES256. Fails like LoadTrustStore, MakeRepository and MakeFetcher.
Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup);

}  // namespace callvet
