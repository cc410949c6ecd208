// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// Decodes base64url without padding (RFC 7515 2), strictly: only A-Z a-z 0-9 - _, no padding, no
/// length that leaves one character over, and zero bits in what the last character does not use, so
/// that each byte string has exactly one accepted encoding. "" decodes to nothing.
/// Fails with kBase64Invalid. Pure; thread-safe.
Result<std::string> DecodeBase64Url(std::string_view text);

/// The same into `bytes`, which must have room for four bytes more than the text stands for; a part
/// of it. It may only decline: nothing, where there is no room or the other one fails. Pure;
/// thread-safe.
std::optional<std::string_view> DecodeBase64Url(std::string_view text, std::span<char> bytes);

/// Encodes without padding. Pure; thread-safe.
std::string EncodeBase64Url(std::string_view bytes);

/// Decodes the standard alphabet with or without padding (RFC 4648 4), otherwise as strict as
/// DecodeBase64Url. Used where a standard says base64 and not base64url (PEM is OpenSSL's matter).
Result<std::string> DecodeBase64(std::string_view text);

/// Encodes with the standard alphabet and padding.
std::string EncodeBase64(std::string_view bytes);

}  // namespace callvet
