// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "base/json_stream.h"
#include "callvet/policy.h"

namespace callvet {

/// The JSON object of a disposition; src/cli/README.md is its contract. Pure.
void WriteDisposition(const Disposition& disposition, JsonStream& json);
/// The same as a tree. Throws std::runtime_error where there is no memory.
JsonValue DispositionJson(const Disposition& disposition);

/// One problem: file, line, column, key, message. Pure.
JsonValue PolicyProblemJson(const PolicyProblem& problem);

}  // namespace callvet
