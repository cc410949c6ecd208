// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "callvet/result.h"

namespace callvet {

class JsonValue;

/// An object in the order in which it was read or built. Names are unique when it came from
/// ReadJson.
using JsonMembers = std::vector<std::pair<std::string, JsonValue>>;
using JsonArray = std::vector<JsonValue>;

/// A number that is not a whole one that fits 64 bits: a fraction, an exponent, or too large.
struct JsonReal {
  double value = 0;
  std::string text;  // as received
  bool operator==(const JsonReal&) const = default;
};

/// A JSON value that owns its parts. Copyable; immutable use from several threads is safe.
class JsonValue {
 public:
  using Storage = std::variant<std::nullptr_t, bool, int64_t, uint64_t, JsonReal, std::string,
                               JsonArray, JsonMembers>;

  JsonValue() : storage_(nullptr) {}
  // Documents are built by implicit conversion; JsonValue itself is excluded, so nothing is hidden.
  template <class T>
  requires(!std::is_same_v<std::decay_t<T>, JsonValue>)  // NOLINTNEXTLINE
      JsonValue(T&& value)
      : storage_(Store(std::forward<T>(value))) {}

  [[nodiscard]] bool IsNull() const { return Holds<std::nullptr_t>(); }
  [[nodiscard]] bool IsObject() const { return Holds<JsonMembers>(); }

  /// Each gives the value if it is of that kind, else nullptr.
  [[nodiscard]] const bool* AsBool() const { return std::get_if<bool>(&storage_); }
  [[nodiscard]] const std::string* AsString() const { return std::get_if<std::string>(&storage_); }
  [[nodiscard]] const JsonArray* AsArray() const { return std::get_if<JsonArray>(&storage_); }
  [[nodiscard]] const JsonMembers* AsObject() const { return std::get_if<JsonMembers>(&storage_); }
  /// True, and `value` set, if this is a whole number without fraction or exponent in int64's
  /// range.
  [[nodiscard]] bool GetInt(int64_t& value) const;

  /// The member of this object, or nullptr when there is none or this is no object.
  [[nodiscard]] const JsonValue* Find(std::string_view name) const;
  /// The same, and nullptr for one that is null: where that counts as absent.
  [[nodiscard]] const JsonValue* FindUnlessNull(std::string_view name) const;

  /// Makes this a value of that kind, which is to be filled in place.
  template <class T, class... Arguments>
  T& Emplace(Arguments&&... arguments) {
    return storage_.template emplace<T>(std::forward<Arguments>(arguments)...);
  }

  /// Adds a member at the end (this must be an object or null, which becomes an object).
  void Add(std::string name, JsonValue value);

  /// "null", "true or false", "number", "string", "array" or "object": for messages.
  [[nodiscard]] std::string_view KindName() const;

  [[nodiscard]] const Storage& storage() const { return storage_; }
  bool operator==(const JsonValue&) const = default;

 private:
  template <class T>
  [[nodiscard]] bool Holds() const {
    return std::holds_alternative<T>(storage_);
  }
  template <class T>
  static Storage Store(T&& value) {
    using U = std::decay_t<T>;
    if constexpr (std::is_same_v<U, bool>) {
      return Storage(std::in_place_type<bool>, value);
    } else if constexpr (std::is_integral_v<U> && std::is_signed_v<U>) {
      return Storage(std::in_place_type<int64_t>, static_cast<int64_t>(value));
    } else if constexpr (std::is_integral_v<U>) {
      return Storage(std::in_place_type<uint64_t>, static_cast<uint64_t>(value));
    } else if constexpr (std::is_floating_point_v<U>) {
      return Storage(std::in_place_type<JsonReal>, JsonReal{static_cast<double>(value), {}});
    } else if constexpr (std::is_convertible_v<T, std::string_view>) {
      return Storage(std::in_place_type<std::string>,
                     std::string(std::string_view(std::forward<T>(value))));
    } else {
      return Storage(std::forward<T>(value));
    }
  }

  Storage storage_;
};

/// Limits of ReadJson (A-8, VS choice). A PASSporT nests at most six deep (rcd with jCard).
struct JsonLimits {
  size_t max_bytes = size_t{64} * 1024;
  size_t max_depth = 16;
  size_t max_values = 10'000;
};

/// Reads exactly one JSON text (RFC 8259), strictly: UTF-8 without byte order mark, no NUL, no
/// bytes after the value but white space, no duplicate member names, within `limits`. Fails
/// with kJsonInvalid, kJsonDuplicateName or kJsonLimit; the detail names the place. Pure;
/// thread-safe; never throws.
Result<JsonValue> ReadJson(std::string_view text, const JsonLimits& limits = {});

/// Reads JSON that this program wrote. Throws std::runtime_error if it is none, or there is no
/// memory.
JsonValue ReadOwnJson(std::string_view text);

/// A place in a text, both from 1; columns count bytes.
struct TextPlace {
  size_t line = 1;
  size_t column = 1;
};

/// A JSON text that a person wrote, with the place of every value in it.
struct JsonDocument {
  JsonValue root;
  /// By JSON pointer (RFC 6901) without escapes: "/trunks/pstn/mode". Of a member the place is
  /// behind its name, of an element of an array where its value begins or ends.
  std::map<std::string, TextPlace> places;
};

/// Reads a configuration: like ReadJson, but comments (`//` to the end of the line, and `/* */`)
/// are skipped. The detail of a failure begins with "line L, column C: ". Never for what a caller
/// or signer sent. Pure; thread-safe; never throws.
Result<JsonDocument> ReadJsonWithComments(std::string_view text, const JsonLimits& limits = {});

/// The deterministic serialisation of RFC 8225 9: no white space, members sorted by code
/// point, recursively, UTF-8, `/` not escaped. Bytes that are not UTF-8 become U+FFFD.
std::string CanonicalJson(const JsonValue& value);

/// The same text with members in their own order; `indent` spaces per level, or one line if
/// negative.
std::string WriteJson(const JsonValue& value, int indent = -1);

}  // namespace callvet
