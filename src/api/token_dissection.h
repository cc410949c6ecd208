// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/result.h"

namespace callvet {

/// What can be read of an Identity header or a token, however broken it is. Nothing of it was
/// verified.
struct TokenDissection {
  /// What is wrong with it, in the order of the parts.
  struct Problem {
    std::string part;  // "identity", "header", "payload", "signature"
    Failure failure;
  };

  std::string form;  // "full", "compact", "bare-token", or "" when not recognised
  std::vector<std::pair<std::string, std::string>> parameters;  // as received, in order
  std::optional<JsonValue> header;
  std::optional<JsonValue> payload;
  std::string header_text;  // decoded bytes that are not JSON
  std::string payload_text;
  std::optional<std::string> signature;  // decoded bytes
  std::vector<Problem> problems;
  std::vector<TokenDissection> opt;  // the token that a div-o PASSporT encloses, one or nothing
};

inline constexpr size_t kMaxOptDepth = 10;

/// Takes `text` (an Identity header value, or a token alone) apart as far as it goes: a broken part
/// does not hide the others; wrong base64 alphabets, padding and left-over bits, line breaks in the
/// middle and missing parts are reported and read all the same. What opt encloses is read too, to a
/// depth of kMaxOptDepth. Pure; thread-safe; never fails.
TokenDissection DissectToken(std::string_view text);

}  // namespace callvet
