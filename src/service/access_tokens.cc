// SPDX-License-Identifier: MIT
#include "service/access_tokens.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "pki/sha256.h"

namespace callvet::service {
namespace {

constexpr auto kNamedScopes = std::to_array<std::pair<Scope, std::string_view>>({
    {Scope::kPublic, "public"},
    {Scope::kVerify, "verify"},
    {Scope::kSign, "sign"},
    {Scope::kReadEvidence, "read-evidence"},
    {Scope::kAdmin, "admin"},
    {Scope::kFileComplaints, "file-complaints"},
});

std::optional<std::array<uint8_t, 32>> FromHex(std::string_view hex) {
  std::array<uint8_t, 32> bytes{};
  if (hex.size() != 2 * bytes.size()) return std::nullopt;
  const auto digit = [](char c) { return IsDigit(c) ? c - '0' : ToLower(c) - 'a' + 10; };
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (!IsHexDigit(hex[2 * i]) || !IsHexDigit(hex[2 * i + 1])) return std::nullopt;
    bytes[i] = static_cast<uint8_t>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
  }
  return bytes;
}

// Looks at every byte, whatever they are.
bool SameBytes(const std::array<uint8_t, 32>& a, const std::array<uint8_t, 32>& b) {
  volatile uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

// As RecordAccess names them for programs without a token: "uid 0".
bool IsNameOfUser(std::string_view name) {
  constexpr std::string_view kUser = "uid";
  return EqualsIgnoreCase(name.substr(0, kUser.size()), kUser) &&
         std::all_of(name.begin() + kUser.size(), name.end(),
                     [](char c) { return c == ' ' || IsDigit(c); });
}

}  // namespace

std::string_view ScopeName(Scope scope) {
  return kNamedScopes[static_cast<size_t>(scope)].second;
}

Result<AccessToken> AccessToken::Make(std::string name, std::string_view hex,
                                      const std::vector<std::string>& scopes) {
  AccessToken token;
  token.name = std::move(name);
  if (token.name.empty()) return Fail(Reason::kConfigInvalid, "a token has no name");
  if (IsNameOfUser(token.name)) {
    return Fail(Reason::kConfigInvalid, "token " + Quote(token.name) +
                                            ": so are named the users of the command line, in the "
                                            "records of who read evidence");
  }
  const auto bytes = FromHex(hex);
  if (!bytes) {
    return Fail(Reason::kConfigInvalid,
                "token " + Quote(token.name) + ": sha256 is not 64 hex digits");
  }
  token.sha256 = *bytes;
  for (const std::string& scope : scopes) {
    const auto* known =
        std::find_if(kNamedScopes.begin(), kNamedScopes.end(), [&](const auto& candidate) {
          return candidate.first != Scope::kPublic && candidate.second == scope;
        });
    if (known == kNamedScopes.end()) {
      return Fail(Reason::kConfigInvalid, "token " + Quote(token.name) + ": scope " + Quote(scope) +
                                              " is not verify, sign, read-evidence, admin or "
                                              "file-complaints");
    }
    token.scopes.push_back(known->first);
  }
  if (token.scopes.empty()) {
    return Fail(Reason::kConfigInvalid, "token " + Quote(token.name) + " has no scope");
  }
  return token;
}

const AccessToken* AccessTokens::Find(std::optional<std::string_view> authorization) const {
  constexpr std::string_view kBearer = "bearer ";
  if (!authorization || authorization->size() <= kBearer.size() ||
      !EqualsIgnoreCase(authorization->substr(0, kBearer.size()), kBearer)) {
    return nullptr;
  }
  const auto hash = FromHex(Sha256Hex(Trim(authorization->substr(kBearer.size()))));
  if (!hash) return nullptr;
  const AccessToken* found = nullptr;
  for (const AccessToken& token : tokens_) {
    if (SameBytes(token.sha256, *hash)) found = &token;
  }
  return found;
}

}  // namespace callvet::service
