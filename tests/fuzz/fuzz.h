// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace callvet::fuzz {

/// The input as text.
inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the run as a finding unless `holds`.
inline void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace callvet::fuzz
