// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "callvet/policy.h"
#include "callvet/result.h"
#include "policy/local_time.h"
#include "policy/table_number.h"

namespace callvet {

/// A pattern of the first digits of a number: digits, x for any, [2-9] for a set. A value.
class DigitPattern {
 public:
  /// Fails with kParameterInvalid: empty, longer than 15 digits, other characters.
  static Result<DigitPattern> Parse(std::string_view text);
  /// Whether a number that matches may begin with `digit`, 0 to 9.
  [[nodiscard]] bool MayBeginWith(unsigned digit) const { return ((sets_[0] >> digit) & 1U) != 0; }
  [[nodiscard]] bool Matches(std::string_view digits) const {
    if (digits.size() < size_) return false;
    for (size_t i = 0; i < size_; ++i) {
      if (!IsDigit(digits[i]) || ((sets_[i] >> (digits[i] - '0')) & 1U) == 0) return false;
    }
    return true;
  }

 private:
  std::array<uint16_t, TelephoneNumber::kMaxCanonical> sets_{};  // a bit per digit
  uint8_t size_ = 0;
};

/// Who may show a number of a row (ent in the data).
enum class MayShow : uint8_t {
  kHolder,      // Y: the enterprise that it is assigned to; somebody must hold it
  kOwnLine,     // L: from its own line or SIM
  kReserved,    // C: carriers and the state
  kNobody,      // N: never a caller
  kUnassigned,  // X: no such numbers
};

/// How the numbers of a row are dialled.
enum class PlanForm : uint8_t { kE164, kBare };

/// The numbering plan of one country: data, not code. Immutable; thread-safe.
class NumberPlan {
 public:
  struct Row {
    DigitPattern prefix;
    uint8_t min_length = 0;  // digits of the national number
    uint8_t max_length = 0;
    PlanForm form = PlanForm::kE164;
    MayShow may_show = MayShow::kOwnLine;
    std::string category;
    std::string source;
  };

  /// Reads the text of a plan: lines "country,ISO", "country,ISO,CODE", "emergency,NUMBER",
  /// "zone,PREFIX,OFFSET" and "number,PREFIX,LENGTH,FORM,MAY-SHOW,CATEGORY,SOURCE", empty ones and
  /// those that begin with '#'. Fails with kFileInvalid, the detail naming the line.
  static Result<NumberPlan> Parse(std::string_view text);

  /// The plan that is compiled in under `name` ("CN", "NANP"), or nullptr. Static storage.
  static std::string_view BuiltIn(std::string_view name);

  [[nodiscard]] const std::string& country() const { return country_; }
  [[nodiscard]] const std::string& country_code() const { return country_code_; }
  [[nodiscard]] const std::vector<std::string>& emergency_numbers() const { return emergency_; }
  [[nodiscard]] const std::vector<TimeZones::Zone>& zones() const { return zones_; }

  /// True if `number` is one of this country: its codes, or its country code in front.
  [[nodiscard]] bool IsDomestic(const CallNumber& number) const;

  /// The row of a domestic number; the first that fits, of the form in which it arrived first
  /// (H-20). Nothing if there is none; `wrong_length` is then set if only the length is wrong.
  const Row* Find(const CallNumber& number, bool& wrong_length) const;

 private:
  Result<void> ReadLine(std::string_view line);
  [[nodiscard]] const std::vector<size_t>& RowsOf(PlanForm form, char first_digit) const {
    return rows_of_[static_cast<size_t>(form)][static_cast<size_t>(first_digit - '0')];
  }

  std::string country_;
  std::string country_code_;
  std::vector<std::string> emergency_;
  std::vector<TimeZones::Zone> zones_;
  std::vector<Row> rows_;
  /// For each form and first digit the indices of the rows that may fit, in their order.
  std::array<std::array<std::vector<size_t>, 10>, 2> rows_of_;
};

/// Names of the plans that are compiled in.
std::vector<std::string_view> BuiltInPlans();

}  // namespace callvet
