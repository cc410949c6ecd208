// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request_error.h"
#include "base/json.h"

namespace callvet {

/// Reads the members of a request of ATIS-1000082 or 3GPP Ms. First what is missing is looked for
/// (E1: SVC4001), then what is wrong (E2: SVC4005): the first of either kind is error(), a missing
/// one before a wrong one. Members that nobody asks for are ignored (E-6); null stands for an
/// optional one that is absent. Not thread-safe; `object` outlives it.
class RequestMembers {
 public:
  explicit RequestMembers(const JsonValue& object) : object_(object) {}

  enum class Presence : uint8_t { kMandatory, kOptional };

  /// A string that is not empty.
  std::optional<std::string> Text(std::string_view name, Presence presence);
  /// A JSON number that is whole and not negative.
  std::optional<int64_t> Seconds(std::string_view name, Presence presence);
  /// The identities of {"tn": ...} or {"uri": ...}. `many` allows arrays and both members together;
  /// a string stands for an array of one (E-24). tn has the characters of E-5 only, at least one of
  /// them a digit, * or #.
  struct Identities {
    std::vector<std::string> tn;
    std::vector<std::string> uri;
    /// tn and uri, in this order.
    [[nodiscard]] std::vector<std::string> All() &&;
  };
  enum class Count : uint8_t { kOne, kMany };
  std::optional<Identities> Party(std::string_view name, Count count, Presence presence);
  /// An array of strings, none empty.
  std::vector<std::string> Texts(std::string_view name);

  void Missing(std::string name);
  void Invalid(std::string name, std::string why);
  [[nodiscard]] const JsonValue* Find(std::string_view name) const { return object_.Find(name); }

  /// What is wrong, or nothing.
  [[nodiscard]] const std::optional<RequestError>& error() const {
    return missing_ ? missing_ : invalid_;
  }

 private:
  const JsonValue* Get(std::string_view name, Presence presence);
  bool AddIdentities(const std::string& path, const JsonValue& value, Count count,
                     std::vector<std::string>& list);

  const JsonValue& object_;
  std::optional<RequestError> missing_;
  std::optional<RequestError> invalid_;
};

}  // namespace callvet
