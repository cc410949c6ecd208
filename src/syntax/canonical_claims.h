// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/json.h"
#include "callvet/passport.h"

namespace callvet {

/// Reads the payload that nearly every shaken PASSporT has: attest, dest, iat, orig and origid and
/// nothing else, serialised as RFC 8225 9 demands, of numbers in digits. It may only decline: what
/// it puts into `claims`, which are empty, is what the strict reader finds in `payload`; any other
/// text, be it wrong or only rare, is left to that reader, and `claims` empty. Throws
/// std::bad_alloc. Pure.
bool ReadCanonicalClaims(std::string_view payload, Claims& claims);

/// The payload that was read so.
JsonValue PayloadOfCanonical(const Claims& claims);

}  // namespace callvet
