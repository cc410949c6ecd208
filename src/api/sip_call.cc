// SPDX-License-Identifier: MIT
#include "api/sip_call.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "callvet/identity_header.h"
#include "syntax/party.h"
#include "syntax/unfold.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

Failure Invalid(std::string detail) {
  return Fail(Reason::kSipMessageInvalid, std::move(detail));
}

// The one value of a header that may occur once, on one line; nothing if it is missing.
Result<std::optional<std::string>> Single(const SipMessage& message, std::string_view name) {
  const auto values = message.All(name);
  if (values.empty()) return std::optional<std::string>();
  if (values.size() > 1) {
    return Invalid("the header " + std::string(name) + " occurs " + std::to_string(values.size()) +
                   " times");
  }
  auto line = Unfold(values[0]);
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

// No more digits at a time than an IP address has in a part, and no '+': nobody takes it for a
// number.
bool HasNoNumber(std::string_view text) {
  constexpr size_t kMostTogether = 3;
  size_t together = 0;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    together = IsDigit(c) ? together + 1 : 0;
    return c != '+' && together <= kMostTogether;
  });
}

// "sip:anonymous@anonymous.invalid", "sip:unavailable@unknown.invalid" (RFC 3323 4.1.1.3), or a
// host alone, as gateways write it: asserts no more than an empty one.
bool NamesNobody(std::string_view identity) {
  constexpr std::array<std::string_view, 4> kNobody = {"anonymous", "unavailable", "unknown",
                                                       "restricted"};
  const auto text = AddrSpec(identity);
  const auto uri = text ? SipUri::Parse(*text) : Fail(Reason::kParameterInvalid, "");
  if (!uri || uri->scheme == "tel") return false;
  if (!HasNoNumber(uri->host) || !HasNoNumber(uri->parameters)) return false;
  return uri->user.empty() || std::any_of(kNobody.begin(), kNobody.end(), [&](auto word) {
           return EqualsIgnoreCase(uri->user, word);
         });
}

// The same URI, or of the same kind and of the same number: no handset shows another one.
bool AreTheSame(std::string_view one, std::string_view other) {
  const auto uri = AddrSpec(one);
  const auto its = AddrSpec(other);
  if (uri && its && *uri == *its) return true;
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

}  // namespace

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
  if (*to) call.dest.push_back(std::move(**to));
  call.date = std::move(*date);
  call.target = message.request_uri;
  call.resource_priority = Unfolded(message.All("resource-priority"));
  // Two are as good as none: a priority is never a reason to refuse the call (F-11).
  if (const auto priority = Unfolded(message.All("priority")); priority.size() == 1) {
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
