// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/base64url.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/pki_files.h"
#include "cli/sign_extensions.h"
#include "issue/passport_signer.h"
#include "issue/random_uuid.h"
#include "syntax/party.h"
#include "syntax/sip_date.h"

namespace callvet::cli {
namespace {

constexpr const char* kSignFooter =
    "Examples:\n"
    "  callvet sign --key leaf.key --x5u https://cert.example.org/chain.pem \\\n"
    "      --orig +12155550100 --dest +12155550101 --attest A\n"
    "  callvet sign --key leaf.key --x5u https://cert.example.org/chain.pem --ppt base --compact "
    "\\\n"
    "      --orig sip:alice@example.org --dest +12155550101 --date\n"
    "  callvet sign --key leaf.key --x5u https://cert.example.org/chain.pem --insecure-unchecked "
    "\\\n"
    "      --raw-payload '{\"attest\":\"Cabbage\"}'\n"
    "  callvet sign --key b.key --x5u https://cert.example.org/b.pem --ppt div \\\n"
    "      --div-from identity.txt --dest +12155550102\n"
    "  callvet sign --key leaf.key --x5u https://cert.example.org/chain.pem --ppt rcd \\\n"
    "      --orig +12155550100 --dest +12155550101 --rcd '{\"nam\":\"Alice\"}' --rcdi /nam\n"
    "'callvet pki' makes a key and its certificate. Exit codes: 0 signed, 2 usage error or "
    "unreadable\n"
    "input, 3 something inside failed.";

struct SignOptions {
  std::string key;
  std::string x5u;
  std::string orig;
  std::vector<std::string> dest;
  std::string attest;
  std::string origid;
  std::string iat;
  std::string ppt = "shaken";
  std::vector<std::string> mky;
  std::vector<std::string> claims;
  SignExtensions extensions;
  std::optional<std::string> raw_header;
  std::optional<std::string> raw_payload;
  std::string country;
  bool compact = false;
  bool token_only = false;
  bool header_line = false;
  bool date = false;
  bool json = false;
  bool unchecked = false;

  [[nodiscard]] Rules rules() const { return unchecked ? Rules::kIgnored : Rules::kEnforced; }
};

// What is printed.
struct SignedCall {
  std::string token;
  std::string identity;
  std::string date;
};

void AddClaimOptions(CLI::App& command, SignOptions& options) {
  command.add_option("--orig", options.orig, "Caller: number, tel or sip URI")->type_name("TN|URI");
  command.add_option("--dest", options.dest, "Called party; may be given several times")
      ->type_name("TN|URI");
  command.add_option("--attest", options.attest, "Attestation (default for shaken: A)")
      ->type_name("A|B|C");
  command.add_option("--origid", options.origid, "Origination id (default for shaken: random)")
      ->type_name("UUID");
  command
      .add_option("--iat", options.iat,
                  "Time of signing: seconds since 1970 or RFC 3339 (default: now)")
      ->type_name("TIME");
  command
      .add_option("--ppt", options.ppt,
                  "Type of PASSporT: base, shaken, div, div-o, rph, rcd or msg")
      ->type_name("PPT")
      ->capture_default_str();
  command
      .add_option("--mky", options.mky,
                  "Media key fingerprint, e.g. sha-256:02:1A:CC...; may be given several times")
      ->type_name("ALG:HEX");
  command
      .add_option(
          "--claim", options.claims,
          "Further claim, its value in JSON (a string has quotes: 'x=\"text\"'); exp is after "
          "iat, nbf not")
      ->type_name("NAME=JSON");
  command
      .add_option("--country", options.country,
                  "Country whose dialling rules apply to numbers without '+' (US, CN, 86, ...)")
      ->type_name("CC");
}

void AddOutputOptions(CLI::App& command, SignOptions& options) {
  command.add_flag("--compact", options.compact, "Compact form of the header (base only)");
  CLI::Option* token_only =
      command.add_flag("--token-only", options.token_only, "Print the token without parameters");
  CLI::Option* line =
      command.add_flag("--header-line", options.header_line, "Print 'Identity: ' in front");
  CLI::Option* date =
      command.add_flag("--date", options.date,
                       "Print header lines: 'Date: ' with the time of iat, then 'Identity: '");
  CLI::Option* json = command.add_flag("--json", options.json, "Print one JSON object");
  token_only->excludes(line)->excludes(date)->excludes(json);
  json->excludes(line)->excludes(date);
  CLI::Option* unchecked =
      command.add_flag("--insecure-unchecked", options.unchecked,
                       "Testers only: sign what verifiers must refuse; leave out what you like");
  command.add_option("--raw-header", options.raw_header, "Sign these bytes as the JOSE header")
      ->type_name("JSON")
      ->needs(unchecked);
  command.add_option("--raw-payload", options.raw_payload, "Sign these bytes as the payload")
      ->type_name("JSON")
      ->needs(unchecked);
}

// A number becomes tn in canonical digits, anything else uri in canonical form. Unchecked, what is
// neither is taken as it stands.
Result<PartyClaim> ParseIdentity(std::string_view option, const std::string& text,
                                 const DialPlan* plan, Rules rules) {
  PartyClaim claim;
  const auto party = Party::Parse(text, plan);
  if (party && party->tn()) {
    claim.tn = party->tn()->canonical();
  } else if (party) {
    claim.uri = party->uri();
  } else if (rules == Rules::kEnforced) {
    return InOption(option, party.error());
  } else if (text.find(':') != std::string::npos) {
    claim.uri = text;
  } else {
    claim.tn = text;
  }
  return claim;
}

Result<MediaKey> ParseMediaKey(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return Fail(Reason::kParameterInvalid, "--mky " + Quote(text) + " is not ALG:HEX");
  }
  MediaKey key{text.substr(0, colon), {}};
  for (const char c : text.substr(colon + 1)) {
    if (c != ':') key.dig += c;  // without colons
  }
  return key;
}

Result<void> AddClaim(const std::string& text, JsonMembers& claims) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Fail(Reason::kParameterInvalid, "--claim " + Quote(text) + " is not NAME=JSON");
  }
  const std::string name = text.substr(0, equals);
  auto value = ReadJson(text.substr(equals + 1));
  if (!value) return InOption("--claim " + Quote(name) + " (JSON)", value.error());
  for (const auto& [other, ignored] : claims) {
    if (other == name) {
      return Fail(Reason::kJsonDuplicateName, "--claim " + Quote(name) + " is given twice");
    }
  }
  claims.emplace_back(name, std::move(*value));
  return {};
}

