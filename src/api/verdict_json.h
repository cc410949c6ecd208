// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "base/json_stream.h"
#include "callvet/verdict.h"

namespace callvet {

/// A verdict as the one JSON object that `callvet verify --json` prints and src/cli/README.md
/// documents: the deciding PASSporT's facts at the top, and every PASSporT under "passports".
/// Members are always there; what is not known is null. Pure; thread-safe.
void WriteVerdict(const Verdict& verdict, JsonStream& json);
/// The same as a tree. Throws std::runtime_error where there is no memory.
JsonValue VerdictJson(const Verdict& verdict);

}  // namespace callvet
