// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/assembly.h"
#include "callvet/result.h"
#include "callvet/verifier.h"

namespace CLI {
class App;
}

namespace callvet::cli {

/// The options of `verify` for redirected calls and PASSporT extensions.
struct VerifyExtensions {
  std::string request_uri;
  std::vector<std::string> resource_priority;
  std::string priority;
  std::string message_body;  // file
  int64_t max_diverted_age = int64_t{3} * 3600;
  uint64_t max_diversions = 10;
  std::vector<std::string> rph_signers;  // NAMESPACE=SPC
  bool ignore_request_uri = false;
  bool fetch_rcd = false;
};

void AddVerifyExtensionOptions(CLI::App& command, VerifyExtensions& options);

/// What the options say of the call replaces what a SIP file says. Fails with kFileUnreadable.
Result<void> ApplyToCall(const VerifyExtensions& options, CallRequest& call);
/// Fails with kParameterInvalid.
Result<void> ApplyToSetup(const VerifyExtensions& options, VerifierSetup& setup);

}  // namespace callvet::cli
