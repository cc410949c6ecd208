// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The notes of a call (evidence_codec.h) as bytes: values end to end, texts with their lengths
// before them. They tell no names: who reads knows the order. Nothing is escaped, looked at or
// looked up, since the thread that judges calls writes them.

namespace callvet {

/// Writes values. Not thread-safe.
class NoteWriter {
 public:
  /// `usual`: bytes for which there is room at once.
  explicit NoteWriter(size_t usual = 0) { bytes_.reserve(usual); }

  void Flag(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  /// Seven bits a byte, the low ones first; the high bit says that more follow.
  void Size(size_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_.push_back(static_cast<char>(value | 0x80U));
    bytes_.push_back(static_cast<char>(value));
  }
  void Number(int64_t value) {
    const auto bits =
        static_cast<uint64_t>(value);  // two's complement, zigzag: small ones are short
    Size((bits << 1U) ^ (value < 0 ? ~uint64_t{0} : uint64_t{0}));
  }
  void Text(std::string_view text) {
    Size(text.size());
    bytes_.append(text);
  }
  template <class Value>
  void Maybe(const std::optional<Value>& value) {
    Flag(value.has_value());
    if (value) Put(*value);
  }
  template <class Texts_>
  void Texts(const Texts_& texts) {
    Size(texts.size());
    for (const auto& text : texts) Text(text);
  }

  [[nodiscard]] std::string Take() { return std::move(bytes_); }

 private:
  void Put(std::string_view text) { Text(text); }
  void Put(int64_t number) { Number(number); }

  std::string bytes_;
};

/// Reads them again. What it gives borrows the bytes. Not thread-safe.
class NoteReader {
 public:
  explicit NoteReader(std::string_view bytes) : rest_(bytes) {}

  bool Flag() {
    const size_t value = Size();
    if (value > 1) bad_ = true;
    return value == 1;
  }
  size_t Size() {
    size_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<size_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    bad_ = true;
    return 0;
  }
  int64_t Number() {
    const uint64_t bits = Size();
    return static_cast<int64_t>((bits >> 1U) ^ ((bits & 1U) != 0 ? ~uint64_t{0} : uint64_t{0}));
  }
  std::string_view Text() {
    const size_t size = Size();
    if (size > rest_.size()) bad_ = true;
    if (bad_) return {};
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  std::optional<std::string_view> MaybeText() {
    if (!Flag()) return std::nullopt;
    return Text();
  }
  std::optional<int64_t> MaybeNumber() {
    if (!Flag()) return std::nullopt;
    return Number();
  }
  /// How many elements follow, each of which has a byte at least.
  size_t Count() {
    const size_t count = Size();
    if (count > rest_.size()) bad_ = true;
    return bad_ ? 0 : count;
  }
  template <class Text_ = std::string_view>
  std::vector<Text_> Texts() {
    std::vector<Text_> texts;
    for (size_t left = Count(); left > 0 && !bad_; --left) texts.emplace_back(Text());
    return texts;
  }

  void Refuse() { bad_ = true; }
  [[nodiscard]] bool bad() const { return bad_; }
  /// Whether all was read, and was such values.
  [[nodiscard]] bool Finished() const { return !bad_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

}  // namespace callvet
