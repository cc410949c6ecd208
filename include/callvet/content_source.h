// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

class Deadline;

/// Where the verifier gets content that rich call data names by URI: icons, jCards (RFC 9795).
/// Implementations are thread-safe, keep to the deadline and to limits of their own, refuse what
/// may not be fetched (C-21, F-26), and never throw.
class ContentSource {
 public:
  virtual ~ContentSource() = default;

  /// The bytes at `url`, an https URL. The verifier asks only for a URL of a PASSporT whose
  /// signature and signer were found good, and believes nothing but what has the signed digest.
  /// Fails with any Reason of a fetch; the verifier reports kRcdContentNotAvailable.
  [[nodiscard]] virtual Result<std::string> Get(std::string_view url,
                                                const Deadline& deadline) const = 0;
};

}  // namespace callvet
