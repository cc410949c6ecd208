// SPDX-License-Identifier: MIT
#include "callvet/identity_header.h"

#include <algorithm>

#include "fuzz.h"
#include "issue/passport_signer.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

// Whether a ppt can stand without quotes, which the signer never writes.
bool NeedsNoQuotes(std::string_view ppt) {
  return std::all_of(ppt.begin(), ppt.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view(";,\"<>\\").find(c) == std::string_view::npos;
  });
}

// What the signer writes of a header is read as the same header.
void RequireSame(const IdentityHeader& header) {
  const std::string& uri = header.info()->uri;
  IdentityParameters parameters{uri, header.ppt()};
  parameters.rules = Rules::kIgnored;
  std::string token = header.token();
  if (header.form() == IdentityHeader::Form::kCompact) {
    parameters.form = IdentityForm::kCompact;
    token = "h.p." + std::string(header.signature_part());
  }
  const auto rendered = RenderIdentityHeader(token, parameters);
  fuzz::Require(rendered.has_value(), "what was read can be written");
  const auto again = IdentityHeader::Parse(*rendered);
  const std::string ppt = header.ppt().value_or("");
  // What only quotes can hold is no URI or ppt that a signer has.
  const bool writable = uri.find('>') == std::string::npos && NeedsNoQuotes(ppt);
  fuzz::Require(again || !writable || rendered->size() > kMaxIdentityBytes, "and read again");
  if (!again) return;
  fuzz::Require(again->token() == header.token() && again->form() == header.form() &&
                    again->signing_input() == header.signing_input(),
                "and has the same token");
  if (!writable) return;
  fuzz::Require(again->info() && again->info()->uri == uri && again->info()->bracketed &&
                    again->ppt() == header.ppt() && again->alg() == "ES256",
                "and the same parameters");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::Text(data, size);
  for (const auto value : SplitHeaderValues(text)) {
    (void)IdentityHeader::ParseBareToken(value);
    const auto header = IdentityHeader::Parse(value);
    if (!header) continue;
    fuzz::Reached();
    // What was accepted is inside the limits and reads the same again.
    fuzz::Require(header->token().size() <= kMaxIdentityBytes);
    const auto alone = IdentityHeader::Parse(header->token());
    fuzz::Require(alone && alone->token() == header->token() && alone->form() == header->form(),
                  "the token alone is the same token");
    if (header->info()) RequireSame(*header);
  }
  return 0;
}
