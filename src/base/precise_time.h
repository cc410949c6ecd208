// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace callvet {

/// The machine's time, for what whole seconds (Clock) are too coarse for: times between calls.
std::chrono::sys_time<std::chrono::milliseconds> PreciseNow();

}  // namespace callvet
