// SPDX-License-Identifier: MIT
#include "cli/verify_extensions.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/options.h"
#include "syntax/emergency_numbers.h"
#include "syntax/party.h"

namespace callvet::cli {

void AddVerifyExtensionOptions(CLI::App& command, VerifyExtensions& options) {
  command
      .add_option(
          "--request-uri", options.request_uri,
          "Where the call goes now: the last diversion must be for that number. Without '+' "
          "and --country it is compared digit by digit, and below ten digits only as a tel URI, if "
          "it "
          "has seven and says that it is a number, or as an emergency number or service")
      ->type_name("URI");
  command.add_flag("--ignore-request-uri", options.ignore_request_uri,
                   "Judge where the call goes by To alone: for networks with routing numbers");
  command.add_option("--max-diversions", options.max_diversions, "Longest chain of diversions")
      ->type_name("N")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      .add_option("--max-diverted-age", options.max_diverted_age,
                  "How old a redirected call may be, in seconds; the last diversion: --max-age")
      ->type_name("S")
      ->check(CLI::Range(int64_t{0}, int64_t{86400}))
      ->capture_default_str();
  command
      .add_option("--resource-priority", options.resource_priority,
                  "Resource-Priority header; may be given several times")
      ->type_name("NS.VALUE");
  command.add_option("--priority", options.priority, "Priority header")->type_name("TEXT");
  command
      .add_option("--rph-signer", options.rph_signers,
                  "Who may sign a namespace of Resource-Priority; may be given several times "
                  "(default: everyone trusted, every namespace)")
      ->type_name("NS=SPC");
  command
      .add_option("--message-body", options.message_body,
                  "Judge a MESSAGE with the body in this file, and not a call. Only a msg PASSporT "
                  "vouches for "
                  "the text; without one the caller alone is verified")
      ->type_name("F");
  command.add_flag("--fetch-rcd", options.fetch_rcd,
                   "Download what verified rich call data names, and check its digests");
}

Result<void> ApplyToCall(const VerifyExtensions& options, CallRequest& call) {
  if (!options.request_uri.empty()) {
    auto read = Party::Parse(options.request_uri, nullptr);
    if (!read && !IsSosUrn(options.request_uri)) {
      return InOption("--request-uri", read.error());
    }
    call.target = options.request_uri;
  }
  if (!options.resource_priority.empty()) call.resource_priority = options.resource_priority;
  if (!options.priority.empty()) call.priority = options.priority;
  if (!options.message_body.empty()) {
    auto body = ReadFile(options.message_body);
    if (!body) return InOption("--message-body", body.error());
    call.message_body = std::move(*body);
  }
  return {};
}

Result<void> ApplyToSetup(const VerifyExtensions& options, VerifierSetup& setup) {
  if (options.ignore_request_uri) setup.options.target_policy = TargetPolicy::kToOnly;
  setup.options.max_diversions = options.max_diversions;
  setup.options.max_diverted_age = std::chrono::seconds(options.max_diverted_age);
  if (options.fetch_rcd) setup.rcd_content = RcdContent::kFetch;
  for (const std::string& text : options.rph_signers) {
    const size_t equals = std::min(text.find('='), text.size());
    if (equals == 0 || equals + 1 >= text.size()) {
      return Fail(Reason::kParameterInvalid, "--rph-signer " + Quote(text) + " is not NS=SPC");
    }
    setup.options.rph_signers.push_back(
        {ToLower(text.substr(0, equals)), {text.substr(equals + 1)}});
  }
  return {};
}

}  // namespace callvet::cli
