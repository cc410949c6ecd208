// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "pki/trust_store.h"
#include "repository/trust_list.h"

namespace callvet {

/// A list with what it takes to verify it again.
struct TrustListDocument {
  std::string compact;      // the JWS
  CertificateBundle chain;  // of its signer
};

/// What the last accepted list was.
struct AcceptedTrustList {
  TrustList list;
  sys_seconds accepted_at{};
};

enum class Acceptance : uint8_t { kNew, kUnchanged };

/// A list that would be accepted, and what that would change.
struct AcceptableTrustList {
  TrustList list;
  Acceptance acceptance = Acceptance::kNew;
};

/// The last accepted trust list of one STI-PA, and with it the guard against rollback. With a
/// directory it is kept in the file trust-list.json there, and so survives a restart; several
/// processes may share it. Without one it lives as long as this object.
///
/// What is read back is verified again, like a list that was just received, but at the time at
/// which it was accepted: the list counts until its own exp (C-32), not that of its signer's
/// certificate. Not thread-safe.
class TrustListState {
 public:
  explicit TrustListState(std::optional<std::filesystem::path> dir) : dir_(std::move(dir)) {}

  /// The last accepted list, expired or not; nothing if there was none. Fails with kFileUnreadable
  /// or kFileInvalid when the file is there but cannot be used, kTrustListUntrusted or
  /// kTrustListMalformed when it does not verify by `pa_roots`. Nothing is accepted until somebody
  /// removes such a file: whoever can break it shall not get rid of the guard.
  Result<std::optional<AcceptedTrustList>> Load(const TrustStore& pa_roots) const;

  /// Whether `document` would be accepted at `now`, and if not why; changes nothing. Fails like
  /// TrustList::Verify and Load; with kTrustListExpired; with kTrustListRollback when its sequence
  /// is lower than the accepted one, or the same with another content.
  Result<AcceptableTrustList> Check(const TrustListDocument& document, const TrustStore& pa_roots,
                                    sys_seconds now) const;

  /// Check, and remembers the list before anybody uses it. Fails also with kFileUnreadable when it
  /// cannot be written; then nothing changed.
  Result<AcceptedTrustList> Accept(const TrustListDocument& document, const TrustStore& pa_roots,
                                   sys_seconds now);

 private:
  [[nodiscard]] Result<std::optional<std::string>> ReadState() const;

  std::optional<std::filesystem::path> dir_;
  std::optional<std::string> memory_;  // what the file holds, when there is no directory
};

}  // namespace callvet
