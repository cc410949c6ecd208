// SPDX-License-Identifier: MIT
#include "policy/csv.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {

// `line` begins with a quote. Leaves what stands behind the closing one.
bool CsvFields::TakeQuoted(std::string_view& line) {
  std::string& text = unquoted_[size_];
  text.clear();
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] != '"') {
      text += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '"') {
      text += line[i++];
    } else {
      line = Trim(line.substr(i + 1));
      fields_[size_] = text;
      return line.empty() || line.front() == ',';
    }
  }
  return false;
}

bool CsvFields::Split(std::string_view line) {
  size_ = 0;
  for (;;) {
    if (size_ == kMaxFields) return false;
    line = Trim(line);
    if (line.starts_with('"')) {
      if (!TakeQuoted(line)) return false;
    } else {
      const size_t comma = std::min(line.find(','), line.size());
      fields_[size_] = Trim(line.substr(0, comma));
      line.remove_prefix(comma);
    }
    ++size_;
    if (line.empty()) return true;
    line.remove_prefix(1);
  }
}

}  // namespace callvet
