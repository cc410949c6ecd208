// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "callvet/result.h"
#include "pki/trust_store.h"
#include "repository/https_fetcher.h"
#include "repository/trust_keeper.h"

// Wires a TrustKeeper together; a part of assembly.h.

namespace callvet {

/// Where trust comes from, as an operator names it.
struct TrustSetup {
  std::vector<std::filesystem::path> anchors;      // files or directories
  std::vector<std::filesystem::path> crl_anchors;  // the STI-PA root, for indirect CRLs
  std::vector<std::filesystem::path> crls;
  RevocationPolicy revocation_policy = RevocationPolicy::kIfCovered;
  std::vector<std::string> crl_urls;                      // downloaded, and kept in state_dir
  std::optional<std::filesystem::path> trust_list;        // the STI-PA's signed list
  std::vector<std::filesystem::path> trust_list_roots;    // whom its signer must lead to
  std::optional<std::filesystem::path> trust_list_chain;  // instead of downloading its x5u
  std::optional<std::filesystem::path> state_dir;         // the last accepted list, downloaded CRLs

  /// True if a TrustKeeper is needed: there is more than files of anchors and CRLs.
  [[nodiscard]] bool HasListOrUrls() const {
    return trust_list || !trust_list_roots.empty() || !crl_urls.empty();
  }
};

/// The inputs that `setup` names. `fetcher` says how to download, its body limit aside, which is
/// larger for CRLs; nothing: not at all. Fails with kParameterMissing (a list without root, roots
/// without list or state directory) or like HttpsFetcher::Make.
Result<TrustInputs> MakeTrustInputs(const TrustSetup& setup,
                                    const std::optional<HttpsFetcherOptions>& fetcher);

}  // namespace callvet
