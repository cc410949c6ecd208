// SPDX-License-Identifier: MIT
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/assembly.h"
#include "api/disposition_json.h"
#include "api/identity_input.h"
#include "api/policy_call.h"
#include "api/sip_call.h"
#include "api/verdict_json.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/disposition_text.h"
#include "cli/options.h"
#include "cli/policy_options.h"
#include "cli/verdict_text.h"

namespace callvet::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  callvet verify --orig +12155550100 --dest +12155550101 --anchors certs/anchors \\\n"
    "      'eyJ...;info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken'\n"
    "  callvet verify --sip-file invite.txt --anchors ca.pem --cert chain.pem --at "
    "2026-11-21T08:00:00Z\n"
    "  cat token.txt | callvet verify --bare - --orig 12155550100 --dest 12155550101 --json\n"
    "Exit codes: 0 verified, 1 not verified, 2 usage error or unreadable input, 3 not decided;\n"
    "with --policy also 1 if the call is rejected.";

struct VerifyOptions {
  std::string header;
  std::vector<std::string> identity_files;
  std::string sip_file;
  std::vector<std::string> orig;
  std::vector<std::string> dest;
  std::string date;
  std::string at;
  std::vector<std::filesystem::path> anchors;
  std::vector<std::filesystem::path> certificates;
  std::vector<std::filesystem::path> crls;
  std::vector<std::filesystem::path> crl_anchors;
  std::vector<std::string> crl_urls;
  std::filesystem::path trust_list;
  std::vector<std::filesystem::path> trust_list_roots;
  std::filesystem::path trust_list_chain;
  std::filesystem::path state_dir;
  int64_t max_age = 60;
  std::string country;
  bool require_crl = false;
  bool bare = false;
  bool ignore_date = false;
  bool any_origid = false;
  bool offline = false;
  std::string cache_dir;
  std::string ca_file;
  std::string proxy;
  bool allow_http = false;
  bool allow_private_addresses = false;
  std::vector<uint16_t> allow_ports;
  std::string policy;
  std::string trunk;
  bool json = false;
};

// A call as the verifier and as the policy see it.
struct CallInput {
  CallRequest request;
  PolicyCall policy_call;
};

void AddDownloadOptions(CLI::App& command, VerifyOptions& options) {
  command.add_flag("--offline", options.offline, "Download nothing: only what is cached counts");
  command
      .add_option("--cache-dir", options.cache_dir,
                  "Directory where downloaded certificates are kept (default: they are not)")
      ->type_name("D");
  command
      .add_option("--ca-file", options.ca_file,
                  "CAs that vouch for certificate servers (TLS), instead of the system's")
      ->type_name("F");
  command.add_option("--proxy", options.proxy, "Proxy for downloads: http://host:port")
      ->type_name("URL");
  command.add_flag("--insecure-allow-http", options.allow_http, "Lab only: accept http in x5u");
  command.add_flag("--insecure-allow-private-addresses", options.allow_private_addresses,
                   "Lab only: download from private and loopback addresses");
  command
      .add_option("--insecure-allow-port", options.allow_ports,
                  "Lab only: accept this port in x5u; may be given several times")
      ->type_name("N")
      ->check(CLI::Range(1, 65535));
}

void AddTrustOptions(CLI::App& command, VerifyOptions& options) {
  command.add_option("--crl-url", options.crl_urls, "Revocation list to download")
      ->type_name("URL");
  command
      .add_option("--trust-list", options.trust_list,
                  "The STI-PA's signed list of certification authorities: more trust anchors")
      ->type_name("F");
  command
      .add_option("--trust-list-root", options.trust_list_roots,
                  "Root of the STI-PA: trusted for trust lists only")
      ->type_name("PATH");
  command
      .add_option("--trust-list-chain", options.trust_list_chain,
                  "Certificates of the trust list's signer, instead of a download")
      ->type_name("F");
  command
      .add_option("--state-dir", options.state_dir,
                  "Where the last accepted trust list is kept (the guard against old lists)")
      ->type_name("D");
}

