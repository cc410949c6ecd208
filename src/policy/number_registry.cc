// SPDX-License-Identifier: MIT
#include "policy/number_registry.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <tuple>
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

enum RegistryColumn : size_t { kFirst, kLast, kHolder, kCategory, kUseList, kHours, kFrom, kTo };
constexpr std::array<std::string_view, 8> kRegistryColumns = {
    "first", "last", "holder", "category", "uses", "hours", "valid_from", "valid_to"};

// Three levels, each narrow enough that few cache lines of it are touched: ten million ranges have
// 160 MB of ranges, 10 MB of steps and 160 KB of strides.
constexpr size_t kStep = 8;
constexpr size_t kStride = 64;

constexpr unsigned kRightsBits = 24;
constexpr uint64_t kMaxRights = (uint64_t{1} << kRightsBits) - 1;
constexpr uint64_t kMaxExtent = (uint64_t{1} << (64 - kRightsBits)) - 1;

// Asks for large pages under `bytes` that are not yet written: a lookup in ten million ranges would
// else wait for page tables more than for the ranges. Where it is refused nothing is lost.
void PreferLargePages(void* begin, size_t bytes) {
  constexpr uintptr_t kLargePage = uintptr_t{2} * 1024 * 1024;
  const auto at = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t from = (at + kLargePage - 1) & ~(kLargePage - 1);
  const uintptr_t to = (at + bytes) & ~(kLargePage - 1);
  if (from < to) (void)::madvise(static_cast<char*>(begin) + (from - at), to - from, MADV_HUGEPAGE);
}

constexpr uint64_t KeyOf(uint64_t key) {
  return key;
}
template <class Range>
constexpr uint64_t KeyOf(const Range& range) {
  return range.first;
}

// How many of the `width` sorted elements from `begin` on (or as many as there are) are not above
// `key`. Without branches that depend on the numbers, which no processor could foresee.
template <class T>
size_t CountNotAbove(const std::vector<T>& sorted, size_t begin, size_t width, uint64_t key) {
  size_t left = std::min(width, sorted.size() - begin);
  if (left == 0) return 0;
  const T* const first = sorted.data() + begin;
  const T* at = first;
  while (left > 1) {
    const size_t half = left / 2;
    at += KeyOf(at[half - 1]) <= key ? half : 0;
    left -= half;
  }
  return static_cast<size_t>(at - first) + (KeyOf(*at) <= key ? 1 : 0);
}

constexpr sys_days kEver{days(0)};
constexpr sys_days kNever{days(3'000'000)};  // the year 10183

Result<uint8_t> ParseUses(std::string_view text) {
  unsigned uses = 0;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view name = text.substr(0, space);
    text = Trim(text.substr(space));
    const auto use = ParseNumberUse(name);
    if (!use) {
      const std::string_view nearest = NearestWord(name, kUses);
      return Fail(Reason::kFileInvalid, "use " + Quote(name) + " is not known" +
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
    return Fail(Reason::kFileInvalid, Quote(text) + " is not a date like 2026-01-15");
  }
  return std::chrono::floor<days>(*time);
}

// Any text, but the one that has a meaning is not misspelt unnoticed.
Result<std::string_view> ReadCategory(std::string_view text) {
  constexpr std::string_view kKnown = NumberRights::kMarketingCategory;
  if (EqualsIgnoreCase(text, kKnown)) return kKnown;
  const std::string lower = ToLower(text);
  if (NearestWord(lower, std::span(&kKnown, 1)).empty()) return text;
  return Fail(Reason::kFileInvalid,
              "category " + Quote(text) + " is near to " + Quote(kKnown) + ", which has a meaning");
}

}  // namespace

// Collects rows, then makes the table of them.
class RegistryReader {
 public:
  explicit RegistryReader(const DialPlan* plan) : plan_(plan) {}

