// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/pki_commands.h"
#include "issue/crl_issuer.h"

namespace callvet::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPkiCrlFooter =
    "Examples:\n"
    "  callvet pki crl --issuer-cert intermediate.pem --issuer-key intermediate.key \\\n"
    "      --revoke leaf.pem --revoke 1f2e3d4c --out revoked.crl\n"
    "  callvet pki crl --indirect --url https://crl.example.org/crl --issuer-cert stipa.pem \\\n"
    "      --issuer-key stipa.key --revoke leaf.pem\n"
    "A direct CRL covers the certificates of its issuer. An indirect one, as the STI-PA signs for "
    "all\n"
    "CAs, covers those that were made with the same --crl-url, and its issuer as "
    "--crl-issuer-cert;\n"
    "verify with --crl and --crl-anchors.\n"
    "Exit codes: 0 made, 2 usage error or unreadable input, 3 something inside failed.";

struct CrlOptions {
  OutputOptions output;
  fs::path issuer_cert;
  fs::path issuer_key;
  std::vector<std::string> revoke;
  bool indirect = false;
  std::vector<std::string> urls;
  std::string this_update;
  std::string next_update;
  std::optional<int64_t> days;
  std::optional<uint64_t> number;
  fs::path out;
  bool der = false;
  bool unchecked = false;

  [[nodiscard]] CrlScope scope() const {
    return indirect ? CrlScope::kIndirect : CrlScope::kDirect;
  }
};

constexpr int64_t kDefaultDays = 7;

void AddCrlOptions(CLI::App& command, CrlOptions& options) {
  command.add_option("--issuer-cert", options.issuer_cert, "Certificate of who signs the list")
      ->type_name("F")
      ->required();
  command.add_option("--issuer-key", options.issuer_key, "Private key of who signs the list")
      ->type_name("F")
      ->required();
  command
      .add_option("--revoke", options.revoke,
                  "Certificate file (of several the signer's), or serial number in hex")
      ->type_name("CERT|HEX");
  command.add_flag("--indirect", options.indirect, "For the certificates of all CAs");
  command.add_option("--url", options.urls, "Where the list is published")->type_name("URL");
  command.add_option("--this-update", options.this_update, "Start (default: an hour ago)")
      ->type_name("TIME");
  CLI::Option* days =
      command.add_option("--days", options.days, "Days until the next (default: 7)")
          ->type_name("N")
          ->check(CLI::Range(int64_t{1}, int64_t{36500}));
  command.add_option("--next-update", options.next_update, "Time of the next")
      ->type_name("TIME")
      ->excludes(days);
  command.add_option("--number", options.number, "CRL number (default: seconds since 1970)")
      ->type_name("N");
  command.add_option("--out", options.out, "File (default: crl.pem, with --der crl.der)")
      ->type_name("F");
  command.add_flag("--der", options.der, "Write DER instead of PEM");
}

// The certificate itself was issued by the signer of a direct list, else the entry means another
// one.
Result<CrlEntry> EntryForCertificate(const std::string& path, const CrlOptions& options,
                                     const CertificateAuthority& issuer, sys_seconds revoked_at) {
  const auto bundle = ReadCertificates("--revoke", path);
  if (!bundle) return bundle.error();
  const Certificate& certificate = (*bundle)[SignerIndex(*bundle)];
  const bool own = certificate.issuer_der() == issuer.certificate.subject_der();
  if (!options.indirect && !options.unchecked && !own) {
    return Fail(Reason::kParameterInvalid,
                "--revoke " + path + ": was issued by " + Quote(certificate.issuer(), 200) +
                    ", not by the signer of this list; --indirect lists certificates of others");
  }
  return EntryFor(certificate, revoked_at, options.scope());
}

