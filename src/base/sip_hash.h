// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace callvet {

/// SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of `bytes` under a
/// key: a pseudo-random function, so that nobody without the key can choose texts that meet in a
/// table or in a counter. Pure.
using SipKey = std::array<uint64_t, 2>;

/// The key of 16 bytes, as the paper reads them.
SipKey SipKeyOf(const std::array<uint8_t, 16>& bytes);

/// SipHash-2-4: for what leaves the process.
uint64_t SipHash(const SipKey& key, std::string_view bytes);

/// SipHash-1-3: faster, for tables in memory, and to find accidental damage.
uint64_t SipHashForTables(const SipKey& key, std::string_view bytes);

}  // namespace callvet
