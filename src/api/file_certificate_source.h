// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "callvet/certificate_source.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "repository/tn_auth_list_fetch.h"

namespace callvet {

/// The certificates of one x5u, in a file.
struct UrlFile {
  std::string x5u;  // compared byte for byte (C-24)
  std::filesystem::path file;
};

/// A CertificateSource that gives one bundle for every x5u, or one of their own for some: the
/// operator's answer to "which certificate", instead of a download. Without a file for an x5u it
/// answers kCertificateNotAvailable.
class FileCertificateSource final : public CertificateSource {
 public:
  /// Reads the certificates of all `files` (PEM or DER) into one bundle, in order, and those of
  /// `url_files` into one for each x5u. Fails with
  /// kFileUnreadable, or kFileInvalid if one holds no certificate at all. A broken certificate is
  /// judged when it is asked for, like a download: kCertificateMalformed.
  ///
  /// TNAuthLists that these certificates name by reference come from `lists`; with nullptr they
  /// cannot be had (kTnAuthListNotAvailable).
  static Result<std::shared_ptr<const FileCertificateSource>> Load(
      const std::vector<std::filesystem::path>& files, const std::vector<UrlFile>& url_files = {},
      std::shared_ptr<const TnAuthListFetcher> lists = nullptr);

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override;

  /// All bundles that can be decoded.
  [[nodiscard]] std::vector<std::shared_ptr<const CertificateBundle>> Bundles() const;

 private:
  using SharedBundle = std::shared_ptr<const CertificateBundle>;
  FileCertificateSource(Result<SharedBundle> bundle,
                        std::map<std::string, Result<SharedBundle>, std::less<>> by_url,
                        std::shared_ptr<const TnAuthListFetcher> lists)
      : bundle_(std::move(bundle)), by_url_(std::move(by_url)), lists_(std::move(lists)) {}
  Result<SharedBundle> bundle_;
  std::map<std::string, Result<SharedBundle>, std::less<>> by_url_;
  std::shared_ptr<const TnAuthListFetcher> lists_;
};

}  // namespace callvet
