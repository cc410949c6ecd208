// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The notes of a call (evidence_codec.h) as bytes: values end to end, texts with their lengths
// before them. They tell no names: who reads knows the order. Nothing is escaped, looked at or
// looked up, since the thread that judges calls writes them.

namespace callvet {

/// Writes values. Used again it needs no memory any more. Not thread-safe.
class NoteWriter {
 public:
  NoteWriter() = default;
  NoteWriter(const NoteWriter&) = delete;
  NoteWriter& operator=(const NoteWriter&) = delete;

  // Many values are written once each where the code of a call has left the cache: what is called
  // for each of them costs less than what stands there for each.

  [[gnu::noinline]] void Flag(bool value) {
    *at_ = value ? '\1' : '\0';
    End(at_ + 1);
  }
  /// Seven bits a byte, the low ones first; the high bit says that more follow.
  [[gnu::noinline]] void Size(size_t value) {
    *at_ = static_cast<char>(value);
    End(value < 0x80 ? at_ + 1 : PutSize(at_, value));
  }
  void Number(int64_t value) {
    const auto bits =
        static_cast<uint64_t>(value);  // two's complement, zigzag: small ones are short
    Size((bits << 1U) ^ (value < 0 ? ~uint64_t{0} : uint64_t{0}));
  }
  [[gnu::noinline]] void Text(std::string_view text) {
    if (text.size() > kShort) [[unlikely]]
      return LongText(text);
    *at_ = static_cast<char>(text.size());
    End(CopyShort(at_ + 1, text));
  }
  template <class Value>
  [[gnu::noinline]] void Maybe(const std::optional<Value>& value) {
    Flag(value.has_value());
    if (value) Put(*value);
  }
  template <class Texts_>
  [[gnu::noinline]] void Texts(const Texts_& texts) {
    Size(texts.size());
    for (const auto& text : texts) Text(text);
  }

  /// What was written since Clear; gone with the next value.
  [[nodiscard]] std::string_view bytes() const { return {room_.data(), size()}; }
  /// Begins anew; keeps the memory of a usual call.
  void Clear() {
    at_ = room_.data();
    if (room_.size() > kKept) [[unlikely]]
      SetRoom(kUsual);
  }

 private:
  static constexpr size_t kMaxSize = 10;  // bytes of a Size
  static constexpr size_t kShort = 64;    // most texts; their Size is one byte
  static constexpr size_t kFree = 1 + kShort;
  static constexpr size_t kUsual = 2048;  // a call's notes are less, mostly
  static constexpr size_t kKept = size_t{64} << 10U;
  static_assert(kMaxSize <= kFree);

  void Put(std::string_view text) { Text(text); }
  void Put(int64_t number) { Number(number); }

  static char* PutSize(char* at, size_t value) {
    for (; value >= 0x80; value >>= 7U) *at++ = static_cast<char>(value | 0x80U);
    *at++ = static_cast<char>(value);
    return at;
  }
  // By its first and its last bytes, which overlap: no call, no loop.
  [[gnu::always_inline]] static inline char* CopyShort(char* at, std::string_view text) {
    const size_t size = text.size();
    const auto copy = [&]<size_t kPart>(const std::array<char, kPart>& /*part*/) {
      std::memcpy(at, text.data(), kPart);
      std::memcpy(at + size - kPart, text.data() + size - kPart, kPart);
    };
    if (size > 32) {
      copy(std::array<char, 32>());
    } else if (size >= 16) {
      copy(std::array<char, 16>());
    } else if (size >= 8) {
      copy(std::array<char, 8>());
    } else if (size >= 4) {
      copy(std::array<char, 4>());
    } else if (size > 0) {
      at[0] = text[0];
      at[size / 2] = text[size / 2];
      at[size - 1] = text[size - 1];
    }
    return at + size;
  }
  [[gnu::noinline]] void LongText(std::string_view text) {
    Size(text.size());
    if (text.size() + kFree > room_.size() - size()) MakeRoom(text.size());
    std::memcpy(at_, text.data(), text.size());
    End(at_ + text.size());
  }

  [[nodiscard]] size_t size() const { return static_cast<size_t>(at_ - room_.data()); }
  // What is written ends at `at`; behind it there is room for any other value but a long text.
  void End(char* at) {
    at_ = at;
    if (at > full_) [[unlikely]]
      MakeRoom(0);
  }
  // Room for so many bytes, and for the value behind them.
  [[gnu::noinline]] void MakeRoom(size_t bytes) {
    SetRoom(std::max(2 * room_.size(), size() + bytes + kFree));
  }
  // Keeps what is written.
  void SetRoom(size_t bytes) {
    const size_t written = size();
    room_.resize(bytes);
    room_.shrink_to_fit();
    at_ = room_.data() + written;
    full_ = room_.data() + bytes - kFree;
  }

  std::vector<char> room_ = std::vector<char>(kUsual);
  char* at_ = room_.data();  // where the next value goes
  char* full_ = room_.data() + room_.size() - kFree;
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
