// SPDX-License-Identifier: MIT
#include "policy/strict_object.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {
namespace {

// "/trunks/pstn/mode" as people write it: "trunks.pstn.mode".
std::string KeyOf(std::string pointer) {
  if (pointer.empty()) return pointer;
  pointer.erase(0, 1);
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer;
}

std::string ListOf(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

}  // namespace

void ProblemList::Add(const std::string& pointer, std::string message) {
  const auto place = document_.places.find(pointer);
  const TextPlace at = place == document_.places.end() ? TextPlace{0, 0} : place->second;
  problems_.push_back({file_, at.line, at.column, KeyOf(pointer), std::move(message)});
}

StrictObject::StrictObject(const JsonValue& value, std::string pointer, ProblemList& problems)
    : members_(value.AsObject()), pointer_(std::move(pointer)), problems_(problems) {
  if (members_ == nullptr) {
    problems_.Add(pointer_, "must be an object, not " + std::string(value.KindName()));
  }
}

std::string StrictObject::PointerOf(std::string_view name) const {
  return pointer_ + "/" + std::string(name);
}

const JsonValue* StrictObject::Find(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
  if (members_ == nullptr) return nullptr;
  for (const auto& [member, value] : *members_) {
    if (member == name) return &value;
  }
  return nullptr;
}

bool StrictObject::Has(std::string_view name) {
  return Find(name) != nullptr;
}

void StrictObject::Complain(std::string_view name, std::string message) {
  problems_.Add(PointerOf(name), std::move(message));
}

void StrictObject::Read(std::string_view name, std::string& text) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return;
  const std::string* string = value->AsString();
  if (string == nullptr || string->empty()) {
    return Complain(name, "must be a string that is not empty");
  }
  text = *string;
}

void StrictObject::Read(std::string_view name, bool& value) {
  const JsonValue* json = Find(name);
  if (json == nullptr) return;
  const bool* boolean = json->AsBool();
  if (boolean == nullptr) return Complain(name, "must be true or false");
  value = *boolean;
}

void StrictObject::Read(std::string_view name, std::vector<std::string>& texts) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return;
  const JsonArray* array = value->AsArray();
  if (array == nullptr) return Complain(name, "must be an array of strings");
  texts.clear();
  for (size_t i = 0; i < array->size(); ++i) {
    const std::string* text = (*array)[i].AsString();
    if (text == nullptr || text->empty()) {
      Complain(std::string(name) + "/" + std::to_string(i), "must be a string that is not empty");
      continue;
    }
    texts.push_back(*text);
  }
}

void StrictObject::ReadNumber(std::string_view name, std::pair<int64_t, int64_t> range,
                              int64_t& value) {
  const JsonValue* json = Find(name);
  if (json == nullptr) return;
  int64_t number = 0;
  if (!json->GetInt(number) || number < range.first || number > range.second) {
    return Complain(name, "must be a whole number from " + std::to_string(range.first) + " to " +
                              std::to_string(range.second));
  }
  value = number;
}

void StrictObject::ReadDecimal(std::string_view name, std::pair<double, double> range,
                               std::optional<double>& value) {
  const JsonValue* json = Find(name);
  if (json == nullptr) return;
  int64_t whole = 0;
  const auto* real = std::get_if<JsonReal>(&json->storage());
  const bool is_whole = json->GetInt(whole);
  const double number = real != nullptr ? real->value : static_cast<double>(whole);
  if ((real == nullptr && !is_whole) || !(number >= range.first && number <= range.second)) {
    return Complain(
        name, "must be a number from " + WriteJson(range.first) + " to " + WriteJson(range.second));
  }
  value = number;
}

std::optional<size_t> StrictObject::ReadOneOf(std::string_view name,
                                              std::span<const std::string_view> names) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const std::string* text = value->AsString();
  const std::string_view word = text == nullptr ? std::string_view() : *text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (text != nullptr && names[i] == word) return i;
  }
  const std::string_view nearest = NearestWord(word, names);
  Complain(name, (text == nullptr ? "must be one of " + ListOf(names)
                                  : Quote(word) + " is none of " + ListOf(names)) +
                     (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"));
  return std::nullopt;
}

void StrictObject::ReadObject(std::string_view name,
                              const std::function<void(StrictObject&)>& read) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return;
  StrictObject object(*value, PointerOf(name), problems_);
  read(object);
  object.Finish();
}

void StrictObject::ReadEach(const std::function<void(const std::string&, StrictObject&)>& read) {
  all_known_ = true;
  if (members_ == nullptr) return;
  for (const auto& [name, value] : *members_) {
    StrictObject object(value, PointerOf(name), problems_);
    read(name, object);
    object.Finish();
  }
}

void StrictObject::ReadArray(std::string_view name,
                             const std::function<void(StrictObject&)>& read) {
  const JsonValue* value = Find(name);
  if (value == nullptr) return;
  const JsonArray* array = value->AsArray();
  if (array == nullptr) return Complain(name, "must be an array");
  for (size_t i = 0; i < array->size(); ++i) {
    StrictObject object((*array)[i], PointerOf(name) + "/" + std::to_string(i), problems_);
    read(object);
    object.Finish();
  }
}

void StrictObject::Finish() {
  if (members_ == nullptr || all_known_) return;
  for (const auto& [name, value] : *members_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string_view nearest = NearestWord(name, known_);
    Complain(name, "is not known" + (nearest.empty()
                                         ? "; known are " + ListOf(known_)
                                         : "; did you mean \"" + std::string(nearest) + "\"?"));
  }
}

}  // namespace callvet
