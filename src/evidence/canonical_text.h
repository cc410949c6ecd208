// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_text.h"

namespace callvet {

/// Canonical JSON (RFC 8225 9) that is written at once, without a tree that is sorted first: most
/// of what a record costs would be the tree. Whoever writes gives names in their order. A value.
class CanonicalText {
 public:
  CanonicalText() { text_.reserve(kUsual); }

  void Open() { Begin('{'); }
  void Close() { text_ += '}'; }
  void OpenArray() { Begin('['); }
  void CloseArray() { text_ += ']'; }

  /// The name of the member whose value comes next; what needs no escapes.
  void Name(std::string_view name) {
    Next();
    text_.append("\"").append(name).append("\":");
  }
  /// A string.
  void String(std::string_view text) {
    Next();
    AppendJsonString(text_, text);
  }
  /// What JsonText makes of `text`.
  void Text(std::string_view text);
  void Texts(const std::vector<std::string>& texts);
  void Number(int64_t number) {
    Next();
    text_ += std::to_string(number);
  }
  /// A value that is canonical JSON already.
  void Json(std::string_view json) {
    Next();
    text_ += json;
  }

  void AddString(std::string_view name, std::string_view text) {
    Name(name);
    String(text);
  }
  /// As the functions of this name in json_fields.h.
  void AddText(std::string_view name, const std::string& text) {
    if (!text.empty()) AddAnyText(name, text);
  }
  void AddText(std::string_view name, const std::optional<std::string>& text) {
    if (text) AddAnyText(name, *text);
  }
  void AddTexts(std::string_view name, const std::vector<std::string>& texts) {
    Name(name);
    Texts(texts);
  }
  void AddNumber(std::string_view name, int64_t number) {
    Name(name);
    Number(number);
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }

 private:
  static constexpr size_t kUsual = 4096;  // bytes of a record

  void AddAnyText(std::string_view name, std::string_view text) {
    Name(name);
    Text(text);
  }
  void Begin(char bracket) {
    Next();
    text_ += bracket;
  }
  // A comma behind what is neither a beginning nor a name.
  void Next() {
    if (text_.empty()) return;
    const char last = text_.back();
    if (last != '{' && last != '[' && last != ':') text_ += ',';
  }

  std::string text_;
};

}  // namespace callvet
