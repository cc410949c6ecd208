// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/json.h"
#include "callvet/passport.h"
#include "callvet/result.h"

namespace callvet {

/// Whether `tn` can be a telephone number, `uri` an identity, of a claim. Fail with `reason`; an
/// empty tn of orig or dest is as good as none: kOrigMissing, kDestMissing. Pure.
Result<void> CheckTnClaim(const std::string& tn, Reason reason);
Result<void> CheckUriClaim(const std::string& uri, Reason reason);

/// Reads orig, or div without its hi: an object with exactly one member, tn or uri. Fails
/// with `reason`. Pure.
Result<PartyClaim> ReadPartyClaim(const JsonValue& value, Reason reason);

}  // namespace callvet
