// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

/// The 16 bytes of a lower-case UUID; "" if `text` is none in exactly that form. Pure.
std::string PackUuid(std::string_view text);
/// The text of 16 bytes; of others their digits. Pure.
std::string UnpackUuid(std::string_view bytes);

/// The bytes of hexadecimal digits in either case. Fails with kParameterInvalid. Pure.
Result<std::string> BytesOfHex(std::string_view hex);

}  // namespace callvet
