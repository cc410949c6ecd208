// SPDX-License-Identifier: MIT
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
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
#include "cli/batch.h"
#include "cli/disposition_text.h"
#include "cli/download_options.h"
#include "cli/evidence_options.h"
#include "cli/options.h"
#include "cli/policy_options.h"
#include "cli/verdict_text.h"
#include "cli/verify_extensions.h"
#include "pki/file_content.h"
#include "pki/sha256.h"

namespace callvet::cli {
namespace {

constexpr const char* kVerifyFooter =
    "Examples:\n"
    "  callvet verify --orig +12155550100 --dest +12155550101 --anchors certs/anchors \\\n"
    "      'eyJ...;info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken'\n"
    "  callvet verify --sip-file invite.txt --anchors ca.pem --cert chain.pem --at "
    "2026-11-21T08:00:00Z\n"
    "  callvet verify --batch calls.ndjson --anchors ca.pem --cache-dir cache > verdicts.ndjson\n"
    "  cat token.txt | callvet verify --bare - --orig 12155550100 --dest 12155550101 --json\n"
    "Exit codes: 0 verified, 1 not verified, 2 usage error or unreadable input, 3 not decided;\n"
    "with --policy also 1 if the call is rejected; with --batch the first of 2, 3, 1 that any call "
    "gives.";

struct VerifyOptions {
  std::string header;
  std::vector<std::string> identity_files;
  std::string sip_file;
  std::string batch;
  int64_t threads = 0;
  std::vector<std::string> orig;
  std::vector<std::string> dest;
  std::string date;
  std::string at;
  std::vector<std::string> certificates;
  TrustOptions trust;
  std::string revocation;
  bool no_crl_download = false;
  int64_t max_age = 60;
  int64_t timeout = 10;
  std::string country;
  bool require_crl = false;
  bool bare = false;
  bool ignore_date = false;
  bool any_origid = false;
  std::string engine = "auto";
  size_t table_bytes = Es256EngineOptions().table_bytes;
  uint32_t cross_check_every = Es256EngineOptions().cross_check_every;
  bool offline = false;
  std::string cache_dir;
  DownloadOptions downloads;
  VerifyExtensions extensions;
  std::string policy;
  std::string trunk;
  VerifyEvidenceOptions evidence;
  bool json = false;
};

void AddRevocationOptions(CLI::App& command, VerifyOptions& options) {
  command
      .add_option(
          "--revocation", options.revocation,
          "What a certificate without a usable revocation list is worth: if-covered (passes "
          "if no list speaks for it), required, best-effort (passes)")
      ->type_name("MODE");
  command.add_flag("--require-crl", options.require_crl, "The same as --revocation required");
  command.add_flag("--no-crl-download", options.no_crl_download,
                   "Do not download the revocation lists that certificates name");
}

void AddStoreOptions(CLI::App& command, VerifyOptions& options) {
  command.add_flag("--offline", options.offline, "Download nothing: only what is cached counts");
  command
      .add_option("--cache-dir", options.cache_dir,
                  "Directory where downloaded certificates are kept (default: they are not)")
      ->type_name("D");
  AddDownloadOptions(command, options.downloads);
}

// After all others: what speaks of one call does not go with many. Neither does HEADER
// (RefuseOptions): here it would be the value of an option that is not known.
void AddBatchOptions(CLI::App& command, VerifyOptions& options) {
  CLI::Option* batch =
      command
          .add_option("--batch", options.batch,
                      "Many calls, a JSON object a line as for POST /v1/calls:batch (- for "
                      "standard input): an answer a line, in their order")
          ->type_name("F");
  command.add_option("--threads", options.threads, "That judge a batch (default: the processors)")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{256}))
      ->needs(batch);
  for (const char* name : {"--identity-file", "--sip-file", "--orig", "--dest", "--date", "--bare",
                           "--trunk", "--request-uri", "--resource-priority", "--priority",
                           "--message-body", "--evidence", "--json"}) {
    batch->excludes(command.get_option(name));
  }
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
                  "caller, called party, Date, Identity headers, and whatever else counts")
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
      .add_option("--cert", options.certificates,
                  "Certificate chain of the signer, used instead of a download; with X5U= in front "
                  "for that signer only. May be given several times")
      ->type_name("[X5U=]F");
  AddKeptTrustOptions(command, options.trust);
  AddTrustListOptions(command, options.trust);
  AddCrlUrlOption(command, options.trust);
  AddRevocationOptions(command, options);
  command.add_option("--max-age", options.max_age, "Freshness window in seconds, both ways")
      ->type_name("S")
      ->check(CLI::Range(int64_t{0}, int64_t{86400}))
      ->capture_default_str();
  command
      .add_option("--timeout", options.timeout,
                  "Seconds for the whole call, downloads included; half of what is left goes into "
                  "revocation lists at most")
      ->type_name("S")
      ->check(CLI::Range(int64_t{1}, int64_t{600}))
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
  command
      .add_option("--engine", options.engine,
                  "Code that verifies the signature: auto, openssl, portable, adx, ifma")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--table-bytes", options.table_bytes,
                  "Memory for tables of signers' keys; 0: none, OpenSSL verifies")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, int64_t{64} << 30))
      ->capture_default_str();
  command
      .add_option("--cross-check-every", options.cross_check_every,
                  "Every n-th signature of a key is verified by OpenSSL too; 0: the first alone")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, int64_t{UINT32_MAX}))
      ->capture_default_str();
  AddVerifyExtensionOptions(command, options.extensions);
  AddStoreOptions(command, options);
  command.add_option("--policy", options.policy, "Policy file: say what is done with the call")
      ->type_name("F");
  command
      .add_option("--trunk", options.trunk,
                  "Trunk that the call came in by, for policy and evidence")
      ->type_name("T");
  AddVerifyEvidenceOptions(command, options.evidence);
  command.add_flag("--json", options.json, "Print one JSON object");
  AddBatchOptions(command, options);
  TakeOneValueEach(command);
  command.footer(kVerifyFooter);
}

