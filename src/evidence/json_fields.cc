// SPDX-License-Identifier: MIT
#include "evidence/json_fields.h"

#include <utility>

#include "base/base64url.h"
#include "base/utf8.h"

namespace callvet {
namespace {

// A record has at most 16 Identity headers of 8 KiB each; an export has CRLs in it.
constexpr JsonLimits kLimits = {
    .max_bytes = size_t{256} * 1024 * 1024, .max_depth = 24, .max_values = 1'000'000};

}  // namespace

const JsonValue* JsonFields::Find(std::string_view name) const {
  const JsonValue* value = json_ != nullptr ? json_->Find(name) : nullptr;
  return value != nullptr && !value->IsNull() ? value : nullptr;
}

void JsonFields::Text(std::string_view name, std::string& target) {
  const JsonValue* value = Find(name);
  if (value == nullptr || !ReadText(*value, target)) Refuse(name, "is no string");
}

void JsonFields::Text(std::string_view name, std::optional<std::string>& target) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return;
  std::string text;
  if (!ReadText(*value, text)) return Refuse(name, "is no string");
  target = std::move(text);
}

void JsonFields::Number(std::string_view name, int64_t& target) {
  const JsonValue* value = Find(name);
  if (value == nullptr || !value->GetInt(target)) Refuse(name, "is no whole number");
}

void JsonFields::Texts(std::string_view name, std::vector<std::string>& target) {
  for (const JsonValue& element : Array(name)) {
    if (!ReadText(element, target.emplace_back())) {
      return Refuse(name, "has something that is no string");
    }
  }
}

bool JsonFields::ReadText(const JsonValue& value, std::string& target) {
  const JsonValue* coded = value.IsObject() ? value.Find("base64") : nullptr;
  const std::string* text = coded != nullptr ? coded->AsString() : value.AsString();
  if (text == nullptr) return false;
  if (coded == nullptr) {
    target = *text;
    return true;
  }
  auto bytes = DecodeBase64(*text);
  if (!bytes) return false;
  target = std::move(*bytes);
  return true;
}

const JsonArray& JsonFields::Array(std::string_view name) {
  static const JsonArray kNone;
  const JsonValue* value = Find(name);
  if (value == nullptr) return kNone;
  if (value->AsArray() == nullptr) {
    Refuse(name, "is no array");
    return kNone;
  }
  return *value->AsArray();
}

void JsonFields::Refuse(std::string_view name, std::string_view why) {
  if (failure_) return;
  failure_ =
      Fail(Reason::kEvidenceAltered, "evidence: " + std::string(name) + " " + std::string(why));
}

Result<void> JsonFields::Finish() const {
  if (failure_) return *failure_;
  return {};
}

JsonValue JsonText(const std::string& text) {
  if (IsUtf8(text)) return text;
  return JsonMembers{{"base64", EncodeBase64(text)}};
}

JsonArray JsonTexts(const std::vector<std::string>& texts) {
  JsonArray array;
  array.reserve(texts.size());
  for (const std::string& text : texts) array.push_back(JsonText(text));
  return array;
}

void AddText(JsonMembers& members, std::string_view name, const std::string& text) {
  if (!text.empty()) members.emplace_back(std::string(name), JsonText(text));
}

void AddText(JsonMembers& members, std::string_view name, const std::optional<std::string>& text) {
  if (text) members.emplace_back(std::string(name), JsonText(*text));
}

Result<JsonValue> ReadEvidenceJson(std::string_view text) {
  auto json = ReadJson(text, kLimits);
  if (!json) return Fail(Reason::kEvidenceAltered, json.error().detail);
  return json;
}

}  // namespace callvet
