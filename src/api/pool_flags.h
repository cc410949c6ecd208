// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "callvet/result.h"
#include "callvet/rotation.h"

// What processes that judge calls and the one that counts them tell each other: calls to be
// counted, releases, and what is flagged. Pure; thread-safe.

namespace callvet {

/// A call to be counted, or a flag to be ended.
using PoolNote = std::variant<CountedCall, PoolRelease>;

std::string WritePoolNote(const PoolNote& note);
/// Fails with kParameterInvalid.
Result<PoolNote> ReadPoolNote(std::string_view text);

/// Without samples.
std::string WritePoolFlags(const std::vector<FlaggedPool>& pools);
/// Fails with kParameterInvalid.
Result<std::vector<FlaggedPool>> ReadPoolFlags(std::string_view text);

}  // namespace callvet
