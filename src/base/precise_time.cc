// SPDX-License-Identifier: MIT
#include "base/precise_time.h"

namespace callvet {

std::chrono::sys_time<std::chrono::milliseconds> PreciseNow() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace callvet
