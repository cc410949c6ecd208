// SPDX-License-Identifier: MIT
#include "api/sip_call.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "callvet/identity_header.h"
#include "syntax/party.h"
#include "syntax/split.h"
#include "syntax/unfold.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

Failure Invalid(std::string detail) {
  return Fail(Reason::kSipMessageInvalid, std::move(detail));
}

// The one value of a header that may occur once, on one line; nothing if it is missing.
Result<std::optional<std::string>> Single(const SipMessage& message, std::string_view name) {
  const std::string* value = nullptr;
  size_t count = 0;
  for (const SipMessage::Header& header : message.headers) {
    if (header.name != name) continue;
    if (count++ == 0) value = &header.value;
  }
  if (count == 0) return std::optional<std::string>();
  if (count > 1) {
    return Invalid("the header " + std::string(name) + " occurs " + std::to_string(count) +
                   " times");
  }
  auto line = Unfold(*value);
  if (!line) return Invalid(std::string(name) + ": " + line.error().detail);
  return std::optional<std::string>(std::move(*line));
}

bool IsTel(std::string_view identity) {
  const auto uri = AddrSpec(identity);
  return uri && EqualsIgnoreCase(uri->substr(0, 4), "tel:");
}

Result<void> CheckAsserted(const std::vector<std::string>& identities) {
  const auto tel = static_cast<size_t>(std::count_if(identities.begin(), identities.end(), IsTel));
  if (tel > 1 || identities.size() - tel > 1) {
    return Invalid("P-Asserted-Identity has " + std::to_string(identities.size()) +
                   " identities: at most one sip and one tel URI are allowed");
  }
  return {};
}

// Words of who does not say who he is (RFC 3323 4.1.1.3), as user part or display name.
bool IsNobody(std::string_view word) {
  constexpr std::array<std::string_view, 4> kNobody = {"anonymous", "unavailable", "unknown",
                                                       "restricted"};
  return std::any_of(kNobody.begin(), kNobody.end(),
                     [&](auto nobody) { return EqualsIgnoreCase(word, nobody); });
}

bool IsPort(std::string_view text) {
  return text.empty() || (text[0] == ':' && text.size() > 1 && text.size() <= 6 &&
                          std::all_of(text.begin() + 1, text.end(), IsDigit));
}

// With nothing that somebody could take for a number, or for a name: an IP address, or behind one
// of those words also a name without digits.
bool IsHostOfNobody(std::string_view text, bool has_user) {
  const size_t bracket = text.find(']');
  const size_t end =
      std::min(text.find(':', bracket == std::string_view::npos ? 0 : bracket), text.size());
  const std::string_view host = text.substr(0, end);
  const bool name = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return IsAlpha(c) || c == '.' || c == '-';
  });
  return IsPort(text.substr(end)) && (IsIpAddress(std::string(host)) || (has_user && name));
}

bool AreHarmless(std::string_view parameters) {
  constexpr std::array<std::string_view, 5> kHarmless = {"user=phone", "transport=udp",
                                                         "transport=tcp", "transport=tls", "lr"};
  const auto pieces = SplitOutsideQuotes(parameters, ';');
  return std::all_of(pieces.begin(), pieces.end(), [&](std::string_view piece) {
    return piece.empty() || std::any_of(kHarmless.begin(), kHarmless.end(), [&](auto harmless) {
             return EqualsIgnoreCase(piece, harmless);
           });
  });
}

// "sip:anonymous@anonymous.invalid", or the address of a gateway alone: asserts no more than an
// empty one. Anything else in it could be shown to the callee.
bool NamesNobody(std::string_view identity) {
  const size_t open = identity.find('<');
  if (open != std::string_view::npos) {
    std::string_view name = Trim(identity.substr(0, open));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
    }
    if ((!name.empty() && !IsNobody(name)) || Trim(identity).back() != '>') return false;
  }
  const auto uri = AddrSpec(identity);
  if (!uri) return false;
  // Without brackets what follows ';' is the header's, and could be read as the URI's.
  std::string_view rest = open == std::string_view::npos ? Trim(identity) : std::string_view(*uri);
  const std::string_view scheme = rest.substr(0, rest.find(':'));
  if (!EqualsIgnoreCase(scheme, "sip") && !EqualsIgnoreCase(scheme, "sips")) return false;
  rest.remove_prefix(std::min(scheme.size() + 1, rest.size()));
  const size_t at = rest.find('@');
  const bool has_user = at != std::string_view::npos;
  if (has_user) {
    if (!IsNobody(rest.substr(0, at))) return false;
    rest.remove_prefix(at + 1);
  }
  const size_t host = std::min(rest.find(';'), rest.size());
  return IsHostOfNobody(rest.substr(0, host), has_user) && AreHarmless(rest.substr(host));
}

