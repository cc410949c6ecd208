// SPDX-License-Identifier: MIT
#include "base/json_stream.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace callvet {
namespace {

constexpr CharSet kPlainChars = CharSet::LettersDigitsAnd(" !#$%&'()*+,-./:;<=>?@[]^_`{|}~");

// Whether one of eight characters is not in kPlainChars.
bool HasOther(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const auto any_below = [](uint64_t bytes, uint64_t limit) {
    return (bytes - kOnes * limit) & ~bytes & kHighs;
  };
  const uint64_t del_or_above = (eight | (eight + kOnes)) & kHighs;
  return (del_or_above | any_below(eight, ' ') | any_below(eight ^ (kOnes * '"'), 1) |
          any_below(eight ^ (kOnes * '\\'), 1)) != 0;
}

// Of what needs more than a backslash, the library knows how.
std::string OddString(std::string_view text) {
  using Json = nlohmann::json;
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

char* Append(char* end, std::string_view text) {
  return std::copy(text.begin(), text.end(), end);
}

// Writes `text` between quotes; nullptr if it needs more than a backslash.
char* AppendPlainString(char* end, std::string_view text) {
  *end++ = '"';
  const char* at = text.data();
  const char* const text_end = at + text.size();
  while (true) {
    for (uint64_t eight = 0; text_end - at >= 8; at += 8, end += 8) {
      std::memcpy(&eight, at, 8);
      if (HasOther(eight)) break;
      std::memcpy(end, &eight, 8);
    }
    while (at != text_end && kPlainChars.Has(*at)) *end++ = *at++;
    if (at == text_end) break;
    if (*at != '"' && *at != '\\') return nullptr;
    *end++ = '\\';
    *end++ = *at++;
  }
  *end++ = '"';
  return end;
}

}  // namespace

void JsonStream::Grow(size_t size) {
  text_.resize(std::max(used_ + size, 2 * text_.size()));
}

void JsonStream::Put(std::string_view text) {
  Append(Room(text.size()), text);
  used_ += text.size();
}

void JsonStream::Repeat(size_t begin, size_t end) {
  Next();
  const size_t size = end - begin;
  char* place = Room(size);  // before what is repeated is looked at, which this may move
  std::memcpy(place, text_.data() + begin, size);
  used_ += size;
}

void JsonStream::Name(std::string_view name) {
  Next();
  constexpr size_t kQuotesAndColon = 3;
  char* end = Room(name.size() + kQuotesAndColon);
  *end = '"';
  end = Append(end + 1, name);
  end[0] = '"';
  end[1] = ':';
  used_ += name.size() + kQuotesAndColon;
}

void JsonStream::PutString(std::string_view text) {
  const char* begin = Room(2 * text.size() + 2);
  const char* end = AppendPlainString(text_.data() + used_, text);
  if (end == nullptr) return Put(OddString(text));
  used_ += static_cast<size_t>(end - begin);
}

void JsonStream::PutNumber(int64_t number) {
  constexpr size_t kMost = 20;
  char* begin = Room(kMost);
  used_ += static_cast<size_t>(std::to_chars(begin, begin + kMost, number).ptr - begin);
}

void JsonStream::PutNumber(uint64_t number) {
  constexpr size_t kMost = 20;
  char* begin = Room(kMost);
  used_ += static_cast<size_t>(std::to_chars(begin, begin + kMost, number).ptr - begin);
}

std::string JsonStream::Take() {
  text_.resize(std::exchange(used_, 0));
  return std::exchange(text_, {});
}

}  // namespace callvet
