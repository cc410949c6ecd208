// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// Longest Identity header value that is read (A-8, VS choice). The longest genuine ones, with rich
/// call data, are about 4 KiB.
inline constexpr size_t kMaxIdentityBytes = size_t{8} * 1024;

/// One Identity header field value (RFC 8224 4) taken apart, its token not yet decoded. A value.
class IdentityHeader {
 public:
  enum class Form : uint8_t { kFull, kCompact, kBareToken };

  /// The info parameter.
  struct Info {
    std::string uri;         // between the angle brackets, or the whole value without them
    bool bracketed = false;  // RFC 8224 demands the brackets
  };

  /// Reads one field value: the text behind "Identity:". Folded lines are unfolded by SIP's rules
  /// (RFC 3261 7.3.1). Parameter names in any case and order, values as token, quoted string or,
  /// for info, <URI>; unknown parameters are ignored. Fails with kIdentityTooLarge,
  /// kIdentityMalformed (grammar: a missing ';', white space or a foreign character in the token,
  /// control characters), kDuplicateParameter (info, alg or ppt twice), kTokenMalformed (not h.p.s
  /// and not ..s; A-6). A missing or unusable info is not a failure here: see info(). Pure;
  /// thread-safe.
  static Result<IdentityHeader> Parse(std::string_view field_value);

  /// Reads a token without parameters, as webhooks deliver it: form() is kBareToken. White space
  /// around it is ignored. Fails like Parse. Pure; thread-safe.
  static Result<IdentityHeader> ParseBareToken(std::string_view token);

  /// Parse and ParseBareToken in its place: into this, which has nothing yet. Of no use after a
  /// Failure.
  Result<void> Read(std::string_view field_value);
  Result<void> ReadBareToken(std::string_view token);

  [[nodiscard]] Form form() const { return form_; }
  /// The token as received, `h.p.s` or `..s`.
  [[nodiscard]] const std::string& token() const { return token_; }
  /// The bytes that the signature of the full form covers: `h.p` exactly as received.
  [[nodiscard]] std::string_view signing_input() const;
  [[nodiscard]] std::string_view header_part() const;
  [[nodiscard]] std::string_view payload_part() const;
  [[nodiscard]] std::string_view signature_part() const;

  [[nodiscard]] const std::optional<Info>& info() const { return info_; }
  /// Gives it away: for who keeps it and needs it here no more.
  [[nodiscard]] std::optional<Info> TakeInfo() { return std::exchange(info_, std::nullopt); }
  /// The alg and ppt parameters without quotes, as received.
  [[nodiscard]] const std::optional<std::string>& alg() const { return alg_; }
  [[nodiscard]] const std::optional<std::string>& ppt() const { return ppt_; }

 private:
  Result<void> FindParts(std::string_view token);
  bool ReadPlainParameters(std::string_view parameters);
  Result<void> ReadParameters(std::string_view parameters);
  Result<void> SetParameter(std::string_view name, std::string_view value, bool bracketed);

  Form form_ = Form::kFull;
  std::string token_;
  size_t first_dot_ = 0;
  size_t second_dot_ = 0;
  std::optional<Info> info_;
  std::optional<std::string> alg_;
  std::optional<std::string> ppt_;
};

/// The values of one header field body in which a front end has merged several with commas:
/// split at commas outside quoted strings and angle brackets. At least one; pieces may be empty or
/// broken. Pure; thread-safe.
std::vector<std::string_view> SplitHeaderValues(std::string_view field_body);

}  // namespace callvet
