// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "callvet/policy.h"

namespace callvet {

/// Where problems of a configuration go: each with line, column and key.
class ProblemList {
 public:
  ProblemList(std::string file, const JsonDocument& document, std::vector<PolicyProblem>& problems)
      : file_(std::move(file)), document_(document), problems_(problems) {}

  /// `pointer` is a JSON pointer into the document.
  void Add(const std::string& pointer, std::string message);

 private:
  std::string file_;
  const JsonDocument& document_;
  std::vector<PolicyProblem>& problems_;
};

/// A name in the configuration and what it stands for.
template <class T>
struct NamedValue {
  std::string_view name;
  T value;
};

/// An object of which every member must be known and of the right kind. Each Read leaves the value
/// alone if there is no such member, and reports a problem if it is not of that kind. Finish
/// reports the members that no Read asked for.
class StrictObject {
 public:
  StrictObject(const JsonValue& value, std::string pointer, ProblemList& problems);

  [[nodiscard]] bool Has(std::string_view name);
  void Read(std::string_view name, std::string& text);
  void Read(std::string_view name, bool& value);
  void Read(std::string_view name, std::vector<std::string>& texts);
  /// Reads a whole number from `least` to `most`.
  void ReadNumber(std::string_view name, std::pair<int64_t, int64_t> range, int64_t& value);
  /// Reads a number from `least` to `most`, also one with a fraction.
  void ReadDecimal(std::string_view name, std::pair<double, double> range,
                   std::optional<double>& value);
  /// Reads a name of `values`.
  template <class T, size_t N>
  void ReadName(std::string_view name, const std::array<NamedValue<T>, N>& values, T& value) {
    std::array<std::string_view, N> names;
    for (size_t i = 0; i < N; ++i) names[i] = values[i].name;
    if (const auto index = ReadOneOf(name, names)) value = values[*index].value;
  }
  /// Calls `read` with the object `name`, if there is one, and finishes it.
  void ReadObject(std::string_view name, const std::function<void(StrictObject&)>& read);
  /// The same for every member of this object, whatever its name.
  void ReadEach(const std::function<void(const std::string&, StrictObject&)>& read);
  /// The same for every element of the array `name`.
  void ReadArray(std::string_view name, const std::function<void(StrictObject&)>& read);

  /// Reports a problem of the member `name`.
  void Complain(std::string_view name, std::string message);
  /// Reports what was not asked for. Called by ReadObject, ReadEach and ReadArray.
  void Finish();

 private:
  const JsonValue* Find(std::string_view name);
  std::optional<size_t> ReadOneOf(std::string_view name, std::span<const std::string_view> names);
  [[nodiscard]] std::string PointerOf(std::string_view name) const;

  const JsonMembers* members_ = nullptr;  // nullptr: no object, which is reported
  std::string pointer_;
  ProblemList& problems_;
  std::vector<std::string_view> known_;
  bool all_known_ = false;
};

}  // namespace callvet
