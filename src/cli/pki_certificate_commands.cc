// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/pki_commands.h"
#include "issue/certificate_issuer.h"
#include "issue/tn_auth_list_text.h"

namespace callvet::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRootFooter =
    "Examples:\n"
    "  callvet pki root --dir lab                          lab/root.key and lab/root.pem\n"
    "  callvet pki root --dir lab --key-type p384 --cn 'SHAKEN Example ROOT' --org Example --days "
    "365\n"
    "Exit codes: 0 made, 2 usage error or unreadable input, 3 something inside failed.";
constexpr const char* kIntermediateFooter =
    "Examples:\n"
    "  callvet pki intermediate --dir lab --issuer-cert lab/root.pem --issuer-key lab/root.key\n"
    "  callvet pki intermediate --issuer-cert ca.pem --issuer-key ca.key --out-cert "
    "delegate-ca.pem \\\n"
    "      --out-key delegate-ca.key --tnauthlist '4321, 12155550000+10000'\n"
    "With --tnauthlist it is a delegate CA, whose certificates may hold no more than its own "
    "list.\n"
    "Exit codes: 0 made, 2 usage error or unreadable input, 3 something inside failed.";
constexpr const char* kLeafFooter =
    "Examples:\n"
    "  callvet pki leaf --dir lab --issuer-cert lab/intermediate.pem \\\n"
    "      --issuer-key lab/intermediate.key --spc 4321 --org 'Example Telecom'\n"
    "  callvet pki leaf --dir delegate --issuer-cert ca.pem --issuer-key ca.key \\\n"
    "      --tn 12155550100 --tn 12155550200+100 --tn 12155551000-12155551999 --must-exclude rcd\n"
    "With --tn it is a delegate certificate. chain.pem, the certificate and the intermediates "
    "above\n"
    "it, is what you publish at the x5u.\n"
    "Exit codes: 0 made, 2 usage error or unreadable input, 3 something inside failed.";

struct CertificateOptions {
  ProfileRole role = ProfileRole::kEndEntity;
  OutputOptions output;
  DistinguishedName subject;
  std::optional<int64_t> days;
  std::string not_before;
  std::string not_after;
  KeyType key_type;
  fs::path key;
  fs::path subject_key;  // leaf only
  fs::path out_cert;
  fs::path out_key;
  fs::path out_chain;  // leaf only
  fs::path issuer_cert;
  fs::path issuer_key;
  std::vector<fs::path> issuer_chain;
  std::optional<uint32_t> path_length;
  bool no_crl_sign = false;
  std::string policy_oid{kShakenPolicyOid};
  std::string tn_auth_list;
  std::vector<std::string> spcs;
  std::vector<std::string> tns;
  bool delegate = false;
  std::string crl_url;
  fs::path crl_issuer_cert;
  std::vector<std::string> must_include;
  std::vector<std::string> permitted;
  std::vector<std::string> must_exclude;
  bool unchecked = false;

  [[nodiscard]] bool root() const { return role == ProfileRole::kRoot; }
  [[nodiscard]] bool leaf() const { return role == ProfileRole::kEndEntity; }
  [[nodiscard]] bool generates_key() const { return key.empty() && subject_key.empty(); }
};

int64_t DefaultDays(ProfileRole role) {
  switch (role) {
    case ProfileRole::kRoot:
      return 3650;
    case ProfileRole::kIntermediate:
      return 1825;
    case ProfileRole::kEndEntity:
      return 90;
  }
  return 90;
}

void AddSubjectOptions(CLI::App& command, CertificateOptions& options) {
  command
      .add_option("--cn", options.subject.common_name,
                  "Common name (default: as the profile wants)")
      ->type_name("TEXT");
  command.add_option("--org", options.subject.organization, "Organization (default: callvet lab)")
      ->type_name("TEXT");
  command
      .add_option("--country-name", options.subject.country, "Country, two letters (default: US)")
      ->type_name("C");
  CLI::Option* days =
      command
          .add_option(
              "--days", options.days,
              "Days of validity (default: " + std::to_string(DefaultDays(options.role)) + ")")
          ->type_name("N")
          ->check(CLI::Range(int64_t{1}, int64_t{36500}));
  command
      .add_option("--not-before", options.not_before, "Start of validity (default: an hour ago)")
      ->type_name("TIME");
  command.add_option("--not-after", options.not_after, "End of validity")
      ->type_name("TIME")
      ->excludes(days);
}

