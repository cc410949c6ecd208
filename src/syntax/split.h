// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

namespace callvet {

/// `text` split at each `separator` outside quoted strings (with backslashes in them) and angle
/// brackets. At least one piece; pieces may be empty or broken. Pure; thread-safe.
std::vector<std::string_view> SplitOutsideQuotes(std::string_view text, char separator);

}  // namespace callvet
