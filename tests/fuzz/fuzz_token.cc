// SPDX-License-Identifier: MIT
#include <algorithm>

#include "api/token_dissection.h"
#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

std::string TextOf(const JsonValue& json, std::string_view name) {
  const JsonValue* member = json.Find(name);
  return member != nullptr && member->AsString() != nullptr ? *member->AsString() : "";
}

bool IsWrong(const TokenDissection& shown, std::string_view part) {
  return std::any_of(shown.problems.begin(), shown.problems.end(),
                     [&](const auto& problem) { return problem.part == part; });
}

bool IsOfReading(const TokenDissection::Problem& problem) {
  const Reason reason = problem.failure.reason;
  return problem.part == "header" &&
         (reason == Reason::kBase64Invalid || reason == Reason::kJsonInvalid ||
          reason == Reason::kTypMissing || reason == Reason::kAlgMissing ||
          reason == Reason::kX5uMissing);
}

void RequireSameHeader(const TokenDissection& shown, std::string_view part) {
  const auto jose = JoseHeader::Parse(part);
  // What the rules forbid is wrong although it can be read.
  fuzz::Require(jose || IsWrong(shown, "header"), "what is not read is shown as wrong");
  if (!jose) return;
  fuzz::Require(std::none_of(shown.problems.begin(), shown.problems.end(), IsOfReading),
                "what is read is not shown as unreadable");
  fuzz::Require(shown.header && TextOf(*shown.header, "alg") == jose->alg &&
                    TextOf(*shown.header, "typ") == jose->typ &&
                    TextOf(*shown.header, "x5u") == jose->x5u &&
                    TextOf(*shown.header, "ppt") == jose->ppt.value_or(""),
                "the header is the one that is judged");
}

void RequireSamePayload(const TokenDissection& shown, std::string_view part) {
  const std::string ppt = shown.header ? TextOf(*shown.header, "ppt") : "";
  const auto claims = Claims::Parse(part, ppt);
  // What extensions demand is wrong for the one alone.
  fuzz::Require(claims || IsWrong(shown, "payload"), "what is not read is shown as wrong");
  if (!claims) return;
  fuzz::Require(shown.payload && CanonicalJson(*shown.payload) == CanonicalJson(*claims->payload()),
                "the claims are those that are judged");
}

}  // namespace

// What people are shown of a token is what the verifier's readers make of it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  const TokenDissection shown = DissectToken(text);
  if (shown.payload) fuzz::Reached();
  const bool has_parameters = text.find(';') != std::string_view::npos;
  const auto header =
      has_parameters ? IdentityHeader::Parse(text) : IdentityHeader::ParseBareToken(text);
  if (!header) return 0;
  fuzz::Require(!shown.form.empty(), "what can be read has a form");
  if (header->form() == IdentityHeader::Form::kCompact) {
    fuzz::Require(!shown.header && !shown.payload && shown.form == "compact");
    return 0;
  }
  RequireSameHeader(shown, header->header_part());
  RequireSamePayload(shown, header->payload_part());
  return 0;
}
