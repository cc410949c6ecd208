// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "verify/call.h"

// How old something of a call may be. Pure; thread-safe.

namespace callvet {

/// |now - time| <= VerifierOptions::max_age.
bool IsFresh(const Call& call, sys_seconds time);
/// F-4: not older than VerifierOptions::max_diverted_age, nor further in the future than max_age.
bool IsRecent(const Call& call, sys_seconds time);

/// For details: "12 s", "12 s old" or "12 s in the future", "the window is 60 s".
std::string SecondsText(std::chrono::seconds duration);
std::string AgeText(std::chrono::seconds age);
std::string WindowText(const Call& call);

}  // namespace callvet
