// SPDX-License-Identifier: MIT
#include "pki/trust_store.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "pki/pem.h"

namespace callvet {
namespace {

constexpr size_t kMaxCertificatesPerFile = 4'096;  // budget; the STI-PA list has a few dozen

Failure InvalidFile(std::string_view source, std::string_view detail) {
  return Fail(Reason::kFileInvalid, std::string(source) + ": " + std::string(detail));
}

// The certificates of a file of anchors; each must be a CA (C-32).
Result<CertificateBundle> ReadAnchors(std::string_view bytes, std::string_view source) {
  auto bundle = ParseBundle(bytes, kMaxCertificatesPerFile);
  if (!bundle) return InvalidFile(source, bundle.error().detail);
  for (const Certificate& certificate : *bundle) {
    if (!certificate.is_ca()) {
      return InvalidFile(source, Quote(certificate.subject()) + " is not a CA certificate");
    }
  }
  return bundle;
}

void AppendNew(std::vector<Certificate>& to, const std::vector<Certificate>& from) {
  for (const Certificate& certificate : from) {
    if (std::find(to.begin(), to.end(), certificate) == to.end()) to.push_back(certificate);
  }
}

bool HasCertificateEnding(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 4> kEndings = {".pem", ".crt", ".cer", ".der"};
  const std::string ending = ToLower(path.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

bool IsDirectory(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// The files of a directory with a known ending; there may be none.
Result<std::vector<std::filesystem::path>> CertificateFiles(const std::filesystem::path& path) {
  auto files = ListFiles(path);
  if (!files) return files.error();
  files->erase(std::remove_if(files->begin(), files->end(),
                              [](const auto& file) { return !HasCertificateEnding(file); }),
               files->end());
  return files;
}

// A file by its name, whatever its ending; of a directory the files with a known ending.
Result<std::vector<std::filesystem::path>> AnchorFiles(const std::filesystem::path& path) {
  if (!IsDirectory(path)) return ListFiles(path);
  auto files = CertificateFiles(path);
  if (files && files->empty())
    return InvalidFile(path.string(),
                       "no certificate in this directory (*.pem, *.crt, *.cer, *.der)");
  return files;
}

// All or nothing: the first file that cannot be used refuses them all.
Result<CertificateBundle> ReadAnchorFiles(const std::vector<std::filesystem::path>& files) {
  CertificateBundle all;
  for (const std::filesystem::path& file : files) {
    const auto bytes = ReadFile(file);
    if (!bytes) return bytes.error();
    const auto anchors = ReadAnchors(*bytes, file.string());
    if (!anchors) return anchors.error();
    all.insert(all.end(), anchors->begin(), anchors->end());
  }
  return all;
}

Result<CertificateBundle> ReadAnchorPath(const std::filesystem::path& path) {
  const auto files = AnchorFiles(path);
  if (!files) return files.error();
  return ReadAnchorFiles(*files);
}

// The certificates beside CRLs, which there may be none of.
Result<CertificateBundle> ReadCrlSigners(std::string_view bytes) {
  if (LooksLikeDer(bytes)) return CertificateBundle();  // that is the CRL
  if (!HoldsCertificates(bytes)) return CertificateBundle();
  return ParseBundle(bytes, kMaxCertificatesPerFile);
}

}  // namespace

std::span<const Certificate> TrustStore::AnchorsAt(sys_seconds at) const {
  const std::span<const Certificate> all(anchors_);
  return listed_until_ && at >= *listed_until_ ? all.first(own_anchors_) : all;
}

std::shared_ptr<const TrustStore> TrustStore::WithoutCrls(sys_seconds at) const {
  const auto anchors = AnchorsAt(at);
  TrustStoreBuilder builder;
  builder.SetListedAnchors({anchors.begin(), anchors.end()}, sys_seconds::max());
  return builder.Build();
}

std::shared_ptr<const TrustStore> TrustStore::Within(
    const std::vector<Certificate>& trusted) const {
  auto within = std::make_shared<TrustStore>(*this);
  within->anchors_.clear();
  within->own_anchors_ = 0;
  for (size_t i = 0; i < anchors_.size(); ++i) {
    const bool known = std::any_of(trusted.begin(), trusted.end(),
                                   [&](const Certificate& one) { return one == anchors_[i]; });
    if (!known) continue;
    within->anchors_.push_back(anchors_[i]);
    if (i < own_anchors_) ++within->own_anchors_;
  }
  return within;
}

Result<void> TrustStoreBuilder::AddAnchors(std::string_view bytes, std::string_view source) {
  const auto anchors = ReadAnchors(bytes, source);
  if (!anchors) return anchors.error();
  AppendNew(store_.anchors_, *anchors);
  return {};
}

Result<void> TrustStoreBuilder::AddAnchorPath(const std::filesystem::path& path) {
  const auto anchors = ReadAnchorPath(path);
  if (!anchors) return anchors.error();
  AppendNew(store_.anchors_, *anchors);
  return {};
}

Result<size_t> TrustStoreBuilder::AddAnchorDirectory(const std::filesystem::path& path) {
  if (!IsDirectory(path)) return Fail(Reason::kFileUnreadable, path.string() + ": no directory");
  const auto files = CertificateFiles(path);
  if (!files) return files.error();
  const auto anchors = ReadAnchorFiles(*files);
  if (!anchors) return anchors.error();
  AppendNew(store_.anchors_, *anchors);
  return files->size();
}

Result<void> TrustStoreBuilder::AddCrlAnchors(std::string_view bytes, std::string_view source) {
  const auto anchors = ReadAnchors(bytes, source);
  if (!anchors) return anchors.error();
  AppendNew(store_.crl_anchors_, *anchors);
  return {};
}

Result<void> TrustStoreBuilder::AddCrlAnchorPath(const std::filesystem::path& path) {
  const auto anchors = ReadAnchorPath(path);
  if (!anchors) return anchors.error();
  AppendNew(store_.crl_anchors_, *anchors);
  return {};
}

Result<void> TrustStoreBuilder::AddCrls(std::string_view bytes, std::string_view source) {
  auto crls = ParseCrls(bytes);
  if (!crls) return InvalidFile(source, crls.error().detail);
  const auto signers = ReadCrlSigners(bytes);
  if (!signers) return InvalidFile(source, signers.error().detail);
  store_.crls_.insert(store_.crls_.end(), crls->begin(), crls->end());
  AppendNew(store_.crl_signers_, *signers);
  return {};
}

Result<void> TrustStoreBuilder::AddCrlSignerFile(const std::filesystem::path& path) {
  const auto bytes = ReadFile(path);
  if (!bytes) return bytes.error();
  const auto signers = ParseBundle(*bytes, kMaxCertificatesPerFile);
  if (!signers) return InvalidFile(path.string(), signers.error().detail);
  AddCrlSigners(*signers);
  return {};
}

void TrustStoreBuilder::AddCrlSigners(const std::vector<Certificate>& signers) {
  AppendNew(store_.crl_signers_, signers);
}

void TrustStoreBuilder::SetListedAnchors(std::vector<Certificate> anchors, sys_seconds until) {
  listed_ = std::move(anchors);
  store_.listed_until_ = until;
}

std::shared_ptr<const TrustStore> TrustStoreBuilder::Build() {
  store_.own_anchors_ = store_.anchors_.size();
  AppendNew(store_.anchors_, std::exchange(listed_, {}));
  return std::make_shared<const TrustStore>(std::exchange(store_, TrustStore()));
}

}  // namespace callvet
