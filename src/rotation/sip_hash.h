// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace callvet {

/// SipHash-2-4 (Aumasson, Bernstein 2012) of `bytes` under `key`: a keyed pseudo-random function
/// for short texts, so that nobody without the key can choose numbers that meet in a counter.
/// Pure.
uint64_t SipHash(const std::array<uint8_t, 16>& key, std::string_view bytes);

}  // namespace callvet