void AddKeyOptions(CLI::App& command, CertificateOptions& options) {
  AddKeyTypeOption(command, options.key_type);
  CLI::Option* key =
      command.add_option("--key", options.key, "Existing private key, instead of a new one")
          ->type_name("F");
  const std::string name(ProfileRoleText(options.role));
  command.add_option("--out-key", options.out_key, "New private key (default: " + name + ".key)")
      ->type_name("F");
  command.add_option("--out-cert", options.out_cert, "Certificate (default: " + name + ".pem)")
      ->type_name("F");
  if (!options.leaf()) return;
  command
      .add_option("--out-chain", options.out_chain, "Certificate and chain (default: chain.pem)")
      ->type_name("F");
  command.add_option("--subject-key", options.subject_key, "Public key of the holder, PEM")
      ->type_name("F")
      ->excludes(key);
}

void AddIssuerOptions(CLI::App& command, CertificateOptions& options) {
  command.add_option("--issuer-cert", options.issuer_cert, "Certificate of the CA")
      ->type_name("F")
      ->required();
  command.add_option("--issuer-key", options.issuer_key, "Private key of the CA")
      ->type_name("F")
      ->required();
  CLI::Option* url =
      command.add_option("--crl-url", options.crl_url, "CRL distribution point")->type_name("URL");
  command
      .add_option("--crl-issuer-cert", options.crl_issuer_cert,
                  "Who signs the indirect CRL at that URL, the STI-PA in SHAKEN")
      ->type_name("F")
      ->needs(url);
  command.add_option("--policy-oid", options.policy_oid, "Certificate policy")
      ->type_name("OID")
      ->capture_default_str();
}

void AddCaOptions(CLI::App& command, CertificateOptions& options) {
  command
      .add_option("--path-length", options.path_length, "How many CAs may follow (default: any)")
      ->type_name("N");
  command.add_flag(
      "--no-crl-sign", options.no_crl_sign,
      "Key usage keyCertSign alone, as version 5 of the profile wants: such a CA cannot "
      "sign CRLs");
}

void AddLeafOptions(CLI::App& command, CertificateOptions& options) {
  command
      .add_option("--issuer-chain", options.issuer_chain,
                  "Certificates above the issuer, for the chain file")
      ->type_name("F");
  command.add_option("--spc", options.spcs, "Service provider code")->type_name("SPC");
  command
      .add_option("--tn", options.tns,
                  "Number or range: 12155550100, 12155550000+100, 12155550000-12155550099")
      ->type_name("RANGE");
  command.add_flag("--delegate", options.delegate, "Delegate certificate (--tn implies it)");
  command.add_option("--must-include", options.must_include, "Claim that a token must have")
      ->type_name("NAME");
  command
      .add_option("--permitted", options.permitted,
                  "Value that a claim may have; others of that claim are refused")
      ->type_name("NAME=VALUE");
  command.add_option("--must-exclude", options.must_exclude, "Claim that a token must not have")
      ->type_name("NAME");
}

Result<void> SetValidity(const CertificateOptions& options, CertificateRequest& request) {
  const auto not_before = TimeOption(options.not_before, SystemClock().Now() - kBackdating);
  if (!not_before) return InOption("--not-before", not_before.error());
  request.not_before = *not_before;
  const std::chrono::days days{options.days.value_or(DefaultDays(options.role))};
  const auto not_after = TimeOption(options.not_after, *not_before + days);
  if (!not_after) return InOption("--not-after", not_after.error());
  request.not_after = *not_after;
  return {};
}

Result<void> SetTnAuthList(const CertificateOptions& options, CertificateRequest& request) {
  if (!options.tn_auth_list.empty()) {
    auto list = ParseTnAuthListText(options.tn_auth_list);
    if (!list) return InOption("--tnauthlist", list.error());
    request.tn_auth_list = std::move(*list);
    request.delegation = Delegation::kDelegate;
  }
  if (options.spcs.empty() && options.tns.empty()) return {};
  std::vector<TnAuthList::Range> ranges;
  for (const std::string& text : options.tns) {
    auto range = ParseTnRangeText(text);
    if (!range) return InOption("--tn", range.error());
    ranges.push_back(std::move(*range));
  }
  auto list = TnAuthList::Make(options.spcs, std::move(ranges));
  if (!list) return InOption(options.spcs.empty() ? "--tn" : "--spc", list.error());
  request.tn_auth_list = std::move(*list);
  return {};
}

Result<void> SetDistributionPoint(const CertificateOptions& options, CertificateRequest& request) {
  if (options.crl_url.empty()) return {};
  CrlDistributionPoint point;
  point.uris.push_back(options.crl_url);
  if (!options.crl_issuer_cert.empty()) {
    const auto bundle = ReadCertificates("--crl-issuer-cert", options.crl_issuer_cert);
    if (!bundle) return bundle.error();
    point.issuer_names.push_back(SubjectNameDer(bundle->front()));
  }
  request.crl_distribution_point = std::move(point);
  return {};
}