// Options without which nothing sensible can be signed.
Result<void> CheckComplete(const SignOptions& options) {
  if (options.unchecked) return {};
  if (!IsKnownPpt(options.ppt)) {
    return Fail(Reason::kParameterInvalid,
                "--ppt " + Quote(options.ppt) +
                    " is not known; known are base, shaken, div, div-o, rph, rcd and msg");
  }
  if (options.x5u.empty()) return Fail(Reason::kParameterMissing, "--x5u is required");
  const bool diversion = options.ppt == "div" || options.ppt == "div-o";
  if (diversion && options.extensions.div_from.empty()) {
    return Fail(Reason::kParameterMissing, "--ppt " + options.ppt + " needs --div-from");
  }
  if (diversion && !options.orig.empty()) {
    return Fail(Reason::kParameterInvalid, "--orig is that of --div-from and cannot be changed");
  }
  if (diversion && !(options.attest.empty() && options.origid.empty())) {
    return Fail(Reason::kParameterInvalid,
                "--attest and --origid belong to the call, not to a diversion (RFC 8946 4.1)");
  }
  if (options.orig.empty() && !diversion) {
    return Fail(Reason::kParameterMissing, "--orig is required");
  }
  if (options.dest.empty()) return Fail(Reason::kParameterMissing, "--dest is required");
  return {};
}

Result<void> AddParties(const SignOptions& options, const DialPlan* plan,
                        PassportRequest& request) {
  if (!options.orig.empty()) {
    auto orig = ParseIdentity("--orig", options.orig, plan, options.rules());
    if (!orig) return orig.error();
    request.orig = std::move(*orig);
  }
  for (const std::string& text : options.dest) {
    const auto dest = ParseIdentity("--dest", text, plan, options.rules());
    if (!dest) return dest.error();
    if (dest->tn) request.dest.tn.push_back(*dest->tn);
    if (dest->uri) request.dest.uri.push_back(*dest->uri);
  }
  return {};
}

