// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

/// Reads a SIP Date header value, "Sat, 13 Nov 2010 23:29:00 GMT" (RFC 3261 20.17: RFC 1123 form,
/// GMT only). Names in any case; the weekday must be a weekday and is not compared with the date; a
/// day of one digit and "UTC" are accepted. Years 1970 to 9999. Fails with kDateInvalid. Pure;
/// thread-safe.
Result<sys_seconds> ParseSipDate(std::string_view text);

/// The form that ParseSipDate reads.
std::string FormatSipDate(sys_seconds time);

}  // namespace callvet
