// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace callvet {

struct CodePoint {
  uint32_t value = 0;
  size_t size = 1;  // bytes taken
  bool valid = false;
};

/// The first code point of `text`, which is not empty; one that is not valid UTF-8 (RFC 3629:
/// shortest form, no surrogates) takes one byte. Thread-safe.
CodePoint ReadCodePoint(std::string_view text);

/// Whether all of `text` is valid UTF-8. Thread-safe.
bool IsUtf8(std::string_view text);

}  // namespace callvet
