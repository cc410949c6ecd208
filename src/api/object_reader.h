// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/result.h"

namespace callvet {

/// Reads the members of a JSON object strictly: each of its type, each known. The first problem is
/// kept, with the path of the member; what cannot be read leaves its target as it was. Members that
/// are missing leave theirs too. Not thread-safe; the value and the
/// names that are asked for outlive it.
class ObjectReader {
 public:
  /// `path` names the object in failures ("limits", or "" for the outermost); `reason` is that of
  /// all failures.
  ObjectReader(const JsonValue& value, std::string path, Reason reason);

  /// From now on a member that is null counts as absent; else it is one of the wrong kind.
  void TakeNullAsAbsent() { null_is_absent_ = true; }
  void Text(std::string_view name, std::string& target);
  void Text(std::string_view name, std::optional<std::string>& target);
  /// An array of strings; a single string stands for an array of one.
  void Texts(std::string_view name, std::vector<std::string>& target);
  void Flag(std::string_view name, bool& target);
  struct Range {
    int64_t min = 0;
    int64_t max = INT64_MAX;
  };
  template <class T>
  void Number(std::string_view name, Range range, T& target) {
    if (const auto number = Integer(name, range)) target = static_cast<T>(*number);
  }
  /// A whole number of milliseconds.
  void Milliseconds(std::string_view name, Range range, std::chrono::milliseconds& target) {
    int64_t count = target.count();
    Number(name, range, count);
    target = std::chrono::milliseconds(count);
  }
  /// The member as it is, or nullptr.
  const JsonValue* Value(std::string_view name);
  /// A reader of a member that is an object, or nothing. Its failures are not those of this reader:
  /// see Adopt.
  std::optional<ObjectReader> Object(std::string_view name);
  void Adopt(const ObjectReader& other);
  /// Calls `read` with a reader of the member `name`, if there is one; its problems become those of
  /// this reader, members that `read` did not ask for among them.
  template <class Function>
  void Section(std::string_view name, Function read) {
    auto reader = Object(name);
    if (!reader) return;
    read(*reader);
    if (auto ok = reader->Finish(); !ok) Adopt(*reader);
  }
  void Refuse(std::string_view name, std::string why);

  /// Ends: refuses members that nobody asked for, and gives the first problem.
  Result<void> Finish();

 private:
  std::optional<int64_t> Integer(std::string_view name, Range range);
  [[nodiscard]] std::string PathOf(std::string_view name) const;

  const JsonValue& value_;
  std::string path_;
  Reason reason_;
  std::vector<std::string_view> known_;
  bool null_is_absent_ = false;
  std::optional<Failure> failure_;
};

}  // namespace callvet
