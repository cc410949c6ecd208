// SPDX-License-Identifier: MIT
#include "fuzz.h"
#include "service/config.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// A configuration is read or refused; what weakens the service is said.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = service::ParseConfig(fuzz::Text(data, size), "/nonexistent");
  if (!config) {
    fuzz::Require(config.error().reason == Reason::kConfigInvalid, "what is wrong is said");
    return 0;
  }
  fuzz::Reached();
  const auto settings = service::InsecureSettings(*config);
  fuzz::Require(
      config->verifier.options.http_x5u == VerifierOptions::HttpX5u::kRefuse || !settings.empty(),
      "a switch that weakens is told");
  fuzz::Require(service::CheckConfig(*config).has_value(), "what is read goes together");
  return 0;
}
