// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "callvet/telephone_number.h"

namespace callvet {

/// Which numbers a number is one of: +95 588... (Myanmar) and the Chinese code 95588 never meet.
enum class NumberSpace : uint8_t {
  kE164,
  kNational,  // codes that have no country code: 95588, 911
};

/// A number as tables keep it: numbers of one space and length are in numerical order, which is
/// what a range means. Numbers of other lengths are elsewhere: leading zeros count. A value.
class TableNumber {
 public:
  /// Of 1 to 15 digits, else nothing ('#' and '*' are in no range).
  static std::optional<TableNumber> Make(std::string_view digits, NumberSpace space);

  [[nodiscard]] uint64_t value() const { return value_; }
  [[nodiscard]] unsigned length() const {
    return static_cast<unsigned>(value_ >> kLengthShift) & 15U;
  }
  [[nodiscard]] NumberSpace space() const {
    return (value_ >> kSpaceShift) == 0 ? NumberSpace::kE164 : NumberSpace::kNational;
  }
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the zero of <=> for a pointer
  auto operator<=>(const TableNumber&) const = default;

 private:
  static constexpr unsigned kLengthShift = 50;  // 10^15 < 2^50
  static constexpr unsigned kSpaceShift = 54;

  explicit TableNumber(uint64_t value) : value_(value) {}
  uint64_t value_;
};

/// How a number arrived (H-20).
enum class NumberForm : uint8_t {
  kPlus,                 // +86 10 ...
  kInternationalPrefix,  // 00 86 10 ...
  kCountryCode,          // 86 10 ...
  kNationalPrefix,       // 0 10 ...
  kBare,                 // 10 ..., 95588
};

/// "+86...", "0086...", in words.
std::string_view NumberFormText(NumberForm form);

/// A number of the call, read once for all rules. A value.
struct CallNumber {
  std::string digits;  // canonical, without '+'
  NumberSpace space = NumberSpace::kE164;
  NumberForm form = NumberForm::kBare;
  /// Whether it was written "+86 0 10 ...", as no number is, although it can be told which is
  /// meant.
  bool has_prefix_behind_code = false;

  /// How `number`, read with `plan` (which may be null), is told apart and kept.
  static CallNumber Of(const TelephoneNumber& number, const DialPlan* plan);

  [[nodiscard]] std::optional<TableNumber> key() const { return TableNumber::Make(digits, space); }
  /// "+8613..." or "95588".
  [[nodiscard]] std::string Text() const;
  bool operator==(const CallNumber&) const = default;
};

/// A number as tables write it: E.164 with '+', or a code without country code in its one form
/// ("95588"). Nothing unless all of it is digits, when no number begins so (+0), and when `plan`
/// knows that it is none, or would read it as another number.
std::optional<TableNumber> ReadTableNumber(std::string_view text, const DialPlan* plan);

}  // namespace callvet
