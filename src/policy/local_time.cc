// SPDX-License-Identifier: MIT
#include "policy/local_time.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::March;
using std::chrono::minutes;
using std::chrono::November;
using std::chrono::October;
using std::chrono::Sunday;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int kMinutesOfDay = 24 * 60;

// "HH:MM" as minutes, at most 24:00.
std::optional<int> ParseHourMinute(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = ParseNumber(text.substr(0, 2), 24);
  const auto minute = ParseNumber(text.substr(3), 59);
  if (!hour || !minute) return std::nullopt;
  const int total = static_cast<int>(*hour * 60 + *minute);
  return total <= kMinutesOfDay ? std::optional<int>(total) : std::nullopt;
}

bool IsSummer(const TimeZones::Zone& zone, sys_seconds at) {
  const auto year = year_month_day(floor<days>(at)).year();
  switch (zone.summer_time) {
    case SummerTime::kNone:
      return false;
    case SummerTime::kUs: {
      const sys_seconds begin = sys_days(year / March / Sunday[2]) + hours(2) - zone.utc_offset;
      const sys_seconds end =
          sys_days(year / November / Sunday[1]) + hours(1) - zone.utc_offset;  // standard time
      return at >= begin && at < end;
    }
    case SummerTime::kEu:
      return at >= sys_days(year / March / Sunday[std::chrono::last]) + hours(1) &&
             at < sys_days(year / October / Sunday[std::chrono::last]) + hours(1);
  }
  return false;
}

}  // namespace

Result<HourRange> HourRange::Parse(std::string_view text) {
  const auto bad = [&] {
    return Fail(Reason::kParameterInvalid, Quote(text) + " is not hours like 08:00-21:00");
  };
  if (text.size() != 11 || text[5] != '-') return bad();
  const auto from = ParseHourMinute(text.substr(0, 5));
  const auto to = ParseHourMinute(text.substr(6));
  if (!from || !to || *from == *to || *from == kMinutesOfDay) return bad();
  return HourRange{static_cast<uint16_t>(*from), static_cast<uint16_t>(*to)};
}

bool HourRange::Holds(int minute_of_day) const {
  const bool after = minute_of_day >= from;
  const bool before = minute_of_day < to;
  return from < to ? after && before : after || before;
}

std::string HourRange::Text() const {
  return FormatMinuteOfDay(from) + "-" + FormatMinuteOfDay(to);
}

TimeZones::TimeZones(std::vector<Zone> zones) : zones_(std::move(zones)) {
  std::stable_sort(zones_.begin(), zones_.end(),
                   [](const Zone& a, const Zone& b) { return a.prefix.size() > b.prefix.size(); });
}

std::optional<int> TimeZones::MinuteOfDay(std::string_view digits, sys_seconds at) const {
  for (const Zone& zone : zones_) {
    if (!digits.starts_with(zone.prefix)) continue;
    const auto local = at + zone.utc_offset + hours(IsSummer(zone, at) ? 1 : 0);
    return static_cast<int>(floor<minutes>(local - floor<days>(local)).count());
  }
  return std::nullopt;
}

Result<minutes> ParseUtcOffset(std::string_view text) {
  if (text == "Z") return minutes(0);
  if (text.size() == 6 && (text[0] == '+' || text[0] == '-')) {
    const auto offset = ParseHourMinute(text.substr(1));
    constexpr int kMost = 14 * 60;
    if (offset && *offset <= kMost) return minutes(text[0] == '-' ? -*offset : *offset);
  }
  return Fail(Reason::kParameterInvalid, Quote(text) + " is not an offset like +08:00");
}

std::string FormatMinuteOfDay(int minute) {
  std::string text = "00:00";
  text[0] = static_cast<char>('0' + minute / 600);
  text[1] = static_cast<char>('0' + minute / 60 % 10);
  text[3] = static_cast<char>('0' + minute % 60 / 10);
  text[4] = static_cast<char>('0' + minute % 10);
  return text;
}

}  // namespace callvet
