// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "api/assembly.h"
#include "repository/certificate_cache.h"
#include "repository/certificate_repository.h"
#include "repository/trust_keeper.h"

namespace callvet {

/// Whether trust is another one than before, so that who reads it from files should read it again.
enum class TrustChange : uint8_t { kNone, kReplaced };

/// Downloads for verifiers elsewhere: certificates, which it hands out, and trust list and CRLs,
/// which it leaves in the state directory. Judges nothing. Thread-safe; starts no threads; every
/// call but Forget and Statistics may wait until its deadline.
class DownloadDesk {
 public:
  /// Fails like MakeTrustInputs and MakeRepository, and if anchors, CRLs or roots in files cannot
  /// be used. A list to download that cannot be had does not fail it. `setup` names no certificates
  /// in files, or nothing is ever downloaded (kFetchOffline).
  static Result<std::unique_ptr<DownloadDesk>> Make(const VerifierSetup& setup,
                                                    const Deadline& deadline);

  struct Fetched {
    std::shared_ptr<const CachedCertificates> entry;
    TrustChange trust = TrustChange::kNone;  // CRLs that these certificates name came in
  };
  /// Fails like CertificateRepository::FetchNow.
  Result<Fetched> Fetch(std::string_view x5u, const Deadline& deadline);

  /// Does what is due.
  TrustChange Maintain(const Deadline& deadline);

  /// Reads all files of trust anew, and asks for new lists as far as they are due. Fails if a file
  /// cannot be used.
  Result<void> Reload(const Deadline& deadline);

  /// One URL, or everything if it is "".
  void Forget(std::string_view x5u);
  [[nodiscard]] RepositoryStatistics Statistics() const;

 private:
  DownloadDesk() = default;

  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<TrustKeeper> keeper_;
  std::shared_ptr<const CertificateRepository> repository_;  // nullptr: certificates are in files
};

}  // namespace callvet
