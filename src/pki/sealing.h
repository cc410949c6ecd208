// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "callvet/result.h"
#include "pki/sha256.h"

// Keyed hashes and authenticated encryption for what is kept. Everything here is thread-safe.

namespace callvet {

using SecretKey = std::array<uint8_t, 32>;

/// HMAC-SHA-256 (RFC 2104). Fails with kInternalError when OpenSSL itself fails.
Result<Sha256Digest> HmacSha256(const SecretKey& key, std::string_view bytes);

/// AES-256-GCM with an all-zero nonce: `key` must never be used for two different texts. The result
/// is the ciphertext and its 16-byte tag; `context` is authenticated with it. Fails with
/// kInternalError.
Result<std::string> SealOnce(const SecretKey& key, std::string_view context, std::string_view text);

/// The text of SealOnce. Fails with kEvidenceAltered if key, context or a byte is another.
Result<std::string> OpenSealed(const SecretKey& key, std::string_view context,
                               std::string_view sealed);

}  // namespace callvet
