// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "callvet/policy.h"

namespace callvet {

/// The JSON object of a disposition; src/cli/README.md is its contract. Pure.
JsonValue DispositionJson(const Disposition& disposition);

/// One problem: file, line, column, key, message. Pure.
JsonValue PolicyProblemJson(const PolicyProblem& problem);

}  // namespace callvet
