// SPDX-License-Identifier: MIT
#include "api/trust_assembly.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "repository/sti_pa_client.h"
#include "repository/trust_list.h"
#include "repository/trust_list_client.h"

namespace callvet {
namespace {

// CRLs may have some MiB, which takes its time.
constexpr std::chrono::milliseconds kLongTimeout{60'000};

Result<std::shared_ptr<const HttpsFetcher>> MakeLargeFetcher(HttpsFetcherOptions options,
                                                             size_t max_body_bytes) {
  options.limits.max_body_bytes = max_body_bytes;
  options.total_timeout = std::max(options.total_timeout, kLongTimeout);
  auto fetcher = HttpsFetcher::Make(std::move(options));
  if (!fetcher) return fetcher.error();
  return std::make_shared<const HttpsFetcher>(std::move(*fetcher));
}

// What does not go together.
Result<void> CheckSetup(const TrustSetup& setup) {
  const bool has_list = setup.trust_list || setup.sti_pa_account;
  if (setup.trust_list && setup.sti_pa_account) {
    return Fail(Reason::kParameterInvalid, "a trust list and an account are two sources of one");
  }
  if (has_list && setup.trust_list_roots.empty()) {
    return Fail(
        Reason::kParameterMissing,
        "a trust list needs trust_list_roots (--trust-list-root): the root that its signer must "
        "lead to");
  }
  if (!setup.trust_list_roots.empty() && !has_list && !setup.state_dir) {
    return Fail(Reason::kParameterMissing,
                "a root for trust lists needs a list, or the state directory that keeps one");
  }
  return {};
}

using Client = std::shared_ptr<const TrustListClient>;

// The source of new lists; nullptr if there is none, or nothing may be downloaded: then the last
// accepted one counts.
Result<Client> MakeListClient(const TrustSetup& setup,
                              const std::shared_ptr<const HttpsFetcher>& fetcher) {
  if (setup.trust_list && !IsUrl(*setup.trust_list)) {
    return Client(std::make_shared<FileTrustListClient>(*setup.trust_list));
  }
  if (fetcher == nullptr || (!setup.trust_list && !setup.sti_pa_account)) return Client();
  if (setup.trust_list) {
    return Client(std::make_shared<UrlTrustListClient>(*setup.trust_list, fetcher));
  }
  auto account = StiPaAccount::Read(*setup.sti_pa_account);
  if (!account) return account.error();
  auto client = StiPaTrustListClient::Make(std::move(*account), fetcher);
  if (!client) return client.error();
  return Client(std::move(*client));
}

}  // namespace

bool IsUrl(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

Result<RevocationPolicy> RevocationPolicyFromText(std::string_view text) {
  if (text == "if-covered") return RevocationPolicy::kIfCovered;
  if (text == "required") return RevocationPolicy::kRequired;
  if (text == "best-effort") return RevocationPolicy::kBestEffort;
  return Fail(Reason::kParameterInvalid,
              Quote(text) + " is none of if-covered, required, best-effort");
}

Result<TrustInputs> MakeTrustInputs(const TrustSetup& setup,
                                    const std::optional<HttpsFetcherOptions>& fetcher) {
  if (auto ok = CheckSetup(setup); !ok) return ok.error();
  TrustInputs inputs;
  inputs.anchors = setup.anchors;
  inputs.anchor_directory = setup.anchor_directory;
  inputs.crl_anchors = setup.crl_anchors;
  inputs.crl_signers = setup.crl_signers;
  inputs.crls = setup.crls;
  inputs.revocation_policy = setup.revocation_policy;
  inputs.crl_grace = setup.crl_grace;
  inputs.crl_refresh.urls = setup.crl_urls;
  inputs.trust_list_roots = setup.trust_list_roots;
  inputs.trust_list_chain = setup.trust_list_chain;
  inputs.state_dir = setup.state_dir;
  inputs.state_use = setup.state_use;
  std::shared_ptr<const HttpsFetcher> list_fetcher;
  if (fetcher) {
    auto for_lists = MakeLargeFetcher(*fetcher, kMaxTrustListBytes);
    if (!for_lists) return for_lists.error();
    auto for_crls = MakeLargeFetcher(*fetcher, kMaxCrlBytes);
    if (!for_crls) return for_crls.error();
    list_fetcher = std::move(*for_lists);
    inputs.fetcher = list_fetcher;
    inputs.crl_fetcher = std::move(*for_crls);
  }
  auto client = MakeListClient(setup, list_fetcher);
  if (!client) return client.error();
  inputs.trust_list_client = std::move(*client);
  return inputs;
}

}  // namespace callvet
