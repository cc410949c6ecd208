// SPDX-License-Identifier: MIT
#pragma once

#include "callvet/verdict.h"
#include "cli/console.h"

namespace callvet::cli {

/// Prints a verdict for people: one line to paste (verdict, reason, attestation, signer, age), what
/// it means and what to do, then the checks of each PASSporT.
void PrintVerdict(const Console& console, const Verdict& verdict);

}  // namespace callvet::cli
