// SPDX-License-Identifier: MIT
#include "pki/sha256.h"

#include <array>

#include "base/text.h"
#include "pki/openssl_ptr.h"

namespace callvet {

std::string Sha256Hex(std::string_view bytes) {
  const ErrorQueueDrain drain;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    return {};
  }
  return ToHex(std::string_view(reinterpret_cast<const char*>(digest.data()), length));
}

}  // namespace callvet
