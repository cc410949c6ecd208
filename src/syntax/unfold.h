// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

/// A SIP header field value on one line: each line break that white space follows, together with
/// the white space around it, becomes one space (RFC 3261 7.3.1); CRLF, LF and CR end a line. White
/// space at both ends and line breaks at the very end are dropped. Fails with kIdentityMalformed on
/// any other line break (the rest would be another header) and on control characters except tab.
/// Pure; thread-safe.
Result<std::string> Unfold(std::string_view value);

/// Whether `value` has no control characters: then nothing is folded, and Unfold only drops spaces
/// at its ends. Pure; thread-safe.
bool IsOneLine(std::string_view value);

}  // namespace callvet
