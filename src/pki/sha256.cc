// SPDX-License-Identifier: MIT
#include "pki/sha256.h"

#include <algorithm>

#include "base/text.h"
#include "pki/digest.h"

namespace callvet {

Result<Sha256Digest> Sha256(std::string_view bytes) {
  const auto computed = ComputeDigest(DigestAlgorithm::kSha256, bytes);
  if (!computed) return computed.error();
  Sha256Digest digest{};
  std::copy_n(computed->bytes.begin(), digest.size(), digest.begin());
  return digest;
}

std::string Sha256Hex(std::string_view bytes) {
  const auto digest = ComputeDigest(DigestAlgorithm::kSha256, bytes);
  return digest ? ToHex(digest->bytes) : std::string();
}

}  // namespace callvet
