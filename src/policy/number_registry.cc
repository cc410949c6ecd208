// SPDX-License-Identifier: MIT
#include "policy/number_registry.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "policy/interned_texts.h"
#include "policy/table_lines.h"

namespace callvet {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 5> kUses = {"voice", "marketing", "service", "callback",
                                                   "inbound"};

enum Column : size_t { kFirst, kLast, kHolder, kCategory, kUseList, kHours, kFrom, kTo };
constexpr std::array<std::string_view, 8> kColumns = {"first", "last",  "holder",     "category",
                                                      "uses",  "hours", "valid_from", "valid_to"};

// 1 KiB of keys between two steps: a few cache lines are touched behind the search of the steps.
constexpr size_t kStep = 128;

constexpr sys_days kEver{days(0)};
constexpr sys_days kNever{days(3'000'000)};  // the year 10183

Failure Invalid(std::string detail) {
  return Fail(Reason::kFileInvalid, std::move(detail));
}

Result<uint8_t> ParseUses(std::string_view text) {
  unsigned uses = 0;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view name = text.substr(0, space);
    text = Trim(text.substr(space));
    const auto use = ParseNumberUse(name);
    if (!use) {
      const std::string_view nearest = NearestWord(name, kUses);
      return Invalid("use " + Quote(name) + " is not known" +
                     (nearest.empty() ? "" : ", near is " + Quote(nearest)));
    }
    uses |= 1U << static_cast<unsigned>(*use);
  }
  return static_cast<uint8_t>(uses);
}

Result<sys_days> ParseDay(std::string_view text, sys_days fallback) {
  if (text.empty()) return fallback;
  const auto time = ParseDateOrTime(text);
  if (!time || *time != std::chrono::floor<days>(*time)) {
    return Invalid(Quote(text) + " is not a date like 2026-01-15");
  }
  return std::chrono::floor<days>(*time);
}

}  // namespace

// Collects rows, then makes the table of them.
class RegistryReader {
 public:
  explicit RegistryReader(const DialPlan* plan) : plan_(plan) {}

  void ReadFile(const std::filesystem::path& file, std::vector<PolicyProblem>& problems) {
    files_.push_back({file, rows_.size()});
    ReadTable(
        file, {kColumns, 3},
        [this](TableFields fields, size_t line) { return AddRow(fields, line); }, problems);
  }

  NumberRegistry Finish(std::vector<PolicyProblem>& problems) {
    const auto before = [](const Row& a, const Row& b) { return a.first < b.first; };
    if (files_.size() > 1 || !std::is_sorted(rows_.begin(), rows_.end(), before)) {
      Sort();
    }
    for (size_t i = 1; i < rows_.size() && problems.size() < kMaxTableProblems; ++i) {
      if (rows_[i].first <= rows_[i - 1].last) ComplainOfOverlap(rows_[i], rows_[i - 1], problems);
    }
    return MakeTable();
  }

 private:
  struct Row {
    uint64_t first;
    uint64_t last;
    uint32_t rights;
    uint32_t line;
    uint32_t file;
  };
  struct File {
    std::filesystem::path path;
    size_t first_row;
  };

  Result<void> AddRow(TableFields fields, size_t line) {
    const auto first = ReadTableNumber(fields[kFirst], plan_);
    if (!first) return Invalid("first: " + BadNumber(fields[kFirst]));
    const auto last = fields[kLast].empty() ? first : ReadTableNumber(fields[kLast], plan_);
    if (!last) return Invalid("last: " + BadNumber(fields[kLast]));
    if (first->length() != last->length() || first->space() != last->space() || *last < *first) {
      return Invalid("last is not a number of the same length at or behind first");
    }
    const auto rights = RightsOf(fields);
    if (!rights) return rights.error();
    constexpr size_t kMaxRows = 0xFFFFFFFF;
    if (rows_.size() >= kMaxRows || line >= kMaxRows) return Invalid("too many rows");
    rows_.push_back({first->value(), last->value(), *rights, static_cast<uint32_t>(line),
                     static_cast<uint32_t>(files_.size() - 1)});
    return {};
  }

  [[nodiscard]] static std::string BadNumber(std::string_view text) {
    return Quote(text) +
           " is neither E.164 with '+' nor a code without country code in its one form";
  }

  // Equal rights are parsed and kept once: most ranges share theirs with others.
  Result<uint32_t> RightsOf(TableFields fields) {
    key_.clear();
    for (size_t i = kHolder; i < kColumns.size(); ++i) {
      key_ += fields[i];
      key_ += '\n';  // no field holds one
    }
    if (key_ == last_key_) return last_rights_;
    const auto found = rights_index_.find(key_);
    if (found != rights_index_.end()) {
      last_rights_ = found->second;
    } else {
      auto rights = ParseRights(fields);
      if (!rights) return rights.error();
      last_rights_ = static_cast<uint32_t>(table_.rights_table_.size());
      table_.rights_table_.push_back(*rights);
      rights_index_.emplace(key_, last_rights_);
    }
    last_key_ = key_;
    return last_rights_;
  }

