// SPDX-License-Identifier: MIT
#include "api/trust_assembly.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "repository/trust_list_client.h"

namespace callvet {
namespace {

// CRLs may have some MiB, which takes its time.
constexpr std::chrono::milliseconds kCrlTimeout{60'000};

Result<std::shared_ptr<const Fetcher>> MakeTrustFetcher(HttpsFetcherOptions options) {
  auto fetcher = HttpsFetcher::Make(std::move(options));
  if (!fetcher) return fetcher.error();
  return std::shared_ptr<const Fetcher>(std::make_shared<const HttpsFetcher>(std::move(*fetcher)));
}

Result<void> AddFetchers(const TrustSetup& setup, const HttpsFetcherOptions& options,
                         TrustInputs& inputs) {
  if (setup.trust_list && !setup.trust_list_chain) {
    auto fetcher = MakeTrustFetcher(options);
    if (!fetcher) return fetcher.error();
    inputs.fetcher = std::move(*fetcher);
  }
  if (!setup.crl_urls.empty()) {
    HttpsFetcherOptions for_crls = options;
    for_crls.limits.max_body_bytes = kMaxCrlBytes;
    for_crls.total_timeout = std::max(options.total_timeout, kCrlTimeout);
    auto fetcher = MakeTrustFetcher(std::move(for_crls));
    if (!fetcher) return fetcher.error();
    inputs.crl_fetcher = std::move(*fetcher);
  }
  return {};
}

}  // namespace

Result<TrustInputs> MakeTrustInputs(const TrustSetup& setup,
                                    const std::optional<HttpsFetcherOptions>& fetcher) {
  if (setup.trust_list && setup.trust_list_roots.empty()) {
    return Fail(Reason::kParameterMissing, "a trust list needs the root that it must lead to");
  }
  if (!setup.trust_list_roots.empty() && !setup.trust_list && !setup.state_dir) {
    return Fail(Reason::kParameterMissing,
                "a root for trust lists needs a list, or the state directory that keeps one");
  }
  TrustInputs inputs;
  inputs.anchors = setup.anchors;
  inputs.crl_anchors = setup.crl_anchors;
  inputs.crls = setup.crls;
  inputs.revocation_policy = setup.revocation_policy;
  inputs.crl_refresh.urls = setup.crl_urls;
  inputs.trust_list_roots = setup.trust_list_roots;
  inputs.trust_list_chain = setup.trust_list_chain;
  inputs.state_dir = setup.state_dir;
  if (setup.trust_list) {
    inputs.trust_list_client = std::make_shared<FileTrustListClient>(*setup.trust_list);
  }
  if (fetcher) {
    if (auto ok = AddFetchers(setup, *fetcher, inputs); !ok) return ok.error();
  }
  return inputs;
}

}  // namespace callvet
