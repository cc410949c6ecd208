// SPDX-License-Identifier: MIT
#include "api/assembly.h"

#include <algorithm>
#include <utility>

#include "api/fetched_content_source.h"
#include "api/file_certificate_source.h"
#include "base/stages.h"
#include "verify/header_checks.h"

namespace callvet {
namespace {

bool MayDownload(const VerifierSetup& setup) {
  return setup.downloads && setup.downloads->repository.downloads == DownloadPolicy::kDownload;
}

Result<HttpsFetcherOptions> FetcherOptionsOf(const VerifierSetup& setup) {
  UrlPolicyOptions policy;
  policy.rules = X5uRulesOf(setup.options);
  policy.allow_hosts = setup.downloads->allow_hosts;
  policy.deny_hosts = setup.downloads->deny_hosts;
  auto url_policy = UrlPolicy::Make(std::move(policy));
  if (!url_policy) return url_policy.error();
  HttpsFetcherOptions options = setup.downloads->fetcher;
  options.url_policy = std::move(*url_policy);
  return options;
}

Result<std::shared_ptr<TrustKeeper>> MakeKeeper(const VerifierSetup& setup) {
  auto inputs = MakeTrustInputs(setup);
  if (!inputs) return inputs.error();
  return std::make_shared<TrustKeeper>(std::move(*inputs));
}

}  // namespace

Result<std::shared_ptr<const HttpsFetcher>> MakeFetcher(const VerifierSetup& setup) {
  auto options = FetcherOptionsOf(setup);
  if (!options) return options.error();
  auto fetcher = HttpsFetcher::Make(std::move(*options));
  if (!fetcher) return fetcher.error();
  return std::make_shared<const HttpsFetcher>(std::move(*fetcher));
}

Result<TrustInputs> MakeTrustInputs(const VerifierSetup& setup) {
  std::optional<HttpsFetcherOptions> fetcher;
  if (MayDownload(setup)) {
    auto options = FetcherOptionsOf(setup);
    if (!options) return options.error();
    fetcher = std::move(*options);
  }
  return MakeTrustInputs(setup.trust, fetcher);
}

Result<std::shared_ptr<const TrustStore>> LoadTrustStore(const VerifierSetup& setup,
                                                         const Deadline& deadline) {
  const auto keeper = MakeKeeper(setup);
  if (!keeper) return keeper.error();
  const TrustReport report = (*keeper)->Load(setup.clock->Now(), deadline);
  if (auto failure = report.FirstUnusable()) return *failure;
  return (*keeper)->snapshot();
}

Result<std::shared_ptr<const CertificateRepository>> MakeRepository(const VerifierSetup& setup) {
  const DownloadSetup& downloads = *setup.downloads;
  std::shared_ptr<const Fetcher> fetcher;
  if (MayDownload(setup)) {
    auto made = MakeFetcher(setup);
    if (!made) return made.error();
    fetcher = std::move(*made);
  }
  std::shared_ptr<const DiskCache> disk;
  if (!downloads.cache_directory.empty()) {
    auto opened = DiskCache::Open(downloads.cache_directory);
    if (!opened) return opened.error();
    disk = std::move(*opened);
  }
  return std::make_shared<const CertificateRepository>(
      downloads.repository, std::move(fetcher), std::make_shared<SystemClock>(), std::move(disk));
}

namespace {

bool UsesRepository(const VerifierSetup& setup) {
  return setup.certificates.empty() && setup.url_certificates.empty() && setup.downloads;
}

std::shared_ptr<const CertificateSource> InFront(
    const VerifierSetup& setup, std::shared_ptr<const CertificateRepository> repository) {
  return setup.front ? setup.front(std::move(repository)) : std::move(repository);
}

// Files instead of downloads of x5u; what their certificates name is downloaded all the same.
Result<std::shared_ptr<const FileCertificateSource>> LoadFiles(const VerifierSetup& setup) {
  std::shared_ptr<const TnAuthListFetcher> lists;
  if (MayDownload(setup)) {
    auto fetcher = MakeFetcher(setup);
    if (!fetcher) return fetcher.error();
    lists = std::make_shared<const TnAuthListFetcher>(
        TnAuthListFetchOptions{}, std::move(*fetcher), std::make_shared<SystemClock>(),
        std::make_shared<FetchGate>(setup.downloads->repository.gate));
  }
  return FileCertificateSource::Load(setup.certificates, setup.url_certificates, std::move(lists));
}

Result<std::shared_ptr<const CertificateSource>> MakeSource(const VerifierSetup& setup) {
  using Source = std::shared_ptr<const CertificateSource>;
  if (UsesRepository(setup)) {
    auto repository = MakeRepository(setup);
    if (!repository) return repository.error();
    return InFront(setup, std::move(*repository));
  }
  auto files = LoadFiles(setup);
  if (!files) return files.error();
  return Source(std::move(*files));
}

// nullptr if it was not asked for.
Result<std::shared_ptr<const ContentSource>> MakeContentSource(const VerifierSetup& setup) {
  using Source = std::shared_ptr<const ContentSource>;
  if (setup.rcd_content == RcdContent::kLeave) return Source();
  std::shared_ptr<const Fetcher> fetcher;
  if (MayDownload(setup)) {
    VerifierSetup larger = setup;
    larger.downloads->fetcher.limits.max_body_bytes = kMaxContentBytes;
    auto made = MakeFetcher(larger);
    if (!made) return made.error();
    fetcher = std::move(*made);
  }
  return Source(std::make_shared<const FetchedContentSource>(std::move(fetcher)));
}

}  // namespace

Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup,
                                               const Deadline& deadline) {
  auto store = LoadTrustStore(setup, deadline);
  if (!store) return store.error();
  auto source = MakeSource(setup);
  if (!source) return source.error();
  auto engine = MakeEs256Engine(setup.engine);
  if (!engine) return engine.error();
  auto content = MakeContentSource(setup);
  if (!content) return content.error();
  return std::make_unique<Verifier>(setup.options, std::move(*store), std::move(*source),
                                    setup.clock, std::move(*engine), std::move(*content));
}

