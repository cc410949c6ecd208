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

Result<size_t> ComputeDigest(DigestAlgorithm algorithm, std::string_view bytes,
                             DigestBytes& digest) {
  static_assert(std::tuple_size_v<DigestBytes> == EVP_MAX_MD_SIZE);
  const EVP_MD* engine = Engine(algorithm);
  unsigned int length = 0;
  const ErrorQueueDrain drain;
  if (engine != nullptr &&
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, engine, nullptr) == 1) {
    return length;
  }
  if (ERR_peek_error() == 0) throw std::bad_alloc();  // a context that cannot be had says nothing
  std::string why = ErrorQueueDrain::LastError();
  ErrorQueueDrain::ThrowIfNoMemory();  // no digest looks like another one
  return Fail(Reason::kInternalError, std::move(why));
}

Result<ContentDigest> ComputeDigest(DigestAlgorithm algorithm, std::string_view bytes) {
  DigestBytes digest{};
  const auto length = ComputeDigest(algorithm, bytes, digest);
  if (!length) return length.error();
  return ContentDigest{algorithm, {reinterpret_cast<const char*>(digest.data()), *length}};
}

}  // namespace callvet
