// SPDX-License-Identifier: MIT
#include "verify/call.h"

#include "base/text.h"
#include "syntax/sip_date.h"

namespace callvet {
namespace {

// More candidates than any signalling carries are not tried (budget).
constexpr size_t kMaxParties = 8;

std::vector<Party> ReadParties(const std::vector<std::string>& texts, const DialPlan* plan) {
  std::vector<Party> parties;
  for (const std::string& text : texts) {
    if (parties.size() >= kMaxParties) break;
    if (auto party = Party::Parse(text, plan)) parties.push_back(std::move(*party));
  }
  return parties;
}

}  // namespace

Call Call::Read(const CallRequest& request, const VerifierOptions& options, sys_seconds now) {
  Call call{request,
            options,
            now,
            ReadParties(request.orig, options.dial_plan),
            ReadParties(request.dest, options.dial_plan),
            std::nullopt};
  if (request.date) call.date = ParseSipDate(*request.date);
  return call;
}

std::string Describe(const std::vector<Party>& parties) {
  std::string text;
  for (const Party& party : parties) {
    if (!text.empty()) text += ", ";
    text += Quote(party.canonical(), 200);
    if (party.as_received() != party.canonical()) {
      text += " (received " + Quote(party.as_received(), 200) + ")";
    }
  }
  return text;
}

}  // namespace callvet