namespace {

bool FollowsDistributionPoints(const VerifierSetup& setup) {
  return setup.trust.crl_downloads == CrlDownloads::kDistributionPoints && MayDownload(setup);
}

// Files, whose certificates may name CRLs like those of a download.
Result<std::shared_ptr<const CertificateSource>> MakeWatchedFiles(const VerifierSetup& setup,
                                                                  TrustKeeper& keeper) {
  auto files = LoadFiles(setup);
  if (!files) return files.error();
  if (FollowsDistributionPoints(setup)) {
    for (auto& bundle : (*files)->Bundles()) keeper.Watch(std::move(bundle));
  }
  return std::shared_ptr<const CertificateSource>(std::move(*files));
}

// All of `whole` if that never ends.
Deadline HalfOf(const Deadline& whole) {
  const auto left = whole.Left();
  return left == std::chrono::milliseconds::max() ? whole : Deadline::After(left / 2);
}

}  // namespace

Result<std::shared_ptr<const CertificateRepository>> MakeWatchedRepository(
    const VerifierSetup& setup, const std::shared_ptr<TrustKeeper>& keeper) {
  VerifierSetup watched = setup;
  if (FollowsDistributionPoints(setup)) {
    watched.downloads->repository.on_new_bundle = [keeper](const auto& bundle) {
      keeper->Watch(bundle);
    };
  }
  return MakeRepository(watched);
}

Result<std::unique_ptr<LiveVerifier>> LiveVerifier::Make(const VerifierSetup& setup, StartRule rule,
                                                         const Deadline& deadline,
                                                         TrustReport& report) {
  auto keeper = MakeKeeper(setup);
  if (!keeper) return keeper.error();
  report = (*keeper)->Load(setup.clock->Now(), HalfOf(deadline));
  const auto unusable =
      rule == StartRule::kAllSources ? report.FirstUnusable() : report.FirstUnusableFile();
  if (unusable) return *unusable;

  std::unique_ptr<LiveVerifier> live(new LiveVerifier);
  live->options_ = setup.options;
  live->clock_ = setup.clock;
  live->keeper_ = std::move(*keeper);
  if (auto ok = live->MakeSource(setup); !ok) return ok.error();
  auto engine = MakeEs256Engine(setup.engine);
  if (!engine) return engine.error();
  live->engine_ = std::move(*engine);
  live->judges_by_ = live->keeper_->generation();
  auto content = MakeContentSource(setup);
  if (!content) return content.error();
  live->content_ = std::move(*content);
  live->verifier_ =
      std::make_unique<Verifier>(setup.options, live->keeper_->snapshot(), live->source_,
                                 live->clock_, live->engine_, live->content_);
  return live;
}

