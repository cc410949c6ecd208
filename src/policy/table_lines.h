// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/policy.h"
#include "callvet/result.h"

namespace callvet {

/// The columns of a table, in their order. The first `required` ones must be there.
struct TableColumns {
  std::span<const std::string_view> names;
  size_t required = 0;
};

/// One row: a field per column, "" where the file has none.
using TableFields = std::span<const std::string_view>;

/// What is done with a row: a failure's detail becomes a problem of its line.
using TableRowReader = std::function<Result<void>(TableFields fields, size_t line)>;

/// Reads the table in `file`: comma-separated values with a header line that names the first
/// columns in their order, or one JSON object a line. Empty lines, and those that begin with '#',
/// are skipped. Every row goes to `read`. What is wrong is added to `problems`, until there are
/// kMaxTableProblems. An empty file is a problem: it is more likely lost than meant.
void ReadTable(const std::filesystem::path& file, const TableColumns& columns,
               const TableRowReader& read, std::vector<PolicyProblem>& problems);

/// The most problems that are collected of all tables together.
inline constexpr size_t kMaxTableProblems = 20;

/// Reads "2026-01-15" as midnight in UTC, or what ParseTime reads. Fails with kParameterInvalid.
Result<std::chrono::sys_seconds> ParseDateOrTime(std::string_view text);

}  // namespace callvet
