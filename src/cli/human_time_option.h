// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
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

/// --from and --to as people write them; nothing of an empty one. Fails with kParameterInvalid,
/// which names the option, also where --from is later than --to.
struct AskedTimes {
  std::optional<sys_seconds> from;
  std::optional<sys_seconds> to;
};
Result<AskedTimes> AskedTimesOf(const std::string& from, const std::string& to,
                                const HumanTimes& times);

/// `time` with the offset that counts then: 2026-11-25T15:10:00+08:00.
std::string LocalTimeText(sys_seconds time, const ZoneOptions& options);

}  // namespace callvet::cli
