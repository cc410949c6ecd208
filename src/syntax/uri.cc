// SPDX-License-Identifier: MIT
#include "syntax/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace callvet {
namespace {

constexpr CharSet kUriChars = CharSet::LettersDigitsAnd("-._~:/?#[]@!$&'()*+,;=%");

bool IsScheme(std::string_view text) {
  return !text.empty() && IsAlpha(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlpha(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool PercentsAreWhole(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !IsHexDigit(text[i + 1]) || !IsHexDigit(text[i + 2])) return false;
  }
  return true;
}

Failure BadUri(std::string_view text, std::string_view why) {
  return Fail(Reason::kInfoInvalid, Quote(text, 200) + ": " + std::string(why));
}

// A-34: the unreserved characters of RFC 3261 25.1, and the '+' and '#' of numbers. Any other one,
// ';' and '@' above all, would make another identity when decoded.
bool MayBeDecoded(char c) {
  return IsAlpha(c) || IsDigit(c) ||
         std::string_view("-_.!~*'()+#").find(c) != std::string_view::npos;
}

// The user part with those characters decoded; false when a '%' is not followed by two hex digits.
bool PercentDecode(std::string_view text, std::string& decoded) {
  if (text.find('%') == std::string_view::npos) {
    decoded = text;
    return true;
  }
  if (!PercentsAreWhole(text)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const char c = static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    if (MayBeDecoded(c)) {
      decoded += c;
    } else {
      decoded += text.substr(i, 3);
    }
    i += 2;
  }
  return true;
}

// "host", "host:port" or "[v6]:port" without the port.
std::string_view HostWithoutPort(std::string_view host_port) {
  if (host_port.starts_with('[')) {
    return host_port.substr(0, std::min(host_port.find(']'), host_port.size() - 1) + 1);
  }
  return host_port.substr(0, host_port.find(':'));
}

// A name, an IPv4 address, or an IPv6 address in brackets. Whether it exists is DNS's matter.
bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    const std::string_view address = host.substr(1, host.size() - 2);
    return host.ends_with(']') && address.find(':') != std::string_view::npos &&
           std::all_of(address.begin(), address.end(),
                       [](char c) { return IsHexDigit(c) || c == ':' || c == '.'; });
  }
  constexpr CharSet kHostChars = CharSet::LettersDigitsAnd("-._");
  return !host.empty() && kHostChars.HasAll(host);
}

}  // namespace

Result<Uri> Uri::Parse(std::string_view text) {
  if (text.size() > kMaxBytes) return BadUri(text, "longer than 2048 bytes");
  if (!kUriChars.HasAll(text)) {
    return BadUri(text, "has a character that no URI has");
  }
  if (!PercentsAreWhole(text)) return BadUri(text, "has a '%' without two hex digits");
  Uri uri;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || !IsScheme(text.substr(0, colon))) {
    return BadUri(text, "is not an absolute URI");
  }
  uri.scheme = ToLower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  if (!rest.starts_with("//")) return BadUri(text, "has no host");
  rest.remove_prefix(2);

  const size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    uri.userinfo = std::string(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  const std::string_view host = HostWithoutPort(authority);
  const std::string_view port = authority.substr(host.size());
  if (!IsHost(host)) return BadUri(text, "has no usable host");
  uri.host = std::string(host);
  if (!port.empty()) {
    const auto number = ParseNumber(port.substr(1), 65535);
    if (port[0] != ':' || !number || *number == 0) return BadUri(text, "has no usable port");
    uri.port = static_cast<uint16_t>(*number);
  }

  if (const size_t hash = rest.find('#'); hash != std::string_view::npos) {
    uri.fragment = std::string(rest.substr(hash + 1));
    rest = rest.substr(0, hash);
  }
  if (const size_t question = rest.find('?'); question != std::string_view::npos) {
    uri.query = std::string(rest.substr(question + 1));
    rest = rest.substr(0, question);
  }
  uri.path = std::string(rest);
  return uri;
}

bool IsAbsoluteUri(std::string_view text) {
  const size_t colon = text.find(':');
  return colon != std::string_view::npos && colon + 1 < text.size() &&
         text.size() <= Uri::kMaxBytes && IsScheme(text.substr(0, colon)) &&
         kUriChars.HasAll(text) && PercentsAreWhole(text);
}

