// SPDX-License-Identifier: MIT
#include "api/request_members.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace callvet {
namespace {

// A request that names more than this is no call (VS choice); a PASSporT has fewer.
constexpr size_t kMaxIdentities = 100;

// E-5: digits and * #, and what separates them for the eye.
bool IsTn(std::string_view text) {
  constexpr auto kIsDigit = [](char c) { return IsDigit(c) || c == '*' || c == '#'; };
  constexpr CharSet kChars = CharSet::Where([=](char c) {
    return kIsDigit(c) || c == '+' || c == '.' || c == '-' || c == '(' || c == ')';
  });
  return kChars.HasAll(text) && std::any_of(text.begin(), text.end(), kIsDigit);
}

}  // namespace

std::vector<std::string> RequestMembers::Identities::All() && {
  std::vector<std::string> all = std::move(tn);
  all.insert(all.end(), std::make_move_iterator(uri.begin()), std::make_move_iterator(uri.end()));
  return all;
}

void RequestMembers::Missing(std::string name) {
  if (!missing_) missing_ = RequestError{Reason::kParameterMissing, {std::move(name)}};
}

void RequestMembers::Invalid(std::string name, std::string why) {
  if (!invalid_) {
    invalid_ = RequestError{Reason::kParameterInvalid, {std::move(name), std::move(why)}};
  }
}

const JsonValue* RequestMembers::Get(std::string_view name, Presence presence) {
  if (presence == Presence::kOptional) return object_.FindUnlessNull(name);
  const JsonValue* value = object_.Find(name);
  if (value == nullptr) Missing(std::string(name));
  return value;
}

std::optional<std::string> RequestMembers::Text(std::string_view name, Presence presence) {
  const JsonValue* value = Get(name, presence);
  if (value == nullptr) return std::nullopt;
  const std::string* text = value->AsString();
  if (text == nullptr || text->empty()) {
    Invalid(std::string(name), text == nullptr ? "not a string" : "empty");
    return std::nullopt;
  }
  return *text;
}

std::optional<int64_t> RequestMembers::Seconds(std::string_view name, Presence presence) {
  const JsonValue* value = Get(name, presence);
  if (value == nullptr) return std::nullopt;
  int64_t seconds = 0;
  if (!value->GetInt(seconds) || seconds < 0 || seconds > kLastSecond) {
    Invalid(std::string(name), "not a whole number of seconds since 1970");
    return std::nullopt;
  }
  return seconds;
}

bool RequestMembers::AddIdentities(const std::string& path, const JsonValue& value, Count count,
                                   std::vector<std::string>& list) {
  const bool tn = path.substr(path.find('.') + 1) == "tn";
  const auto add = [&](const JsonValue& element) {
    const std::string* text = element.AsString();
    if (text == nullptr || text->empty() || (tn && !IsTn(*text))) {
      Invalid(path, text == nullptr ? "not a string" : tn ? "not a telephone number" : "empty");
      return false;
    }
    list.push_back(*text);
    return true;
  };
  const JsonArray* array = value.AsArray();
  if (array == nullptr) return add(value);
  if (count == Count::kOne) {
    Invalid(path, "not a string");
    return false;
  }
  if (array->empty() || array->size() > kMaxIdentities) {
    Invalid(path, array->empty() ? "empty" : "too many");
    return false;
  }
  return std::all_of(array->begin(), array->end(), add);
}

std::optional<RequestMembers::Identities> RequestMembers::Party(std::string_view name, Count count,
                                                                Presence presence) {
  const JsonValue* value = Get(name, presence);
  if (value == nullptr) return std::nullopt;
  if (!value->IsObject()) {
    Invalid(std::string(name), "not an object");
    return std::nullopt;
  }
  Identities identities;
  const JsonValue* tn = value->FindUnlessNull("tn");
  const JsonValue* uri = value->FindUnlessNull("uri");
  const std::string prefix = std::string(name) + ".";
  if (tn == nullptr && uri == nullptr) {
    Missing(prefix + "tn");
    return std::nullopt;
  }
  if (count == Count::kOne && tn != nullptr && uri != nullptr) {
    Invalid(std::string(name), "both tn and uri");
    return std::nullopt;
  }
  if (tn != nullptr && !AddIdentities(prefix + "tn", *tn, count, identities.tn)) return {};
  if (uri != nullptr && !AddIdentities(prefix + "uri", *uri, count, identities.uri)) return {};
  return identities;
}

std::vector<std::string> RequestMembers::Texts(std::string_view name) {
  std::vector<std::string> texts;
  const JsonValue* value = Get(name, Presence::kOptional);
  if (value == nullptr) return texts;
  const JsonArray* array = value->AsArray();
  if (array == nullptr || array->size() > kMaxIdentities) {
    Invalid(std::string(name), array == nullptr ? "not an array" : "too many");
    return texts;
  }
  for (const JsonValue& element : *array) {
    const std::string* text = element.AsString();
    if (text == nullptr || text->empty()) {
      Invalid(std::string(name),
              text == nullptr ? "not an array of strings" : "one of its strings is empty");
      return {};
    }
    texts.push_back(*text);
  }
  return texts;
}

}  // namespace callvet
