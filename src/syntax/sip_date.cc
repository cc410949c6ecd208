// SPDX-License-Identifier: MIT
#include "syntax/sip_date.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace callvet {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <size_t N>
std::optional<unsigned> IndexOf(const std::array<std::string_view, N>& names,
                                std::string_view name) {
  for (unsigned i = 0; i < N; ++i) {
    if (EqualsIgnoreCase(names[i], name)) return i;
  }
  return std::nullopt;
}

// The text up to one of `ends` or the end of `text`, which is consumed with the end character.
std::string_view Take(std::string_view& text, char end) {
  const size_t length = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return taken;
}

std::optional<unsigned> TakeNumber(std::string_view& text, char end, size_t min_digits,
                                   size_t max_digits, unsigned max) {
  const std::string_view digits = Take(text, end);
  if (digits.size() < min_digits || digits.size() > max_digits) return std::nullopt;
  const auto number = ParseNumber(digits, max);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

}  // namespace

Result<sys_seconds> ParseSipDate(std::string_view text) {
  const auto bad = [&] {
    return Fail(Reason::kDateInvalid,
                Quote(text) + " is not of the form \"Sat, 13 Nov 2010 23:29:00 GMT\"");
  };
  std::string_view rest = TrimLines(text);
  const auto weekday = IndexOf(kDays, Take(rest, ','));
  rest = Trim(rest);
  const auto day = TakeNumber(rest, ' ', 1, 2, 31);
  const auto month = IndexOf(kMonths, Take(rest, ' '));
  const auto year = TakeNumber(rest, ' ', 4, 4, 9999);
  const auto hour = TakeNumber(rest, ':', 2, 2, 23);
  const auto minute = TakeNumber(rest, ':', 2, 2, 59);
  const auto second = TakeNumber(rest, ' ', 2, 2, 60);
  if (!weekday || !day || !month || !year || !hour || !minute || !second || *year < 1970 ||
      (!EqualsIgnoreCase(rest, "GMT") && !EqualsIgnoreCase(rest, "UTC"))) {
    return bad();
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month + 1), std::chrono::day(*day)};
  if (!date.ok()) return bad();
  return sys_seconds(std::chrono::sys_days(date)) +
         std::chrono::seconds(*hour * 3600 + *minute * 60 + *second);
}

std::string FormatSipDate(sys_seconds time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  std::string text;
  text.reserve(std::string_view("Sat, 13 Nov 2010 23:29:00 GMT").size());
  text += kDays[std::chrono::weekday(days).c_encoding()];
  AppendPadded(static_cast<int>(static_cast<unsigned>(date.day())), 2, text += ", ");
  (text += ' ') += kMonths[static_cast<unsigned>(date.month()) - 1];
  AppendPadded(static_cast<int>(date.year()), 4, text += ' ');
  AppendPadded(static_cast<int>(clock.hours().count()), 2, text += ' ');
  AppendPadded(static_cast<int>(clock.minutes().count()), 2, text += ':');
  AppendPadded(static_cast<int>(clock.seconds().count()), 2, text += ':');
  return text += " GMT";
}

}  // namespace callvet
