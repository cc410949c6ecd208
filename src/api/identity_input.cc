// SPDX-License-Identifier: MIT
#include "api/identity_input.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace callvet {
namespace {

// The value behind "Identity:" or "y:" at the beginning of `line`.
std::optional<std::string_view> HeaderValue(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view name = Trim(line.substr(0, colon));
  if (!EqualsIgnoreCase(name, "identity") && !EqualsIgnoreCase(name, "y")) return std::nullopt;
  return Trim(line.substr(colon + 1));
}

}  // namespace

std::vector<std::string> IdentityValuesFromText(std::string_view text) {
  std::vector<std::string> values;
  bool in_identity = false;
  bool any_header = false;
  std::string_view rest = TrimLines(text);
  if (rest.empty()) return values;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool continuation = line.starts_with(' ') || line.starts_with('\t');
    if (continuation && in_identity) {
      values.back().append("\r\n").append(line);
    } else if (!continuation) {
      const auto value = HeaderValue(line);
      in_identity = value.has_value();
      if (value) values.emplace_back(*value);
      any_header = any_header || in_identity;
    }
  }
  if (!any_header) values.emplace_back(TrimLines(text));
  return values;
}

}  // namespace callvet
