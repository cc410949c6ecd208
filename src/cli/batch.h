// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "api/verification_core.h"
#include "callvet/policy.h"
#include "cli/console.h"

namespace callvet::cli {

/// Many calls to judge, one JSON object a line, as `POST /v1/calls:batch` takes them.
struct BatchInput {
  std::string file;                   // "-": standard input
  size_t threads = 1;                 // that judge, > 0
  std::chrono::milliseconds timeout;  // for each call
};

/// Judges every line that is not blank on `input.threads` threads, which end before it returns, and
/// prints the answers in the order of the lines, in bounded memory. How far it is goes to the error
/// stream, if that is a terminal; the counts always, of verified calls that the policy rejects by
/// themselves. `policy` may be nullptr.
///
/// Returns kUsage if the input could not be read or a line was no call; else kUndecided if a call
/// could not be decided or the answers not be written, kNotVerified if one failed or is rejected,
/// and kVerified if all passed.
ExitCode RunBatch(const BatchInput& input, const std::shared_ptr<const VerificationCore>& core,
                  const std::shared_ptr<const Policy>& policy, const Console& console);

}  // namespace callvet::cli
