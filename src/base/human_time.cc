// SPDX-License-Identifier: MIT
#include "base/human_time.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/text.h"

namespace callvet {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;

// Exactly `count` digits off the front of `text`.
std::optional<int> TakeNumber(std::string_view& text, size_t count) {
  const auto number = ParseNumber(text.substr(0, count), 9999);
  if (text.size() < count || !number) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<int>(*number);
}

bool TakeOne(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// "15:10" or "15:10:05" to the end.
std::optional<seconds> ClockOf(std::string_view text) {
  const auto hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !TakeOne(text, ":")) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  seconds clock = hours(*hour) + minutes(*minute);
  if (text.empty()) return clock;
  if (!TakeOne(text, ":")) return std::nullopt;
  const auto second = TakeNumber(text, 2);
  if (!second || *second > 59 || !text.empty()) return std::nullopt;
  return clock + seconds(*second);
}

std::optional<local_days> TakeDate(std::string_view& text) {
  const auto year = TakeNumber(text, 4);
  if (!year || *year < 1970 || !TakeOne(text, "-")) return std::nullopt;
  const auto month = TakeNumber(text, 2);
  if (!month || !TakeOne(text, "-")) return std::nullopt;
  const auto day = TakeNumber(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || !TakeOne(text, "Tt ")) return std::nullopt;
  return local_days(date);
}

std::optional<local_days> TakeDay(std::string_view& text, const HumanTimes& times) {
  const auto local = (times.now + times.today_offset).time_since_epoch();
  const local_days today(std::chrono::floor<days>(local));
  for (const auto& [word, day] : {std::pair(std::string_view("today "), today),
                                  std::pair(std::string_view("yesterday "), today - days(1))}) {
    if (!EqualsIgnoreCase(text.substr(0, word.size()), word)) continue;
    text.remove_prefix(word.size());
    return day;
  }
  return TakeDate(text);
}

}  // namespace

Result<std::chrono::seconds> ReadZoneOffset(std::string_view text) {
  if (EqualsIgnoreCase(text, "Z") || EqualsIgnoreCase(text, "UTC")) return seconds(0);
  std::string_view rest = text;
  const bool behind = !rest.empty() && rest.front() == '-';
  if (TakeOne(rest, "+-")) {
    const auto clock = ClockOf(rest);
    constexpr size_t kMinutesOnly = 5;
    if (clock && rest.size() == kMinutesOnly) return behind ? -*clock : *clock;
  }
  return Fail(Reason::kParameterInvalid,
              Quote(text) + " is no offset from UTC such as +08:00, -05:00 or UTC");
}

Result<LocalZone> ZoneOfOffset(std::string_view text) {
  const auto offset = ReadZoneOffset(text);
  if (!offset) return offset.error();
  return LocalZone([ahead = *offset](std::chrono::local_seconds local) -> Result<sys_seconds> {
    return sys_seconds(local.time_since_epoch()) - ahead;
  });
}

Result<sys_seconds> ParseHumanTime(std::string_view text, const HumanTimes& times) {
  if (auto time = ParseTime(text)) return time;
  std::string_view rest = Trim(text);
  const auto day = TakeDay(rest, times);
  const auto clock = day ? ClockOf(rest) : std::nullopt;
  if (!clock) {
    return Fail(Reason::kParameterInvalid,
                Quote(text) +
                    " is no time: write 2026-11-25T15:10:00+08:00, seconds since 1970, 2026-11-25 "
                    "15:10, today 15:10 or yesterday 15:10");
  }
  if (!times.zone) {
    return Fail(Reason::kParameterInvalid,
                Quote(text) + " does not say in which zone: give one, such as +08:00");
  }
  return times.zone(std::chrono::local_seconds(*day) + *clock);
}

std::string FormatTimeAt(sys_seconds time, std::chrono::seconds offset) {
  std::string text = FormatTime(time + offset);
  text.pop_back();  // 'Z'
  const auto ahead = std::abs(std::chrono::duration_cast<minutes>(offset).count());
  char zone[16];
  (void)std::snprintf(zone, sizeof zone, "%c%02d:%02d", offset < seconds(0) ? '-' : '+',
                      static_cast<int>(ahead / 60), static_cast<int>(ahead % 60));
  return text + zone;
}

}  // namespace callvet
