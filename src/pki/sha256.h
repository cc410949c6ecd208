// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace callvet {

/// SHA-256 of `bytes` as 64 lower-case hex digits, or "" if it could not be computed. Pure;
/// thread-safe.
std::string Sha256Hex(std::string_view bytes);

}  // namespace callvet
