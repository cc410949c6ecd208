// SPDX-License-Identifier: MIT
#include "api/assembly.h"

#include "api/fetched_content_source.h"
#include "pki/es256.h"

namespace callvet {
namespace {

Result<std::shared_ptr<const TrustStore>> LoadByKeeper(const VerifierSetup& setup) {
  TrustSetup trust = setup.trust;
  trust.anchors = setup.anchors;
  trust.crl_anchors = setup.crl_anchors;
  trust.crls = setup.crls;
  trust.revocation_policy = setup.revocation_policy;
  std::optional<HttpsFetcherOptions> fetcher;
  if (setup.downloads && setup.downloads->repository.downloads == DownloadPolicy::kDownload) {
    fetcher = setup.downloads->fetcher;
  }
  auto inputs = MakeTrustInputs(trust, fetcher);
  if (!inputs) return inputs.error();
  TrustKeeper keeper(std::move(*inputs));
  const TrustReport report = keeper.Load(setup.clock->Now(), Deadline());
  if (auto failure = report.FirstFailure()) return *failure;
  return keeper.snapshot();
}

}  // namespace

Result<std::shared_ptr<const TrustStore>> LoadTrustStore(const VerifierSetup& setup) {
  if (setup.trust.HasListOrUrls()) return LoadByKeeper(setup);
  TrustStoreBuilder builder;
  for (const auto& path : setup.anchors) {
    if (auto ok = builder.AddAnchorPath(path); !ok) return ok.error();
  }
  for (const auto& path : setup.crl_anchors) {
    if (auto ok = builder.AddCrlAnchorPath(path); !ok) return ok.error();
  }
  for (const auto& path : setup.crls) {
    if (auto ok = builder.AddCrlFile(path); !ok) return ok.error();
  }
  builder.SetRevocationPolicy(setup.revocation_policy);
  return builder.Build();
}

Result<std::shared_ptr<const HttpsFetcher>> MakeFetcher(const VerifierSetup& setup) {
  UrlPolicyOptions policy;
  if (setup.options.http_x5u == VerifierOptions::HttpX5u::kInsecureAllow) {
    policy.rules.http = X5uRules::Http::kInsecureAllow;
  }
  policy.rules.ports = setup.options.x5u_ports;
  policy.allow_hosts = setup.downloads->allow_hosts;
  policy.deny_hosts = setup.downloads->deny_hosts;
  auto url_policy = UrlPolicy::Make(std::move(policy));
  if (!url_policy) return url_policy.error();
  HttpsFetcherOptions options = setup.downloads->fetcher;
  options.url_policy = std::move(*url_policy);
  auto fetcher = HttpsFetcher::Make(std::move(options));
  if (!fetcher) return fetcher.error();
  return std::make_shared<const HttpsFetcher>(std::move(*fetcher));
}

Result<std::shared_ptr<const CertificateRepository>> MakeRepository(const VerifierSetup& setup) {
  const DownloadSetup& downloads = *setup.downloads;
  std::shared_ptr<const Fetcher> fetcher;
  if (downloads.repository.downloads == DownloadPolicy::kDownload) {
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

Result<std::shared_ptr<const CertificateSource>> MakeSource(const VerifierSetup& setup) {
  using Source = std::shared_ptr<const CertificateSource>;
  if (setup.certificates.empty() && setup.url_certificates.empty() && setup.downloads) {
    auto repository = MakeRepository(setup);
    if (!repository) return repository.error();
    return Source(std::move(*repository));
  }
  auto files = FileCertificateSource::Load(setup.certificates, setup.url_certificates);
  if (!files) return files.error();
  return Source(std::move(*files));
}

// nullptr if it was not asked for.
Result<std::shared_ptr<const ContentSource>> MakeContentSource(const VerifierSetup& setup) {
  using Source = std::shared_ptr<const ContentSource>;
  if (setup.rcd_content == RcdContent::kLeave) return Source();
  std::shared_ptr<const Fetcher> fetcher;
  if (setup.downloads && setup.downloads->repository.downloads == DownloadPolicy::kDownload) {
    VerifierSetup larger = setup;
    larger.downloads->fetcher.limits.max_body_bytes = kMaxContentBytes;
    auto made = MakeFetcher(larger);
    if (!made) return made.error();
    fetcher = std::move(*made);
  }
  return Source(std::make_shared<const FetchedContentSource>(std::move(fetcher)));
}

}  // namespace

Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup) {
  auto store = LoadTrustStore(setup);
  if (!store) return store.error();
  auto source = MakeSource(setup);
  if (!source) return source.error();
  auto content = MakeContentSource(setup);
  if (!content) return content.error();
  return std::make_unique<Verifier>(setup.options, std::move(*store), std::move(*source),
                                    setup.clock, std::make_shared<OpenSslEs256Engine>(),
                                    std::move(*content));
}

}  // namespace callvet
