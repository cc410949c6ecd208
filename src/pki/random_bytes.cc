// SPDX-License-Identifier: MIT
#include "pki/random_bytes.h"

#include <openssl/rand.h>

#include "pki/openssl_ptr.h"

namespace callvet {

Result<void> FillAtRandom(std::span<uint8_t> bytes) {
  const ErrorQueueDrain drain;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  }
  return {};
}

}  // namespace callvet
