// SPDX-License-Identifier: MIT
#include "api/sip_call.h"

#include "callvet/identity_header.h"
#include "syntax/unfold.h"

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

Result<std::vector<std::string>> AssertedIdentities(const SipMessage& message) {
  std::vector<std::string> identities;
  for (const std::string& value : message.All("p-asserted-identity")) {
    auto line = Unfold(value);
    if (!line) return Invalid("p-asserted-identity: " + line.error().detail);
    for (const std::string_view identity : SplitHeaderValues(*line)) {
      identities.emplace_back(identity);
    }
  }
  return identities;
}

}  // namespace

Result<CallRequest> CallFromSip(const SipMessage& message) {
  auto from = Single(message, "from");
  if (!from) return from.error();
  auto to = Single(message, "to");
  if (!to) return to.error();
  auto date = Single(message, "date");
  if (!date) return date.error();
  auto asserted = AssertedIdentities(message);
  if (!asserted) return asserted.error();

  CallRequest call;
  call.identities = message.All("identity");
  call.orig = std::move(*asserted);
  if (call.orig.empty() && *from) call.orig.push_back(std::move(**from));
  if (*to) call.dest.push_back(std::move(**to));
  call.date = std::move(*date);
  if (message.HasSdp()) call.sdp_fingerprints = message.SdpFingerprints();
  return call;
}

}  // namespace callvet
