// SPDX-License-Identifier: MIT
#include "repository/url_policy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "repository/address_guard.h"

namespace callvet {
namespace {

// True for a host that resolvers read as an IPv4 address in one of inet_aton's many ways: its last
// label is a number, decimal or hexadecimal.
bool EndsInNumber(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);  // npos + 1 is 0
  if (last.empty()) return false;
  if (std::all_of(last.begin(), last.end(), IsDigit)) return true;
  return last.size() >= 2 && last[0] == '0' && last[1] == 'x' &&
         std::all_of(last.begin() + 2, last.end(), IsHexDigit);
}

// One spelling per host: lower-case, without the final dot of a rooted name, addresses as inet_ntop
// writes them, IPv6 in brackets. Nothing for what looks like an address and is none.
std::optional<std::string> NormalHost(std::string_view host) {
  std::string normal = ToLower(host);
  if (normal.starts_with('[')) {
    if (!normal.ends_with(']')) return std::nullopt;
    const auto address = IpAddress::Parse(std::string_view(normal).substr(1, normal.size() - 2));
    if (!address || address->family() != IpAddress::Family::kV6) return std::nullopt;
    return "[" + address->Text() + "]";
  }
  if (normal.ends_with('.')) normal.pop_back();
  if (normal.empty()) return std::nullopt;
  if (!EndsInNumber(normal)) return normal;
  const auto address = IpAddress::Parse(normal);
  if (!address) return std::nullopt;
  return address->Text();
}

bool IsHostChar(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' || c == '_';
}

// An entry of a host list in the form that Check compares with.
std::optional<std::string> NormalEntry(std::string_view entry) {
  const bool address = entry.starts_with('[');
  if (!address && !std::all_of(entry.begin(), entry.end(), IsHostChar)) return std::nullopt;
  if (!entry.starts_with('.')) return NormalHost(entry);
  const auto suffix = NormalHost(entry.substr(1));
  if (!suffix || suffix->starts_with('.') || EndsInNumber(*suffix)) return std::nullopt;
  return "." + *suffix;
}

bool Contains(const std::vector<std::string>& entries, std::string_view host) {
  return std::any_of(entries.begin(), entries.end(), [host](const std::string& entry) {
    if (!entry.starts_with('.')) return host == entry;
    return host.size() > entry.size() && host.ends_with(entry);
  });
}

Failure Refused(std::string_view url, std::string_view why) {
  return Fail(Reason::kFetchUrlRefused, Quote(url, 200) + ": " + std::string(why));
}

}  // namespace

Result<UrlPolicy> UrlPolicy::Make(UrlPolicyOptions options) {
  for (std::vector<std::string>* list : {&options.allow_hosts, &options.deny_hosts}) {
    for (std::string& entry : *list) {
      auto normal = NormalEntry(entry);
      if (!normal) {
        return Fail(Reason::kConfigInvalid,
                    "host list: " + Quote(entry) + " is neither a host nor .suffix");
      }
      entry = std::move(*normal);
    }
  }
  UrlPolicy policy;
  policy.options_ = std::move(options);
  return policy;
}

Result<Uri> UrlPolicy::Check(std::string_view url, UrlUse use) const {
  auto uri =
      use == UrlUse::kX5u ? ParseX5u(url, options_.rules) : ParseDocumentUrl(url, options_.rules);
  if (!uri) return uri;
  if (url.size() > options_.max_bytes) {
    return Refused(url, "longer than " + std::to_string(options_.max_bytes) + " bytes");
  }
  const auto host = NormalHost(uri->host);
  if (!host) return Refused(url, "the host looks like an address and is none");
  if (Contains(options_.deny_hosts, *host)) return Refused(url, "the host is denied");
  if (!options_.allow_hosts.empty() && !Contains(options_.allow_hosts, *host)) {
    return Refused(url, "the host is not among those allowed");
  }
  return uri;
}

std::vector<std::string> UrlPolicy::InsecureSettings() const {
  std::vector<std::string> settings;
  if (options_.rules.http == X5uRules::Http::kInsecureAllow) {
    settings.emplace_back("insecure_allow_http: documents are fetched without TLS");
  }
  const X5uRules standard;
  for (const uint16_t port : options_.rules.ports) {
    if (std::find(standard.ports.begin(), standard.ports.end(), port) == standard.ports.end()) {
      settings.push_back("insecure_allow_port: port " + std::to_string(port) + " is allowed");
    }
  }
  return settings;
}

}  // namespace callvet
