// SPDX-License-Identifier: MIT
#include "repository/http_freshness.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "syntax/sip_date.h"

namespace callvet {
namespace {

using std::chrono::seconds;

// RFC 9111 1.2.2: a number that is larger means this one.
constexpr uint64_t kMaxDelta = 2147483648;

std::optional<seconds> ParseDelta(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  const auto number = ParseNumber(text, kMaxDelta);
  return seconds(static_cast<int64_t>(number ? *number : kMaxDelta));
}

// RFC 9110 5.6.7: IMF-fixdate, and the two obsolete forms that a recipient must read too.
std::optional<sys_seconds> ParseHttpDate(std::string_view text) {
  text = Trim(text);
  if (const auto date = ParseSipDate(text)) return *date;
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c == ' ' || c == ',' || c == '-') {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(word);
  std::string fixed;
  if (words.size() == 6 && words[3].size() == 2) {  // Sunday, 06-Nov-94 08:49:37 GMT
    // RFC 9110: more than 50 years in the future is the past. 2000 to 2076 is enough here.
    const std::string century = words[3] >= "77" ? "19" : "20";
    fixed = words[0].substr(0, 3) + ", " + words[1] + " " + words[2] + " " + century + words[3] +
            " " + words[4] + " " + words[5];
  } else if (words.size() == 5) {  // Sun Nov  6 08:49:37 1994
    fixed = words[0] + ", " + words[2] + " " + words[1] + " " + words[4] + " " + words[3] + " GMT";
  } else {
    return std::nullopt;
  }
  const auto date = ParseSipDate(fixed);
  if (!date) return std::nullopt;
  return *date;
}

// Takes the next list element off `rest`: a comma inside quotes does not end it.
std::string_view TakeElement(std::string_view& rest) {
  bool quoted = false;
  size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != ','); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (quoted && rest[end] == '\\') ++end;
  }
  end = std::min(end, rest.size());
  const std::string_view element = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return Trim(element);
}

// The first value of `directive`; nothing if it is absent or no number.
std::optional<seconds> Directive(std::string_view cache_control, std::string_view directive) {
  while (!cache_control.empty()) {
    const std::string_view element = TakeElement(cache_control);
    const size_t equals = std::min(element.find('='), element.size());
    if (!EqualsIgnoreCase(Trim(element.substr(0, equals)), directive)) continue;
    if (equals == element.size()) return std::nullopt;
    std::string_view value = Trim(element.substr(equals + 1));
    // RFC 9111 5.2: the quoted form is not to be sent, but to be read.
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return ParseDelta(value);
  }
  return std::nullopt;
}

struct Lifetime {
  seconds length;
  FreshnessBasis basis;
};

// RFC 9111 4.2.1.
std::optional<Lifetime> LifetimeOf(const FetchedDocument& document, sys_seconds received,
                                   std::optional<sys_seconds> date) {
  const std::string_view control =
      document.cache_control ? std::string_view(*document.cache_control) : std::string_view();
  if (const auto shared = Directive(control, "s-maxage")) {
    return Lifetime{*shared, FreshnessBasis::kSharedMaxAge};
  }
  if (const auto age = Directive(control, "max-age")) {
    return Lifetime{*age, FreshnessBasis::kMaxAge};
  }
  if (!document.expires) return std::nullopt;
  const auto expires = ParseHttpDate(*document.expires);
  if (!expires) return std::nullopt;
  return Lifetime{*expires - date.value_or(received), FreshnessBasis::kExpires};
}

}  // namespace

Freshness JudgeFreshness(const FetchedDocument& document, sys_seconds received,
                         sys_seconds latest) {
  const auto date = document.date ? ParseHttpDate(*document.date) : std::nullopt;
  Freshness freshness{received + kMinimumFreshness, FreshnessBasis::kMinimum};
  if (const auto lifetime = LifetimeOf(document, received, date)) {
    // RFC 9111 4.2.3: the larger of what the clocks and what the Age field say.
    const seconds apparent = date ? std::max(received - *date, seconds(0)) : seconds(0);
    const seconds said =
        document.age ? ParseDelta(Trim(*document.age)).value_or(seconds(0)) : seconds(0);
    const seconds left = lifetime->length - std::max(apparent, said);
    if (left >= kMinimumFreshness) freshness = {received + left, lifetime->basis};
  }
  if (freshness.until > latest) freshness = {latest, FreshnessBasis::kLatest};
  return freshness;
}

}  // namespace callvet
