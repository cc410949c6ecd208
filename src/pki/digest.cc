// SPDX-License-Identifier: MIT
#include "pki/digest.h"

#include <array>

#include "pki/openssl_ptr.h"

namespace callvet {
namespace {

const EVP_MD* Engine(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kSha256:
      return EVP_sha256();
    case DigestAlgorithm::kSha384:
      return EVP_sha384();
    case DigestAlgorithm::kSha512:
      return EVP_sha512();
  }
  return nullptr;
}

}  // namespace

Result<ContentDigest> ComputeDigest(DigestAlgorithm algorithm, std::string_view bytes) {
  const ErrorQueueDrain drain;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const EVP_MD* engine = Engine(algorithm);
  if (engine == nullptr ||
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, engine, nullptr) != 1) {
    return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  }
  return ContentDigest{algorithm, {reinterpret_cast<const char*>(digest.data()), length}};
}

}  // namespace callvet
