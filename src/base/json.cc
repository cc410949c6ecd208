// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "base/json_stream.h"
#include "base/plain_json.h"
#include "base/text.h"

namespace callvet {
namespace {

// How far the reader has come, for ReadJsonWithComments: the values' places are taken from it.
struct Progress {
  size_t consumed = 0;                   // bytes
  std::map<std::string, size_t> places;  // JSON pointer -> bytes consumed when it was reported
};

// An iterator that counts what is read through it.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Progress* progress) : at_(at), progress_(progress) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++progress_->consumed;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  Progress* progress_;
};

// Builds a JsonValue from nlohmann's events. The DOM of nlohmann keeps the last of two members of
// one name, which is what a parser-differential attack needs, so it is not used for reading.
class StrictBuilder {
 public:
  // `progress` may be null: no places are kept.
  explicit StrictBuilder(const JsonLimits& limits, Progress* progress = nullptr)
      : limits_(limits), progress_(progress) {}

  bool null() { return Put(JsonValue()); }
  bool boolean(bool value) { return Put(value); }
  bool number_integer(int64_t value) { return Put(value); }
  bool number_unsigned(uint64_t value) { return Put(value); }
  bool number_float(double value, const std::string& text) {
    return Put(JsonValue::Storage(JsonReal{value, text}));
  }
  bool string(std::string& value) { return Put(std::move(value)); }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }

  bool start_object(size_t /*size*/) { return Open(JsonValue(JsonMembers{})); }
  bool end_object() { return Close(); }
  bool start_array(size_t /*size*/) { return Open(JsonValue(JsonArray{})); }
  bool end_array() { return Close(); }

  bool key(std::string& name) {
    Level& level = open_.back();
    if (level.value.Find(name) != nullptr) {
      failure_place_ = Consumed();
      failure_ = Fail(Reason::kJsonDuplicateName, "the member name occurs twice: " + name);
      return false;
    }
    level.key = std::move(name);
    NotePlace(level.pointer + "/" + level.key);
    return true;
  }

  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    std::string what = error.what();
    const size_t colon = what.find(": ");
    if (colon != std::string::npos) what.erase(0, colon + 2);
    failure_place_ = position;
    failure_ = Fail(Reason::kJsonInvalid, "at byte " + std::to_string(position) + ": " + what);
    return false;
  }

  Failure TakeFailure() { return std::move(failure_); }
  JsonValue TakeRoot() { return std::move(root_); }
  // How many bytes were read when it failed.
  [[nodiscard]] size_t failure_place() const { return failure_place_; }

 private:
  struct Level {
    JsonValue value;
    std::string key;
    std::string pointer;  // kept only for places
  };

  [[nodiscard]] size_t Consumed() const { return progress_ != nullptr ? progress_->consumed : 0; }

  void NotePlace(const std::string& pointer) {
    if (progress_ != nullptr) progress_->places.emplace(pointer, progress_->consumed);
  }

  // The pointer of the value that is read next. Only an element has no place yet: a member got the
  // place of its name.
  std::string PointerOfNext() {
    if (progress_ == nullptr || open_.empty()) return {};
    const Level& level = open_.back();
    const JsonArray* array = level.value.AsArray();
    return level.pointer + "/" + (array != nullptr ? std::to_string(array->size()) : level.key);
  }

  bool CountValue() {
    if (++values_ <= limits_.max_values) return true;
    failure_place_ = Consumed();
    failure_ =
        Fail(Reason::kJsonLimit, "more than " + std::to_string(limits_.max_values) + " values");
    return false;
  }

  bool Put(JsonValue value) {
    if (!CountValue()) return false;
    NotePlace(PointerOfNext());
    Attach(std::move(value));
    return true;
  }

  void Attach(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = open_.back();
    if (auto* array = const_cast<JsonArray*>(level.value.AsArray())) {
      array->push_back(std::move(value));
    } else {
      level.value.Add(std::move(level.key), std::move(value));
    }
  }

  bool Open(JsonValue container) {
    if (open_.size() >= limits_.max_depth) {
      failure_place_ = Consumed();
      failure_ = Fail(Reason::kJsonLimit,
                      "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
      return false;
    }
    if (!CountValue()) return false;
    std::string pointer = PointerOfNext();
    NotePlace(pointer);
    open_.push_back({std::move(container), {}, std::move(pointer)});
    return true;
  }

  bool Close() {
    JsonValue finished = std::move(open_.back().value);
    open_.pop_back();
    Attach(std::move(finished));
    return true;
  }

  JsonLimits limits_;
  std::vector<Level> open_;
  JsonValue root_;
  size_t values_ = 0;
  Progress* progress_ = nullptr;
  size_t failure_place_ = 0;
  Failure failure_{Reason::kJsonInvalid, "not JSON"};
};

