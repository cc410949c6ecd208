// SPDX-License-Identifier: MIT
#include "api/file_certificate_source.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace callvet {
namespace {

using SharedBundle = std::shared_ptr<const CertificateBundle>;

Result<SharedBundle> JoinBundles(const std::vector<std::string>& contents,
                                 const std::vector<std::filesystem::path>& files) {
  if (contents.empty()) {
    return Fail(Reason::kCertificateNotAvailable, "no certificate was given");
  }
  auto joined = std::make_shared<CertificateBundle>();
  for (size_t i = 0; i < contents.size(); ++i) {
    auto bundle = ParseBundle(contents[i]);
    if (!bundle) {
      bundle.error().detail = files[i].string() + ": " + bundle.error().detail;
      return bundle.error();
    }
    joined->insert(joined->end(), bundle->begin(), bundle->end());
  }
  if (joined->size() > kMaxBundleCertificates) {
    return Fail(Reason::kChainTooLong, std::to_string(joined->size()) + " certificates");
  }
  return SharedBundle(std::move(joined));
}

// What is no certificate at all ends the program; what is a broken one is judged when it is asked
// for.
Result<Result<SharedBundle>> LoadBundle(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> contents;
  for (const auto& file : files) {
    auto bytes = ReadFile(file);
    if (!bytes) return bytes.error();
    contents.push_back(std::move(*bytes));
  }
  auto bundle = JoinBundles(contents, files);
  if (!bundle && !std::all_of(contents.begin(), contents.end(), HoldsCertificates)) {
    return Fail(Reason::kFileInvalid, bundle.error().detail);
  }
  return bundle;
}

}  // namespace

Result<std::shared_ptr<const FileCertificateSource>> FileCertificateSource::Load(
    const std::vector<std::filesystem::path>& files, const std::vector<UrlFile>& url_files,
    std::shared_ptr<const TnAuthListFetcher> lists) {
  auto bundle = LoadBundle(files);
  if (!bundle) return bundle.error();
  std::map<std::string, Result<SharedBundle>, std::less<>> by_url;
  for (const UrlFile& url_file : url_files) {
    auto own = LoadBundle({url_file.file});
    if (!own) return own.error();
    by_url.insert_or_assign(url_file.x5u, std::move(*own));
  }
  return std::shared_ptr<const FileCertificateSource>(
      new FileCertificateSource(std::move(*bundle), std::move(by_url), std::move(lists)));
}

std::vector<SharedBundle> FileCertificateSource::Bundles() const {
  std::vector<SharedBundle> bundles;
  if (bundle_) bundles.push_back(*bundle_);
  for (const auto& [x5u, bundle] : by_url_) {
    if (bundle) bundles.push_back(*bundle);
  }
  return bundles;
}

Result<std::shared_ptr<const CertificateBundle>> FileCertificateSource::Get(
    std::string_view x5u, const Deadline& /*deadline*/) const {
  if (const auto own = by_url_.find(x5u); own != by_url_.end()) return own->second;
  if (bundle_ || bundle_.error().reason != Reason::kCertificateNotAvailable) return bundle_;
  return Fail(Reason::kCertificateNotAvailable,
              "the certificate at " + Quote(x5u, 200) + " is not at hand");
}

Result<TnAuthList> FileCertificateSource::GetTnAuthList(std::string_view url,
                                                        const Deadline& deadline) const {
  if (lists_ != nullptr) return lists_->Get(url, deadline);
  return Fail(Reason::kTnAuthListNotAvailable,
              "the TNAuthList at " + Quote(url, 200) + ": downloads are switched off");
}

}  // namespace callvet
