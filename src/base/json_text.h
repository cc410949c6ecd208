// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace callvet {

/// Appends `text` to `json` as a JSON string, as CanonicalJson writes it.
void AppendJsonString(std::string& json, std::string_view text);

}  // namespace callvet