// With CRLs by distribution point, what was just fetched or read is handed to the keeper.
Result<void> LiveVerifier::MakeSource(const VerifierSetup& setup) {
  if (!UsesRepository(setup)) {
    auto files = MakeWatchedFiles(setup, *keeper_);
    if (!files) return files.error();
    source_ = std::move(*files);
    return {};
  }
  auto repository = MakeWatchedRepository(setup, keeper_);
  if (!repository) return repository.error();
  repository_ = std::move(*repository);
  source_ = InFront(setup, repository_);
  return {};
}

Verifier LiveVerifier::WithClock(std::shared_ptr<const Clock> clock) const {
  return {options_, keeper_->snapshot(), source_, std::move(clock), engine_, content_};
}

Verdict LiveVerifier::Verify(const CallRequest& call, const Deadline& deadline) const noexcept {
  TrustReport crls;
  return Verify(call, deadline, crls);
}

Verdict LiveVerifier::Verify(const CallRequest& call, const Deadline& deadline,
                             TrustReport& crls) const noexcept {
  return VerifyTwice([&] { return verifier_->Verify(call, deadline); }, deadline, crls);
}

Verdict LiveVerifier::Verify(const CallRequest& call, const Deadline& deadline, TrustReport& crls,
                             VerificationMaterial& material) const noexcept {
  return VerifyTwice([&] { return verifier_->Verify(call, deadline, material); }, deadline, crls);
}

// Once more if there is new trust since, whoever brought it: this call's lists may be among that.
template <class Judge>
Verdict LiveVerifier::VerifyTwice(Judge judge, const Deadline& deadline,
                                  TrustReport& crls) const noexcept {
  const uint64_t judged_by = judges_by_;
  Verdict verdict = judge();
  try {
    crls = FetchWatched(HalfOf(deadline));
  } catch (...) {
    return Verdict();
  }
  if (judges_by_ == judged_by) return verdict;
  return judge();
}

std::vector<Verdict> LiveVerifier::VerifyBatch(std::span<const CallRequest> calls,
                                               std::chrono::milliseconds each,
                                               TrustReport& crls) const {
  const uint64_t judged_by = judges_by_;
  auto verdicts = verifier_->VerifyBatch(calls, each);
  try {
    crls = FetchWatched(Deadline::After(each / 2));
    if (judges_by_ == judged_by) return verdicts;
  } catch (...) {
    std::fill(verdicts.begin(), verdicts.end(), Verdict());
    return verdicts;
  }
  return verifier_->VerifyBatch(calls, each);
}

TrustReport LiveVerifier::FetchWatched(const Deadline& deadline) const {
  TrustReport report = keeper_->FetchWatched(clock_->Now(), deadline);
  UseSnapshot();
  return report;
}

TrustReport LiveVerifier::Maintain(const Deadline& deadline) const {
  TrustReport report;
  Stages stages;
  // Whom nobody trusts yet chooses which certificates there are, and so how long these take.
  const Deadline half = Deadline::After(deadline.Left() / 2);
  stages.Run([&] { report = keeper_->Maintain(clock_->Now(), half); });
  stages.Run([&] { UseSnapshot(); });
  stages.Run([&] {
    if (repository_ != nullptr) repository_->Maintain(deadline);
  });
  stages.Rethrow();
  return report;
}

TrustReport LiveVerifier::Reload(const Deadline& deadline) const {
  TrustReport report = keeper_->Load(clock_->Now(), deadline);
  UseSnapshot();
  return report;
}

// By what there is, and not by what a report says: one that threw gave none.
void LiveVerifier::UseSnapshot() const {
  if (keeper_->generation() == judges_by_) return;
  const std::lock_guard lock(swap_mutex_);
  const uint64_t generation = keeper_->generation();  // of the snapshot, or of one before it
  verifier_->ReplaceTrustStore(keeper_->snapshot());
  judges_by_ = generation;
}

}  // namespace callvet
