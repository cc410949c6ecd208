// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"
#include "pki/trust_store.h"
#include "repository/https_fetcher.h"
#include "repository/trust_keeper.h"

// Wires a TrustKeeper together; a part of assembly.h.

namespace callvet {

/// Whether CRLs are downloaded that certificates themselves name.
enum class CrlDownloads : uint8_t {
  kDistributionPoints,  // those of chains that lead to an anchor (https only)
  kConfiguredOnly,      // crl_urls alone
};

/// "if-covered", "required" or "best-effort". Fails with kParameterInvalid.
Result<RevocationPolicy> RevocationPolicyFromText(std::string_view text);

/// Whether `text`, which names a trust list, is a URL and no file. Pure.
bool IsUrl(std::string_view text);

/// Where trust comes from, as an operator names it.
struct TrustSetup {
  std::vector<std::filesystem::path> anchors;                            // files or directories
  std::optional<std::filesystem::path> anchor_directory = std::nullopt;  // may be empty
  std::vector<std::filesystem::path> crl_anchors;  // the STI-PA root, for indirect CRLs
  std::vector<std::filesystem::path> crl_signers;  // below it, where lists come without them
  std::vector<std::filesystem::path> crls;
  std::vector<std::string> crl_urls;  // downloaded, and kept in state_dir
  CrlDownloads crl_downloads = CrlDownloads::kDistributionPoints;
  RevocationPolicy revocation_policy = RevocationPolicy::kIfCovered;
  std::chrono::seconds crl_grace{0};  // after nextUpdate

  /// The STI-PA's signed list: a file, or the https (lab: http) URL where it is served openly ...
  std::optional<std::string> trust_list;
  /// ... or an account to log in with (StiPaAccount); not both.
  std::optional<std::filesystem::path> sti_pa_account;
  std::vector<std::filesystem::path> trust_list_roots;    // whom its signer must lead to
  std::optional<std::filesystem::path> trust_list_chain;  // instead of downloading its x5u
  std::optional<std::filesystem::path> state_dir;         // the last accepted list, downloaded CRLs
  StateUse state_use = StateUse::kReadAndWrite;
};

/// The inputs that `setup` names. `fetcher` says how to download; its body limit is replaced by
/// what lists and CRLs need. Nothing: not at all, so what the state directory keeps counts. Fails
/// with kParameterMissing or kParameterInvalid (what does not go together), or like
/// StiPaAccount::Read and HttpsFetcher::Make.
Result<TrustInputs> MakeTrustInputs(const TrustSetup& setup,
                                    const std::optional<HttpsFetcherOptions>& fetcher);

}  // namespace callvet