Result<void> AddIdentities(const std::string& text, const VerifyOptions& options,
                           CallRequest& call) {
  if (options.bare) {
    call.token_form = CallRequest::TokenForm::kBareToken;
    call.identities.push_back(text);
    return {};
  }
  // Of a message that is read as Identity headers From and To would be left out.
  const bool parties =
      !options.sip_file.empty() || (!options.orig.empty() && !options.dest.empty());
  if (!parties && NamesParties(text)) {
    return Fail(Reason::kParameterInvalid,
                "this is a SIP message: give it with --sip-file, or --orig and --dest beside it");
  }
  const auto values = IdentityValuesFromText(text);
  if (values.empty()) {
    return Fail(Reason::kParameterInvalid, "there is no Identity header in what was given");
  }
  if (values.size() == 1 && values[0].find(" SIP/2.0") != std::string::npos) {
    return Fail(Reason::kParameterInvalid, "this is a SIP message: give it with --sip-file");
  }
  call.identities.insert(call.identities.end(), values.begin(), values.end());
  return {};
}

// A capture may hold more than the call that is judged, or none.
void WarnOfOthers(const std::string& file, const SipMessage& message, const Console& console) {
  if (message.method != "INVITE" && message.method != "MESSAGE") {
    console.Warn(file + ": no INVITE or MESSAGE in it; judged is the first " + message.method);
  }
  if (message.other_requests == 0) return;
  console.Warn(file + ": " + std::to_string(message.other_requests) +
               " more request(s) in it; judged is the first " + message.method);
}

