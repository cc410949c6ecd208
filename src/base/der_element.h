// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callvet {

/// One DER element: `tag`, minimal definite length, `contents`. The counterpart of ByteReader.
/// Pure.
std::string DerElement(uint8_t tag, std::string_view contents);

/// An INTEGER that is not negative, minimally encoded. Pure.
std::string DerInteger(uint64_t value);

}  // namespace callvet