// The same URI, or of the same kind and of the same number: no handset shows another one.
bool AreTheSame(std::string_view one, std::string_view other) {
  const auto uri = AddrSpec(one);
  const auto its = AddrSpec(other);
  // Beside nobody the same URI with a name of somebody is another identity.
  if (uri && its && *uri == *its) return NamesNobody(one) == NamesNobody(other);
  if (IsTel(one) != IsTel(other)) return false;
  const auto party = Party::Parse(one, nullptr);
  const auto second = Party::Parse(other, nullptr);
  return party && second && party->tn() && second->tn() &&
         party->tn()->global() == second->tn()->global() &&
         party->tn()->canonical() == second->tn()->canonical();
}

// Unless it is there already.
void AddIdentity(std::string_view identity, std::vector<std::string>& identities) {
  const bool known = std::any_of(identities.begin(), identities.end(),
                                 [&](const auto& other) { return AreTheSame(identity, other); });
  if (!known) identities.emplace_back(identity);
}

// Each on one line; one that cannot be unfolded as it stands, which matches nothing.
std::vector<std::string> Unfolded(const std::vector<std::string>& values) {
  std::vector<std::string> lines;
  lines.reserve(values.size());
  for (const std::string& value : values) lines.push_back(Unfold(value).value_or(value));
  return lines;
}

bool AreAllEqual(const std::vector<std::string>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](const std::string& value) { return value == values.front(); });
}

}  // namespace

std::string CallIdOf(const SipMessage& message) {
  const auto call_ids = message.All("call-id");
  return call_ids.empty() ? std::string() : std::string(TrimLines(call_ids.front()));
}

Result<std::vector<std::string>> AssertedIdentities(const std::vector<std::string>& values) {
  std::vector<std::string> identities;
  for (const std::string& value : values) {
    auto line = Unfold(value);
    if (!line) return Invalid("p-asserted-identity: " + line.error().detail);
    for (const std::string_view identity : SplitHeaderValues(*line)) {
      if (!Trim(identity).empty()) AddIdentity(Trim(identity), identities);
    }
  }
  if (auto ok = CheckAsserted(identities); !ok) return ok.error();
  identities.erase(std::remove_if(identities.begin(), identities.end(), NamesNobody),
                   identities.end());
  return identities;
}

Result<std::vector<std::string>> CallerBeside(const std::vector<std::string>& values,
                                              const std::optional<std::string>& from,
                                              std::vector<std::string> caller) {
  auto asserted = AssertedIdentities(values);
  if (!asserted || !asserted->empty()) return asserted;
  const bool given = std::any_of(values.begin(), values.end(), [](const std::string& value) {
    return value.find_first_not_of(" \t\r\n,") != std::string::npos;
  });
  if (given && from) return std::vector{*from};
  return caller;
}

Result<CallRequest> CallFromSip(const SipMessage& message) {
  auto from = Single(message, "from");
  if (!from) return from.error();
  auto to = Single(message, "to");
  if (!to) return to.error();
  auto date = Single(message, "date");
  if (!date) return date.error();
  auto type = Single(message, "content-type");
  if (!type) return type.error();
  auto asserted = AssertedIdentities(message.All("p-asserted-identity"));
  if (!asserted) return asserted.error();

  CallRequest call;
  call.identities = message.All("identity");
  call.orig = std::move(*asserted);
  if (call.orig.empty() && *from) call.orig.push_back(**from);
  call.from = std::move(*from);
  call.remote_party_ids = Unfolded(message.All("remote-party-id"));
  if (*to) call.dest.push_back(std::move(**to));
  call.date = std::move(*date);
  call.target = message.request_uri;
  call.resource_priority = Unfolded(message.All("resource-priority"));
  // Two that differ are as good as none: a priority is never a reason to refuse the call (F-11).
  if (const auto priority = Unfolded(message.All("priority"));
      !priority.empty() && AreAllEqual(priority)) {
    call.priority = priority[0];
  }
  if (message.method == "MESSAGE") call.message_body = message.body;
  // A body whose SDP cannot be read has no fingerprints: an mky fails.
  // Nor has an INVITE without a body; but a capture may have lost what Content-Length speaks of.
  if (!message.body.empty() || message.content_length == 0) {
    call.sdp_fingerprints = message.SdpFingerprints();
  }
  return call;
}

}  // namespace callvet
