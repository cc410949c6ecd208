// SPDX-License-Identifier: MIT
#include "api/token_dissection.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (DissectToken(fuzz::Text(data, size)).payload) fuzz::Reached();
  return 0;
}
