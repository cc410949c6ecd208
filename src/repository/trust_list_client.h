// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "callvet/result.h"
#include "repository/fetcher.h"

namespace callvet {

/// Where new trust lists come from. Implementations are const and thread-safe and never throw.
/// What they give is not trusted.
class TrustListClient {
 public:
  virtual ~TrustListClient() = default;

  /// The list in any form that SignedTrustList::Parse reads. Fails with kTrustListNotAvailable.
  [[nodiscard]] virtual Result<std::string> Download(const Deadline& deadline) const = 0;
  /// For people: the file or the address. No secrets.
  [[nodiscard]] virtual std::string Name() const = 0;
};

/// A file that another tool drops.
class FileTrustListClient final : public TrustListClient {
 public:
  explicit FileTrustListClient(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] Result<std::string> Download(const Deadline& deadline) const override;
  [[nodiscard]] std::string Name() const override { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// A list that is served openly at a URL.
class UrlTrustListClient final : public TrustListClient {
 public:
  /// `fetcher` is not null and has room for kMaxTrustListBytes.
  UrlTrustListClient(std::string url, std::shared_ptr<const Fetcher> fetcher)
      : url_(std::move(url)), fetcher_(std::move(fetcher)) {}
  [[nodiscard]] Result<std::string> Download(const Deadline& deadline) const override;
  [[nodiscard]] std::string Name() const override { return url_; }

 private:
  std::string url_;
  std::shared_ptr<const Fetcher> fetcher_;
};

}  // namespace callvet
