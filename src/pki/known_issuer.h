// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>

namespace callvet {

/// Remembers the certificate whose key made a document's signature, so that the signature is
/// verified once and not for every chain, list and trust store. Whether it did is a function of the
/// bytes of both, so what is remembered cannot become wrong; only what was found good is. Of
/// several certificates with that key the last one counts. Thread-safe.
class KnownIssuer {
 public:
  /// True if `verify()` says that the key of the certificate with the SHA-256 `issuer` (hex, not
  /// empty) made the signature, or said so before. Not locked meanwhile.
  template <class Verify>
  bool Is(std::string_view issuer, const Verify& verify) {
    if (Knows(issuer)) return true;
    if (!verify()) return false;
    const std::scoped_lock lock(mutex_);
    if (issuer.size() == sha256_.size()) std::copy(issuer.begin(), issuer.end(), sha256_.begin());
    return true;
  }

 private:
  [[nodiscard]] bool Knows(std::string_view issuer) const {
    const std::scoped_lock lock(mutex_);
    return issuer == std::string_view(sha256_.data(), sha256_.size());
  }

  mutable std::mutex mutex_;
  std::array<char, 64> sha256_{};  // no digest until one is known
};

}  // namespace callvet
