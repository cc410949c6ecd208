// SPDX-License-Identifier: MIT
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/assembly.h"
#include "api/disposition_json.h"
#include "api/identity_input.h"
#include "api/policy_call.h"
#include "api/verdict_json.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/disposition_text.h"
#include "cli/options.h"
#include "cli/policy_options.h"
#include "policy/policy_data.h"
#include "syntax/party.h"

namespace callvet::cli {
namespace {

constexpr const char* kExplainFooter =
    "Examples:\n"
    "  callvet policy explain intercept.json --orig +12155550100 --dest +12155550101\n"
    "  callvet policy explain intercept.json --orig 95588 --dest +8613800138000 --trunk bank-pbx "
    "\\\n"
    "      --assume verified --spc 4321 --attest A\n"
    "  callvet policy explain intercept.json --orig +12155550100 --dest +12155550101 \\\n"
    "      --header - --anchors lab/root.pem --cert lab/chain.pem < identity.txt\n"
    "Without --header and --assume the call is unsigned.\n"
    "Exit codes: 0 passed or tagged, 1 rejected, 2 usage error or unusable policy.";

struct CheckOptions {
  std::string file;
  bool json = false;
};

struct ExplainOptions {
  std::string file;
  std::vector<std::string> orig;
  std::vector<std::string> dest;
  std::string from;
  std::vector<std::string> remote_party_ids;
  std::string request_uri;
  std::string priority;
  std::string trunk;
  std::string header;
  std::vector<std::filesystem::path> anchors;
  std::vector<std::filesystem::path> certificates;
  std::string country;
  std::string at;
  std::string assume;
  std::vector<std::string> spcs;
  std::string attest;
  bool json = false;
};

ExitCode RunCheck(const CheckOptions& options, const Console& console) {
  if (options.file != "-") {
    if (const auto text = ReadFile(options.file); !text) return console.Complain(text.error());
  }
  const LoadedPolicy loaded = LoadPolicy(options.file);
  const auto json = [](const std::vector<PolicyProblem>& problems) {
    JsonArray array;
    for (const PolicyProblem& problem : problems) array.push_back(PolicyProblemJson(problem));
    return array;
  };
  if (options.json) {
    console.PrintJson(JsonMembers{{"valid", loaded.policy != nullptr},
                                  {"problems", json(loaded.problems)},
                                  {"warnings", json(loaded.warnings)}});
    return loaded.policy != nullptr ? ExitCode::kVerified : ExitCode::kNotVerified;
  }
  for (const PolicyProblem& warning : loaded.warnings) {
    console.out() << console.Paint(Colour::kYellow, "warning: ")
                  << ForTerminal(PolicyProblemText(warning)) << "\n";
  }
  if (loaded.policy != nullptr) {
    console.out() << ForTerminal(options.file) << ": " << console.Paint(Colour::kGreen, "valid")
                  << "\n";
  } else {
    for (const PolicyProblem& problem : loaded.problems) {
      console.out() << ForTerminal(PolicyProblemText(problem)) << "\n";
    }
  }
  return loaded.policy != nullptr ? ExitCode::kVerified : ExitCode::kNotVerified;
}

// The verdict of --header, judged without downloads.
Result<Verdict> VerdictOfHeader(const ExplainOptions& options, const DialPlan* plan,
                                CallRequest& request) {
  VerifierSetup setup;
  const auto at = TimeOption(options.at, SystemClock().Now());
  if (!at) return InOption("--at", at.error());
  setup.clock = std::make_shared<FixedClock>(*at);
  setup.options.dial_plan = plan;
  setup.trust.anchors = options.anchors;
  setup.certificates = options.certificates;
  if (!options.header.empty()) {
    const auto text = TextArgument(options.header);
    if (!text) return text.error();
    request.identities = IdentityValuesFromText(*text);
  }
  const auto verifier = MakeVerifier(setup);
  if (!verifier) return verifier.error();
  return (*verifier)->Verify(request, Deadline());
}

// A verdict that nobody gave: to see what a policy would do with it.
Result<Verdict> AssumedVerdict(const ExplainOptions& options, const DialPlan* plan) {
  const ReasonInfo* row = FindReason(options.assume);
  if (row == nullptr) {
    return Fail(Reason::kParameterInvalid, "--assume " + Quote(options.assume) +
                                               " is no reason; 'callvet explain' lists them");
  }
  const auto at = TimeOption(options.at, SystemClock().Now());
  if (!at) return InOption("--at", at.error());
  Verdict verdict;
  verdict.reason = row->reason;
  verdict.judged_at = *at;
  if (row->reason_class == ReasonClass::kUnsigned) return verdict;
  PassportVerdict passport;
  passport.reason = row->reason;
  if (!options.attest.empty()) passport.attest = options.attest;
  if (!options.orig.empty()) {
    const auto caller = Party::Parse(options.orig.front(), plan);
    if (caller) passport.orig = caller->canonical();
  }
  SignerInfo signer;
  signer.spcs = options.spcs;
  passport.signer = std::make_shared<const SignerInfo>(std::move(signer));
  verdict.passports.push_back(std::move(passport));
  verdict.decided_by = 0;
  return verdict;
}

ExitCode RunExplain(const ExplainOptions& options, const Console& console) {
  const auto policy = PolicyOption(options.file, console);
  if (policy == nullptr) return ExitCode::kUsage;
  if (!options.assume.empty() && !options.header.empty()) {
    return console.Complain(
        Fail(Reason::kParameterInvalid, "--assume and --header exclude each other"));
  }
  const auto plan = PolicyCountry(*policy, options.country);
  if (!plan) return console.Complain(plan.error());
  if (auto ok = CheckTrunk(*policy, options.trunk); !ok) return console.Complain(ok.error());
  CallRequest request;
  request.orig = options.orig;
  request.dest = options.dest;
  if (!options.from.empty()) request.from = options.from;
  request.remote_party_ids = options.remote_party_ids;
  const auto verdict = options.assume.empty() ? VerdictOfHeader(options, *plan, request)
                                              : AssumedVerdict(options, *plan);
  if (!verdict) return console.Complain(verdict.error());
  if (!options.request_uri.empty()) request.target = options.request_uri;
  if (!options.priority.empty()) request.priority = options.priority;
  const Disposition disposition = Decide(*policy, PolicyCallOf(request, options.trunk), *verdict);
  if (options.json) {
    console.PrintJson(DispositionJson(disposition));
  } else {
    PrintDisposition(console, disposition, RuleLines::kAll);
  }
  return disposition.action == Action::kReject ? ExitCode::kNotVerified : ExitCode::kVerified;
}

void AddCheckCommand(CLI::App& policy, Context& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = policy.add_subcommand(
      "check", "Read a policy and every table that it names; say what is wrong and where");
  command->add_option("FILE", options->file, "Policy file")->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->footer("Exit codes: 0 valid, 1 something is wrong.");
  command->callback(
      [options, &context] { context.exit_code = RunCheck(*options, context.console); });
}

void AddExplainOptions(CLI::App& command, ExplainOptions& options) {
  command.add_option("FILE", options.file, "Policy file")->required();
  command.add_option("--orig", options.orig, "Caller that the call shows")->type_name("TN");
  command.add_option("--dest", options.dest, "Called party")->type_name("TN");
  command.add_option("--from", options.from, "From header, beside --orig from P-Asserted-Identity")
      ->type_name("TEXT");
  command.add_option("--remote-party-id", options.remote_party_ids, "Remote-Party-ID header")
      ->type_name("TEXT");
  command.add_option("--request-uri", options.request_uri, "Where the call is routed to")
      ->type_name("URI");
  command.add_option("--priority", options.priority, "Priority header")->type_name("TEXT");
  command.add_option("--trunk", options.trunk, "Trunk that the call came in by")->type_name("T");
  command.add_option("--header", options.header, "Identity header, or - for standard input")
      ->type_name("HEADER");
  command.add_option("--anchors", options.anchors, "Trust anchors for --header")->type_name("PATH");
  command.add_option("--cert", options.certificates, "Certificate chain of the signer")
      ->type_name("F");
  command
      .add_option(
          "--country", options.country,
          "Dialling rules for verifying --header (default: the policy's; others are refused)")
      ->type_name("CC");
  command.add_option("--at", options.at, "Time of the call (default: now)")->type_name("TIME");
  command
      .add_option("--assume", options.assume,
                  "Take this reason id for the verdict instead of verifying ('verified' passes)")
      ->type_name("REASON-ID");
  CLI::Option* assume = command.get_option("--assume");
  command.add_option("--spc", options.spcs, "With --assume: SPC of the signer")
      ->type_name("SPC")
      ->needs(assume);
  command.add_option("--attest", options.attest, "With --assume: attestation")
      ->type_name("A|B|C")
      ->check(CLI::IsMember({"A", "B", "C"}))
      ->needs(assume);
  command.add_flag("--json", options.json, "Print one JSON object");
}

void AddExplainCommandOf(CLI::App& policy, Context& context) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = policy.add_subcommand(
      "explain", "Walk through the rules for one call and say which one decides");
  AddExplainOptions(*command, *options);
  TakeOneValueEach(*command);
  command->footer(kExplainFooter);
  command->callback(
      [options, &context] { context.exit_code = RunExplain(*options, context.console); });
}

}  // namespace

