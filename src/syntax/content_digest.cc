// SPDX-License-Identifier: MIT
#include "syntax/content_digest.h"

#include <algorithm>
#include <array>

#include "base/base64url.h"
#include "base/text.h"

namespace callvet {
namespace {

struct AlgorithmInfo {
  DigestAlgorithm algorithm;
  std::string_view name;
  size_t size;
};
constexpr std::array<AlgorithmInfo, 3> kAlgorithms = {{{DigestAlgorithm::kSha256, "sha256", 32},
                                                       {DigestAlgorithm::kSha384, "sha384", 48},
                                                       {DigestAlgorithm::kSha512, "sha512", 64}}};

}  // namespace

std::string_view DigestAlgorithmName(DigestAlgorithm algorithm) {
  return kAlgorithms[static_cast<size_t>(algorithm)].name;
}

Result<ContentDigest> ContentDigest::Parse(std::string_view text, Reason reason) {
  const size_t dash = std::min(text.find('-'), text.size());
  const auto* info =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                   [&](const AlgorithmInfo& entry) { return entry.name == text.substr(0, dash); });
  if (info == kAlgorithms.end() || dash == text.size()) {
    return Fail(reason, Quote(text, 120) + " is not sha256-, sha384- or sha512- and base64");
  }
  std::string base64(text.substr(dash + 1));
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  auto bytes = DecodeBase64(base64);
  if (!bytes) return Fail(reason, bytes.error().detail);
  if (bytes->size() != info->size) {
    return Fail(reason, std::string(info->name) + " has " + std::to_string(info->size) +
                            " bytes, here are " + std::to_string(bytes->size()));
  }
  return ContentDigest{info->algorithm, std::move(*bytes)};
}

std::string ContentDigest::ToText() const {
  std::string base64 = EncodeBase64(bytes);
  while (base64.ends_with('=')) base64.pop_back();
  return std::string(DigestAlgorithmName(algorithm)) + "-" + base64;
}

}  // namespace callvet
