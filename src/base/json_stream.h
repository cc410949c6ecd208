// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callvet {

/// JSON in one line that is written from its beginning to its end, without a tree in between, which
/// would be most of what it costs. Whoever writes gives names in the order in which they are to
/// stand, a value behind each, and closes what is open.
class JsonStream {
 public:
  /// `usual`: bytes for which there is room at once.
  explicit JsonStream(size_t usual = kUsual) : text_(usual, '\0') {}
  JsonStream(const JsonStream&) = delete;
  JsonStream& operator=(const JsonStream&) = delete;

  void Open() { Begin('{'); }
  void Close() { Put('}'); }
  void OpenArray() { Begin('['); }
  void CloseArray() { Put(']'); }

  /// The name of the member whose value comes next; what needs no escapes.
  void Name(std::string_view name);
  /// A string, with escapes; bytes that are not UTF-8 become U+FFFD.
  void String(std::string_view text) {
    Next();
    PutString(text);
  }
  void Number(int64_t number) {
    Next();
    PutNumber(number);
  }
  void Bool(bool value) { Json(value ? "true" : "false"); }
  void Null() { Json("null"); }
  /// A value that is JSON already.
  void Json(std::string_view json) {
    Next();
    Put(json);
  }

  /// Bytes that are written.
  [[nodiscard]] size_t size() const { return used_; }
  /// Writes once more, where a value or member may stand, what stands between two earlier
  /// values of size().
  void Repeat(size_t begin, size_t end);

  void AddString(std::string_view name, std::string_view text) {
    Name(name);
    String(text);
  }
  void AddNumber(std::string_view name, int64_t number) {
    Name(name);
    Number(number);
  }
  /// null for "".
  void AddTextOrNull(std::string_view name, std::string_view text) {
    Name(name);
    text.empty() ? Null() : String(text);
  }
  /// null for 0.
  void AddNumberOrNull(std::string_view name, int64_t number) {
    Name(name);
    number == 0 ? Null() : Number(number);
  }
  template <class Texts>
  void AddStrings(std::string_view name, const Texts& texts) {
    Name(name);
    OpenArray();
    for (const auto& text : texts) String(text);
    CloseArray();
  }

  /// The rest is for who sets commas itself: what is appended stands as it is.
  void Put(char c) {
    Room(1)[0] = c;
    ++used_;
  }
  void Put(std::string_view text);
  /// A string in quotes, with escapes.
  void PutString(std::string_view text);
  void PutNumber(int64_t number);
  void PutNumber(uint64_t number);

  [[nodiscard]] std::string_view text() const { return std::string_view(text_).substr(0, used_); }
  /// Nothing is left.
  std::string Take();

 private:
  static constexpr size_t kUsual = 4096;

  // Where the next `size` bytes are to be written.
  char* Room(size_t size) {
    if (text_.size() - used_ < size) Grow(size);
    return text_.data() + used_;
  }
  void Grow(size_t size);
  void Begin(char bracket) {
    Next();
    Put(bracket);
  }
  // A comma behind what is neither a beginning nor a name.
  void Next() {
    if (used_ == 0) return;
    const char last = text_[used_ - 1];
    if (last != '{' && last != '[' && last != ':') Put(',');
  }

  std::string text_;  // longer than what is written
  size_t used_ = 0;
};

}  // namespace callvet
