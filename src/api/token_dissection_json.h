// SPDX-License-Identifier: MIT
#pragma once

#include "api/token_dissection.h"
#include "base/clock.h"
#include "base/json.h"

namespace callvet {

/// What could be read, as the JSON object that `callvet decode --json` prints and src/cli/README.md
/// documents. Pure; thread-safe.
JsonValue DissectionJson(const TokenDissection& dissection, sys_seconds now);

/// The times among the claims (iat, exp, nbf) in words, as far as they are whole numbers. Pure.
JsonMembers DissectionTimes(const TokenDissection& dissection, sys_seconds now);

}  // namespace callvet
