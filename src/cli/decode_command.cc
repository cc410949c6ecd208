// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>

#include <CLI/CLI.hpp>

#include "api/identity_input.h"
#include "api/token_dissection.h"
#include "api/token_dissection_json.h"
#include "base/base64url.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/options.h"

namespace callvet::cli {
namespace {

constexpr const char* kDecodeFooter =
    "Examples:\n"
    "  callvet decode 'eyJ...;info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken'\n"
    "  callvet decode - < identity.txt\n"
    "Nothing is verified. Exit codes: 0 well-formed, 1 something is broken (said under "
    "'problems'),\n"
    "2 usage error or unreadable input.";

// As many as the verifier judges in a call.
constexpr size_t kMaxHeaders = 16;

struct DecodeOptions {
  std::string header;
  std::string identity_file;
  std::string at;
  bool json = false;
};

void PrintPart(const Console& console, std::string_view name, const std::optional<JsonValue>& json,
               const std::string& text) {
  console.out() << console.Paint(Colour::kBold, name) << "\n";
  if (json) {
    console.out() << ForTerminal(WriteJson(*json, 2), Lines::kMany) << "\n";
  } else if (!text.empty()) {
    console.out() << "not JSON: " << Quote(text, 2000) << "\n";
  } else {
    console.out() << "not there\n";
  }
}

void PrintDissection(const Console& console, const TokenDissection& dissection, sys_seconds now) {
  std::ostream& out = console.out();
  out << console.Paint(Colour::kBold, "form") << "  "
      << (dissection.form.empty() ? "not recognised" : dissection.form)
      << "; nothing was verified\n";
  for (const auto& [name, value] : dissection.parameters) {
    out << "  " << ForTerminal(name) << " = " << ForTerminal(value) << "\n";
  }
  PrintPart(console, "header", dissection.header, dissection.header_text);
  PrintPart(console, "payload", dissection.payload, dissection.payload_text);
  for (const auto& [name, words] : DissectionTimes(dissection, now)) {
    out << "  " << name << ": " << *words.AsString() << "\n";
  }
  out << console.Paint(Colour::kBold, "signature") << "  "
      << (dissection.signature ? std::to_string(dissection.signature->size()) + " bytes " +
                                     ToHex(dissection.signature->substr(0, 80))
                               : "not there")
      << "\n";
  for (const auto& problem : dissection.problems) {
    out << console.Paint(Colour::kRed, "problem") << "  " << problem.part << ": "
        << Info(problem.failure.reason).id << ": " << ForTerminal(problem.failure.detail) << "\n";
  }
  for (const TokenDissection& enclosed : dissection.opt) {
    out << console.Paint(Colour::kBold, "opt") << "  encloses this PASSporT:\n";
    PrintDissection(console, enclosed, now);
  }
}

bool IsBroken(const TokenDissection& dissection) {
  return !dissection.problems.empty() ||
         std::any_of(dissection.opt.begin(), dissection.opt.end(), IsBroken);
}

ExitCode RunDecode(const DecodeOptions& options, const Console& console) {
  if (options.header.empty() == options.identity_file.empty()) {
    return console.Complain(
        Fail(Reason::kParameterMissing, "give either an Identity header or --identity-file"));
  }
  WarnOfFileName(options.header, console);
  auto text = options.identity_file.empty() ? TextArgument(options.header)
                                            : ReadFile(options.identity_file);
  if (!text) return console.Complain(text.error());
  auto now = TimeOption(options.at, SystemClock().Now());
  if (!now) return console.Complain(InOption("--at", now.error()));
  auto values = IdentityValuesFromText(*text);
  if (values.size() > kMaxHeaders) {
    console.Warn("only the first " + std::to_string(kMaxHeaders) + " of " +
                 std::to_string(values.size()) + " headers are shown");
    values.resize(kMaxHeaders);
  }
  if (values.empty())
    return console.Complain(Fail(Reason::kParameterMissing, "the input is empty"));
  bool broken = false;
  JsonArray list;
  for (const std::string& value : values) {
    const TokenDissection dissection = DissectToken(value);
    broken = broken || IsBroken(dissection);
    if (options.json) {
      list.push_back(DissectionJson(dissection, *now));
    } else {
      PrintDissection(console, dissection, *now);
    }
  }
  if (options.json) console.PrintJson(list.size() == 1 ? list[0] : JsonValue(std::move(list)));
  return broken ? ExitCode::kNotVerified : ExitCode::kVerified;
}

}  // namespace

void AddDecodeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<DecodeOptions>();
  CLI::App* command = app.add_subcommand(
      "decode", "Show header, claims and parameters of a token, as far as it can be read");
  command->add_option("HEADER", options->header,
                      "Identity header or token, or - for standard input");
  command
      ->add_option("--identity-file", options->identity_file,
                   "File with Identity headers or a token")
      ->type_name("F");
  command->add_option("--at", options->at, "Time that ages are counted from (default: now)")
      ->type_name("TIME");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(kDecodeFooter);
  command->callback(
      [options, &context] { context.exit_code = RunDecode(*options, context.console); });
}

}  // namespace callvet::cli
