// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/clock.h"

// Times as the stores of evidence keep them. Pure.

namespace callvet {

inline sys_seconds Time(int64_t seconds) {
  return sys_seconds(std::chrono::seconds(seconds));
}
inline int64_t Seconds(sys_seconds time) {
  return time.time_since_epoch().count();
}
/// Days since 1970: which table or partition.
inline int64_t DayOf(sys_seconds time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

}  // namespace callvet