Result<PassportRequest> BuildRequest(const SignOptions& options) {
  if (auto ok = CheckComplete(options); !ok) return ok.error();
  PassportRequest request;
  request.rules = options.rules();
  if (options.ppt != "base") request.ppt = options.ppt;
  request.x5u = options.x5u;
  const auto plan = CountryOption(options.country);
  if (!plan) return plan.error();
  if (auto ok = AddParties(options, *plan, request); !ok) return ok.error();
  const auto iat = TimeOption(options.iat, SystemClock().Now());
  if (!iat) return InOption("--iat", iat.error());
  request.iat = *iat;
  const bool shaken = options.ppt == "shaken";
  if (!options.attest.empty() || shaken) {
    request.attest = options.attest.empty() ? "A" : options.attest;
  }
  if (!options.origid.empty()) {
    request.origid = options.origid;
  } else if (shaken) {
    auto uuid = RandomUuid();
    if (!uuid) return uuid.error();
    request.origid = std::move(*uuid);
  }
  for (const std::string& text : options.mky) {
    auto key = ParseMediaKey(text);
    if (!key) return key.error();
    request.mky.push_back(std::move(*key));
  }
  for (const std::string& text : options.claims) {
    if (auto ok = AddClaim(text, request.extra_claims); !ok) return ok.error();
  }
  // Unchecked, the claims of any type may be left out, or be given with --claim.
  if (!options.unchecked || options.extensions.AnyGiven()) {
    auto ok = AddExtension(options.extensions, options.ppt, *plan, request);
    if (!ok) return ok.error();
  }
  return request;
}

// Decoded header and payload of a token that we made.
std::array<std::string, 2> DecodedParts(const std::string& token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  return {DecodeBase64Url(token.substr(0, first)).value_or(""),
          DecodeBase64Url(token.substr(first + 1, second - first - 1)).value_or("")};
}

Result<SignedCall> SignCall(const SignOptions& options) {
  const auto key = ReadPrivateKey("--key", options.key);
  if (!key) return key.error();
  const auto request = BuildRequest(options);
  if (!request) return request.error();
  auto token = SignPassport(*request, *key);
  if (token && (options.raw_header || options.raw_payload)) {
    const auto [header, payload] = DecodedParts(*token);
    token =
        SignRaw(options.raw_header.value_or(header), options.raw_payload.value_or(payload), *key);
  }
  if (!token) return token.error();
  IdentityParameters parameters{request->x5u, request->ppt};
  if (options.compact) parameters.form = IdentityForm::kCompact;
  parameters.rules = request->rules;
  auto identity = RenderIdentityHeader(*token, parameters);
  if (!identity) return identity.error();
  return SignedCall{std::move(*token), std::move(*identity), FormatSipDate(request->iat)};
}

// The JSON of a part, or its text when it is none.
JsonValue PartJson(const std::string& text) {
  auto json = ReadJson(text);
  return json ? std::move(*json) : JsonValue(text);
}

ExitCode RunSign(const SignOptions& options, const Console& console) {
  const auto call = SignCall(options);
  if (!call) return console.Complain(call.error());
  if (options.unchecked) {
    console.Warn("--insecure-unchecked: no rule was applied; verifiers should refuse such tokens");
  }
  if (options.json) {
    const auto [header, payload] = DecodedParts(call->token);
    console.PrintJson(JsonMembers{{"identity", call->identity},
                                  {"token", call->token},
                                  {"date", call->date},
                                  {"header", PartJson(header)},
                                  {"payload", PartJson(payload)}});
  } else if (options.token_only) {
    console.out() << call->token << "\n";
  } else {
    if (options.date) console.out() << "Date: " << call->date << "\n";
    if (options.date || options.header_line) console.out() << "Identity: ";
    console.out() << call->identity << "\n";
  }
  return ExitCode::kVerified;
}

}  // namespace

void AddSignCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<SignOptions>();
  CLI::App* command = app.add_subcommand("sign", "Sign a call: print its Identity header");
  command->add_option("--key", options->key, "Private key on P-256, PEM (- for standard input)")
      ->type_name("F")
      ->required();
  command->add_option("--x5u", options->x5u, "Where the signer's certificate is published")
      ->type_name("URL");
  AddClaimOptions(*command, *options);
  AddSignExtensionOptions(*command, options->extensions);
  AddOutputOptions(*command, *options);
  TakeOneValueEach(*command);
  command->footer(kSignFooter);
  command->callback(
      [options, &context] { context.exit_code = RunSign(*options, context.console); });
}

}  // namespace callvet::cli
