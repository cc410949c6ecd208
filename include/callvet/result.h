// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

#include "callvet/reason.h"

namespace callvet {

/// Why a stage gave no value. `reason` is the contract: it selects SIP code, verstat and advice
/// from the table in reason.h. `detail` is one sentence for people, in UTF-8; it is never asserted
/// on and never parsed, and it may quote bytes that a caller chose, so print it escaped.
struct Failure {
  Reason reason = Reason::kInternalError;
  std::string detail;
};

/// The value of a stage, or its Failure. Unlike tl::expected itself it may not be ignored, and a
/// copy without memory throws std::bad_alloc (that of tl::expected 1.0.0 is noexcept: it ends the
/// program) and changes nothing. It can be copied if T can; moves never throw. T may be void.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Failure> {
  using Base = tl::expected<T, Failure>;
  static_assert(std::is_void_v<T> || std::is_nothrow_move_constructible_v<T>);

 public:
  using Base::Base;

  Result(Failure failure)  // NOLINT(google-explicit-constructor): `return Fail(...)` reads well
      : Base(tl::unexpect, std::move(failure)) {}

  Result(const Result& other) requires std::is_copy_constructible_v<Base> : Base(CopyOf(other)) {}
  Result& operator=(const Result& other)  // NOLINT(cert-oop54-cpp): by a copy, also of itself
      requires std::is_copy_assignable_v<Base> {
    *this = Result(other);
    return *this;
  }
  Result(Result&&) noexcept = default;
  Result& operator=(Result&&) noexcept = default;
  ~Result() = default;

 private:
  static Base CopyOf(const Result& other) {
    if (!other) return Base(tl::unexpect, other.error());
    if constexpr (std::is_void_v<T>) {
      return Base();
    } else {
      return Base(tl::in_place, *other);
    }
  }
};

/// Shorthand for returning a Failure from a function whose type is any Result<T>.
[[nodiscard]] inline Failure Fail(Reason reason, std::string detail) {
  return Failure{reason, std::move(detail)};
}

}  // namespace callvet