std::shared_ptr<const Policy> PolicyOption(const std::string& file, const Console& console) {
  const LoadedPolicy loaded = LoadPolicy(file);
  for (const PolicyProblem& problem : loaded.problems) {
    console.Complain(Fail(Reason::kConfigInvalid, PolicyProblemText(problem)));
  }
  return loaded.policy;
}

Result<const DialPlan*> PolicyCountry(const Policy& policy, const std::string& country) {
  const auto chosen = CountryOption(country);
  if (!chosen) return chosen.error();
  auto plan = DialPlanWith(policy, *chosen);
  if (!plan) return InOption("--country", plan.error());
  return plan;
}

Result<void> CheckTrunk(const Policy& policy, const std::string& trunk) {
  if (trunk.empty() || policy.trunks.contains(trunk)) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, settings] : policy.trunks) names.push_back(name);
  const std::string_view nearest = NearestWord(trunk, names);
  std::string detail = "--trunk " + Quote(trunk) + ": the policy has no trunk of that name";
  if (!nearest.empty()) detail += "; did you mean " + Quote(nearest) + "?";
  return Fail(Reason::kParameterInvalid, std::move(detail));
}

void AddPolicyCommand(CLI::App& app, Context& context) {
  CLI::App* policy = app.add_subcommand("policy", "Check and explain what is done with calls");
  policy->require_subcommand(1);
  AddCheckCommand(*policy, context);
  AddExplainCommandOf(*policy, context);
}

}  // namespace callvet::cli
