// SPDX-License-Identifier: MIT
#pragma once

#include "callvet/policy.h"
#include "cli/console.h"

namespace callvet::cli {

/// Which rules are printed.
enum class RuleLines : uint8_t { kBroken, kAll };

/// Prints what is done with a call and why, for people.
void PrintDisposition(const Console& console, const Disposition& disposition, RuleLines lines);

}  // namespace callvet::cli