Result<CallRequest> ReadCall(VerifyOptions& options, const Console& console) {
  CallRequest call;
  if (!options.sip_file.empty()) {
    auto text = ReadFile(options.sip_file);
    if (!text) return text.error();
    auto message = SipMessage::Parse(*text);
    if (!message) {
      const bool is_sip =
          text->find("SIP/2.0") != std::string::npos && text->find('\0') == std::string::npos;
      return Fail(message.error().reason, options.sip_file + ": " + message.error().detail +
                                              (is_sip ? "" : WhatItIs(*text)));
    }
    WarnOfOthers(options.sip_file, *message, console);
    auto from_sip = CallFromSip(*message);
    if (!from_sip)
      return Fail(from_sip.error().reason, options.sip_file + ": " + from_sip.error().detail);
    call = std::move(*from_sip);
    if (options.evidence.call_id.empty()) options.evidence.call_id = CallIdOf(*message);
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
    call.target.reset();
  }
  if (!options.date.empty()) call.date = options.date;
  if (auto ok = ApplyToCall(options.extensions, call); !ok) return ok.error();
  return call;
}

Result<RevocationPolicy> PolicyOf(const VerifyOptions& options) {
  if (options.revocation.empty()) {
    return options.require_crl ? RevocationPolicy::kRequired : RevocationPolicy::kIfCovered;
  }
  auto policy = RevocationPolicyFromText(options.revocation);
  if (!policy) return InOption("--revocation", policy.error());
  if (options.require_crl && *policy != RevocationPolicy::kRequired) {
    return Fail(Reason::kParameterInvalid, "--require-crl is --revocation required");
  }
  return policy;
}

// What is forced is used at once. For one call no time goes into large tables.
Result<Es256EngineOptions> EngineOption(const VerifyOptions& options) {
  const std::string& text = options.engine;
  const auto kind = Es256KindFromText(text);
  if (!kind) return Fail(Reason::kParameterInvalid, "--engine: '" + text + "' is not known");
  Es256EngineOptions engine;
  engine.kind = *kind;
  engine.table_bytes = options.table_bytes;
  engine.cross_check_every = options.cross_check_every;
  if (engine.table_bytes > 0 && engine.table_bytes < OneTableBytes(engine)) {
    return Fail(Reason::kParameterInvalid, "--table-bytes: not even one table of " +
                                               std::to_string(OneTableBytes(engine)) +
                                               " bytes: 0 does without");
  }
  if (options.batch.empty()) engine.generator_windows = 42;
  if (*kind != Es256Kind::kAuto) engine.promote_after = 1;
  return engine;
}

// "https://cert.example.org/a.pem=a.pem", or a file alone.
void AddCertificates(const VerifyOptions& options, VerifierSetup& setup) {
  for (const std::string& text : options.certificates) {
    const size_t equals = text.rfind('=');
    const std::string scheme = text.substr(0, text.find("://"));
    const bool of_url = EqualsIgnoreCase(scheme, "https") || EqualsIgnoreCase(scheme, "http");
    if (of_url && equals != std::string::npos) {
      setup.url_certificates.push_back({text.substr(0, equals), text.substr(equals + 1)});
    } else {
      setup.certificates.emplace_back(text);
    }
  }
}

Result<VerifierSetup> MakeSetup(const VerifyOptions& options) {
  VerifierSetup setup;
  auto plan = CountryOption(options.country);
  if (!plan) return plan.error();
  auto revocation = PolicyOf(options);
  if (!revocation) return revocation.error();
  if (!options.at.empty()) {
    auto at = ParseTime(options.at);
    if (!at) return InOption("--at", at.error());
    setup.clock = std::make_shared<FixedClock>(*at);
  }
  auto engine = EngineOption(options);
  if (!engine) return engine.error();
  setup.engine = std::move(*engine);
  setup.options.max_age = std::chrono::seconds(options.max_age);
  setup.options.dial_plan = *plan;
  if (options.ignore_date) setup.options.date_policy = DatePolicy::kIgnore;
  if (options.any_origid) setup.options.origid_policy = OrigidPolicy::kAnyString;
  ApplyDownloadOptions(options.downloads, setup);
  if (options.offline) setup.downloads->repository.downloads = DownloadPolicy::kOffline;
  setup.downloads->cache_directory = options.cache_dir;
  AddCertificates(options, setup);
  setup.trust = TrustSetupOf(options.trust);
  setup.trust.revocation_policy = *revocation;
  if (options.no_crl_download) setup.trust.crl_downloads = CrlDownloads::kConfiguredOnly;
  if (auto ok = ApplyToSetup(options.extensions, setup); !ok) return ok.error();
  return setup;
}

