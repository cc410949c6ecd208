// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "callvet/result.h"
#include "syntax/content_digest.h"

namespace callvet {

/// The digest of `bytes` by `algorithm`. Fails with kInternalError when OpenSSL itself fails.
/// Thread-safe.
Result<ContentDigest> ComputeDigest(DigestAlgorithm algorithm, std::string_view bytes);

}  // namespace callvet
