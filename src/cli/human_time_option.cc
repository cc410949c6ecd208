// SPDX-License-Identifier: MIT
#include "cli/human_time_option.h"

#include <ctime>
#include <tuple>

#include <CLI/CLI.hpp>

#include "api/query_text.h"
#include "cli/options.h"

namespace callvet::cli {
namespace {

// By the machine's zone; of an hour that clocks show twice either.
Result<sys_seconds> FromMachineZone(std::chrono::local_seconds local) {
  const auto seconds = static_cast<std::time_t>(local.time_since_epoch().count());
  std::tm wall{};
  ::gmtime_r(&seconds, &wall);
  wall.tm_isdst = -1;
  const std::time_t time = ::mktime(&wall);
  if (time < 0) return Fail(Reason::kParameterInvalid, "this time is not of the machine's zone");
  return sys_seconds(std::chrono::seconds(time));
}

std::chrono::seconds MachineOffset(sys_seconds time) {
  const auto seconds = static_cast<std::time_t>(time.time_since_epoch().count());
  std::tm wall{};
  ::localtime_r(&seconds, &wall);
  return std::chrono::seconds(wall.tm_gmtoff);
}

}  // namespace

void AddZoneOption(CLI::App& command, ZoneOptions& options) {
  command
      .add_option("--zone", options.zone,
                  "Offset from UTC of times that say none, such as +08:00 (default: this machine's "
                  "zone)")
      ->type_name("OFFSET");
}

Result<HumanTimes> HumanTimesOf(const ZoneOptions& options) {
  HumanTimes times{SystemClock().Now(), {}, FromMachineZone};
  if (options.zone.empty()) {
    times.today_offset = MachineOffset(times.now);
    return times;
  }
  const auto offset = ReadZoneOffset(options.zone);
  if (!offset) return InOption("--zone", offset.error());
  times.today_offset = *offset;
  times.zone = *ZoneOfOffset(options.zone);
  return times;
}

Result<AskedTimes> AskedTimesOf(const std::string& from, const std::string& to,
                                const HumanTimes& times) {
  AskedTimes asked;
  for (auto [text, time, name] :
       {std::tuple(&from, &asked.from, "--from"), std::tuple(&to, &asked.to, "--to")}) {
    if (text->empty()) continue;
    const auto parsed = ParseHumanTime(*text, times);
    if (!parsed) return InOption(name, parsed.error());
    *time = *parsed;
  }
  if (auto ok = CheckTimeOrder(asked.from, asked.to, "--"); !ok) return ok.error();
  return asked;
}

std::string LocalTimeText(sys_seconds time, const ZoneOptions& options) {
  const auto offset = ReadZoneOffset(options.zone);
  return FormatTimeAt(time, offset ? *offset : MachineOffset(time));
}

}  // namespace callvet::cli
