// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"

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

/// One HTTP exchange with a server that the operator configured.
struct HttpExchange {
  enum class Method : uint8_t { kGet, kPost };
  Method method = Method::kGet;
  std::string url = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  size_t max_response_bytes = 0;
};

/// The seam for exchanges that Fetcher does not do. Implementations are const and thread-safe,
/// never throw, follow no redirects and log neither headers nor bodies.
class HttpExchanger {
 public:
  virtual ~HttpExchanger() = default;
  /// The body of a 2xx answer. Fails with a kFetch... Reason.
  [[nodiscard]] virtual Result<std::string> Send(const HttpExchange& exchange,
                                                 const Deadline& deadline) const = 0;
};

/// Address and account at the STI-PA.
struct StiPaAccount {
  std::string base_url;  // "https://authenticate-api.example.org/api/v1", without / at the end
  std::string user_id;
  std::string password;
};

/// Login and download by C-30. Neither password nor access token appears in a failure.
class StiPaTrustListClient final : public TrustListClient {
 public:
  /// Fails with kConfigInvalid: not https, or something is empty.
  static Result<std::shared_ptr<const StiPaTrustListClient>> Make(
      StiPaAccount account, std::shared_ptr<const HttpExchanger> exchanger);

  [[nodiscard]] Result<std::string> Download(const Deadline& deadline) const override;
  [[nodiscard]] std::string Name() const override { return account_.base_url; }

 private:
  StiPaTrustListClient(StiPaAccount account, std::shared_ptr<const HttpExchanger> exchanger)
      : account_(std::move(account)), exchanger_(std::move(exchanger)) {}
  [[nodiscard]] Result<std::string> LogIn(const Deadline& deadline) const;

  StiPaAccount account_;
  std::shared_ptr<const HttpExchanger> exchanger_;
};

}  // namespace callvet
