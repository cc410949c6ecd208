// SPDX-License-Identifier: MIT
#include "base/plain_json.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace callvet {
namespace {

constexpr size_t kMaxDigits = 18;     // of them all fit int64
constexpr size_t kMaxRecursion = 16;  // deeper ones are declined

// Of a string that is declined if it has any other.
constexpr CharSet kPlainStringChars =
    CharSet::Where([](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });

// Each Take... reads one thing and gives false to decline; what is left of the text is then of no
// use.
class PlainReader {
 public:
  PlainReader(std::string_view text, const JsonLimits& limits)
      : at_(text.data()),
        end_(text.data() + text.size()),
        max_values_(limits.max_values),
        max_depth_(std::min(limits.max_depth, kMaxRecursion)) {}

  bool TakeText(JsonValue& value) {
    if (!TakeValue(value, 0)) return false;
    SkipSpace();
    return at_ == end_;
  }

 private:
  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool Take(char c) {
    SkipSpace();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool TakeValue(JsonValue& value, size_t depth) {
    SkipSpace();
    if (at_ == end_ || ++values_ > max_values_) return false;
    switch (*at_) {
      case '{':
        return TakeObject(value, depth);
      case '[':
        return TakeArray(value, depth);
      case '"':
        return TakeString(value);
      case 't':
        value.Emplace<bool>(true);
        return TakeWord("true");
      case 'f':
        value.Emplace<bool>(false);
        return TakeWord("false");
      case 'n':
        return TakeWord("null");
      default:
        return TakeNumber(value);
    }
  }

  // The string that begins here, without its quotes.
  bool TakeQuoted(std::string_view& text) {
    const char* begin = ++at_;
    const auto plain = [this](size_t i) { return kPlainStringChars.Has(at_[i]); };
    while (end_ - at_ >= 4 && plain(0) && plain(1) && plain(2) && plain(3)) at_ += 4;
    while (at_ != end_ && plain(0)) ++at_;
    if (at_ == end_ || *at_ != '"') return false;
    text = {begin, static_cast<size_t>(at_ - begin)};
    ++at_;
    return true;
  }
  bool TakeString(JsonValue& value) {
    std::string_view text;
    if (!TakeQuoted(text)) return false;
    value.Emplace<std::string>(text);
    return true;
  }

  // Not 01, and nothing with a sign, fraction or exponent.
  bool TakeNumber(JsonValue& value) {
    const char* begin = at_;
    uint64_t number = 0;
    while (at_ != end_ && IsDigit(*at_)) number = number * 10 + static_cast<uint64_t>(*at_++ - '0');
    const auto digits = static_cast<size_t>(at_ - begin);
    if (digits == 0 || digits > kMaxDigits || (*begin == '0' && digits > 1)) return false;
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) return false;
    value.Emplace<uint64_t>(number);
    return true;
  }

  bool TakeArray(JsonValue& value, size_t depth) {
    if (depth >= max_depth_) return false;
    ++at_;
    auto& array = value.Emplace<JsonArray>();
    if (Take(']')) return true;
    do {
      if (!TakeValue(array.emplace_back(), depth + 1)) return false;
    } while (Take(','));
    return Take(']');
  }

  bool TakeObject(JsonValue& value, size_t depth) {
    if (depth >= max_depth_) return false;
    ++at_;
    auto& members = value.Emplace<JsonMembers>();
    members.reserve(depth == 0 ? kUsualMembers : 1);
    if (Take('}')) return true;
    do {
      SkipSpace();
      std::string_view name;
      if (at_ == end_ || *at_ != '"' || !TakeQuoted(name) || Has(members, name)) return false;
      if (!Take(':')) return false;
      auto& member = members.emplace_back(std::piecewise_construct, std::forward_as_tuple(name),
                                          std::forward_as_tuple());
      if (!TakeValue(member.second, depth + 1)) return false;
    } while (Take(','));
    return Take('}');
  }

  static bool Has(const JsonMembers& members, std::string_view name) {
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& member) { return member.first == name; });
  }

  static constexpr size_t kUsualMembers = 6;  // of a shaken payload

  const char* at_;
  const char* end_;
  size_t max_values_;
  size_t max_depth_;
  size_t values_ = 0;
};

}  // namespace

std::optional<JsonValue> ReadPlainJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) return std::nullopt;
  std::optional<JsonValue> value(std::in_place);
  if (!PlainReader(text, limits).TakeText(*value)) value.reset();
  return value;
}

}  // namespace callvet
