// SPDX-License-Identifier: MIT
#include "syntax/unfold.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {
namespace {

constexpr bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

}  // namespace

bool IsOneLine(std::string_view value) {
  return AllOf(value, [](uint8_t byte) { return (byte >= 0x20) & (byte != 0x7F); });
}

Result<std::string> Unfold(std::string_view value) {
  // Only the end: a line break at the beginning is a fold or the begin of another header.
  const size_t last = value.find_last_not_of(" \t\r\n");
  value = value.substr(0, last == std::string_view::npos ? 0 : last + 1);
  if (IsOneLine(value)) {  // nearly always
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return std::string(value);
  }
  std::string line;
  line.reserve(value.size());
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c != '\r' && c != '\n') {
      if (IsControl(c) && c != '\t') {
        return Fail(Reason::kIdentityMalformed,
                    "a control character at position " + std::to_string(i + 1));
      }
      line += c;
      continue;
    }
    size_t next = i + 1;
    if (c == '\r' && next < value.size() && value[next] == '\n') ++next;
    if (next >= value.size() || (value[next] != ' ' && value[next] != '\t')) {
      return Fail(Reason::kIdentityMalformed,
                  "a line break at position " + std::to_string(i + 1) +
                      " that no white space follows: the rest is no part of this header");
    }
    while (next < value.size() && (value[next] == ' ' || value[next] == '\t')) ++next;
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();
    line += ' ';
    i = next - 1;
  }
  line.erase(0, line.find_first_not_of(" \t"));
  return line;
}

}  // namespace callvet