void AddOptions(CLI::App& command, VerifyOptions& options) {
  command.add_option("HEADER", options.header,
                     "Identity header (or its value), or - for standard input");
  command
      .add_option("--identity-file", options.identity_files,
                  "File with Identity headers; may be given several times")
      ->type_name("F");
  command
      .add_option("--sip-file", options.sip_file,
                  "Whole SIP request, also from a capture's text (- for standard input): gives "
                  "caller, called party, Date and Identity headers")
      ->type_name("F");
  command
      .add_option("--orig", options.orig,
                  "Caller that the call shows: number, tel or sip URI; may be given several times, "
                  "like P-Asserted-Identity")
      ->type_name("TN");
  command.add_option("--dest", options.dest, "Called party: number, tel or sip URI")
      ->type_name("TN");
  command.add_option("--date", options.date, "Date header, e.g. 'Sat, 21 Nov 2026 08:00:00 GMT'")
      ->type_name("RFC1123");
  command
      .add_option("--at", options.at,
                  "Time of judging: seconds since 1970 or RFC 3339 (default: now)")
      ->type_name("TIME");
  command
      .add_option("--anchors", options.anchors,
                  "Trust anchors: PEM or DER file, or a directory of them")
      ->type_name("PATH");
  command
      .add_option("--cert", options.certificates,
                  "Certificate chain of the signer, used instead of a download")
      ->type_name("F");
  command
      .add_option("--crl", options.crls,
                  "Revocation list, PEM or DER, with its signer's certificate")
      ->type_name("F");
  command
      .add_option("--crl-anchors", options.crl_anchors,
                  "Root of the STI-PA: trusted for indirect revocation lists only")
      ->type_name("PATH");
  command.add_flag("--require-crl", options.require_crl,
                   "Refuse certificates that no given revocation list covers");
  command.add_option("--max-age", options.max_age, "Freshness window in seconds, both ways")
      ->type_name("S")
      ->check(CLI::Range(int64_t{0}, int64_t{86400}))
      ->capture_default_str();
  command
      .add_option("--country", options.country,
                  "Country whose dialling rules apply to numbers without '+' (US, CN, 86, ...)")
      ->type_name("CC");
  command.add_flag("--bare", options.bare,
                   "The input is a token without Identity parameters; its x5u counts");
  command.add_flag("--ignore-date", options.ignore_date,
                   "Judge freshness by iat alone (full form)");
  command.add_flag("--any-origid", options.any_origid, "Accept an origid that is not a UUID");
  AddTrustOptions(command, options);
  AddDownloadOptions(command, options);
  command.add_option("--policy", options.policy, "Policy file: say what is done with the call")
      ->type_name("F");
  command.add_option("--trunk", options.trunk, "With --policy: trunk that the call came in by")
      ->type_name("T");
  command.add_flag("--json", options.json, "Print one JSON object");
  TakeOneValueEach(command);
  command.footer(kFooter);
}

Result<void> AddIdentities(const std::string& text, const VerifyOptions& options,
                           CallRequest& call) {
  if (options.bare) {
    call.token_form = CallRequest::TokenForm::kBareToken;
    call.identities.push_back(text);
    return {};
  }
  const auto values = IdentityValuesFromText(text);
  if (values.size() == 1 && values[0].find(" SIP/2.0") != std::string::npos) {
    return Fail(Reason::kParameterInvalid, "this is a SIP message: give it with --sip-file");
  }
  call.identities.insert(call.identities.end(), values.begin(), values.end());
  return {};
}

Result<CallInput> ReadCall(const VerifyOptions& options) {
  CallInput input;
  CallRequest& call = input.request;
  if (!options.sip_file.empty()) {
    auto text = ReadFile(options.sip_file);
    if (!text) return text.error();
    auto message = SipMessage::Parse(*text);
    if (!message)
      return Fail(message.error().reason, options.sip_file + ": " + message.error().detail);
    auto from_sip = CallFromSip(*message);
    if (!from_sip)
      return Fail(from_sip.error().reason, options.sip_file + ": " + from_sip.error().detail);
    call = std::move(*from_sip);
    AddSipFacts(*message, input.policy_call);
  }
  for (const std::string& file : options.identity_files) {
    auto text = ReadFile(file);
    if (!text) return text.error();
    if (auto ok = AddIdentities(*text, options, call); !ok) return ok.error();
  }
  if (!options.header.empty()) {
    auto text = TextArgument(options.header);
    if (!text) return text.error();
    if (auto ok = AddIdentities(*text, options, call); !ok) return ok.error();
  }
  if (!options.orig.empty()) call.orig = options.orig;
  if (!options.dest.empty()) {
    call.dest = options.dest;
    input.policy_call.request_uri.reset();
  }
  if (!options.date.empty()) call.date = options.date;
  PolicyCall policy_call = PolicyCallOf(call, options.trunk);
  policy_call.request_uri = std::move(input.policy_call.request_uri);
  policy_call.priority = std::move(input.policy_call.priority);
  input.policy_call = std::move(policy_call);
  return input;
}

