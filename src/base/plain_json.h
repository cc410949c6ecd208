// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace callvet {

/// Reads the JSON that nearly every PASSporT is made of, in one pass: objects, arrays, strings of
/// printable ASCII without escapes, whole numbers of up to 18 digits, true, false, null, white
/// space. It may only decline: what it gives is what ReadJson's reader gives for `text`, and
/// anything else, be it wrong or only rare, is nothing here and left to that reader. Pure;
/// thread-safe.
std::optional<JsonValue> ReadPlainJson(std::string_view text, const JsonLimits& limits);

}  // namespace callvet
