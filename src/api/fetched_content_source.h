// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "callvet/content_source.h"
#include "repository/fetcher.h"

namespace callvet {

/// The largest content of rich call data that is fetched (VS choice): an icon is some 10 KiB.
inline constexpr size_t kMaxContentBytes = size_t{1024} * 1024;

/// Content from the guarded fetcher, each time anew (F-26). Thread-safe.
class FetchedContentSource final : public ContentSource {
 public:
  /// Without a fetcher (nullptr) nothing is to be had: kFetchOffline.
  explicit FetchedContentSource(std::shared_ptr<const Fetcher> fetcher)
      : fetcher_(std::move(fetcher)) {}

  [[nodiscard]] Result<std::string> Get(std::string_view url,
                                        const Deadline& deadline) const override;

 private:
  std::shared_ptr<const Fetcher> fetcher_;
};

}  // namespace callvet