Result<VerifierSetup> MakeSetup(const VerifyOptions& options) {
  VerifierSetup setup;
  auto plan = CountryOption(options.country);
  if (!plan) return plan.error();
  if (!options.at.empty()) {
    auto at = ParseTime(options.at);
    if (!at) return InOption("--at", at.error());
    setup.clock = std::make_shared<FixedClock>(*at);
  }
  setup.options.max_age = std::chrono::seconds(options.max_age);
  setup.options.dial_plan = *plan;
  if (options.ignore_date) setup.options.date_policy = DatePolicy::kIgnore;
  if (options.any_origid) setup.options.origid_policy = OrigidPolicy::kAnyString;
  if (options.allow_http) setup.options.http_x5u = VerifierOptions::HttpX5u::kInsecureAllow;
  for (const uint16_t port : options.allow_ports) setup.options.x5u_ports.push_back(port);
  DownloadSetup& downloads = setup.downloads.emplace();
  if (options.offline) downloads.repository.downloads = DownloadPolicy::kOffline;
  downloads.cache_directory = options.cache_dir;
  downloads.fetcher.ca_file = options.ca_file;
  downloads.fetcher.proxy = options.proxy;
  if (options.allow_private_addresses) {
    downloads.fetcher.private_addresses = PrivateAddresses::kInsecureAllow;
  }
  if (options.require_crl) setup.revocation_policy = RevocationPolicy::kRequired;
  setup.anchors = options.anchors;
  setup.certificates = options.certificates;
  setup.crls = options.crls;
  setup.crl_anchors = options.crl_anchors;
  setup.trust.crl_urls = options.crl_urls;
  setup.trust.trust_list_roots = options.trust_list_roots;
  if (!options.trust_list.empty()) setup.trust.trust_list = options.trust_list;
  if (!options.trust_list_chain.empty()) setup.trust.trust_list_chain = options.trust_list_chain;
  if (!options.state_dir.empty()) setup.trust.state_dir = options.state_dir;
  return setup;
}

void WarnOfSwitches(const VerifyOptions& options, const Console& console) {
  if (options.allow_http) console.Warn("--insecure-allow-http accepts certificates without TLS");
  if (options.allow_private_addresses) {
    console.Warn("--insecure-allow-private-addresses lets callers reach this network");
  }
  if (!options.allow_ports.empty()) {
    console.Warn("--insecure-allow-port lets callers reach other services than HTTPS");
  }
}

void PrintResult(const Verdict& verdict, const std::optional<Disposition>& disposition,
                 const VerifyOptions& options, const Console& console) {
  if (options.json) {
    JsonValue json = VerdictJson(verdict);
    json.Add("disposition", disposition ? DispositionJson(*disposition) : JsonValue());
    return console.PrintJson(json);
  }
  PrintVerdict(console, verdict);
  if (!disposition) return;
  console.out() << "\n";
  PrintDisposition(console, *disposition, RuleLines::kBroken);
}

ExitCode RunVerify(const VerifyOptions& options, const Console& console) {
  if (options.header.empty() && options.identity_files.empty() && options.sip_file.empty()) {
    return console.Complain(
        Fail(Reason::kParameterMissing, "give an Identity header, --identity-file or --sip-file"));
  }
  std::shared_ptr<const Policy> policy;
  if (!options.policy.empty()) {
    policy = PolicyOption(options.policy, console);
    if (policy == nullptr) return ExitCode::kUsage;
  }
  auto setup = MakeSetup(options);
  if (!setup) return console.Complain(setup.error());
  auto call = ReadCall(options);
  if (!call) return console.Complain(call.error());
  auto verifier = MakeVerifier(*setup);
  if (!verifier) return console.Complain(verifier.error());
  WarnOfSwitches(options, console);

  const Verdict verdict = (*verifier)->Verify(call->request, Deadline());
  std::optional<Disposition> disposition;
  if (policy != nullptr) disposition = Decide(*policy, call->policy_call, verdict);
  PrintResult(verdict, disposition, options, console);
  const bool rejected = disposition && disposition->action == Action::kReject;
  return rejected ? ExitCode::kNotVerified : ExitCodeOf(verdict.reason);
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "Verify a call and say why it passes or fails");
  AddOptions(*command, *options);
  command->callback(
      [options, &context] { context.exit_code = RunVerify(*options, context.console); });
}

}  // namespace callvet::cli