// integers are written without fraction or exponent. What is beyond int64 keeps an exponent;
// no claim has such a value.
std::string RealText(const JsonReal& real) {
  constexpr double kExact = 9223372036854775808.0;  // 2^63
  const bool whole = std::trunc(real.value) == real.value && std::abs(real.value) < kExact;
  return whole ? std::to_string(static_cast<int64_t>(real.value))
               : nlohmann::json(real.value).dump();
}

}  // namespace

bool JsonValue::GetInt(int64_t& value) const {
  if (const auto* number = std::get_if<int64_t>(&storage_)) {
    value = *number;
    return true;
  }
  const auto* number = std::get_if<uint64_t>(&storage_);
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (number == nullptr || *number > kMax) return false;
  value = static_cast<int64_t>(*number);
  return true;
}

const JsonValue* JsonValue::Find(std::string_view name) const {
  const JsonMembers* members = AsObject();
  if (members == nullptr) return nullptr;
  for (const auto& [member_name, member] : *members) {
    if (member_name == name) return &member;
  }
  return nullptr;
}

const JsonValue* JsonValue::FindUnlessNull(std::string_view name) const {
  const JsonValue* value = Find(name);
  return value == nullptr || value->IsNull() ? nullptr : value;
}

void JsonValue::Add(std::string name, JsonValue value) {
  if (IsNull()) storage_ = JsonMembers{};
  std::get<JsonMembers>(storage_).emplace_back(std::move(name), std::move(value));
}

std::string_view JsonValue::KindName() const {
  constexpr std::string_view kNames[] = {"null",   "true or false", "number", "number",
                                         "number", "string",        "array",  "object"};
  return kNames[storage_.index()];
}

namespace {

// What no JSON text may have, and nlohmann does not refuse: it takes a NUL for the end of the text
// and skips a byte order mark.
Result<void> CheckText(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Fail(Reason::kJsonLimit, std::to_string(text.size()) + " bytes, the limit is " +
                                        std::to_string(limits.max_bytes));
  }
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Fail(Reason::kJsonInvalid, "a NUL byte at byte " + std::to_string(nul + 1));
  }
  if (WithoutByteOrderMark(text).size() != text.size()) {
    return Fail(Reason::kJsonInvalid, "begins with a byte order mark");
  }
  return {};
}

// The place behind `consumed` bytes: the last of them, so that a line break read ahead does not
// count.
TextPlace PlaceOf(std::string_view text, size_t consumed) {
  const std::string_view before = text.substr(0, consumed == 0 ? 0 : consumed - 1);
  TextPlace place;
  place.line += static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t line_start = before.rfind('\n');
  place.column +=
      line_start == std::string_view::npos ? before.size() : before.size() - line_start - 1;
  return place;
}

Failure WithPlace(std::string_view text, size_t consumed, const Failure& failure) {
  const TextPlace place = PlaceOf(text, consumed);
  return Fail(failure.reason, "line " + std::to_string(place.line) + ", column " +
                                  std::to_string(place.column) + ": " + failure.detail);
}

}  // namespace

namespace {

// What ReadPlainJson declines.
Result<JsonValue> ReadAnyJson(std::string_view text, const JsonLimits& limits) {
  if (auto ok = CheckText(text, limits); !ok) return ok.error();
  StrictBuilder builder(limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return builder.TakeFailure();
  return builder.TakeRoot();
}

}  // namespace

Result<JsonValue> ReadJson(std::string_view text, const JsonLimits& limits) {
  Result<JsonValue> json;
  try {
    if (auto plain = ReadPlainJson(text, limits)) {
      *json = std::move(*plain);
    } else {
      json = ReadAnyJson(text, limits);
    }
  } catch (const std::exception& error) {
    json = Fail(Reason::kInternalError, std::string("JSON reader: ") + error.what());
  }
  return json;
}

JsonValue ReadOwnJson(std::string_view text) {
  constexpr JsonLimits kNone = {
      .max_bytes = SIZE_MAX, .max_depth = SIZE_MAX, .max_values = SIZE_MAX};
  auto json = ReadJson(text, kNone);
  if (!json) throw std::runtime_error(json.error().detail);
  return std::move(*json);
}

Result<JsonDocument> ReadJsonWithComments(std::string_view text, const JsonLimits& limits) {
  if (auto ok = CheckText(text, limits); !ok) return ok.error();
  Progress progress;
  StrictBuilder builder(limits, &progress);
  try {
    const CountingIterator begin(text.data(), &progress);
    const CountingIterator end(text.data() + text.size(), &progress);
    if (!nlohmann::json::sax_parse(begin, end, &builder, nlohmann::json::input_format_t::json,
                                   /*strict=*/true, /*ignore_comments=*/true)) {
      return WithPlace(text, builder.failure_place(), builder.TakeFailure());
    }
  } catch (const std::exception& error) {
    return Fail(Reason::kInternalError, std::string("JSON reader: ") + error.what());
  }
  JsonDocument document{builder.TakeRoot(), {}};
  for (const auto& [pointer, consumed] : progress.places) {
    document.places.emplace(pointer, PlaceOf(text, consumed));
  }
  return document;
}

namespace {

// The order of an object's members. Of members with one name the last counts.
enum class Order : uint8_t { kByName, kAsGiven };

// Writes without a tree of the library's in between: that takes longer, and its nodes need memory
// to be destroyed, without which they end the program. What needs more than copying (control
// characters, UTF-8, reals) is the library's.
class JsonWriter {
 public:
  /// `indent` below 0: in one line.
  JsonWriter(Order order, int indent) : order_(order), indent_(indent), text_(kUsual) {}

