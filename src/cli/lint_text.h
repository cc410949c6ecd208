// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/json.h"
#include "cli/console.h"
#include "pki/lint.h"

// What is found about a certificate, for the commands that lint.

namespace callvet::cli {

/// "pass", "not-applicable", "notice", "warning" or "error".
std::string_view LevelName(LintLevel level);
Colour LevelColour(LintLevel level);
JsonValue FindingJson(const LintFinding& finding);

}  // namespace callvet::cli
