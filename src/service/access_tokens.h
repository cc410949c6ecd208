// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet::service {

/// What a client may do. Each endpoint needs exactly one; none includes another.
enum class Scope : uint8_t { kPublic, kVerify, kSign, kReadEvidence, kAdmin, kFileComplaints };

/// "public", "verify", "sign", "read-evidence", "admin" or "file-complaints".
std::string_view ScopeName(Scope scope);

/// A client's token, known by its SHA-256 only.
struct AccessToken {
  std::string name;  // for the log
  std::array<uint8_t, 32> sha256{};
  std::vector<Scope> scopes;

  /// `hex` is 64 hex digits, `scopes` names of scopes (at least one, not public). Fails with
  /// kConfigInvalid.
  static Result<AccessToken> Make(std::string name, std::string_view hex,
                                  const std::vector<std::string>& scopes);
};

/// Tokens are long random texts, so a plain hash is enough to store them. Immutable; thread-safe.
class AccessTokens {
 public:
  AccessTokens() = default;
  explicit AccessTokens(std::vector<AccessToken> tokens) : tokens_(std::move(tokens)) {}

  /// The token that an Authorization header `Bearer <token>` names, or nullptr. Every known hash is
  /// compared, each in constant time.
  [[nodiscard]] const AccessToken* Find(std::optional<std::string_view> authorization) const;
  [[nodiscard]] size_t size() const { return tokens_.size(); }

 private:
  std::vector<AccessToken> tokens_;
};

}  // namespace callvet::service
