// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "callvet/result.h"
#include "repository/fetcher.h"
#include "repository/trust_list_client.h"

namespace callvet {

/// Address and account at the STI-PA.
struct StiPaAccount {
  std::string base_url;  // "https://authenticate-api.example.org/api/v1", without / at the end
  std::string user_id;
  std::string password;

  /// From a file with one JSON object of the strings url, userId and password. Fails with
  /// kFileUnreadable, or kFileInvalid: another content, or others than the owner have access to
  /// it. The password never appears in a failure.
  static Result<StiPaAccount> Read(const std::filesystem::path& path);
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
