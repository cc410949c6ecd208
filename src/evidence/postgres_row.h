// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/text.h"
#include "evidence/postgres.h"

// Values of PostgreSQL's rows and parameters. Pure.

namespace callvet {

using PostgresRow = std::vector<PostgresConnection::Parameter>;

inline PostgresConnection::Parameter TextOrNull(const std::string& text) {
  return text.empty() ? PostgresConnection::Parameter() : PostgresConnection::Parameter(text);
}
/// "" for NULL.
inline std::string PostgresText(const PostgresRow& row, size_t column) {
  return row.at(column).value_or("");
}
/// 0 for what is no whole number.
inline int64_t PostgresInt(const PostgresRow& row, size_t column) {
  const auto& text = row.at(column);
  if (!text || text->empty()) return 0;
  const bool negative = text->front() == '-';
  const auto number = ParseNumber(std::string_view(*text).substr(negative ? 1 : 0), INT64_MAX);
  if (!number) return 0;
  return negative ? -static_cast<int64_t>(*number) : static_cast<int64_t>(*number);
}

}  // namespace callvet
