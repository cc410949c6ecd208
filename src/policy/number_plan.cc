// SPDX-License-Identifier: MIT
#include "policy/number_plan.h"

#include <algorithm>

#include "base/text.h"
#include "policy/csv.h"
#include "policy/number_plan_data.h"

namespace callvet {
namespace {

constexpr uint16_t kAnyDigit = 0x3FF;

// The set inside "[...]", `text` being what stands between the brackets; 0 if it is none.
uint16_t ParseSet(std::string_view text) {
  unsigned set = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsDigit(text[i])) return 0;
    char to = text[i];
    if (i + 2 < text.size() && text[i + 1] == '-') {
      to = text[i + 2];
      if (!IsDigit(to) || to < text[i]) return 0;
    }
    for (char digit = text[i]; digit <= to; ++digit) set |= 1U << (digit - '0');
    if (to != text[i] || (i + 1 < text.size() && text[i + 1] == '-')) i += 2;
  }
  return static_cast<uint16_t>(set);
}

std::optional<MayShow> ParseMayShow(std::string_view text) {
  if (text == "Y") return MayShow::kHolder;
  if (text == "L") return MayShow::kOwnLine;
  if (text == "C") return MayShow::kReserved;
  if (text == "N") return MayShow::kNobody;
  if (text == "X") return MayShow::kUnassigned;
  return std::nullopt;
}

// "11" or "8-20".
bool ParseLength(std::string_view text, NumberPlan::Row& row) {
  constexpr uint64_t kMost = 20;
  const size_t hyphen = text.find('-');
  const auto least = ParseNumber(text.substr(0, hyphen), kMost);
  const auto most =
      hyphen == std::string_view::npos ? least : ParseNumber(text.substr(hyphen + 1), kMost);
  if (!least || !most || *least == 0 || *most < *least) return false;
  row.min_length = static_cast<uint8_t>(*least);
  row.max_length = static_cast<uint8_t>(*most);
  return true;
}

Result<NumberPlan::Row> ParseRow(const CsvFields& fields) {
  NumberPlan::Row row;
  auto prefix = DigitPattern::Parse(fields[1]);
  if (!prefix) return prefix.error();
  row.prefix = *prefix;
  if (!ParseLength(fields[2], row)) return Fail(Reason::kFileInvalid, "length " + Quote(fields[2]));
  if (fields[3] != "e164" && fields[3] != "bare")
    return Fail(Reason::kFileInvalid, "form " + Quote(fields[3]));
  row.form = fields[3] == "e164" ? PlanForm::kE164 : PlanForm::kBare;
  const auto may_show = ParseMayShow(fields[4]);
  if (!may_show)
    return Fail(Reason::kFileInvalid, "may-show " + Quote(fields[4]) + " is none of Y, L, C, N, X");
  row.may_show = *may_show;
  row.category = std::string(fields[5]);
  row.source = std::string(fields[6]);
  if (row.category.empty() || row.source.empty())
    return Fail(Reason::kFileInvalid, "category or source is missing");
  return row;
}

}  // namespace

Result<DigitPattern> DigitPattern::Parse(std::string_view text) {
  DigitPattern pattern;
  for (size_t i = 0; i < text.size(); ++i) {
    uint16_t set = 0;
    if (IsDigit(text[i])) {
      set = static_cast<uint16_t>(1U << (text[i] - '0'));
    } else if (text[i] == 'x') {
      set = kAnyDigit;
    } else if (const size_t close = text.find(']', i);
               text[i] == '[' && close != std::string_view::npos) {
      set = ParseSet(text.substr(i + 1, close - i - 1));
      i = close;
    }
    if (set == 0 || pattern.size_ == pattern.sets_.size()) break;
    pattern.sets_[pattern.size_++] = set;
    if (i + 1 == text.size()) return pattern;
  }
  return Fail(Reason::kParameterInvalid, Quote(text) + " is not a pattern of digits, x and [2-9]");
}

