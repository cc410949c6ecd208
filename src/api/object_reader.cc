// SPDX-License-Identifier: MIT
#include "api/object_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace callvet {

ObjectReader::ObjectReader(const JsonValue& value, std::string path, Reason reason)
    : value_(value), path_(std::move(path)), reason_(reason) {
  if (!value.IsObject()) {
    failure_ = Fail(reason, (path_.empty() ? "the document" : path_) + " is no object but " +
                                std::string(value.KindName()));
  }
}

std::string ObjectReader::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void ObjectReader::Refuse(std::string_view name, std::string why) {
  if (!failure_) failure_ = Fail(reason_, PathOf(name) + ": " + std::move(why));
}

void ObjectReader::Adopt(const ObjectReader& other) {
  if (!failure_) failure_ = other.failure_;
}

const JsonValue* ObjectReader::Value(std::string_view name) {
  known_.emplace_back(name);
  return null_is_absent_ ? value_.FindUnlessNull(name) : value_.Find(name);
}

void ObjectReader::Text(std::string_view name, std::string& target) {
  std::optional<std::string> text;
  Text(name, text);
  if (text) target = std::move(*text);
}

void ObjectReader::Text(std::string_view name, std::optional<std::string>& target) {
  const JsonValue* value = Value(name);
  if (value == nullptr) return;
  if (const std::string* text = value->AsString()) {
    target = *text;
  } else {
    Refuse(name, "is no string but " + std::string(value->KindName()));
  }
}

void ObjectReader::Texts(std::string_view name, std::vector<std::string>& target) {
  const JsonValue* value = Value(name);
  if (value == nullptr) return;
  std::vector<std::string> texts;
  if (const std::string* text = value->AsString()) {
    texts.push_back(*text);
  } else if (const JsonArray* array = value->AsArray()) {
    for (const JsonValue& element : *array) {
      if (element.AsString() == nullptr) return Refuse(name, "is no array of strings");
      texts.push_back(*element.AsString());
    }
  } else {
    return Refuse(
        name, "is neither a string nor an array of strings but " + std::string(value->KindName()));
  }
  target = std::move(texts);
}

void ObjectReader::Flag(std::string_view name, bool& target) {
  const JsonValue* value = Value(name);
  if (value == nullptr) return;
  if (const bool* flag = value->AsBool()) {
    target = *flag;
  } else {
    Refuse(name, "is not true or false but " + std::string(value->KindName()));
  }
}

std::optional<int64_t> ObjectReader::Integer(std::string_view name, Range range) {
  const JsonValue* value = Value(name);
  if (value == nullptr) return std::nullopt;
  int64_t number = 0;
  if (!value->GetInt(number) || number < range.min || number > range.max) {
    std::string why = "is not a whole number of at least " + std::to_string(range.min);
    if (range.max != INT64_MAX) why += " and at most " + std::to_string(range.max);
    Refuse(name, std::move(why));
    return std::nullopt;
  }
  return number;
}

std::optional<ObjectReader> ObjectReader::Object(std::string_view name) {
  const JsonValue* value = Value(name);
  if (value == nullptr) return std::nullopt;
  return ObjectReader(*value, PathOf(name), reason_);
}

Result<void> ObjectReader::Finish() {
  if (!failure_) {
    for (const auto& [name, value] : *value_.AsObject()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      const std::string_view nearest = NearestWord(name, known_);
      failure_ =
          Fail(reason_, "unknown member " + Quote(PathOf(name)) +
                            (nearest.empty() ? "" : "; did you mean " + Quote(nearest) + "?"));
      break;
    }
  }
  if (failure_) return *failure_;
  return {};
}

}  // namespace callvet
