// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"

// The query of a request's target. Pure; thread-safe.

namespace callvet {

/// What is done with one parameter that is not empty.
using TakeParameter =
    std::function<Result<void>(const std::string& name, const std::string& value)>;

/// Hands each parameter of `text` (form-encoded: %XX and '+') to `take`; gives what was asked for
/// as "name=value&...", for logs. Parameters without a value, fields of a form that were left
/// empty, are left out. Fails with kParameterInvalid, also for a name that is none of `names`, with
/// or without a value; or like `take`.
Result<std::string> ReadQueryText(std::string_view text, std::span<const std::string_view> names,
                                  const TakeParameter& take);

/// Fails with kParameterInvalid, which names both, where `from` is later than `to`: nothing would
/// ever be found. `mark` stands before their names ("--" on the command line).
Result<void> CheckTimeOrder(std::optional<sys_seconds> from, std::optional<sys_seconds> to,
                            std::string_view mark = "");

/// A reason's id, as it was given. Fails with kParameterInvalid.
Result<std::string> ReasonParameter(const std::string& value);

/// A number from 1 to `max`. Fails with kParameterInvalid.
Result<uint64_t> CountParameter(const std::string& value, uint64_t max);

}  // namespace callvet