Result<CrlEntry> EntryForSerial(const std::string& text, const CrlOptions& options,
                                sys_seconds revoked_at) {
  CrlEntry entry;
  for (const char c : text.substr(text.starts_with("0x") ? 2 : 0)) {
    if (c != ':') entry.serial_hex += ToLower(c);
  }
  entry.revoked_at = revoked_at;
  const bool hex = !entry.serial_hex.empty() &&
                   std::all_of(entry.serial_hex.begin(), entry.serial_hex.end(), IsHexDigit);
  if (!hex) {
    return Fail(Reason::kParameterInvalid,
                "--revoke " + Quote(text) + ": no such file, and no serial number in hex");
  }
  if (options.indirect && !options.unchecked) {
    return Fail(Reason::kParameterInvalid,
                "--revoke " + Quote(text) +
                    ": an indirect list needs the certificate, which says who issued it");
  }
  return entry;
}

Result<CrlRequest> BuildRequest(const CrlOptions& options, const CertificateAuthority& issuer) {
  CrlRequest request;
  request.scope = options.scope();
  request.rules = RulesOf(options.unchecked);
  request.distribution_uris = options.urls;
  const sys_seconds now = SystemClock().Now();
  const auto this_update = TimeOption(options.this_update, now - kBackdating);
  if (!this_update) return InOption("--this-update", this_update.error());
  const std::chrono::days days{options.days.value_or(kDefaultDays)};
  const auto next_update = TimeOption(options.next_update, *this_update + days);
  if (!next_update) return InOption("--next-update", next_update.error());
  request.this_update = *this_update;
  request.next_update = *next_update;
  const auto seconds = static_cast<uint64_t>(now.time_since_epoch().count());
  request.number = options.number.value_or(seconds);
  for (const std::string& text : options.revoke) {
    std::error_code error;
    auto entry = fs::exists(text, error) ? EntryForCertificate(text, options, issuer, *this_update)
                                         : EntryForSerial(text, options, *this_update);
    if (!entry) return entry.error();
    request.entries.push_back(std::move(*entry));
  }
  return request;
}

Result<std::vector<OutputFile>> MakeCrlFile(const CrlOptions& options) {
  const fs::path out = options.output.PathOf(options.out, options.der ? "crl.der" : "crl.pem");
  std::vector<fs::path> inputs = {options.issuer_cert, options.issuer_key};
  inputs.insert(inputs.end(), options.revoke.begin(), options.revoke.end());
  if (auto ok = CheckOutputs({out}, inputs, options.output.overwrite()); !ok) return ok.error();
  const auto issuer = ReadIssuer(options.issuer_cert, options.issuer_key);
  if (!issuer) return issuer.error();
  const auto request = BuildRequest(options, issuer->authority);
  if (!request) return request.error();
  auto crl = IssueCrl(*request, issuer->authority);
  if (!crl) return crl.error();
  const Certificate& signer = issuer->authority.certificate;
  // Who reads an indirect list needs its signer's certificate, unless that is an anchor.
  if (options.indirect && signer.subject_der() != signer.issuer_der()) crl->pem += ToPem(signer);
  const std::string note = std::string(options.indirect ? "indirect" : "direct") + " CRL of " +
                           signer.subject() + ", " + std::to_string(request->entries.size()) +
                           " revoked, until " + FormatTime(*request->next_update);
  return std::vector<OutputFile>{
      {OutputFile::Content::kCrl, out, options.der ? crl->der : crl->pem, note}};
}

ExitCode RunCrl(const CrlOptions& options, const Console& console) {
  const auto files = MakeCrlFile(options);
  if (!files) return console.Complain(files.error());
  if (auto ok = WriteOutputs(*files); !ok) return console.Complain(ok.error());
  WarnUnchecked(console, options.unchecked);
  if (options.output.json) {
    console.PrintJson(JsonMembers{{"files", OutputsJson(*files)}});
  } else {
    PrintOutputs(console, *files);
  }
  return ExitCode::kVerified;
}

}  // namespace

void AddPkiCrlCommand(CLI::App& pki, Context& context) {
  auto options = std::make_shared<CrlOptions>();
  CLI::App* command = pki.add_subcommand("crl", "Make a revocation list");
  AddCrlOptions(*command, *options);
  AddOutputOptions(*command, options->output);
  AddUncheckedFlag(*command, options->unchecked);
  TakeOneValueEach(*command);
  command->footer(kPkiCrlFooter);
  command->callback([options, &context] { context.exit_code = RunCrl(*options, context.console); });
}

}  // namespace callvet::cli
