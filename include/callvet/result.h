// SPDX-License-Identifier: MIT
#pragma once

#include <string>
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

/// The value of a stage, or its Failure. Unlike tl::expected itself it may not be ignored.
/// T may be void.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Failure> {
 public:
  using tl::expected<T, Failure>::expected;

  Result(Failure failure)  // NOLINT(google-explicit-constructor): `return Fail(...)` reads well
      : tl::expected<T, Failure>(tl::unexpect, std::move(failure)) {}
};

/// Shorthand for returning a Failure from a function whose type is any Result<T>.
[[nodiscard]] inline Failure Fail(Reason reason, std::string detail) {
  return Failure{reason, std::move(detail)};
}

}  // namespace callvet
