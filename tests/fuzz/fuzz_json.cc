// SPDX-License-Identifier: MIT
#include "base/json.h"

#include "base/plain_json.h"
#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // What the short reader accepts, the other one reads as the same. It declines every '/' outside
  // of strings, so comments make no difference.
  if (const auto plain = ReadPlainJson(fuzz::Text(data, size), JsonLimits())) {
    const auto full = ReadJsonWithComments(fuzz::Text(data, size));
    fuzz::Require(full && full->root == *plain);
  }
  const auto value = ReadJson(fuzz::Text(data, size));
  if (value) {
    fuzz::Reached();
    // The deterministic form is a fixed point.
    const std::string canonical = CanonicalJson(*value);
    const auto again = ReadJson(canonical, {.max_bytes = canonical.size()});
    fuzz::Require(again.has_value());
    fuzz::Require(CanonicalJson(*again) == canonical);
  }
  return 0;
}
