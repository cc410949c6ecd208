// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/lint_text.h"
#include "cli/options.h"
#include "cli/pki_files.h"
#include "pki/lint.h"

namespace callvet::cli {
namespace {

constexpr const char* kLintFooter =
    "Examples:\n"
    "  callvet lint-cert chain.pem\n"
    "  callvet lint-cert leaf.pem --issuer intermediate.pem --problems\n"
    "  callvet lint-cert delegate.pem --delegate --json\n"
    "The rules are those of the SHAKEN certificate profile (ATIS-1000080 and the STI-PA's "
    "policy).\n"
    "They say nothing about trust. Exit codes: 0 no error, 1 an error was found, 2 usage error, or "
    "a\n"
    "file that cannot be read or decoded (the others are still judged).";

// A trust list of all STI-CAs in one file has a few dozen.
constexpr size_t kMaxCertificates = 1000;

struct LintCommandOptions {
  std::vector<std::string> files;
  std::vector<std::string> issuers;
  std::string role;
  std::vector<std::string> policy_oids;
  bool delegate = false;
  bool problems = false;
  bool json = false;
};

// One certificate and what the rules say of it.
struct LintReport {
  std::string file;
  Certificate certificate;
  ProfileRole role;
  std::vector<LintFinding> findings;

  [[nodiscard]] size_t Count(LintLevel level) const {
    return static_cast<size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [level](const LintFinding& finding) { return finding.level == level; }));
  }
};

struct FileFailure {
  std::string file;
  Failure failure;
};

Result<LintOptions> RuleOptions(const LintCommandOptions& options) {
  LintOptions rules;
  rules.delegate = options.delegate;
  if (!options.policy_oids.empty()) rules.policy_oids = options.policy_oids;
  if (options.role.empty()) return rules;
  for (const ProfileRole role :
       {ProfileRole::kRoot, ProfileRole::kIntermediate, ProfileRole::kEndEntity}) {
    if (ProfileRoleText(role) == options.role) rules.role = role;
  }
  if (!rules.role) {
    return Fail(Reason::kParameterInvalid,
                "--role " + Quote(options.role) + " is none of root, intermediate, leaf");
  }
  return rules;
}

// The issuer by name: among the certificates of the same file (a root is its own), then those
// given.
const Certificate* FindIssuer(const Certificate& certificate, const CertificateBundle& bundle,
                              const CertificateBundle& given) {
  for (const CertificateBundle* candidates : {&bundle, &given}) {
    for (const Certificate& candidate : *candidates) {
      if (candidate.subject_der() == certificate.issuer_der()) return &candidate;
    }
  }
  return nullptr;
}

Result<std::vector<LintReport>> LintFile(const std::string& file, const CertificateBundle& issuers,
                                         const LintOptions& rules) {
  const auto bytes = ReadFile(file);
  if (!bytes) return bytes.error();
  const auto bundle = ParseBundle(*bytes, kMaxCertificates);
  if (!bundle) return Fail(bundle.error().reason, file + ": " + bundle.error().detail);
  std::vector<LintReport> reports;
  for (const Certificate& certificate : *bundle) {
    const Certificate* issuer = FindIssuer(certificate, *bundle, issuers);
    const ProfileRole role = rules.role.value_or(GuessRole(certificate));
    reports.push_back({file, certificate, role, LintCertificate(certificate, issuer, rules)});
  }
  return reports;
}

std::string Padded(std::string_view text, size_t width) {
  std::string padded(text);
  padded.resize(std::max(width, padded.size()), ' ');
  return padded;
}

bool IsProblem(const LintFinding& finding) {
  return finding.level != LintLevel::kPass && finding.level != LintLevel::kNotApplicable;
}

std::string SummaryText(const LintReport& report) {
  return std::to_string(report.Count(LintLevel::kError)) + " error(s), " +
         std::to_string(report.Count(LintLevel::kWarning)) + " warning(s), " +
         std::to_string(report.Count(LintLevel::kNotice)) + " notice(s), " +
         std::to_string(report.Count(LintLevel::kPass)) + " passed, " +
         std::to_string(report.Count(LintLevel::kNotApplicable)) + " not applicable";
}