  Result<NumberRegistry::Rights> ParseRights(TableFields fields) {
    NumberRegistry::Rights rights;
    if (fields[kHolder].empty()) return Invalid("the holder is missing");
    const auto uses = ParseUses(fields[kUseList]);
    if (!uses) return uses.error();
    rights.uses = *uses;
    if (!fields[kHours].empty()) {
      const auto hours = HourRange::Parse(fields[kHours]);
      if (!hours) return Invalid(hours.error().detail);
      rights.hours = *hours;
    }
    const auto from = ParseDay(fields[kFrom], kEver);
    if (!from) return from.error();
    const auto to = ParseDay(fields[kTo], kNever);
    if (!to) return to.error();
    if (*to < *from) return Invalid("valid_to lies before valid_from");
    rights.valid_from = *from;
    rights.valid_to = *to;
    rights.holder = texts_.IndexOf(fields[kHolder]);
    rights.category = texts_.IndexOf(fields[kCategory]);
    return rights;
  }

  void Sort() {
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
      return a.first != b.first ? a.first < b.first
                                : std::tie(a.file, a.line) < std::tie(b.file, b.line);
    });
  }

  void ComplainOfOverlap(const Row& a, const Row& b, std::vector<PolicyProblem>& problems) const {
    const bool a_later = std::tie(a.file, a.line) > std::tie(b.file, b.line);
    const Row& later = a_later ? a : b;
    const Row& earlier = a_later ? b : a;
    std::string message = "the range overlaps that of line " + std::to_string(earlier.line);
    if (later.file != earlier.file) message += " of " + files_[earlier.file].path.string();
    problems.push_back({files_[later.file].path.string(), later.line, 0, "", message});
  }

  NumberRegistry MakeTable() {
    table_.first_.reserve(rows_.size());
    table_.last_.reserve(rows_.size());
    table_.rights_.reserve(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) {
      table_.first_.push_back(rows_[i].first);
      table_.last_.push_back(rows_[i].last);
      table_.rights_.push_back(rows_[i].rights);
      if (i % kStep == 0) table_.steps_.push_back(rows_[i].first);
    }
    table_.rights_table_.shrink_to_fit();
    table_.texts_ = texts_.Take();
    return std::move(table_);
  }

  const DialPlan* plan_;
  std::vector<File> files_;
  std::vector<Row> rows_;
  InternedTexts texts_;
  std::unordered_map<std::string, uint32_t> rights_index_;
  std::string key_;
  std::string last_key_;
  uint32_t last_rights_ = 0;
  NumberRegistry table_;
};

std::optional<NumberUse> ParseNumberUse(std::string_view name) {
  const auto* found = std::find(kUses.begin(), kUses.end(), name);
  if (found == kUses.end()) return std::nullopt;
  return static_cast<NumberUse>(found - kUses.begin());
}

std::string_view NumberUseText(NumberUse use) {
  return kUses[static_cast<size_t>(use)];
}

std::vector<std::string_view> NumberUseNames() {
  return {kUses.begin(), kUses.end()};
}

std::optional<NumberRegistry> NumberRegistry::Read(const std::vector<std::filesystem::path>& files,
                                                   const DialPlan* plan,
                                                   std::vector<PolicyProblem>& problems) {
  std::vector<PolicyProblem> found;
  RegistryReader reader(plan);
  for (const std::filesystem::path& file : files) reader.ReadFile(file, found);
  NumberRegistry table = reader.Finish(found);
  problems.insert(problems.end(), found.begin(), found.end());
  if (!found.empty()) return std::nullopt;
  return table;
}

std::optional<NumberRights> NumberRegistry::Find(NumberKey number) const {
  const uint64_t key = number.value();
  const auto step = std::upper_bound(steps_.begin(), steps_.end(), key);
  if (step == steps_.begin()) return std::nullopt;  // before the first range, or no table
  const size_t begin = static_cast<size_t>(step - steps_.begin() - 1) * kStep;
  const size_t end = std::min(begin + kStep, first_.size());
  const auto at = first_.begin();
  const auto behind = std::upper_bound(at + static_cast<std::ptrdiff_t>(begin),
                                       at + static_cast<std::ptrdiff_t>(end), key);
  const auto index = static_cast<size_t>(behind - at) - 1;
  if (key > last_[index]) return std::nullopt;
  const Rights& rights = rights_table_[rights_[index]];
  NumberRights found{texts_[rights.holder], texts_[rights.category], rights.uses,
                     std::nullopt,          rights.valid_from,       rights.valid_to};
  if (rights.hours.from != rights.hours.to) found.hours = rights.hours;
  return found;
}

size_t NumberRegistry::bytes() const {
  size_t bytes = (first_.capacity() + last_.capacity() + steps_.capacity()) * sizeof(uint64_t) +
                 rights_.capacity() * sizeof(uint32_t) + rights_table_.capacity() * sizeof(Rights) +
                 texts_.capacity() * sizeof(std::string);
  constexpr size_t kInPlace = 15;  // libstdc++ keeps shorter strings inside the object
  for (const std::string& text : texts_) {
    if (text.capacity() > kInPlace) bytes += text.capacity() + 1;
  }
  return bytes;
}

}  // namespace callvet
