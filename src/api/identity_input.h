// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace callvet {

/// The Identity header field values in text that a person pasted: lines that begin with "Identity:"
/// or "y:" (any case), each with the lines that follow up to the next header; other headers are
/// left out. Text without such a line is one value as it stands, without white space around. Empty
/// text gives none. Pure; thread-safe.
std::vector<std::string> IdentityValuesFromText(std::string_view text);

/// Whether `text` has a line "From:" or "To:" (also "f:", "t:"), which IdentityValuesFromText
/// leaves out: who pasted it means a call and not an Identity header alone. Pure; thread-safe.
bool NamesParties(std::string_view text);

}  // namespace callvet