void PrintReport(const Console& console, const LintReport& report, bool problems_only) {
  const Certificate& certificate = report.certificate;
  const std::string list = TnAuthListText(certificate);
  std::ostream& out = console.out();
  out << console.Paint(Colour::kBold, ForTerminal(certificate.subject())) << "\n"
      << "  file        " << ForTerminal(report.file) << "\n"
      << "  role        " << ProfileRoleText(report.role) << "\n"
      << "  issuer      " << ForTerminal(certificate.issuer()) << "\n"
      << "  serial      " << ForTerminal(certificate.serial_hex()) << "\n"
      << "  sha256      " << certificate.sha256_hex() << "\n"
      << "  valid       " << FormatTime(certificate.not_before()) << " to "
      << FormatTime(certificate.not_after()) << "\n"
      << "  TNAuthList  " << (list.empty() ? "none" : ForTerminal(list)) << "\n";
  constexpr size_t kLevelWidth = 14;
  constexpr size_t kIdWidth = 4;
  constexpr size_t kRuleWidth = 32;
  for (const LintFinding& finding : report.findings) {
    if (problems_only && !IsProblem(finding)) continue;
    out << "  "
        << console.Paint(LevelColour(finding.level), Padded(LevelName(finding.level), kLevelWidth))
        << "  " << Padded(finding.id, kIdWidth) << "  " << Padded(finding.rule, kRuleWidth) << "  "
        << ForTerminal(finding.found)
        << console.Paint(Colour::kGrey, "  [" + std::string(finding.clause) + "]") << "\n";
  }
  out << "  " << SummaryText(report) << "\n\n";
}

JsonValue ReportJson(const LintReport& report, bool problems_only) {
  JsonMembers json = {{"file", report.file}, {"role", ProfileRoleText(report.role)}};
  for (auto& member : CertificateJson(report.certificate)) json.push_back(std::move(member));
  json.emplace_back("errors", report.Count(LintLevel::kError));
  json.emplace_back("warnings", report.Count(LintLevel::kWarning));
  json.emplace_back("notices", report.Count(LintLevel::kNotice));
  JsonArray findings;
  for (const LintFinding& finding : report.findings) {
    if (problems_only && !IsProblem(finding)) continue;
    findings.push_back(FindingJson(finding));
  }
  json.emplace_back("findings", std::move(findings));
  return json;
}

JsonValue AllJson(const std::vector<LintReport>& reports, const std::vector<FileFailure>& failures,
                  bool problems_only) {
  JsonArray certificates;
  for (const LintReport& report : reports) {
    certificates.push_back(ReportJson(report, problems_only));
  }
  JsonArray unreadable;
  for (const auto& [file, failure] : failures) {
    unreadable.push_back(JsonMembers{
        {"file", file}, {"reason", Info(failure.reason).id}, {"detail", failure.detail}});
  }
  return JsonMembers{{"certificates", std::move(certificates)},
                     {"failures", std::move(unreadable)}};
}

ExitCode RunLint(const LintCommandOptions& options, const Console& console) {
  const auto rules = RuleOptions(options);
  if (!rules) return console.Complain(rules.error());
  CertificateBundle issuers;
  for (const std::string& file : options.issuers) {
    auto bundle = ReadCertificates("--issuer", file);
    if (!bundle) return console.Complain(bundle.error());
    issuers.insert(issuers.end(), bundle->begin(), bundle->end());
  }
  std::vector<LintReport> reports;
  std::vector<FileFailure> failures;
  for (const std::string& file : options.files) {
    auto of_file = LintFile(file, issuers, *rules);
    if (!of_file) {
      console.Complain(of_file.error());
      failures.push_back({file, of_file.error()});
      continue;
    }
    reports.insert(reports.end(), of_file->begin(), of_file->end());
  }
  if (options.json) {
    console.PrintJson(AllJson(reports, failures, options.problems));
  } else {
    for (const LintReport& report : reports) PrintReport(console, report, options.problems);
  }
  if (!failures.empty()) return ExitCode::kUsage;
  const bool errors = std::any_of(reports.begin(), reports.end(), [](const LintReport& report) {
    return report.Count(LintLevel::kError) != 0;
  });
  return errors ? ExitCode::kNotVerified : ExitCode::kVerified;
}

}  // namespace

void AddLintCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<LintCommandOptions>();
  CLI::App* command = app.add_subcommand(
      "lint-cert", "Judge certificates by every rule of the SHAKEN certificate profile");
  CLI::Option* files =
      command->add_option("FILE", options->files, "Certificates: PEM (also several) or DER")
          ->required();
  command
      ->add_option("--issuer", options->issuers,
                   "Where issuers that are not in the same FILE are found")
      ->type_name("F");
  command->add_option("--role", options->role, "What the certificates are (default: guessed)")
      ->type_name("root|intermediate|leaf");
  command
      ->add_option("--policy-oid", options->policy_oids,
                   "Certificate policy that is accepted instead of the STI-PA's")
      ->type_name("OID");
  command->add_flag("--delegate", options->delegate,
                    "Delegate certificates: several numbers or ranges are allowed");
  command->add_flag("--problems", options->problems, "Leave out what passes or does not apply");
  command->add_flag("--json", options->json, "Print one JSON object");
  for (CLI::Option* option : command->get_options()) {
    if (option != files) option->allow_extra_args(false);
  }
  command->footer(kLintFooter);
  command->callback(
      [options, &context] { context.exit_code = RunLint(*options, context.console); });
}

}  // namespace callvet::cli
