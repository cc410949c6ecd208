// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

/// A new record's id: a UUID (version 7, RFC 9562), whose first part is the time in milliseconds
/// (here whole seconds). Fails with kInternalError. Thread-safe.
Result<std::string> NewEvidenceId(sys_seconds now);

/// The same for whoever needs many: asks for random bytes once for hundreds of them. Not
/// thread-safe. Not for both sides of a fork, which would make the same ids.
class EvidenceIds {
 public:
  /// Fails with kInternalError.
  Result<std::string> Next(sys_seconds now);

 private:
  std::array<unsigned char, 4000> random_{};
  size_t used_ = 4000;
};

/// The time in a record's id; nothing if it is none. Pure.
std::optional<sys_seconds> TimeOfId(std::string_view id);
/// The day of that time; 1970 if it is none. Pure.
std::chrono::sys_days DayOfId(std::string_view id);

}  // namespace callvet
