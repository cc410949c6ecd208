// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/file_certificate_source.h"
#include "api/trust_assembly.h"
#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "pki/fast_es256.h"
#include "pki/trust_store.h"
#include "repository/certificate_repository.h"
#include "repository/https_fetcher.h"
#include "repository/trust_keeper.h"

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

/// What stands between the verifier and the repository, which it gets; not null.
using SourceFront = std::function<std::shared_ptr<const CertificateSource>(
    std::shared_ptr<const CertificateRepository>)>;

/// What a verifier is made of.
struct VerifierSetup {
  VerifierOptions options;
  TrustSetup trust;
  std::vector<std::filesystem::path> certificates;  // if any, used instead of every x5u
  std::vector<UrlFile> url_certificates;            // the same for an x5u each
  std::optional<DownloadSetup> downloads;           // nothing: no URL is followed
  SourceFront front;                                // nothing: the repository itself is asked
  RcdContent rcd_content = RcdContent::kLeave;      // by the fetcher of `downloads`
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  Es256EngineOptions engine;  // which code verifies signatures, and its memory
};

/// The guarded fetcher that `setup` describes: its downloads must be there. Fails like
/// UrlPolicy::Make and HttpsFetcher::Make.
Result<std::shared_ptr<const HttpsFetcher>> MakeFetcher(const VerifierSetup& setup);

/// The inputs of `setup.trust`, with the same guard for their downloads. Fails like
/// MakeTrustInputs.
Result<TrustInputs> MakeTrustInputs(const VerifierSetup& setup);

/// The trust store that `setup` names, as it is now. Fails like MakeTrustInputs, and like
/// TrustReport::FirstUnusable: what was asked for and is not there is not silently left out.
Result<std::shared_ptr<const TrustStore>> LoadTrustStore(const VerifierSetup& setup,
                                                         const Deadline& deadline);

/// The cache and downloads of `setup.downloads`, which must be there. They live by the machine's
/// clock and not by `setup.clock`: a call judged at a past time is not fetched in the past. Fails
/// like MakeFetcher and DiskCache::Open.
Result<std::shared_ptr<const CertificateRepository>> MakeRepository(const VerifierSetup& setup);

/// The same; with CRLs by distribution point, what is newly fetched is handed to `keeper`.
Result<std::shared_ptr<const CertificateRepository>> MakeWatchedRepository(
    const VerifierSetup& setup, const std::shared_ptr<TrustKeeper>& keeper);

/// A verifier, and with the trust of now: for one that is kept current, see LiveVerifier. Fails
/// like LoadTrustStore, MakeRepository and MakeEs256Engine.
Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup,
                                               const Deadline& deadline = {});

/// What ends LiveVerifier::Make.
enum class StartRule : uint8_t {
  kAllSources,  // any source of trust of which nothing is in use (TrustReport::FirstUnusable)
  kOwnFiles,    // files alone: a list that others serve may come later (FirstUnusableFile)
};

/// A verifier whose certificates, trust list and CRLs are kept current.
///
/// Thread-safe. Starts no threads: whoever owns it calls Maintain every minute or so.
class LiveVerifier {
 public:
  /// Fails like MakeVerifier, by `rule`. What is not as it should be, and ends nothing, is in
  /// `report`. At most half of what is left of `deadline` goes into trust list and CRLs.
  static Result<std::unique_ptr<LiveVerifier>> Make(const VerifierSetup& setup, StartRule rule,
                                                    const Deadline& deadline, TrustReport& report);

  /// Verifier::Verify. If it met a carrier whose certificates name CRLs that nobody fetched yet,
  /// they are fetched and the call is judged again, all within `deadline`. So it is if there is
  /// other new trust since it was judged, such as lists that another call fetched.
  /// At most half of what is left of it goes into these lists, so that one that cannot be had does
  /// not take the verdict away.
  [[nodiscard]] Verdict Verify(const CallRequest& call, const Deadline& deadline) const noexcept;
  /// The same; `crls` says what became of the lists that were fetched.
  [[nodiscard]] Verdict Verify(const CallRequest& call, const Deadline& deadline,
                               TrustReport& crls) const noexcept;
  /// The same; `material` is what the verdict rests on.
  [[nodiscard]] Verdict Verify(const CallRequest& call, const Deadline& deadline, TrustReport& crls,
                               VerificationMaterial& material) const noexcept;

  /// Verifier::VerifyBatch. If lists were fetched, within half of `each`, all calls are judged
  /// again.
  [[nodiscard]] std::vector<Verdict> VerifyBatch(std::span<const CallRequest> calls,
                                                 std::chrono::milliseconds each,
                                                 TrustReport& crls) const;

  /// Fetches the CRLs that certificates name which were noted since (TrustKeeper::FetchWatched).
  TrustReport FetchWatched(const Deadline& deadline) const;

  /// Does what is due: certificates in use that end soon, CRLs, the trust list.
  TrustReport Maintain(const Deadline& deadline) const;

  /// Reads all files of trust anew, and asks for a new list and CRLs: all of it counts at once, or
  /// nothing (TrustKeeper::Load).
  TrustReport Reload(const Deadline& deadline) const;

  /// Another verifier with the same parts and the trust of now, which judges by `clock`.
  [[nodiscard]] Verifier WithClock(std::shared_ptr<const Clock> clock) const;

  [[nodiscard]] const TrustKeeper& trust() const { return *keeper_; }
  [[nodiscard]] const Es256Engine& engine() const { return *engine_; }
  [[nodiscard]] const CertificateSource& source() const { return *source_; }
  /// nullptr: certificates come from files.
  [[nodiscard]] const std::shared_ptr<const CertificateRepository>& repository() const {
    return repository_;
  }

 private:
  LiveVerifier() = default;
  Result<void> MakeSource(const VerifierSetup& setup);
  void UseSnapshot() const;
  template <class Judge>
  Verdict VerifyTwice(Judge judge, const Deadline& deadline, TrustReport& crls) const noexcept;

  VerifierOptions options_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<TrustKeeper> keeper_;
  std::shared_ptr<const CertificateRepository> repository_;
  std::shared_ptr<const CertificateSource> source_;
  std::shared_ptr<const Es256Engine> engine_;
  std::shared_ptr<const ContentSource> content_;
  std::unique_ptr<Verifier> verifier_;
  mutable std::mutex swap_mutex_;                // an older snapshot never replaces a newer one
  mutable std::atomic<uint64_t> judges_by_ = 0;  // the generation that verifier_ has
};

}  // namespace callvet
