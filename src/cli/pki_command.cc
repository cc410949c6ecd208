// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/pki_commands.h"

namespace callvet::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPkiFooter =
    "A whole lab PKI in one folder, and a revocation list:\n"
    "  callvet pki root --dir lab\n"
    "  callvet pki intermediate --dir lab --issuer-cert lab/root.pem --issuer-key lab/root.key\n"
    "  callvet pki leaf --dir lab --issuer-cert lab/intermediate.pem \\\n"
    "      --issuer-key lab/intermediate.key --spc 4321\n"
    "  callvet pki crl --dir lab --issuer-cert lab/intermediate.pem \\\n"
    "      --issuer-key lab/intermediate.key --revoke lab/leaf.pem\n"
    "Then 'callvet sign --key lab/leaf.key ...' and\n"
    "'callvet verify --anchors lab/root.pem --cert lab/chain.pem ...'.";

constexpr const char* kKeyFooter =
    "Examples:\n"
    "  callvet pki key --dir lab                     lab/signer.key and lab/signer.pub.pem\n"
    "  callvet pki key --key lab/leaf.key --out-public-key leaf.pub.pem\n"
    "'callvet pki leaf --subject-key signer.pub.pem' issues for a key that stays where it is.";

struct KeyTypeRow {
  std::string_view name;
  KeyKind kind;
  int rsa_bits;
};
constexpr auto kKeyTypes = std::to_array<KeyTypeRow>({
    {"p256", KeyKind::kEcP256, 0},
    {"p384", KeyKind::kEcP384, 0},
    {"p521", KeyKind::kEcP521, 0},
    {"rsa2048", KeyKind::kRsa, 2048},
    {"rsa3072", KeyKind::kRsa, 3072},
    {"rsa4096", KeyKind::kRsa, 4096},
});

std::string KeyTypeNames(std::string_view separator) {
  std::string names;
  for (const KeyTypeRow& row : kKeyTypes) {
    if (!names.empty()) names += separator;
    names += row.name;
  }
  return names;
}

struct KeyOptions {
  OutputOptions output;
  KeyType type;
  fs::path key;
  fs::path out_key;
  fs::path out_public_key;
};

Result<std::vector<OutputFile>> MakeKeyFiles(const KeyOptions& options) {
  const bool generate = options.key.empty();
  const fs::path out_key =
      generate ? options.output.PathOf(options.out_key, "signer.key") : fs::path();
  const fs::path out_public = options.output.PathOf(options.out_public_key, "signer.pub.pem");
  if (auto ok = CheckOutputs({out_key, out_public}, {options.key}, options.output.overwrite());
      !ok) {
    return ok.error();
  }
  const auto key = generate ? GenerateKey(options.type) : ReadPrivateKey("--key", options.key);
  if (!key) return key.error();
  const std::string text = KeyText(key->public_key());
  std::vector<OutputFile> files;
  if (generate) {
    const auto pem = key->ToPem();
    if (!pem) return pem.error();
    files.push_back({OutputFile::Content::kPrivateKey, out_key, *pem, "private key, " + text});
  }
  files.push_back({OutputFile::Content::kPublicKey, out_public, key->public_key().ToPem(),
                   "public key, " + text});
  return files;
}

ExitCode RunKey(const KeyOptions& options, const Console& console) {
  const auto files = MakeKeyFiles(options);
  if (!files) return console.Complain(files.error());
  if (auto ok = WriteOutputs(*files); !ok) return console.Complain(ok.error());
  if (options.output.json) {
    console.PrintJson(JsonMembers{{"files", OutputsJson(*files)}});
  } else {
    PrintOutputs(console, *files);
  }
  return ExitCode::kVerified;
}

}  // namespace

void AddOutputOptions(CLI::App& command, OutputOptions& options) {
  command.add_option("--dir", options.dir, "Where files go whose name is not given")
      ->type_name("D")
      ->capture_default_str();
  command.add_flag("--force", options.force, "Replace files that exist already");
  command.add_flag("--json", options.json, "Print one JSON object");
}

void AddUncheckedFlag(CLI::App& command, bool& unchecked) {
  command.add_flag("--insecure-unchecked", unchecked,
                   "Testers only: make what verifiers must refuse, as far as it can be encoded");
}

void WarnUnchecked(const Console& console, bool unchecked) {
  if (!unchecked) return;
  console.Warn("--insecure-unchecked: no rule was applied; verifiers should refuse what this made");
}

void AddKeyTypeOption(CLI::App& command, KeyType& type) {
  command.add_option("--key-type", type.name, "New key: " + KeyTypeNames(", "))
      ->type_name("TYPE")
      ->capture_default_str();
}

Result<PrivateKey> GenerateKey(const KeyType& type) {
  for (const KeyTypeRow& row : kKeyTypes) {
    if (row.name == type.name) return PrivateKey::Generate(row.kind, row.rsa_bits);
  }
  return Fail(Reason::kParameterInvalid,
              "--key-type " + Quote(type.name) + " is not known; known are " + KeyTypeNames(", "));
}

std::string KeyText(const PublicKey& key) {
  switch (key.kind()) {
    case KeyKind::kEcP256:
      return "P-256";
    case KeyKind::kEcP384:
      return "P-384";
    case KeyKind::kEcP521:
      return "P-521";
    case KeyKind::kRsa:
      return "RSA " + std::to_string(key.bits());
    case KeyKind::kOther:
      break;
  }
  return "another kind";
}

void AddPkiKeyCommand(CLI::App& pki, Context& context) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* command =
      pki.add_subcommand("key", "Make a key pair, or write the public half of a key");
  AddKeyTypeOption(*command, options->type);
  command
      ->add_option("--key", options->key, "Existing private key: only its public half is written")
      ->type_name("F");
  command->add_option("--out-key", options->out_key, "Private key (default: signer.key)")
      ->type_name("F");
  command
      ->add_option("--out-public-key", options->out_public_key,
                   "Public key (default: signer.pub.pem)")
      ->type_name("F");
  AddOutputOptions(*command, options->output);
  command->footer(kKeyFooter);
  command->callback([options, &context] { context.exit_code = RunKey(*options, context.console); });
}

void AddPkiCommand(CLI::App& app, Context& context) {
  CLI::App* pki =
      app.add_subcommand("pki", "Make keys, certificates and revocation lists for a laboratory");
  pki->require_subcommand(1);
  pki->footer(kPkiFooter);
  AddPkiRootCommand(*pki, context);
  AddPkiIntermediateCommand(*pki, context);
  AddPkiLeafCommand(*pki, context);
  AddPkiCrlCommand(*pki, context);
  AddPkiKeyCommand(*pki, context);
}

}  // namespace callvet::cli
