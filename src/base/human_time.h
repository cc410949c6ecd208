// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"

// Times as people write them. Pure; thread-safe, as far as a LocalZone is.

namespace callvet {

/// What the clock on the wall says, to UTC. Fails with kParameterInvalid.
using LocalZone = std::function<Result<sys_seconds>(std::chrono::local_seconds)>;

/// "Z", "UTC" or "+08:00": how far local time is ahead of UTC. Fails with kParameterInvalid.
Result<std::chrono::seconds> ReadZoneOffset(std::string_view text);
/// The zone of that offset. Fails with kParameterInvalid.
Result<LocalZone> ZoneOfOffset(std::string_view text);

/// Reads what ParseTime reads, or "2026-11-25 15:10" (also with 'T' and seconds), "today 15:10" or
/// "yesterday 15:10" in `zone`; without a zone, which is an empty function, these fail. `now` says
/// which day is today, by `today_offset` ahead of UTC. Fails with kParameterInvalid.
struct HumanTimes {
  sys_seconds now{};
  std::chrono::seconds today_offset{};
  LocalZone zone;
};
Result<sys_seconds> ParseHumanTime(std::string_view text, const HumanTimes& times);

/// 2026-11-25T15:10:00+08:00 (RFC 3339).
std::string FormatTimeAt(sys_seconds time, std::chrono::seconds offset);

}  // namespace callvet
