// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "base/human_time.h"
#include "callvet/result.h"

namespace CLI {
class App;
}

namespace callvet::cli {

/// --zone of a command whose times people write.
struct ZoneOptions {
  std::string zone;  // "": the machine's
};
void AddZoneOption(CLI::App& command, ZoneOptions& options);

/// How times are read now. Fails with kParameterInvalid.
Result<HumanTimes> HumanTimesOf(const ZoneOptions& options);

/// `time` with the offset that counts then: 2026-11-25T15:10:00+08:00.
std::string LocalTimeText(sys_seconds time, const ZoneOptions& options);

}  // namespace callvet::cli
