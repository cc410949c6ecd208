// SPDX-License-Identifier: MIT
#include "api/assembly.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A verifier that trusts nobody passes nothing.
  static const auto verifier = MakeVerifier(VerifierSetup{}).value();
  CallRequest call;
  call.identities = {std::string(fuzz::Text(data, size))};
  call.orig = {"+12155550100"};
  call.dest = {"+12155550101"};
  fuzz::Require(!verifier->Verify(call, Deadline()).passed());
  return 0;
}
