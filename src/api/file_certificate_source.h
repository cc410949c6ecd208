// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "callvet/certificate_source.h"
#include "callvet/result.h"
#include "pki/certificate.h"

namespace callvet {

/// A CertificateSource that gives one bundle for every x5u: the operator's answer to "which
/// certificate", instead of a download. Without files it answers kCertificateNotAvailable.
class FileCertificateSource final : public CertificateSource {
 public:
  /// Reads the certificates of all `files` (PEM or DER) into one bundle, in order. Fails with
  /// kFileUnreadable, or kFileInvalid if one holds no certificate at all. A broken certificate is
  /// judged when it is asked for, like a download: kCertificateMalformed.
  static Result<std::shared_ptr<const FileCertificateSource>> Load(
      const std::vector<std::filesystem::path>& files);

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;

 private:
  explicit FileCertificateSource(Result<std::shared_ptr<const CertificateBundle>> bundle)
      : bundle_(std::move(bundle)) {}
  Result<std::shared_ptr<const CertificateBundle>> bundle_;
};

}  // namespace callvet
