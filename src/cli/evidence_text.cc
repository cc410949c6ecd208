// SPDX-License-Identifier: MIT
#include "cli/evidence_text.h"

#include <ostream>
#include <string>
#include <utility>

#include "callvet/policy.h"
#include "evidence/evidence_codec.h"
#include "evidence/json_fields.h"

namespace callvet::cli {
namespace {

void PrintSigner(const JsonValue* signer, const Console& console) {
  if (signer == nullptr || signer->IsNull()) {
    console.out() << "nobody that is known\n";
    return;
  }
  console.out() << Cell(*signer, "subject");
  for (const auto& [name, text] :
       {std::pair("spcs", ", SPC "), std::pair("delegated_by_spcs", ", delegated by SPC ")}) {
    const JsonValue* spcs = signer->Find(name);
    if (spcs == nullptr || spcs->AsArray() == nullptr) continue;
    for (const JsonValue& spc : *spcs->AsArray()) {
      if (spc.AsString() != nullptr) console.out() << text << ForTerminal(*spc.AsString());
    }
  }
  console.out() << "\n";
}

}  // namespace

std::string Cell(const JsonValue& json, std::string_view name) {
  const JsonValue* value = json.Find(name);
  std::string text;
  return value != nullptr && JsonFields::ReadText(*value, text) ? ForTerminal(text) : "-";
}

void PrintEntry(const JsonValue& entry, const Console& console) {
  console.out() << Cell(entry, "id") << "  " << Cell(entry, "time") << "  " << Cell(entry, "orig")
                << " -> " << Cell(entry, "dest") << "  " << Cell(entry, "reason") << "  attest "
                << Cell(entry, "attest") << "  SPC " << Cell(entry, "spc") << "  trunk "
                << Cell(entry, "trunk") << "\n";
}

namespace {

void PrintDecision(const JsonValue& story, const Console& console) {
  const JsonValue* decision = story.Find("decision");
  if (decision == nullptr || decision->IsNull()) {
    const bool has_policy = Cell(story, "policy") != "-";
    console.out() << "  decision: none, "
                  << (has_policy ? "the interface asked for none" : "there was no policy") << "\n";
    return;
  }
  const std::string action = Cell(*decision, "action");
  const Colour colour = action == ActionText(Action::kReject) ? Colour::kRed : Colour::kNone;
  console.out() << "  decision: " << console.Paint(colour, action) << ", "
                << Cell(*decision, "reason");
  int64_t code = 0;
  const JsonValue* sip_code = decision->Find("sip_code");
  if (sip_code != nullptr && sip_code->GetInt(code)) console.out() << " (" << code << ")";
  console.out() << "; mode " << Cell(*decision, "mode");
  if (decision->Find("emergency") != nullptr) console.out() << "; emergency, never rejected";
  console.out() << "\n";
}

}  // namespace

void PrintCall(const JsonValue& story, const Console& console) {
  console.out() << console.Paint(Colour::kBold, "What came of it") << "\n";
  PrintDecision(story, console);
  console.out() << "  received: " << Cell(story, "received")
                << "\n  Call-ID: " << Cell(story, "call_id")
                << "\n  policy: " << Cell(story, "policy")
                << "\n  trust list: " << Cell(story, "trust_list") << "\n";
  const JsonValue* call = story.Find("call");
  const JsonValue* identities = call != nullptr ? call->Find("identities") : nullptr;
  if (identities == nullptr || identities->AsArray() == nullptr) return;
  for (const JsonValue& identity : *identities->AsArray()) {
    std::string text;
    if (!JsonFields::ReadText(identity, text)) continue;
    console.out() << "  Identity: " << ForTerminal(text) << "\n";
  }
}

void PrintOther(const JsonValue& story, const Console& console) {
  console.out() << Cell(story, "id") << "  " << Cell(story, "time") << "  " << Cell(story, "kind")
                << "\n";
  if (const JsonValue* access = story.Find("access")) {
    console.out() << "  evidence was read by " << Cell(*access, "who") << ": "
                  << Cell(*access, "what") << " " << Cell(*access, "about") << "\n";
  }
  if (const JsonValue* pool = story.Find("pool")) {
    console.out() << "  flag of a source: " << ForTerminal(CanonicalJson(*pool)) << "\n";
  }
  if (Cell(story, "kind") == EvidenceKindName(EvidenceKind::kComplaint)) {
    console.out() << "  'callvet complaint show' tells it and its calls\n";
  }
}

void PrintResponsible(const JsonValue& responsible, const Console& console) {
  console.out() << console.Paint(Colour::kBold, "Who is responsible") << "\n  signer: ";
  PrintSigner(responsible.Find("signer"), console);
  const JsonValue* verified = responsible.Find("signer_verified");
  if (verified == nullptr || verified->AsBool() == nullptr || !*verified->AsBool()) {
    console.out() << "    (the call did not pass: whoever it names need not have signed it)\n";
  }
  for (const JsonValue& leg : *responsible.Find("diversions")->AsArray()) {
    console.out() << "  redirected by " << Cell(leg, "from") << " to " << Cell(leg, "to")
                  << ", signed by ";
    PrintSigner(leg.Find("signer"), console);
  }
  for (const JsonValue& passport : *responsible.Find("claimed")->AsArray()) {
    console.out() << "  claimed, not verified: " << Cell(passport, "ppt")
                  << " by the certificate at " << Cell(passport, "x5u") << ", "
                  << Cell(passport, "orig");
    if (const JsonValue* div = passport.Find("div"); div != nullptr && !div->IsNull()) {
      console.out() << " redirected by " << Cell(passport, "div");
    }
    console.out() << " (" << Cell(passport, "reason") << ")\n";
  }
  if (const JsonValue* holder = responsible.Find("holder");
      holder != nullptr && !holder->IsNull()) {
    console.out() << "  holder of the caller's number: " << Cell(responsible, "holder") << "\n";
  }
  console.out() << "  came in by trunk: " << Cell(responsible, "trunk") << "\n";
}

}  // namespace callvet::cli
