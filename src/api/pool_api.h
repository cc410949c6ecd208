// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "api/api_reply.h"
#include "base/json.h"
#include "callvet/rotation.h"

// GET /v1/pools and POST /v1/pools/release. Thread-safe.

namespace callvet {

/// `time` in whole seconds, as JSON has it.
std::string PoolTimeText(CallTime time);

/// `pool` with its figures and sample. Numbers are masked but for their first digits, hashed
/// ones stand as they are.
JsonValue FlaggedPoolJson(const FlaggedPool& pool);

/// What is flagged at `now`, the latest first.
JsonValue FlaggedPoolsJson(const CallerPools& pools, CallTime now);

/// The same, and the counters.
ApiReply ListPools(const CallerPools& pools, CallTime now);

/// Ends a flag: {"kind", "value", "seconds"}; the source is not flagged again for so many seconds
/// (3600 if it is not given). HTTP 404 if it is not flagged.
struct Releaser {
  CallTime now{};
  std::string who;  // token name or user
};
ApiReply ReleasePool(CallerPools& pools, std::string_view body, const Releaser& releaser);

}  // namespace callvet
