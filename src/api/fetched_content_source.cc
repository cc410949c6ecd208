// SPDX-License-Identifier: MIT
#include "api/fetched_content_source.h"

#include <utility>

namespace callvet {

Result<std::string> FetchedContentSource::Get(std::string_view url,
                                              const Deadline& deadline) const {
  if (fetcher_ == nullptr) return Fail(Reason::kFetchOffline, "downloads are switched off");
  auto document = fetcher_->Fetch(url, UrlUse::kDocument, deadline);
  if (!document) return document.error();
  return std::move(document->body);
}

}  // namespace callvet
