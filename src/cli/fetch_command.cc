// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/assembly.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/download_options.h"
#include "cli/lint_text.h"
#include "cli/options.h"
#include "cli/out_option.h"
#include "cli/pki_files.h"
#include "pki/chain.h"
#include "pki/lint.h"
#include "repository/https_fetcher.h"
#include "repository/trust_keeper.h"

namespace callvet::cli {
namespace {

using std::chrono::microseconds;

constexpr const char* kFetchFooter =
    "Examples:\n"
    "  callvet fetch https://cert.example.org/p.pem --anchors certs/anchors\n"
    "  callvet fetch https://cert.example.org/p.pem --json --out p.pem\n"
    "Exit codes: 0 every step is good, 1 chain, revocation or profile has errors, 2 usage error,\n"
    "3 the certificate cannot be had.";

struct FetchOptions {
  std::string url;
  TrustOptions trust;
  DownloadOptions downloads;
  std::string at;
  std::string out;
  int64_t timeout = 5;
  bool json = false;
};

enum class Outcome : uint8_t { kPassed, kFailed, kNotRun };

// One line of the report.
struct Step {
  std::string name;
  Outcome outcome = Outcome::kNotRun;
  microseconds duration{0};
  std::optional<Reason> reason = {};  // of a step that failed
  std::string detail = {};
};

struct Report {
  std::vector<Step> steps;
  FetchTrace trace;
  CertificateBundle bundle;
  std::vector<LintFinding> findings;  // errors, warnings and notices of the signer's certificate
  ExitCode exit_code = ExitCode::kVerified;
  std::string result;  // the last line
};

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kNotRun:
      return "not-run";
  }
  return "failed";
}

Colour OutcomeColour(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return Colour::kGreen;
    case Outcome::kFailed:
      return Colour::kRed;
    case Outcome::kNotRun:
      return Colour::kGrey;
  }
  return Colour::kRed;
}

// Runs `work` (a Result) and adds a step with its time; `good` says what passed.
template <class Work, class Good>
auto Timed(Report& report, std::string name, Work work, Good good) {
  const Stopwatch watch;
  auto result = work();
  Step step{std::move(name)};
  step.duration = watch.Elapsed();
  if (result) {
    step.outcome = Outcome::kPassed;
    step.detail = good(*result);
  } else {
    step.outcome = Outcome::kFailed;
    step.reason = result.error().reason;
    step.detail = result.error().detail;
  }
  report.steps.push_back(std::move(step));
  return result;
}

void AddFetchSteps(Report& report, const Result<FetchedDocument>& document) {
  for (const FetchStep& from : report.trace.steps) {
    Step step{std::string(FetchStepName(from.kind)), Outcome::kPassed, from.duration};
    step.detail = from.detail;
    if (from.outcome == FetchStep::Outcome::kNotRun) step.outcome = Outcome::kNotRun;
    if (from.outcome == FetchStep::Outcome::kFailed) {
      step.outcome = Outcome::kFailed;
      if (!document) step.reason = document.error().reason;
    }
    report.steps.push_back(std::move(step));
  }
}

void AddNotRun(Report& report, std::initializer_list<const char*> names, const char* why = "") {
  for (const char* name : names) report.steps.push_back({name, Outcome::kNotRun, {}, {}, why});
}

// What `fetch` works with.
struct Tools {
  const HttpsFetcher& fetcher;
  TrustKeeper& trust;
  sys_seconds at;
  std::chrono::seconds timeout;  // of each download
};

// The chain without regard to revocation, which is a step of its own.
void Chain(Report& report, const TrustKeeper& trust, sys_seconds at) {
  const auto store = trust.snapshot();
  if (store->anchors().empty()) return AddNotRun(report, {"chain", "revocation"}, "no --anchors");
  const auto without_crls = store->WithoutCrls(at);
  const auto chain = Timed(
      report, "chain", [&] { return VerifyChain(report.bundle, *without_crls, at); },
      [](const VerifiedChain& good) {
        return std::to_string(good.path().size()) + " certificates to " + good.anchor().subject();
      });
  if (chain) return;
  report.exit_code = ExitCode::kNotVerified;
  AddNotRun(report, {"revocation"});
}

// By the lists that the chain names, as a verifier gets them, and those at hand.
void Revocation(Report& report, const Tools& tools) {
  if (report.steps.back().name == "revocation") return;  // there is no chain
  const auto deadline = Deadline::After(tools.timeout);
  std::string missing;
  const auto chain = Timed(
      report, "revocation",
      [&] {
        tools.trust.Watch(std::make_shared<const CertificateBundle>(report.bundle));
        for (const TrustSource& source : tools.trust.FetchWatched(tools.at, deadline).sources) {
          if (!source.failure) continue;
          missing += "; " + source.name + ": " + std::string(Info(source.failure->reason).id) +
                     ": " + source.failure->detail;
        }
        return VerifyChain(report.bundle, *tools.trust.snapshot(), tools.at);
      },
      [&](const VerifiedChain& good) {
        std::string text;
        for (const std::string& note : good.revocation_notes()) {
          text += (text.empty() ? "" : "; ") + note;
        }
        return text + missing;
      });
  if (!chain) report.exit_code = ExitCode::kNotVerified;
}