Result<void> NumberPlan::ReadLine(std::string_view line) {
  CsvFields fields;
  if (!fields.Split(line))
    return Fail(Reason::kFileInvalid, "the quotes do not match, or there are too many fields");
  if (fields[0] == "country" && (fields.size() == 2 || fields.size() == 3) && country_.empty()) {
    const DialPlan* dial_plan = FindDialPlan(fields[1]);
    country_ = std::string(fields[1]);
    country_code_ = std::string(fields[2]);
    if (country_code_.empty() && dial_plan != nullptr) country_code_ = dial_plan->country_code;
    if (country_.empty() || !ParseNumber(country_code_, 999)) {
      return Fail(Reason::kFileInvalid,
                  "country " + Quote(fields[1]) + " needs its country code as third field");
    }
    return {};
  }
  if (fields[0] == "emergency" && fields.size() == 2 && ParseNumber(fields[1], 999'999)) {
    emergency_.emplace_back(fields[1]);
    return {};
  }
  if (fields[0] == "zone" && fields.size() == 3 && ParseNumber(fields[1], 999'999'999)) {
    const auto offset = ParseUtcOffset(fields[2]);
    if (!offset) return Fail(Reason::kFileInvalid, offset.error().detail);
    zones_.push_back({std::string(fields[1]), *offset, SummerTime::kNone});
    return {};
  }
  if (fields[0] == "number" && fields.size() == 7) {
    auto row = ParseRow(fields);
    if (!row) return Fail(Reason::kFileInvalid, row.error().detail);
    for (unsigned digit = 0; digit < 10; ++digit) {
      if (!row->prefix.MayBeginWith(digit)) continue;
      rows_of_[static_cast<size_t>(row->form)][digit].push_back(rows_.size());
    }
    rows_.push_back(std::move(*row));
    return {};
  }
  return Fail(Reason::kFileInvalid, "no line of a number plan: " + Quote(line));
}

Result<NumberPlan> NumberPlan::Parse(std::string_view text) {
  NumberPlan plan;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = TrimLines(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (auto ok = plan.ReadLine(line); !ok) {
      return Fail(Reason::kFileInvalid,
                  "line " + std::to_string(line_number) + ": " + ok.error().detail);
    }
  }
  if (plan.country_.empty() || plan.rows_.empty()) {
    return Fail(Reason::kFileInvalid, "a number plan needs a country and numbers");
  }
  return plan;
}

std::string_view NumberPlan::BuiltIn(std::string_view name) {
  for (const BuiltInPlan& plan : kBuiltInPlans) {
    if (EqualsIgnoreCase(plan.name, name)) return plan.text;
  }
  return {};
}

std::vector<std::string_view> BuiltInPlans() {
  std::vector<std::string_view> names;
  for (const BuiltInPlan& plan : kBuiltInPlans) names.push_back(plan.name);
  return names;
}

bool NumberPlan::IsDomestic(const CallNumber& number) const {
  return number.space == NumberSpace::kNational || number.digits.starts_with(country_code_);
}

const NumberPlan::Row* NumberPlan::Find(const CallNumber& number, bool& wrong_length) const {
  std::string_view national = number.digits;
  if (number.space == NumberSpace::kE164) national.remove_prefix(country_code_.size());
  wrong_length = false;
  if (national.empty() || !IsDigit(national[0])) return nullptr;
  const PlanForm first = number.form == NumberForm::kBare ? PlanForm::kBare : PlanForm::kE164;
  const PlanForm second = first == PlanForm::kBare ? PlanForm::kE164 : PlanForm::kBare;
  for (const PlanForm form : {first, second}) {
    for (const size_t index : RowsOf(form, national[0])) {
      const Row& row = rows_[index];
      if (!row.prefix.Matches(national)) continue;
      if (national.size() >= row.min_length && national.size() <= row.max_length) return &row;
      wrong_length = true;
    }
  }
  return nullptr;
}

}  // namespace callvet
