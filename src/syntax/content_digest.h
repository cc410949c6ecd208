// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

/// The hashes that rcdi and msgi may use (RFC 9795 6, RFC 9475 3.2).
enum class DigestAlgorithm : uint8_t { kSha256, kSha384, kSha512 };

/// "sha256", "sha384" or "sha512".
std::string_view DigestAlgorithmName(DigestAlgorithm algorithm);

/// A digest as rcdi and msgi write it: `sha256-` and base64. A value.
struct ContentDigest {
  DigestAlgorithm algorithm = DigestAlgorithm::kSha256;
  std::string bytes;  // as many as the algorithm gives

  /// Reads `alg-base64`, in either alphabet and with or without padding: the RFCs and signers
  /// differ (F-21). Fails with `reason`. Pure; thread-safe.
  static Result<ContentDigest> Parse(std::string_view text, Reason reason);

  /// The text of the RFC's examples: the standard alphabet, without padding.
  [[nodiscard]] std::string ToText() const;
  bool operator==(const ContentDigest&) const = default;
};

}  // namespace callvet