// Of the signer's certificate only: what else x5u holds is judged with the chain.
void Lint(Report& report) {
  const Stopwatch watch;
  const Certificate& signer = report.bundle[SignerIndex(report.bundle)];
  const Certificate* issuer = nullptr;
  for (const Certificate& candidate : report.bundle) {
    if (candidate.subject_der() == signer.issuer_der()) issuer = &candidate;
  }
  size_t errors = 0;
  for (LintFinding& finding : LintCertificate(signer, issuer)) {
    if (finding.level == LintLevel::kPass || finding.level == LintLevel::kNotApplicable) continue;
    if (finding.level == LintLevel::kError) ++errors;
    report.findings.push_back(std::move(finding));
  }
  Step step{"lint", errors == 0 ? Outcome::kPassed : Outcome::kFailed};
  step.duration = watch.Elapsed();
  step.detail = std::to_string(errors) + " error(s), " +
                std::to_string(report.findings.size() - errors) + " warning(s) and notice(s)";
  if (errors != 0) report.exit_code = ExitCode::kNotVerified;
  report.steps.push_back(std::move(step));
}

// Everything from the URL to the lint; what cannot be had ends it.
Report Judge(const FetchOptions& options, const Tools& tools, std::string& body) {
  Report report;
  auto document = tools.fetcher.FetchTraced(options.url, UrlUse::kX5u, Deadline(), report.trace);
  AddFetchSteps(report, document);
  report.exit_code = ExitCode::kUndecided;
  if (!document) {
    AddNotRun(report, {"parse", "chain", "revocation", "lint"});
    return report;
  }
  body = std::move(document->body);
  auto bundle = Timed(
      report, "parse", [&] { return ParseBundle(body); },
      [](const CertificateBundle& good) {
        return std::to_string(good.size()) + " certificate(s), signer " +
               good[SignerIndex(good)].subject();
      });
  if (!bundle) {
    AddNotRun(report, {"chain", "revocation", "lint"});
    return report;
  }
  report.bundle = std::move(*bundle);
  report.exit_code = ExitCode::kVerified;
  Chain(report, tools.trust, tools.at);
  Revocation(report, tools);
  Lint(report);
  return report;
}

// In one line: is this certificate of use to a verifier?
std::string ResultOf(const Report& report) {
  std::string failed;
  std::string not_run;
  for (const Step& step : report.steps) {
    if (step.outcome == Outcome::kNotRun && not_run.empty()) not_run = step.name;
    if (step.outcome != Outcome::kFailed) continue;
    failed += (failed.empty() ? "" : ", ") + step.name;
    if (step.reason) failed += " (" + std::string(Info(*step.reason).id) + ")";
  }
  switch (report.exit_code) {
    case ExitCode::kVerified:
      return "GOOD: every step passed" + (not_run.empty() ? "" : "; not judged: " + not_run);
    case ExitCode::kNotVerified:
      return "BAD: fetched, but a verifier or the profile refuses it: " + failed;
    case ExitCode::kUsage:
    case ExitCode::kUndecided:
      break;
  }
  return "NOT FETCHED: " + failed;
}

