// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/policy.h"
#include "policy/local_time.h"
#include "policy/table_number.h"

namespace callvet {

/// What a call, or a number, is for.
enum class NumberUse : uint8_t { kVoice, kMarketing, kService, kCallback, kInbound };

/// The use of that name, or nothing. Names: "voice", "marketing", "service", "callback", "inbound".
std::optional<NumberUse> ParseNumberUse(std::string_view name);
std::string_view NumberUseText(NumberUse use);

/// Who may show a range of numbers, and what for.
struct NumberRights {
  /// The category whose calls need consent; in a file its letters may have any case.
  static constexpr std::string_view kMarketingCategory = "marketing";

  std::string_view holder;    // SPC or customer id
  std::string_view category;  // as in the file
  uint8_t uses = 0;           // a bit per NumberUse; 0: any
  std::optional<HourRange> hours;
  std::chrono::sys_days valid_from{};  // inclusive
  std::chrono::sys_days valid_to{};    // inclusive

  [[nodiscard]] bool Allows(NumberUse use) const {
    return uses == 0 || ((uses >> static_cast<unsigned>(use)) & 1U) != 0;
  }
  [[nodiscard]] bool ValidAt(sys_seconds at) const {
    return at >= valid_from && at < valid_to + std::chrono::days(1);
  }
};

/// Ranges of numbers and their holders. Immutable once it was read; thread-safe; 17 bytes a range
/// and 32 for each different set of rights.
class NumberRegistry {
 public:
  /// More problems of one table are not collected.
  static constexpr size_t kMaxProblems = 20;

  /// Reads `files`: comma-separated values with the header
  /// first,last,holder,category,uses,hours,valid_from,valid_to (columns may be left off at the end,
  /// from `category` on), or, where the first line begins with '{', one JSON object with these
  /// names a line. `last` may be empty; uses are divided by spaces. Numbers as for ReadTableNumber,
  /// first and last of one length. All rows are read; any that is malformed or overlaps another one
  /// is a problem, and with a problem there is no table.
  static std::optional<NumberRegistry> Read(const std::vector<std::filesystem::path>& files,
                                            const DialPlan* plan,
                                            std::vector<PolicyProblem>& problems);

  /// The rights of the range that holds `number`, or nothing. The texts live as long as this.
  [[nodiscard]] std::optional<NumberRights> Find(TableNumber number) const;

  /// Who holds at least one range.
  [[nodiscard]] std::set<std::string_view> Holders() const;

  [[nodiscard]] size_t size() const { return ranges_.size(); }
  /// Memory in use, without this object.
  [[nodiscard]] size_t bytes() const;

 private:
  friend class RegistryReader;

  struct Rights {
    uint32_t holder = 0;  // indices into texts_
    uint32_t category = 0;
    std::chrono::sys_days valid_from{};
    std::chrono::sys_days valid_to{};
    HourRange hours{};  // from == to: none
    uint8_t uses = 0;
  };

  // One range, so that what a lookup needs last stands beside what it searched.
  struct Range {
    uint64_t first;
    uint64_t extent_and_rights;  // last - first, and below it the index into rights_table_
  };

  std::vector<Range> ranges_;      // sorted
  std::vector<uint64_t> steps_;    // the first number of every kStep-th range
  std::vector<uint64_t> strides_;  // every kStride-th of steps_: fits the nearest caches
  std::vector<Rights> rights_table_;
  std::vector<std::string> texts_;
};

}  // namespace callvet
