// SPDX-License-Identifier: MIT
#include "callvet/identity_header.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::Text(data, size);
  for (const auto value : SplitHeaderValues(text)) {
    const auto header = IdentityHeader::Parse(value);
    if (!header) continue;
    // What was accepted is inside the limits and reads the same again.
    fuzz::Require(header->token().size() <= kMaxIdentityBytes);
    fuzz::Require(IdentityHeader::Parse(header->token()).has_value());
  }
  return 0;
}
