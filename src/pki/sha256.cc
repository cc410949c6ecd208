// SPDX-License-Identifier: MIT
#include "pki/sha256.h"

#include "base/text.h"
#include "pki/digest.h"

namespace callvet {

std::string Sha256Hex(std::string_view bytes) {
  const auto digest = ComputeDigest(DigestAlgorithm::kSha256, bytes);
  return digest ? ToHex(digest->bytes) : std::string();
}

}  // namespace callvet
