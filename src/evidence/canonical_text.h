// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_stream.h"

namespace callvet {

/// The text of a record: canonical JSON (RFC 8225 9), so names are given in their order.
class CanonicalText : public JsonStream {
 public:
  using JsonStream::JsonStream;

  /// What JsonText makes of `text`.
  void Text(std::string_view text);
  void Texts(const std::vector<std::string>& texts);

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

 private:
  void AddAnyText(std::string_view name, std::string_view text) {
    Name(name);
    Text(text);
  }
};

}  // namespace callvet