std::string Milliseconds(microseconds duration) {
  const auto tenths = duration.count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

void Print(const Console& console, const FetchOptions& options, const Report& report) {
  std::ostream& out = console.out();
  out << console.Paint(Colour::kBold, ForTerminal(options.url)) << "\n";
  constexpr size_t kNameWidth = 10;
  constexpr size_t kOutcomeWidth = 8;
  constexpr size_t kTimeWidth = 10;
  for (const Step& step : report.steps) {
    std::string name = step.name;
    name.resize(std::max(name.size(), kNameWidth), ' ');
    std::string outcome(OutcomeName(step.outcome));
    outcome.resize(std::max(outcome.size(), kOutcomeWidth), ' ');
    std::string time = step.outcome == Outcome::kNotRun ? "-" : Milliseconds(step.duration);
    if (time.size() < kTimeWidth) time.insert(0, kTimeWidth - time.size(), ' ');
    out << "  " << name << "  " << console.Paint(OutcomeColour(step.outcome), outcome) << time
        << "  ";
    if (step.reason) out << Info(*step.reason).id << ": ";
    out << ForTerminal(step.detail) << "\n";
  }
  for (const Step& step : report.steps) {
    if (step.reason) out << "  " << Info(*step.reason).advice << "\n";
  }
  for (const LintFinding& finding : report.findings) {
    out << "  " << finding.id << "  " << finding.rule << "  " << ForTerminal(finding.found)
        << console.Paint(Colour::kGrey, "  [" + std::string(finding.clause) + "]") << "\n";
  }
  for (const auto& [name, value] : report.trace.response_headers) {
    out << console.Paint(Colour::kGrey, "  " + ForTerminal(name + ": " + value)) << "\n";
  }
  const bool good = report.exit_code == ExitCode::kVerified;
  out << console.Paint(good ? Colour::kGreen : Colour::kRed, report.result) << "\n";
}

JsonValue TextOrNull(const std::string& text) {
  return text.empty() ? JsonValue() : JsonValue(text);
}

JsonValue ReportJson(const FetchOptions& options, const Report& report) {
  JsonArray steps;
  for (const Step& step : report.steps) {
    steps.push_back(
        JsonMembers{{"step", step.name},
                    {"outcome", OutcomeName(step.outcome)},
                    {"microseconds", int64_t{step.duration.count()}},
                    {"reason", step.reason ? JsonValue(Info(*step.reason).id) : JsonValue()},
                    {"detail", TextOrNull(step.detail)}});
  }
  JsonArray headers;
  for (const auto& [name, value] : report.trace.response_headers) {
    headers.push_back(JsonMembers{{"name", name}, {"value", value}});
  }
  JsonArray certificates;
  for (const Certificate& certificate : report.bundle) {
    certificates.push_back(CertificateJson(certificate));
  }
  JsonArray findings;
  for (const LintFinding& finding : report.findings) {
    findings.push_back(FindingJson(finding));
  }
  const int status = report.trace.http_status;
  return JsonMembers{{"url", options.url},
                     {"result", report.result},
                     {"steps", std::move(steps)},
                     {"address", TextOrNull(report.trace.address)},
                     {"tls", TextOrNull(report.trace.tls)},
                     {"http_status", status != 0 ? JsonValue(status) : JsonValue()},
                     {"headers", std::move(headers)},
                     {"certificates", std::move(certificates)},
                     {"findings", std::move(findings)}};
}

ExitCode RunFetch(const FetchOptions& options, const Console& console) {
  const auto at = TimeOption(options.at, SystemClock().Now());
  if (!at) return console.Complain(InOption("--at", at.error()));
  if (options.out == "-") {
    return console.Complain(
        Fail(Reason::kParameterInvalid, "--out: standard output has the report; give a file"));
  }
  if (!options.out.empty()) {
    if (auto ok = CheckOut(options.out, {}); !ok) return console.Complain(ok.error());
  }
  const std::chrono::seconds timeout(options.timeout);
  VerifierSetup setup;
  setup.trust = TrustSetupOf(options.trust);
  ApplyDownloadOptions(options.downloads, setup);
  setup.downloads->fetcher.total_timeout = timeout;
  setup.downloads->fetcher.connect_timeout = setup.downloads->fetcher.total_timeout;
  setup.clock = std::make_shared<FixedClock>(*at);
  auto inputs = MakeTrustInputs(setup);
  if (!inputs) return console.Complain(inputs.error());
  TrustKeeper trust(std::move(*inputs));
  const TrustReport loaded = trust.Load(*at, Deadline::After(timeout));
  if (auto failure = loaded.FirstUnusable()) return console.Complain(*failure);
  const auto fetcher = MakeFetcher(setup);
  if (!fetcher) return console.Complain(fetcher.error());
  for (const std::string& setting : (*fetcher)->InsecureSettings()) console.Warn(setting);

  std::string body;
  Report report = Judge(options, {**fetcher, trust, *at, timeout}, body);
  report.result = ResultOf(report);
  if (!options.out.empty() && !body.empty()) {
    const auto written = WriteFile(options.out, body, FileMode::kPublic);
    if (!written) return console.Complain(InOption("--out", written.error()));
  }
  if (options.json) {
    console.PrintJson(ReportJson(options, report));
  } else {
    Print(console, options, report);
  }
  return report.exit_code;
}

void AddOptions(CLI::App& command, FetchOptions& options) {
  command.add_option("URL", options.url, "Where the certificate is: the x5u of a call")->required();
  AddKeptTrustOptions(command, options.trust);
  AddDownloadOptions(command, options.downloads);
  command
      .add_option("--timeout", options.timeout,
                  "Seconds for the download, and again for all revocation lists")
      ->type_name("S")
      ->check(CLI::Range(int64_t{1}, int64_t{600}))
      ->capture_default_str();
  command
      .add_option(
          "--at", options.at,
          "Time for which the chain is judged: seconds since 1970 or RFC 3339 (default: now)")
      ->type_name("TIME");
  command.add_option("--out", options.out, "Write what was fetched to this file")->type_name("F");
  command.add_flag("--json", options.json, "Print one JSON object");
  TakeOneValueEach(command);
  command.footer(kFetchFooter);
}

}  // namespace

void AddFetchCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<FetchOptions>();
  CLI::App* command =
      app.add_subcommand("fetch", "Fetch a certificate and show every step with its time");
  AddOptions(*command, *options);
  command->callback(
      [options, &context] { context.exit_code = RunFetch(*options, context.console); });
}

}  // namespace callvet::cli
