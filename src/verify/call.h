// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "syntax/party.h"

namespace callvet {

/// A CallRequest with its parties and its Date read once, for all of its PASSporTs. A value that
/// borrows the request and the options.
struct Call {
  const CallRequest& request;
  const VerifierOptions& options;
  sys_seconds now;
  std::vector<Party> callers;               // of request.orig, those that can be read
  std::vector<Party> called;                // of request.dest, those that can be read
  std::optional<Result<sys_seconds>> date;  // nothing without a Date header

  static Call Read(const CallRequest& request, const VerifierOptions& options, sys_seconds now);
};

/// "A, B" of the canonical forms, each with the received form where that differs: for details.
std::string Describe(const std::vector<Party>& parties);

}  // namespace callvet