Result<void> SetClaimConstraints(const CertificateOptions& options, ClaimConstraints& constraints) {
  constraints.must_include = options.must_include;
  constraints.must_exclude = options.must_exclude;
  for (const std::string& text : options.permitted) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Reason::kParameterInvalid, "--permitted " + Quote(text) + " is not NAME=VALUE");
    }
    const std::string claim = text.substr(0, equals);
    auto& all = constraints.permitted_values;
    auto known = std::find_if(all.begin(), all.end(),
                              [&](const auto& values) { return values.claim == claim; });
    if (known == all.end()) known = all.insert(all.end(), {claim, {}});
    known->values.push_back(text.substr(equals + 1));
  }
  return {};
}

Result<CertificateRequest> BuildRequest(const CertificateOptions& options) {
  CertificateRequest request;
  request.role = options.role;
  request.subject = options.subject;
  request.rules = RulesOf(options.unchecked);
  request.path_length = options.path_length;
  request.policy_oid = options.policy_oid;
  if (options.no_crl_sign) request.crl_signing = CrlSigning::kForbidden;
  if (options.delegate || !options.tns.empty()) request.delegation = Delegation::kDelegate;
  if (auto ok = SetValidity(options, request); !ok) return ok.error();
  if (auto ok = SetTnAuthList(options, request); !ok) return ok.error();
  if (auto ok = SetDistributionPoint(options, request); !ok) return ok.error();
  if (auto ok = SetClaimConstraints(options, request.claim_constraints); !ok) return ok.error();
  return request;
}

// The certificate, then what stands above it: the issuer, the rest of its file, --issuer-chain.
// Roots are left out: a verifier has them, or does not trust them.
Result<std::string> ChainPem(const CertificateOptions& options, const Certificate& certificate,
                             const IssuerFiles& issuer) {
  CertificateBundle above = {issuer.authority.certificate};
  above.insert(above.end(), issuer.bundle.begin(), issuer.bundle.end());
  for (const fs::path& path : options.issuer_chain) {
    const auto bundle = ReadCertificates("--issuer-chain", path);
    if (!bundle) return bundle.error();
    above.insert(above.end(), bundle->begin(), bundle->end());
  }
  std::string pem = ToPem(certificate);
  for (auto it = above.begin(); it != above.end(); ++it) {
    const bool root = it->subject_der() == it->issuer_der();
    if (!root && std::find(above.begin(), it, *it) == it) pem += ToPem(*it);
  }
  return pem;
}

// The paths of what is written; empty where nothing is.
struct OutputPaths {
  fs::path key;
  fs::path certificate;
  fs::path chain;
};

OutputPaths PathsOf(const CertificateOptions& options) {
  const std::string name(ProfileRoleText(options.role));
  OutputPaths paths;
  if (options.generates_key()) {
    paths.key = options.output.PathOf(options.out_key, (name + ".key").c_str());
  }
  paths.certificate = options.output.PathOf(options.out_cert, (name + ".pem").c_str());
  if (options.leaf()) paths.chain = options.output.PathOf(options.out_chain, "chain.pem");
  return paths;
}

Result<void> CheckPaths(const CertificateOptions& options, const OutputPaths& paths) {
  if (!options.generates_key() && !options.out_key.empty()) {
    return Fail(Reason::kParameterInvalid, "--out-key: no new key is made");
  }
  std::vector<fs::path> inputs = options.issuer_chain;
  inputs.insert(inputs.end(), {options.key, options.subject_key, options.issuer_cert,
                               options.issuer_key, options.crl_issuer_cert});
  return CheckOutputs({paths.key, paths.certificate, paths.chain}, inputs,
                      options.output.overwrite());
}

// The key that the certificate is for. Its private half is there unless --subject-key gave it.
struct SubjectKey {
  std::optional<PrivateKey> own;
  PublicKey key;
};

Result<SubjectKey> GetSubjectKey(const CertificateOptions& options) {
  if (!options.subject_key.empty()) {
    const auto pem = ReadFile(options.subject_key);
    if (!pem) return InOption("--subject-key", pem.error());
    auto key = PublicKey::FromPem(*pem);
    if (!key) return InOption("--subject-key " + options.subject_key.string(), key.error());
    return SubjectKey{std::nullopt, std::move(*key)};
  }
  auto key =
      options.key.empty() ? GenerateKey(options.key_type) : ReadPrivateKey("--key", options.key);
  if (!key) return key.error();
  PublicKey public_key = key->public_key();
  return SubjectKey{std::move(*key), std::move(public_key)};
}

struct Issued {
  Certificate certificate;
  std::string chain_pem;  // leaf only
};