Result<Uri> ParseDocumentUrl(std::string_view text, const X5uRules& rules) {
  auto uri = Uri::Parse(text);
  if (!uri) return uri;
  const bool http = uri->scheme == "http" && rules.http == X5uRules::Http::kInsecureAllow;
  if (uri->scheme != "https" && !http) {
    return BadUri(text, "the scheme is " + uri->scheme + ", not https");
  }
  if (uri->userinfo) return BadUri(text, "has user information");
  const bool default_port = !uri->port || (http && *uri->port == 80);
  if (!default_port &&
      std::find(rules.ports.begin(), rules.ports.end(), *uri->port) == rules.ports.end()) {
    return BadUri(text, "the port " + std::to_string(*uri->port) + " is not allowed");
  }
  return uri;
}

Result<Uri> ParseX5u(std::string_view text, const X5uRules& rules) {
  auto uri = ParseDocumentUrl(text, rules);
  if (!uri) return uri;
  if (uri->query) return BadUri(text, "has a query");
  if (uri->fragment) return BadUri(text, "has a fragment");
  if (uri->path.empty() || uri->path == "/") return BadUri(text, "has no path");
  return uri;
}

std::string_view SipUri::Read(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return "is not a URI";
  scheme = ToLower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  if (IsTel()) return PercentDecode(rest, user) && !user.empty() ? "" : "has no number";
  if (const std::string_view name = scheme; name != "sip" && name != "sips") {
    return "is neither sip, sips nor tel";
  }
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    const std::string_view userinfo = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (rest.find('@') != std::string_view::npos) return "has two '@'";
    if (!PercentDecode(userinfo.substr(0, userinfo.find(':')), user) || user.empty()) {
      return "has no usable user part";
    }
  }
  rest = rest.substr(0, rest.find('?'));
  const size_t host_end = std::min(rest.find(';'), rest.size());
  const std::string_view name = HostWithoutPort(rest.substr(0, host_end));
  if (!IsHost(name)) return "has no usable host";
  host = ToLower(name);
  parameters = rest.substr(host_end);
  return "";
}

Result<SipUri> SipUri::Parse(std::string_view text) {
  text = Trim(text);
  Result<SipUri> uri(tl::in_place);
  if (const std::string_view why = uri->Read(text); !why.empty()) {
    uri = Fail(Reason::kParameterInvalid, Quote(text) + ": " + std::string(why));
  }
  return uri;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && IsHexDigit(text[i + 1]) &&
        IsHexDigit(text[i + 2])) {
      decoded += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool IsIpAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed
             ? ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address.data()) == 1
             : ::inet_pton(AF_INET, host.c_str(), address.data()) == 1;
}

namespace {

constexpr std::string_view kPhoneContext = "phone-context";

}  // namespace

bool HasPhoneContext(std::string_view text) {
  return text.size() >= kPhoneContext.size() &&
         ToLower(PercentDecoded(text)).find(kPhoneContext) != std::string::npos;
}

bool HasGlobalContext(std::string_view text) {
  if (text.size() < kPhoneContext.size()) return false;
  const std::string plain = ToLower(PercentDecoded(text));
  for (size_t at = plain.find(kPhoneContext); at != std::string::npos;
       at = plain.find(kPhoneContext, at)) {
    at = std::min(plain.find_first_not_of("= \t\"", at + kPhoneContext.size()), plain.size());
    if (at < plain.size() && plain[at] == '+') return true;
  }
  return false;
}

bool NamesAHost(std::string_view host) {
  if (host.starts_with('[')) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (IsIpAddress(std::string(host))) return true;
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && IsAlpha(last[0]);
}

bool HasSipOrTelScheme(std::string_view uri) {
  const std::string scheme = ToLower(uri.substr(0, uri.find(':')));
  return scheme == "sip" || scheme == "sips" || scheme == "tel";
}

std::optional<std::string_view> FindUriParameter(std::string_view parameters,
                                                 std::string_view name) {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // ';'
    const size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = parameters.substr(0, end);
    const size_t equals = std::min(parameter.find('='), parameter.size());
    if (EqualsIgnoreCase(Trim(parameter.substr(0, equals)), name)) {
      return Trim(parameter.substr(std::min(equals + 1, parameter.size())));
    }
    parameters.remove_prefix(end);
  }
  return std::nullopt;
}

bool SipUri::UserIsPhone() const {
  return EqualsIgnoreCase(FindUriParameter(parameters, "user").value_or(""), "phone");
}

std::string SipUri::CanonicalIdentity() const {
  if (IsTel()) return {};
  const std::string_view name = std::string_view(user).substr(0, user.find(';'));
  std::string identity;
  identity.reserve(scheme.size() + name.size() + host.size() + 2);
  identity.append(scheme).append(1, ':');
  for (const char c : name) identity += ToLower(c);
  if (!name.empty()) identity += '@';
  identity += host;
  return identity;
}

}  // namespace callvet
