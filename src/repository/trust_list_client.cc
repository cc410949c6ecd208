// SPDX-License-Identifier: MIT
#include "repository/trust_list_client.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "repository/trust_list.h"

namespace callvet {
namespace {

constexpr size_t kMaxLoginBytes = 64 * 1024;
constexpr size_t kMaxTokenBytes = 16 * 1024;

Failure NotAvailable(std::string detail) {
  return Fail(Reason::kTrustListNotAvailable, std::move(detail));
}

// Only the reason: the detail of an exchange could quote what was sent.
Failure NotAvailable(std::string_view step, const Failure& why) {
  return NotAvailable(std::string(step) + " failed: " + std::string(Info(why.reason).id));
}

// The token goes into a header line.
bool IsToken(const std::string& text) {
  return !text.empty() && text.size() <= kMaxTokenBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Result<std::string> FileTrustListClient::Download(const Deadline& /*deadline*/) const {
  auto bytes = ReadFile(path_, kMaxTrustListBytes);
  if (!bytes) return NotAvailable(bytes.error().detail);
  return bytes;
}

Result<std::shared_ptr<const StiPaTrustListClient>> StiPaTrustListClient::Make(
    StiPaAccount account, std::shared_ptr<const HttpExchanger> exchanger) {
  if (!account.base_url.starts_with("https://") || account.base_url.ends_with('/')) {
    return Fail(Reason::kConfigInvalid, "the STI-PA's address must be https, without / at the end");
  }
  if (account.user_id.empty() || account.password.empty() || exchanger == nullptr) {
    return Fail(Reason::kConfigInvalid, "user or password of the STI-PA is missing");
  }
  return std::shared_ptr<const StiPaTrustListClient>(
      new StiPaTrustListClient(std::move(account), std::move(exchanger)));
}

Result<std::string> StiPaTrustListClient::LogIn(const Deadline& deadline) const {
  HttpExchange login{
      .method = HttpExchange::Method::kPost,
      .url = account_.base_url + "/auth/login",
      .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
      .body = WriteJson(JsonMembers{{"userId", account_.user_id}, {"password", account_.password}}),
      .max_response_bytes = kMaxLoginBytes};
  const auto answer = exchanger_->Send(login, deadline);
  if (!answer) return NotAvailable("login", answer.error());
  const auto object = ReadJson(*answer);
  const JsonValue* token = object ? object->Find("accessToken") : nullptr;
  if (token == nullptr || token->AsString() == nullptr || !IsToken(*token->AsString())) {
    return NotAvailable("the answer to the login has no usable accessToken");
  }
  return *token->AsString();
}

Result<std::string> StiPaTrustListClient::Download(const Deadline& deadline) const {
  const auto token = LogIn(deadline);
  if (!token) return token.error();
  const HttpExchange get{
      .url = account_.base_url + "/ca-list",
      .headers = {{"Accept", "application/jose+json"}, {"Authorization", *token}},
      .max_response_bytes = kMaxTrustListBytes};
  auto answer = exchanger_->Send(get, deadline);
  if (!answer) return NotAvailable("download", answer.error());
  return answer;
}

}  // namespace callvet
