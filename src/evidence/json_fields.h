// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/result.h"

// Reading members of JSON that this program wrote once, and that somebody may have changed since.

namespace callvet {

/// Collects the first thing that is wrong with an object. What cannot be read stays as it was. Not
/// thread-safe; borrows the object.
class JsonFields {
 public:
  /// `json` may be nullptr: then everything is missing.
  explicit JsonFields(const JsonValue* json) : json_(json) {
    if (json == nullptr || !json->IsObject()) Refuse("", "is no object");
  }

  /// A member that must be a string, or what JsonText makes of other bytes.
  void Text(std::string_view name, std::string& target);
  /// One that may be null or missing.
  void Text(std::string_view name, std::optional<std::string>& target);
  void Number(std::string_view name, int64_t& target);
  /// An array of strings; missing is empty.
  void Texts(std::string_view name, std::vector<std::string>& target);
  /// An array; missing is empty, so never nullptr.
  const JsonArray& Array(std::string_view name);
  /// The member, or nullptr if it is missing or null.
  [[nodiscard]] const JsonValue* Find(std::string_view name) const;

  void Refuse(std::string_view name, std::string_view why);
  /// Fails with kEvidenceAltered if anything was wrong.
  [[nodiscard]] Result<void> Finish() const;

  /// What JsonText made of a text; false: it is neither form.
  static bool ReadText(const JsonValue& value, std::string& target);

 private:
  const JsonValue* json_;
  std::optional<Failure> failure_;
};

/// `text` as a JSON string if it is UTF-8, else {"base64": "..."}: what was received is kept as it
/// was. JsonFields reads both.
JsonValue JsonText(const std::string& text);

/// An array of `texts`, each by JsonText.
JsonArray JsonTexts(const std::vector<std::string>& texts);

/// Adds `name`, by JsonText, unless `text` is empty.
void AddText(JsonMembers& members, std::string_view name, const std::string& text);
void AddText(JsonMembers& members, std::string_view name, const std::optional<std::string>& text);

/// ReadJson with room for evidence. Fails with kEvidenceAltered.
Result<JsonValue> ReadEvidenceJson(std::string_view text);

}  // namespace callvet
