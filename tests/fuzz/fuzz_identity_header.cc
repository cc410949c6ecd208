// SPDX-License-Identifier: MIT
#include "callvet/identity_header.h"

#include "fuzz.h"
#include "issue/passport_signer.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::Text(data, size);
  for (const auto value : SplitHeaderValues(text)) {
    (void)IdentityHeader::ParseBareToken(value);
    const auto header = IdentityHeader::Parse(value);
    if (!header) continue;
    fuzz::Reached();
    // What was accepted is inside the limits and reads the same again.
    fuzz::Require(header->token().size() <= kMaxIdentityBytes);
    fuzz::Require(IdentityHeader::Parse(header->token()).has_value());
    if (!header->info()) continue;
    // And what the signer writes of it is read as the same header.
    IdentityParameters parameters{header->info()->uri, header->ppt()};
    parameters.rules = Rules::kIgnored;
    if (header->form() == IdentityHeader::Form::kCompact) continue;
    const auto rendered = RenderIdentityHeader(header->token(), parameters);
    fuzz::Require(rendered.has_value(), "what was read can be written");
    const auto again = IdentityHeader::Parse(*rendered);
    if (!again) continue;  // a ppt or info that only quotes could hold
    fuzz::Require(
        again->token() == header->token() && again->signing_input() == header->signing_input(),
        "and has the same token");
  }
  return 0;
}
