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

  /// As the functions of this name in json_fields.h.
  void AddText(std::string_view name, std::string_view text) {
    if (!text.empty()) AddAnyText(name, text);
  }
  template <class Some>
  void AddText(std::string_view name, const std::optional<Some>& text) {
    if (text) AddAnyText(name, *text);
  }
  template <class Some>
  void AddTexts(std::string_view name, const std::vector<Some>& texts) {
    Name(name);
    OpenArray();
    for (const Some& text : texts) Text(text);
    CloseArray();
  }

 private:
  void AddAnyText(std::string_view name, std::string_view text) {
    Name(name);
    Text(text);
  }
};

}  // namespace callvet
