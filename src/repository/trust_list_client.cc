// SPDX-License-Identifier: MIT
#include "repository/trust_list_client.h"

#include "base/file.h"
#include "repository/trust_list.h"

namespace callvet {

Result<std::string> FileTrustListClient::Download(const Deadline& /*deadline*/) const {
  auto bytes = ReadFile(path_, kMaxTrustListBytes);
  if (!bytes) return Fail(Reason::kTrustListNotAvailable, bytes.error().detail);
  return bytes;
}

Result<std::string> UrlTrustListClient::Download(const Deadline& deadline) const {
  auto document = fetcher_->Fetch(url_, UrlUse::kDocument, deadline);
  if (document) return std::move(document->body);
  const Failure& why = document.error();
  return Fail(Reason::kTrustListNotAvailable,
              url_ + ": " + std::string(Info(why.reason).id) + ": " + why.detail);
}

}  // namespace callvet
