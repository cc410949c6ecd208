// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace callvet {

/// The fields of one line of comma-separated values (RFC 4180), without line breaks inside fields.
/// Spaces around a field are dropped; quotes are needed for commas only.
class CsvFields {
 public:
  static constexpr size_t kMaxFields = 16;

  /// False if a quote is not closed, something follows a closing quote, or there are too many
  /// fields. The fields borrow `line`, or this object where a quote was doubled.
  bool Split(std::string_view line);

  [[nodiscard]] size_t size() const { return size_; }
  /// The field, or "" behind the last one.
  [[nodiscard]] std::string_view operator[](size_t i) const { return i < size_ ? fields_[i] : ""; }

 private:
  bool TakeQuoted(std::string_view& line);

  std::array<std::string_view, kMaxFields> fields_;
  std::array<std::string, kMaxFields> unquoted_;
  size_t size_ = 0;
};

}  // namespace callvet
