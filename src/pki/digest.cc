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
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  if (context == nullptr) throw std::bad_alloc();
  if (engine == nullptr || EVP_DigestInit_ex(context.get(), engine, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1) {
    std::string why = ErrorQueueDrain::LastError();
    ErrorQueueDrain::ThrowIfNoMemory();  // no digest looks like another one
    return Fail(Reason::kInternalError, std::move(why));
  }
  return ContentDigest{algorithm, {reinterpret_cast<const char*>(digest.data()), length}};
}

}  // namespace callvet