Result<Issued> Issue(const CertificateOptions& options, const SubjectKey& subject) {
  const auto request = BuildRequest(options);
  if (!request) return request.error();
  if (options.root()) {
    auto root = IssueRoot(*request, *subject.own);
    if (!root) return root.error();
    return Issued{std::move(*root), {}};
  }
  const auto issuer = ReadIssuer(options.issuer_cert, options.issuer_key);
  if (!issuer) return issuer.error();
  auto certificate = IssueCertificate(*request, subject.key, issuer->authority);
  if (!certificate) return certificate.error();
  auto chain = options.leaf() ? ChainPem(options, *certificate, *issuer) : Result<std::string>("");
  if (!chain) return chain.error();
  return Issued{std::move(*certificate), std::move(*chain)};
}

Result<std::vector<OutputFile>> ToFiles(const Issued& issued, const SubjectKey& subject,
                                        const OutputPaths& paths) {
  using Content = OutputFile::Content;
  std::vector<OutputFile> files;
  if (!paths.key.empty()) {
    const auto pem = subject.own->ToPem();
    if (!pem) return pem.error();
    files.push_back(
        {Content::kPrivateKey, paths.key, *pem, "private key, " + KeyText(subject.key)});
  }
  files.push_back({Content::kCertificate, paths.certificate, ToPem(issued.certificate),
                   "certificate, " + issued.certificate.subject() + ", until " +
                       FormatTime(issued.certificate.not_after())});
  if (!paths.chain.empty()) {
    files.push_back({Content::kChain, paths.chain, issued.chain_pem,
                     "the certificate and the CAs above it, for the x5u"});
  }
  return files;
}

ExitCode RunIssue(const CertificateOptions& options, const Console& console) {
  const OutputPaths paths = PathsOf(options);
  if (auto ok = CheckPaths(options, paths); !ok) return console.Complain(ok.error());
  const auto subject = GetSubjectKey(options);
  if (!subject) return console.Complain(subject.error());
  const auto issued = Issue(options, *subject);
  if (!issued && issued.error().reason == Reason::kTnAuthListMissing) {
    return console.Complain(
        Fail(Reason::kTnAuthListMissing, issued.error().detail + "; give --spc or --tn"));
  }
  if (!issued) return console.Complain(issued.error());
  const auto files = ToFiles(*issued, *subject, paths);
  if (!files) return console.Complain(files.error());
  if (auto ok = WriteOutputs(*files); !ok) return console.Complain(ok.error());
  WarnUnchecked(console, options.unchecked);
  if (options.output.json) {
    console.PrintJson(JsonMembers{{"files", OutputsJson(*files)},
                                  {"certificate", CertificateJson(issued->certificate)}});
  } else {
    PrintOutputs(console, *files);
  }
  return ExitCode::kVerified;
}

// What all three commands end with.
void Finish(CLI::App& command, const std::shared_ptr<CertificateOptions>& options,
            const char* footer, Context& context) {
  AddOutputOptions(command, options->output);
  AddUncheckedFlag(command, options->unchecked);
  TakeOneValueEach(command);
  command.footer(footer);
  command.callback(
      [options, &context] { context.exit_code = RunIssue(*options, context.console); });
}

}  // namespace

void AddPkiRootCommand(CLI::App& pki, Context& context) {
  auto options = std::make_shared<CertificateOptions>();
  options->role = ProfileRole::kRoot;
  CLI::App* command = pki.add_subcommand("root", "Make a self-signed root certificate and its key");
  AddSubjectOptions(*command, *options);
  AddKeyOptions(*command, *options);
  AddCaOptions(*command, *options);
  Finish(*command, options, kRootFooter, context);
}

void AddPkiIntermediateCommand(CLI::App& pki, Context& context) {
  auto options = std::make_shared<CertificateOptions>();
  options->role = ProfileRole::kIntermediate;
  CLI::App* command =
      pki.add_subcommand("intermediate", "Make the certificate of a CA and its key");
  AddIssuerOptions(*command, *options);
  AddSubjectOptions(*command, *options);
  AddKeyOptions(*command, *options);
  AddCaOptions(*command, *options);
  command
      ->add_option("--tnauthlist", options->tn_auth_list,
                   "Delegate CA: SPCs, numbers and ranges divided by commas")
      ->type_name("TEXT");
  Finish(*command, options, kIntermediateFooter, context);
}

void AddPkiLeafCommand(CLI::App& pki, Context& context) {
  auto options = std::make_shared<CertificateOptions>();
  options->role = ProfileRole::kEndEntity;
  CLI::App* command = pki.add_subcommand("leaf", "Make a signer's certificate, its key and chain");
  AddIssuerOptions(*command, *options);
  AddLeafOptions(*command, *options);
  AddSubjectOptions(*command, *options);
  AddKeyOptions(*command, *options);
  Finish(*command, options, kLeafFooter, context);
}

}  // namespace callvet::cli
