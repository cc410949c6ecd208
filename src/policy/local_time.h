// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

/// Hours of a day, from inclusive, to exclusive; over midnight if `to` is the smaller one.
struct HourRange {
  uint16_t from = 0;  // minutes since midnight
  uint16_t to = 0;

  /// Reads "08:00-21:00" (00:00 to 24:00, the two different). Fails with kParameterInvalid.
  static Result<HourRange> Parse(std::string_view text);
  [[nodiscard]] bool Holds(int minute_of_day) const;
  [[nodiscard]] std::string Text() const;
  bool operator==(const HourRange&) const = default;
};

/// When clocks are put forward by an hour.
enum class SummerTime : uint8_t {
  kNone,
  kUs,  // 2:00 of the second Sunday in March to 2:00 of the first in November, local time (2007 on)
  kEu,  // 1:00 UTC of the last Sundays in March and October
};

/// The time of day where a number is, by fixed rules that the operator gives: no time zone database
/// is read. A value; const use is thread-safe.
class TimeZones {
 public:
  struct Zone {
    std::string prefix;  // of canonical E.164 digits
    std::chrono::minutes utc_offset{0};
    SummerTime summer_time = SummerTime::kNone;
  };

  explicit TimeZones(std::vector<Zone> zones = {});

  /// Minutes since local midnight at the callee with the canonical number `digits`, by its longest
  /// prefix; nothing if none fits.
  [[nodiscard]] std::optional<int> MinuteOfDay(std::string_view digits, sys_seconds at) const;

 private:
  std::vector<Zone> zones_;  // longest prefix first
};

/// Reads "+08:00", "-05:00" or "Z". Fails with kParameterInvalid.
Result<std::chrono::minutes> ParseUtcOffset(std::string_view text);

/// "14:05".
std::string FormatMinuteOfDay(int minute);

}  // namespace callvet
