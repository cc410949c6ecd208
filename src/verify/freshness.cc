// SPDX-License-Identifier: MIT
#include "verify/freshness.h"

#include <algorithm>

namespace callvet {

bool IsFresh(const Call& call, sys_seconds time) {
  const auto age = call.now - time;
  return age <= call.options.max_age && -age <= call.options.max_age;
}

bool IsRecent(const Call& call, sys_seconds time) {
  const auto age = call.now - time;
  return age <= std::max(call.options.max_diverted_age, call.options.max_age) &&
         -age <= call.options.max_age;
}

std::string SecondsText(std::chrono::seconds duration) {
  return std::to_string(duration.count()) + " s";
}

std::string AgeText(std::chrono::seconds age) {
  return age.count() >= 0 ? SecondsText(age) + " old" : SecondsText(-age) + " in the future";
}

std::string WindowText(const Call& call) {
  return "the window is " + SecondsText(call.options.max_age);
}

}  // namespace callvet