  void ReadFile(const std::filesystem::path& file, std::vector<PolicyProblem>& problems) {
    files_.push_back({file, rows_.size()});
    ReadTable(
        file, {kRegistryColumns, 3},
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
    if (!first) return Fail(Reason::kFileInvalid, "first: " + BadNumber(fields[kFirst]));
    const auto last = fields[kLast].empty() ? first : ReadTableNumber(fields[kLast], plan_);
    if (!last) return Fail(Reason::kFileInvalid, "last: " + BadNumber(fields[kLast]));
    if (first->length() != last->length() || first->space() != last->space() || *last < *first) {
      return Fail(Reason::kFileInvalid,
                  "last is not a number of the same length at or behind first");
    }
    if (last->value() - first->value() > kMaxExtent)
      return Fail(Reason::kFileInvalid, "the range is too large");
    const auto rights = RightsOf(fields);
    if (!rights) return rights.error();
    constexpr size_t kMaxRows = 0xFFFFFFFF;
    if (rows_.size() >= kMaxRows || line >= kMaxRows)
      return Fail(Reason::kFileInvalid, "too many rows");
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
    for (size_t i = kHolder; i < kRegistryColumns.size(); ++i) {
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
      if (table_.rights_table_.size() > kMaxRights)
        return Fail(Reason::kFileInvalid, "too many different rights");
      last_rights_ = static_cast<uint32_t>(table_.rights_table_.size());
      table_.rights_table_.push_back(*rights);
      rights_index_.emplace(key_, last_rights_);
    }
    last_key_ = key_;
    return last_rights_;
  }

  Result<NumberRegistry::Rights> ParseRights(TableFields fields) {
    NumberRegistry::Rights rights;
    if (fields[kHolder].empty()) return Fail(Reason::kFileInvalid, "the holder is missing");
    const auto uses = ParseUses(fields[kUseList]);
    if (!uses) return uses.error();
    rights.uses = *uses;
    if (!fields[kHours].empty()) {
      const auto hours = HourRange::Parse(fields[kHours]);
      if (!hours) return Fail(Reason::kFileInvalid, hours.error().detail);
      rights.hours = *hours;
    }
    const auto from = ParseDay(fields[kFrom], kEver);
    if (!from) return from.error();
    const auto to = ParseDay(fields[kTo], kNever);
    if (!to) return to.error();
    if (*to < *from) return Fail(Reason::kFileInvalid, "valid_to lies before valid_from");
    rights.valid_from = *from;
    rights.valid_to = *to;
    const auto category = ReadCategory(fields[kCategory]);
    if (!category) return category.error();
    rights.holder = texts_.IndexOf(fields[kHolder]);
    rights.category = texts_.IndexOf(*category);
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
    table_.ranges_.reserve(rows_.size());
    table_.steps_.reserve(rows_.size() / kStep + 1);
    PreferLargePages(table_.ranges_.data(), rows_.size() * sizeof(NumberRegistry::Range));
    PreferLargePages(table_.steps_.data(), rows_.size() / kStep * sizeof(uint64_t));
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      table_.ranges_.push_back({row.first, ((row.last - row.first) << kRightsBits) | row.rights});
      if (i % kStep == 0) table_.steps_.push_back(row.first);
      if (i % (kStep * kStride) == 0) table_.strides_.push_back(row.first);
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

std::optional<NumberRights> NumberRegistry::Find(TableNumber number) const {
  const uint64_t key = number.value();
  const size_t strides = CountNotAbove(strides_, 0, strides_.size(), key);
  if (strides == 0) return std::nullopt;  // before the first range, or no table
  const size_t first_step = (strides - 1) * kStride;
  const size_t first_range =
      (first_step + CountNotAbove(steps_, first_step, kStride, key) - 1) * kStep;
  const Range& range = ranges_[first_range + CountNotAbove(ranges_, first_range, kStep, key) - 1];
  if (key - range.first > range.extent_and_rights >> kRightsBits) return std::nullopt;
  const Rights& rights = rights_table_[range.extent_and_rights & kMaxRights];
  NumberRights found{texts_[rights.holder], texts_[rights.category], rights.uses,
                     std::nullopt,          rights.valid_from,       rights.valid_to};
  if (rights.hours.from != rights.hours.to) found.hours = rights.hours;
  return found;
}

std::set<std::string_view> NumberRegistry::Holders() const {
  std::vector<bool> is_holder(texts_.size());
  for (const Rights& rights : rights_table_) is_holder[rights.holder] = true;
  std::set<std::string_view> holders;
  for (size_t i = 0; i < texts_.size(); ++i) {
    if (is_holder[i]) holders.insert(texts_[i]);
  }
  return holders;
}

size_t NumberRegistry::bytes() const {
  size_t bytes = ranges_.capacity() * sizeof(Range) +
                 (steps_.capacity() + strides_.capacity()) * sizeof(uint64_t) +
                 rights_table_.capacity() * sizeof(Rights) +
                 texts_.capacity() * sizeof(std::string);
  constexpr size_t kInPlace = 15;  // libstdc++ keeps shorter strings inside the object
  for (const std::string& text : texts_) {
    if (text.capacity() > kInPlace) bytes += text.capacity() + 1;
  }
  return bytes;
}

}  // namespace callvet
