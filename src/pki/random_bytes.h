// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "callvet/result.h"

namespace callvet {

/// Fills `bytes` with random numbers that nobody can foretell. Fails with kInternalError.
/// Thread-safe.
Result<void> FillAtRandom(std::span<uint8_t> bytes);

}  // namespace callvet
