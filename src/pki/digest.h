// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "callvet/result.h"
#include "syntax/content_digest.h"

namespace callvet {

/// The digest of `bytes` by `algorithm`. Fails with kInternalError when OpenSSL itself fails.
/// Thread-safe.
Result<ContentDigest> ComputeDigest(DigestAlgorithm algorithm, std::string_view bytes);

/// The longest digest that there is.
using DigestBytes = std::array<uint8_t, 64>;
/// The same into `digest`: how many of its bytes.
Result<size_t> ComputeDigest(DigestAlgorithm algorithm, std::string_view bytes,
                             DigestBytes& digest);

}  // namespace callvet
