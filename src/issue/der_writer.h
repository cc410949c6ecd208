// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/der_element.h"
#include "callvet/result.h"

// Writing DER beyond base/der_element.h. Everything here is pure and thread-safe.

namespace callvet {

/// Tag bytes that only the issuing side needs; the others are in base/byte_reader.h.
namespace der {
inline constexpr uint8_t kBitString = 0x03;
inline constexpr uint8_t kEnumerated = 0x0A;
/// IMPLICIT context tag [n] of a primitive type, n < 31.
constexpr uint8_t Implicit(uint8_t number) {
  return static_cast<uint8_t>(0x80 | number);
}
}  // namespace der

/// An OBJECT IDENTIFIER from dotted decimal text. Fails with kParameterInvalid.
Result<std::string> DerOid(std::string_view dotted);

/// The GeneralName uniformResourceIdentifier. Fails with kParameterInvalid unless `uri` is
/// printable ASCII without white space, not empty.
Result<std::string> DerUriName(std::string_view uri);

}  // namespace callvet