// What is told of a call.
struct Answer {
  Verdict verdict;
  std::optional<Disposition> disposition;
  std::string evidence_id;  // "": nothing was recorded
};

void PrintResult(const Answer& answer, const VerifyOptions& options, const Console& console) {
  const Verdict& verdict = answer.verdict;
  const auto& disposition = answer.disposition;
  if (options.json) {
    JsonValue json = VerdictJson(verdict);
    json.Add("disposition", disposition ? DispositionJson(*disposition) : JsonValue());
    json.Add("evidence_id",
             answer.evidence_id.empty() ? JsonValue() : JsonValue(answer.evidence_id));
    return console.PrintJson(json);
  }
  PrintVerdict(console, verdict);
  if (disposition) {
    console.out() << "\n";
    PrintDisposition(console, *disposition, RuleLines::kBroken);
  }
  if (!answer.evidence_id.empty()) {
    console.out() << "\nEvidence: " << answer.evidence_id << "\n";
  }
}

// Before anything is printed, so that no call is answered that nobody can trace.
Result<void> Record(const OpenedEvidence& evidence, CallEvidence call, const VerifyOptions& options,
                    Answer& answer) {
  call.call_id = options.evidence.call_id;
  call.trunk = options.trunk;
  call.verdict = answer.verdict;
  call.disposition = answer.disposition;
  if (!options.policy.empty()) {
    const auto policy = ReadFile(options.policy);
    if (!policy) return policy.error();
    call.policy = Sha256Hex(*policy);
  }
  auto id = RecordCall(evidence, call);
  if (!id) return id.error();
  answer.evidence_id = std::move(*id);
  return {};
}

// What of trust is not as it should be, though it does not end the program.
void WarnOf(const TrustReport& report, const Console& console) {
  for (const TrustSource& source : report.sources) {
    if (source.not_kept) {
      console.Warn(source.name + ": counts, but could not be kept: " + source.not_kept->detail);
    }
    if (source.idle) console.Warn(source.name + ": " + source.detail);
    if (!source.failure) continue;
    console.Warn(source.name +
                 (source.in_use ? ": what was at hand, or a stale list, counts, because of "
                                : ": nothing of it counts, because of ") +
                 std::string(Info(source.failure->reason).id) + ": " + source.failure->detail);
  }
}

Result<void> RefuseOptions(const VerifyOptions& options) {
  const bool trunk_counts = !options.policy.empty() || !options.evidence.evidence.store.empty();
  if (!trunk_counts && !options.trunk.empty()) {
    return Fail(Reason::kParameterMissing, "--trunk needs --policy or --evidence");
  }
  if (options.header.empty() && options.identity_files.empty() && options.sip_file.empty() &&
      options.batch.empty()) {
    return Fail(Reason::kParameterMissing,
                "give an Identity header, --identity-file, --sip-file or --batch");
  }
  if (!options.header.empty() && !options.batch.empty()) {
    return Fail(Reason::kParameterInvalid, "--batch excludes HEADER");
  }
  return {};
}

// What the policy says of how the call is verified.
Result<void> ApplyPolicy(const Policy& policy, const VerifyOptions& options, VerifierSetup& setup) {
  const auto plan = PolicyCountry(policy, options.country);
  if (!plan) return plan.error();
  setup.options.dial_plan = *plan;
  return CheckTrunk(policy, options.trunk);
}

void WarnOfTrust(const TrustStore& store, const TrustReport& trust, const Console& console) {
  WarnOf(trust, console);
  if (store.anchors().empty()) {
    console.Warn("there is no trust anchor, so no signer is trusted: see --anchors");
  }
}

// Nothing without --evidence.
Result<std::optional<OpenedEvidence>> OpenStore(const VerifyOptions& options) {
  if (options.evidence.evidence.store.empty()) return std::optional<OpenedEvidence>();
  const auto where = EvidenceSetupOf(options.evidence.evidence, EvidenceSetup::Open::kCreate);
  if (!where) return where.error();
  auto opened = OpenEvidence(*where);
  if (!opened) return opened.error();
  return std::optional<OpenedEvidence>(std::move(*opened));
}

