// SPDX-License-Identifier: MIT
#include "pki/sha256.h"

#include <algorithm>

#include "base/text.h"
#include "pki/digest.h"

namespace callvet {

Result<Sha256Digest> Sha256(std::string_view bytes) {
  DigestBytes computed{};
  const auto length = ComputeDigest(DigestAlgorithm::kSha256, bytes, computed);
  if (!length) return length.error();
  Sha256Digest digest{};
  std::copy_n(computed.begin(), digest.size(), digest.begin());
  return digest;
}

std::string Sha256Hex(std::string_view bytes) {
  const auto digest = Sha256(bytes);
  return digest ? ToHex(AsBytes(*digest)) : std::string();
}

}  // namespace callvet
