// SPDX-License-Identifier: MIT
#include "api/sip_call.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto message = SipMessage::Parse(fuzz::Text(data, size));
  if (message && CallFromSip(*message)) fuzz::Reached();
  return 0;
}
