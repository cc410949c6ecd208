// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/clock.h"

// Times as the stores of evidence keep them. Pure.

namespace callvet {

/// Whether a recorded time can be one: of the years 1 to 9999. No sum of two such overflows.
inline bool IsStoredTime(int64_t seconds) {
  return seconds >= -62'135'596'800 && seconds <= 253'402'300'799;
}
/// The same of a day since 1970, from which on there are stores.
inline bool IsStoredDay(int64_t day) {
  return day >= 0 && day <= 253'402'300'799 / 86'400;
}
/// Whether a recorded number of seconds can be meant.
inline bool IsStoredSpan(int64_t seconds) {
  return seconds >= 0 && seconds <= 253'402'300'799;
}
/// The time of a column. One that cannot be is 1970: then it is not what the record's text, or the
/// signature, says.
inline sys_seconds Time(int64_t seconds) {
  return sys_seconds(std::chrono::seconds(IsStoredTime(seconds) ? seconds : 0));
}
inline int64_t Seconds(sys_seconds time) {
  return time.time_since_epoch().count();
}
/// Days since 1970: which table or partition.
inline int64_t DayOf(sys_seconds time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

}  // namespace callvet
