// SPDX-License-Identifier: MIT
#include "api/identity_input.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "callvet/identity_header.h"

namespace callvet {
namespace {

// A header line taken apart; nothing if `line` has no header name in front.
struct HeaderLine {
  std::string_view name;
  std::string_view value;
};

std::optional<HeaderLine> ReadHeaderLine(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view name = Trim(line.substr(0, colon));
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return IsAlpha(c) || IsDigit(c) || c == '-' || c == '_';
  });
  if (!is_name) return std::nullopt;
  return HeaderLine{name, Trim(line.substr(colon + 1))};
}

bool IsIdentity(const HeaderLine& header) {
  return EqualsIgnoreCase(header.name, "identity") || EqualsIgnoreCase(header.name, "y");
}

bool IsParty(const HeaderLine& header) {
  constexpr std::array<std::string_view, 4> kNames = {"from", "to", "f", "t"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return EqualsIgnoreCase(header.name, name); });
}

// Takes the next line off `text`, without its line end.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Whether `value` has the three parts of a token, full or compact.
bool HasToken(std::string_view value) {
  const std::string_view token = value.substr(0, value.find(';'));
  return std::count(token.begin(), token.end(), '.') == 2;
}

// RFC 3261, 7.3.1: one header line may hold several values. A comma within a token is damage,
// which the parser shall see.
std::vector<std::string> SplitValues(const std::vector<std::string>& bodies) {
  std::vector<std::string> values;
  for (const std::string& body : bodies) {
    auto pieces = SplitHeaderValues(body);
    pieces.erase(std::remove_if(pieces.begin(), pieces.end(),
                                [](std::string_view piece) { return TrimLines(piece).empty(); }),
                 pieces.end());
    if (!pieces.empty() && std::all_of(pieces.begin(), pieces.end(), HasToken)) {
      for (const std::string_view piece : pieces) values.emplace_back(TrimLines(piece));
    } else {
      values.push_back(body);
    }
  }
  return values;
}

}  // namespace

std::vector<std::string> IdentityValuesFromText(std::string_view text) {
  std::vector<std::string> values;
  bool in_identity = false;
  bool any_header = false;
  text = WithoutByteOrderMark(text);
  std::string_view rest = TrimLines(text);
  if (rest.empty()) return values;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    const bool continuation = line.starts_with(' ') || line.starts_with('\t');
    const auto header = continuation ? std::nullopt : ReadHeaderLine(line);
    if (header) {
      in_identity = IsIdentity(*header);
      if (in_identity) values.emplace_back(header->value);
      any_header = any_header || in_identity;
    } else if (in_identity) {
      // Also a line that is no continuation: the parser shall see the damage and not lose it.
      values.back().append("\r\n").append(line);
    }
  }
  if (!any_header) values.emplace_back(TrimLines(text));
  return SplitValues(values);
}

bool NamesParties(std::string_view text) {
  text = WithoutByteOrderMark(text);
  while (!text.empty()) {
    const auto header = ReadHeaderLine(TakeLine(text));
    if (header && IsParty(*header)) return true;
  }
  return false;
}

}  // namespace callvet