  void Write(const JsonValue& value) {
    std::visit([this](const auto& part) { (*this)(part); }, value.storage());
  }

  void operator()(std::nullptr_t) { text_.Put("null"); }
  void operator()(bool value) { text_.Put(value ? "true" : "false"); }
  void operator()(int64_t value) { text_.PutNumber(value); }
  void operator()(uint64_t value) { text_.PutNumber(value); }
  void operator()(const JsonReal& real) { text_.Put(RealText(real)); }
  void operator()(const std::string& value) { text_.PutString(value); }
  void operator()(const JsonArray& array) {
    Begin('[');
    for (const JsonValue& element : array) {
      Next();
      Write(element);
    }
    End(']', array.empty());
  }
  void operator()(const JsonMembers& members) {
    Begin('{');
    if (IsInOrder(members)) {
      for (const auto& member : members) WriteMember(member);
    } else {
      for (const auto* member : Ordered(members)) WriteMember(*member);
    }
    End('}', members.empty());
  }

  std::string Take() { return text_.Take(); }

 private:
  using Members = std::vector<const JsonMembers::value_type*>;

  void WriteMember(const JsonMembers::value_type& member) {
    Next();
    (*this)(member.first);
    text_.Put(indent_ < 0 ? ":" : ": ");
    Write(member.second);
  }

  // Sorted already, without a name twice: then either order is this one.
  static bool IsInOrder(const JsonMembers& members) {
    const auto not_before = [](const auto& a, const auto& b) { return a.first >= b.first; };
    return std::adjacent_find(members.begin(), members.end(), not_before) == members.end();
  }

  [[nodiscard]] Members Ordered(const JsonMembers& members) const {
    Members sorted;
    sorted.reserve(members.size());
    for (const auto& member : members) sorted.push_back(&member);
    Members given = order_ == Order::kAsGiven ? sorted : Members();
    // By name, and of one name as they stand. (std::stable_sort takes memory for that.)
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
      const int order = a->first.compare(b->first);
      return order < 0 || (order == 0 && std::less<>()(a, b));
    });
    const auto same = [](const auto* a, const auto* b) { return a->first == b->first; };
    const bool repeated = std::adjacent_find(sorted.begin(), sorted.end(), same) != sorted.end();
    if (!repeated) return order_ == Order::kByName ? sorted : given;
    return order_ == Order::kByName ? LastOfEach(std::move(sorted)) : LastAtFirst(given);
  }
  static Members LastOfEach(Members sorted) {
    Members last;
    for (size_t i = 0; i < sorted.size(); ++i) {
      const bool again = i + 1 < sorted.size() && sorted[i]->first == sorted[i + 1]->first;
      if (!again) last.push_back(sorted[i]);
    }
    return last;
  }
  // The last of each name, where its first stands.
  static Members LastAtFirst(const Members& given) {
    Members last;
    for (const auto* member : given) {
      const auto before = std::find_if(last.begin(), last.end(), [&](const auto* other) {
        return other->first == member->first;
      });
      if (before == last.end()) {
        last.push_back(member);
      } else {
        *before = member;
      }
    }
    return last;
  }

  void Begin(char bracket) {
    text_.Put(bracket);
    ++depth_;
    first_ = true;
  }
  void Next() {
    if (!first_) text_.Put(',');
    first_ = false;
    Line();
  }
  void End(char bracket, bool empty) {
    --depth_;
    if (!empty) Line();
    text_.Put(bracket);
    first_ = false;
  }
  void Line() {
    if (indent_ < 0) return;
    text_.Put('\n');
    for (size_t i = depth_ * static_cast<size_t>(indent_); i > 0; --i) text_.Put(' ');
  }

  static constexpr size_t kUsual = 512;  // bytes of what is written

  Order order_;
  int indent_;
  size_t depth_ = 0;
  bool first_ = true;
  JsonStream text_;
};

}  // namespace

std::string CanonicalJson(const JsonValue& value) {
  JsonWriter writer(Order::kByName, -1);
  writer.Write(value);
  return writer.Take();
}

std::string WriteJson(const JsonValue& value, int indent) {
  JsonWriter writer(Order::kAsGiven, indent);
  writer.Write(value);
  return writer.Take();
}

}  // namespace callvet