// A login may be able to add to today's records alone: said before midnight.
void WarnOfNextDay(EvidenceStore& store, const Console& console) {
  constexpr std::chrono::sys_days kNothingIsOlder{};
  if (const auto ok = store.Prune(kNothingIsOlder); !ok) console.Warn(ok.error().detail);
}

std::string TrustListText(const LiveVerifier& verifier) {
  const auto list = verifier.trust().trust_list();
  return list ? "sequence " + std::to_string(list->list.sequence()) : "";
}

// By a verifier like the service's: certificates are kept for the next call, with no bound of its
// own on calls that wait for them.
ExitCode VerifyBatch(const VerifyOptions& options, const VerifierSetup& setup,
                     const std::shared_ptr<const Policy>& policy, const Console& console) {
  BatchInput input{options.batch, static_cast<size_t>(options.threads),
                   std::chrono::seconds(options.timeout)};
  if (input.threads == 0) input.threads = std::max(std::thread::hardware_concurrency(), 1U);
  const auto core = VerificationCore::Make({setup, input.threads, {}});
  if (!core) return console.Complain(core.error());
  TrustReport trust;
  trust.sources = (*core)->TrustSources();
  if (auto failure = trust.FirstUnusable()) return console.Complain(*failure);
  WarnOfTrust(*(*core)->trust(), trust, console);
  return RunBatch(input, *core, policy, console);
}

ExitCode RunVerify(VerifyOptions& options, const Console& console) {
  if (auto ok = RefuseOptions(options); !ok) return console.Complain(ok.error());
  WarnOfFileName(options.header, console);
  std::shared_ptr<const Policy> policy;
  if (!options.policy.empty()) {
    policy = PolicyOption(options.policy, console);
    if (policy == nullptr) return ExitCode::kUsage;
  }
  auto setup = MakeSetup(options);
  if (!setup) return console.Complain(setup.error());
  if (policy != nullptr) {
    if (auto ok = ApplyPolicy(*policy, options, *setup); !ok) return console.Complain(ok.error());
  }
  if (!options.batch.empty()) {
    if (auto ok = WarnOfInsecureSettings(*setup, console); !ok) return console.Complain(ok.error());
    return VerifyBatch(options, *setup, policy, console);
  }
  auto call = ReadCall(options, console);
  if (!call) return console.Complain(call.error());
  const auto deadline = Deadline::After(std::chrono::seconds(options.timeout));
  TrustReport trust;
  auto verifier = LiveVerifier::Make(*setup, StartRule::kAllSources, deadline, trust);
  if (!verifier) return console.Complain(verifier.error());
  if (auto ok = WarnOfInsecureSettings(*setup, console); !ok) return console.Complain(ok.error());
  WarnOfTrust(*(*verifier)->trust().snapshot(), trust, console);
  const auto evidence = OpenStore(options);
  if (!evidence) return console.Complain(evidence.error());

  TrustReport crls;
  CallEvidence kept;
  Answer answer;
  answer.verdict = (*verifier)->Verify(*call, deadline, crls, kept.material);
  WarnOf(crls, console);
  if (policy != nullptr) {
    answer.disposition = Decide(*policy, PolicyCallOf(*call, options.trunk), answer.verdict);
  }
  if (*evidence) {
    kept.options = std::make_shared<const VerifierOptions>(setup->options);
    kept.call = *call;
    kept.trust_list = TrustListText(**verifier);
    auto ok = Record(**evidence, std::move(kept), options, answer);
    if (!ok) return console.Complain(ok.error());
    WarnOfNextDay(*(*evidence)->store, console);
  }
  PrintResult(answer, options, console);
  const bool rejected = answer.disposition && answer.disposition->action == Action::kReject;
  return rejected ? ExitCode::kNotVerified : ExitCodeOf(answer.verdict.reason);
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
