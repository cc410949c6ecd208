// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

using Sha256Digest = std::array<uint8_t, 32>;

/// SHA-256 of `bytes`. Fails with kInternalError when OpenSSL itself fails. Thread-safe.
Result<Sha256Digest> Sha256(std::string_view bytes);

/// The same as 64 lower-case hex digits, or "" if it could not be computed. Thread-safe.
std::string Sha256Hex(std::string_view bytes);

/// Bytes of a digest as a string.
inline std::string_view AsBytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace callvet
