// SPDX-License-Identifier: MIT
#include "repository/url_policy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "base/text.h"
#include "fuzz.h"
#include "repository/address_guard.h"
#include "repository/http_freshness.h"
#include "repository/http_response.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

UrlPolicy PolicyOf(std::vector<std::string> allow, std::vector<std::string> deny) {
  UrlPolicyOptions options;
  options.allow_hosts = std::move(allow);
  options.deny_hosts = std::move(deny);
  auto policy = UrlPolicy::Make(std::move(options));
  fuzz::Require(policy.has_value());
  return std::move(*policy);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

void CheckUrl(std::string_view text, UrlUse use) {
  static const UrlPolicy any;
  static const UrlPolicy some =
      PolicyOf({".example.org", "cert.example.net"}, {"evil.example.org"});
  const auto allowed = any.Check(text, use);
  const auto narrow = some.Check(text, use);
  fuzz::Require(!narrow || allowed, "a narrower policy allows nothing more");
  if (!allowed) return;
  fuzz::Reached();
  const std::string url = Lower(std::string(text));
  fuzz::Require(url.starts_with("https://") && url.find_first_of(" \r\n\\") == std::string::npos &&
                    url.substr(8, url.find_first_of("/?#", 8) - 8).find('@') == std::string::npos,
                "https, and no user information");
  fuzz::Require(use == UrlUse::kDocument || url.find_first_of("?#") == std::string::npos,
                "nothing but host, port and path in an x5u (C-20)");
  const std::string host = Lower(allowed->host);
  fuzz::Require(url.substr(8).starts_with(host), "the host is where it stands");
  fuzz::Require(!allowed->port || *allowed->port == 443 || *allowed->port == 8443);
  fuzz::Require(use == UrlUse::kDocument ||
                (allowed->path.size() > 1 && allowed->path.front() == '/'));
  // What the resolver would take for an address without asking anybody.
  in_addr ignored{};
  fuzz::Require(IpAddress::Parse(host) || inet_aton(host.c_str(), &ignored) == 0,
                "no address in disguise: 127.1, 0x7f000001, 2130706433");
  if (!narrow) return;
  fuzz::Require(host == "cert.example.net" || host.ends_with(".example.org") ||
                    host.ends_with(".example.org."),
                "only allowed hosts");
  fuzz::Require(host != "evil.example.org" && host != "evil.example.org.", "no denied host");
}

void CheckIp(std::string_view text) {
  const auto address = IpAddress::Parse(text);
  if (!address) return;
  const auto again = IpAddress::Parse(address->Text());
  fuzz::Require(again && *again == *address, "an address reads the same again");
  const bool opened = CheckAddress(*address, PrivateAddresses::kRefuse).has_value();
  fuzz::Require(opened == (Classify(*address) == AddressClass::kPublic),
                "only public addresses are opened (C-21)");
}

void CheckAnswer(std::string_view text) {
  HttpResponse response({});
  std::string_view rest = text;
  while (!rest.empty() && !response.headers_complete()) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    if (response.AddHeaderLine(rest.substr(0, end)) == HttpResponse::Next::kStop) {
      fuzz::Require(response.failure().has_value(), "who stops says why");
      return;
    }
    rest = rest.substr(end);
  }
  if (!response.headers_complete()) return;
  if (response.AddBody(rest) == HttpResponse::Next::kStop) return;
  fuzz::Require(response.status() >= 200 && response.status() < 300, "only 2xx has a body");
  fuzz::Require(response.body_bytes() <= ResponseLimits{}.max_body_bytes);
  const auto document = response.TakeDocument();
  constexpr sys_seconds kNow{std::chrono::seconds{1768478400}};
  const sys_seconds latest = kNow + std::chrono::hours(30 * 24);
  const Freshness fresh = JudgeFreshness(document, kNow, latest);
  fuzz::Require(fresh.until <= latest && fresh.until >= kNow + kMinimumFreshness,
                "at least a day, and not beyond the certificate (C-23)");
}

}  // namespace

// What is fetched: which URL, which address, which answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  CheckUrl(text, UrlUse::kX5u);
  CheckUrl(text, UrlUse::kDocument);
  CheckIp(text);
  CheckAnswer(text);
  UrlPolicyOptions options;
  options.allow_hosts = {std::string(text)};
  (void)UrlPolicy::Make(std::move(options));
  return 0;
}
