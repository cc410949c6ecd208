// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// JWTClaimConstraints (RFC 8226 8) or EnhancedJWTClaimConstraints (RFC 9118 4) of a certificate:
/// what the claims of a PASSporT that it signs must be like. A value.
struct ClaimConstraints {
  enum class Form : uint8_t { kOriginal, kEnhanced };

  struct PermittedValues {
    std::string claim;
    std::vector<std::string> values;  // one or more
    bool operator==(const PermittedValues&) const = default;
  };

  std::vector<std::string> must_include;
  std::vector<PermittedValues> permitted_values;
  std::vector<std::string> must_exclude;  // enhanced form only

  /// Reads the DER of the extension's value (B-20). Strict: EXPLICIT tags, IA5String names,
  /// UTF8String values, no empty list, at least one part. By B-23 an enhanced form whose
  /// mustExclude names iat, orig or dest counts as absent: the result is then empty. Fails with
  /// kClaimConstraintsMalformed. Pure; thread-safe.
  static Result<ClaimConstraints> Parse(std::span<const uint8_t> der, Form form);

  [[nodiscard]] bool empty() const {
    return must_include.empty() && permitted_values.empty() && must_exclude.empty();
  }
  bool operator==(const ClaimConstraints&) const = default;
};

}  // namespace callvet
