// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// An absolute URI with an authority (RFC 3986), split into its parts as received. A value.
struct Uri {
  std::string scheme;  // lower-case
  std::optional<std::string> userinfo;
  std::string host;  // as received, IPv6 with its brackets
  std::optional<uint16_t> port;
  std::string path;
  std::optional<std::string> query;
  std::optional<std::string> fragment;

  /// Longest URI that is read (VS choice, C-20).
  static constexpr size_t kMaxBytes = 2048;

  /// Splits `text`. Only characters of RFC 3986; port 1 to 65535. Fails with kInfoInvalid.
  /// Pure; thread-safe.
  static Result<Uri> Parse(std::string_view text);
};

/// True if `text` is `scheme:` and something behind it, all in characters of RFC 3986. Pure.
bool IsAbsoluteUri(std::string_view text);

/// Scheme and ports of an x5u (C-20), and of every other URL that is fetched. The defaults are
/// SHAKEN's.
struct X5uRules {
  enum class Http : uint8_t { kRefuse, kInsecureAllow };
  Http http = Http::kRefuse;
  std::vector<uint16_t> ports = {443, 8443};
};

/// A URL that a document other than certificates of an x5u is fetched from: https, port absent or
/// allowed, no user information, a host. Query, fragment and path are its server's matter. Fails
/// with kInfoInvalid. Pure.
Result<Uri> ParseDocumentUrl(std::string_view text, const X5uRules& rules = {});

/// C-20: https, port absent or allowed, no user information, query or fragment, a path that is more
/// than nothing, a host. Fails with kInfoInvalid. Says nothing about where the host points. Pure.
Result<Uri> ParseX5u(std::string_view text, const X5uRules& rules = {});

/// `text` with each %XX decoded, whatever it stands for: as an element that decodes first and
/// splits then would see it. What is no such escape stays. Pure.
std::string PercentDecoded(std::string_view text);

/// Whether `host` is an IPv4 address, or an IPv6 address in brackets. Pure.
bool IsIpAddress(const std::string& host);

/// Whether `text` speaks of a phone-context, encoded or not: it means a number then. Pure.
bool HasPhoneContext(std::string_view text);

/// The same, of one that is a global number ("+86") and no domain. Pure.
bool HasGlobalContext(std::string_view text);

/// Whether `uri` begins with sip:, sips: or tel:. Pure.
bool HasSipOrTelScheme(std::string_view uri);

/// The value of the parameter `name` (any case) of ";a=b;c", "" if it has none, or nothing. Pure.
std::optional<std::string_view> FindUriParameter(std::string_view parameters,
                                                 std::string_view name);

/// Whether `host` (without port) is a name or an IP address, and no number: its last label begins
/// with a letter. Pure.
bool NamesAHost(std::string_view host);

/// A SIP, SIPS or TEL URI, split. A value.
struct SipUri {
  std::string scheme;  // "sip", "sips" or "tel", lower-case
  // Unreserved characters percent-decoded, '+' and '#' of numbers too; without password,
  // with its ';' parameters. tel: the number.
  std::string user;
  std::string host;        // lower-case, without port; empty for tel
  std::string parameters;  // from the first ';' behind the host on, as received; tel: none

  /// Reads `text`: a URI without angle brackets. Fails with kParameterInvalid. Pure; thread-safe.
  static Result<SipUri> Parse(std::string_view text);

  [[nodiscard]] bool IsTel() const { return scheme == std::string_view("tel"); }
  /// True if the URI parameter `user` is `phone`.
  [[nodiscard]] bool UserIsPhone() const;
  /// `scheme:user@host` of RFC 8224 8.5: lower-case, without parameters, password and port.
  /// Empty for tel.
  [[nodiscard]] std::string CanonicalIdentity() const;

 private:
  // Why `text` is none, or "".
  std::string_view Read(std::string_view text);
};

}  // namespace callvet
