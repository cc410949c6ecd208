// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "pki/crl.h"

namespace callvet {

/// What a certificate without a usable CRL is worth (C-35).
enum class RevocationPolicy : uint8_t {
  kIfCovered,   // a certificate that no CRL speaks for passes; a covering CRL must be good
  kRequired,    // every certificate below the anchor must be covered by a good CRL
  kBestEffort,  // only a good CRL, a stale one, or one whose signer was revoked, that lists the
                // certificate refuses it
};

/// Everything that decides whom callvet trusts: anchors, CRLs and who may sign indirect CRLs. An
/// immutable snapshot once built; replaced as a whole; thread-safe.
class TrustStore {
 public:
  /// All anchors: those given by themselves, then those of the STI-PA's list alone.
  [[nodiscard]] const std::vector<Certificate>& anchors() const { return anchors_; }
  /// The anchors that count at `at`: without the listed ones from listed_until() on, so that an
  /// expired list is trusted by nobody even if nobody replaces this store (C-32).
  [[nodiscard]] std::span<const Certificate> AnchorsAt(sys_seconds at) const;
  /// A store of AnchorsAt(at) alone, which knows no CRLs: for chains of which revocation is not
  /// judged yet.
  [[nodiscard]] std::shared_ptr<const TrustStore> WithoutCrls(sys_seconds at) const;
  /// This store, but of its anchors only those that are among `trusted`.
  [[nodiscard]] std::shared_ptr<const TrustStore> Within(
      const std::vector<Certificate>& trusted) const;
  /// The anchors given by themselves.
  [[nodiscard]] std::span<const Certificate> own_anchors() const {
    return std::span<const Certificate>(anchors_).first(own_anchors_);
  }
  /// When the STI-PA's list expires; nothing if no anchor comes from it alone.
  [[nodiscard]] std::optional<sys_seconds> listed_until() const { return listed_until_; }
  [[nodiscard]] const std::vector<Crl>& crls() const { return crls_; }
  /// Anchors of the STI-PA, for indirect CRLs only: they never vouch for a signer of calls.
  [[nodiscard]] const std::vector<Certificate>& crl_anchors() const { return crl_anchors_; }
  /// Certificates given as such or found beside CRLs: candidates for CRL signers, trusted only
  /// through crl_anchors().
  [[nodiscard]] const std::vector<Certificate>& crl_signers() const { return crl_signers_; }
  [[nodiscard]] RevocationPolicy revocation_policy() const { return revocation_policy_; }
  /// How long after its nextUpdate a CRL still counts as current (C-35).
  [[nodiscard]] std::chrono::seconds crl_grace() const { return crl_grace_; }

 private:
  friend class TrustStoreBuilder;
  std::vector<Certificate> anchors_;
  size_t own_anchors_ = 0;  // the first of anchors_, which do not come from a list
  std::optional<sys_seconds> listed_until_;
  std::vector<Crl> crls_;
  std::vector<Certificate> crl_anchors_;
  std::vector<Certificate> crl_signers_;
  RevocationPolicy revocation_policy_ = RevocationPolicy::kIfCovered;
  std::chrono::seconds crl_grace_{0};
};

/// Collects a TrustStore. Each Add either takes everything of its input or fails and takes nothing.
/// Not thread-safe.
class TrustStoreBuilder {
 public:
  /// All certificates of `bytes` (PEM, or one DER) become anchors. Each must be a CA certificate
  /// (basicConstraints CA=TRUE); one that is not, or cannot be decoded, refuses the whole input
  /// with kFileInvalid. `source` names the input in the failure. Copies of one certificate count
  /// once.
  Result<void> AddAnchors(std::string_view bytes, std::string_view source);
  /// A file, or all files of a directory with the endings .pem .crt .cer .der. A directory without
  /// any certificate is kFileInvalid; an unreadable one kFileUnreadable.
  Result<void> AddAnchorPath(const std::filesystem::path& path);
  /// The same, but of a directory that may be empty: then it trusts nobody. How many files counted.
  /// Fails with kFileUnreadable (no such directory, or a file) and like AddAnchors.
  Result<size_t> AddAnchorDirectory(const std::filesystem::path& path);
  /// The same for anchors of indirect CRLs.
  Result<void> AddCrlAnchors(std::string_view bytes, std::string_view source);
  Result<void> AddCrlAnchorPath(const std::filesystem::path& path);
  /// CRLs (PEM or DER) of `bytes`, and the certificates beside them as CRL signers.
  /// Fails with kFileInvalid (no CRL, or one or a certificate that cannot be used).
  Result<void> AddCrls(std::string_view bytes, std::string_view source);
  /// One CRL that was decoded already.
  void AddCrl(const Crl& crl) { store_.crls_.push_back(crl); }
  /// Certificates that may have signed indirect CRLs; trusted only through CRL anchors.
  void AddCrlSigners(const std::vector<Certificate>& signers);
  /// The same from a file, PEM or DER, CAs or not. Fails with kFileUnreadable or kFileInvalid.
  Result<void> AddCrlSignerFile(const std::filesystem::path& path);
  /// The anchors of a list that was verified, to be trusted until `until`; replaces those given
  /// before. One that is also an anchor by itself stays one after that.
  void SetListedAnchors(std::vector<Certificate> anchors, sys_seconds until);
  void SetRevocationPolicy(RevocationPolicy policy) { store_.revocation_policy_ = policy; }
  /// `grace` is not negative.
  void SetCrlGrace(std::chrono::seconds grace) { store_.crl_grace_ = grace; }

  /// The snapshot. The builder is empty afterwards.
  std::shared_ptr<const TrustStore> Build();

 private:
  TrustStore store_;
  std::vector<Certificate> listed_;
};

}  // namespace callvet
