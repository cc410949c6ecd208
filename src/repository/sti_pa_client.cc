// SPDX-License-Identifier: MIT
#include "repository/sti_pa_client.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "repository/trust_list.h"

namespace callvet {
namespace {

constexpr size_t kMaxAccountBytes = size_t{64} * 1024;
constexpr size_t kMaxLoginBytes = size_t{64} * 1024;
constexpr size_t kMaxTokenBytes = size_t{16} * 1024;

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

Result<StiPaAccount> StiPaAccount::Read(const std::filesystem::path& path) {
  const auto invalid = [&](std::string_view why) {
    return Fail(Reason::kFileInvalid, path.string() + ": " + std::string(why));
  };
  std::error_code error;
  const auto permissions = std::filesystem::status(path, error).permissions();
  constexpr auto kOthers = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  if (!error && (permissions & kOthers) != std::filesystem::perms::none) {
    return invalid("holds a password, so nobody but its owner may have access (mode 0600)");
  }
  const auto text = ReadFile(path, kMaxAccountBytes);
  if (!text) return text.error();
  // The reader's words could quote the password.
  const auto object = ReadJson(*text);
  if (!object) return invalid("is no JSON object");
  StiPaAccount account;
  const std::pair<const char*, std::string*> members[] = {
      {"url", &account.base_url}, {"userId", &account.user_id}, {"password", &account.password}};
  for (const auto& [name, value] : members) {
    const JsonValue* member = object->Find(name);
    if (member == nullptr || member->AsString() == nullptr || member->AsString()->empty()) {
      return invalid("has no string " + std::string(name));
    }
    *value = *member->AsString();
  }
  return account;
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
