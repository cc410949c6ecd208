// SPDX-License-Identifier: MIT
#include "syntax/split.h"

namespace callvet {

std::vector<std::string_view> SplitOutsideQuotes(std::string_view text, char separator) {
  if (text.find(separator) == std::string_view::npos) return {text};
  std::vector<std::string_view> pieces;
  size_t begin = 0;
  bool quoted = false;
  bool bracketed = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (bracketed) {
      bracketed = c != '>';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '<') {
      bracketed = true;
    } else if (c == separator) {
      pieces.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

}  // namespace callvet
