// SPDX-License-Identifier: MIT
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "callvet/reason.h"
#include "cli/options.h"

namespace callvet::cli {
namespace {

constexpr const char* kExplainFooter =
    "Examples:\n"
    "  callvet explain orig-mismatch     one reason\n"
    "  callvet explain 437               every reason with that SIP code\n"
    "  callvet explain E18               every reason of that row of ATIS-1000082\n"
    "  callvet explain                   all reasons, a line each";

struct ExplainOptions {
  std::string what;
  bool json = false;
};

std::vector<const ReasonInfo*> Select(const std::string& what) {
  std::vector<const ReasonInfo*> rows;
  const std::string id = ToLower(what);
  const auto code = ParseNumber(what, 999);
  for (const ReasonInfo& row : AllReasons()) {
    const bool by_code = code && row.sip_code == *code && row.sip_code != 0;
    const bool by_case = !row.atis_case.empty() && EqualsIgnoreCase(row.atis_case, what);
    if (what.empty() || row.id == id || by_code || by_case) rows.push_back(&row);
  }
  return rows;
}

std::string SipText(const ReasonInfo& row) {
  if (row.sip_code == 0) return "none, the call passes";
  return std::to_string(row.sip_code) + " " + std::string(row.sip_phrase);
}

JsonValue RowJson(const ReasonInfo& row) {
  const auto text = [](std::string_view value) {
    return value.empty() ? JsonValue() : JsonValue(value);
  };
  return JsonMembers{
      {"id", row.id},
      {"sip", JsonMembers{{"code", row.sip_code == 0 ? JsonValue() : JsonValue(row.sip_code)},
                          {"phrase", text(row.sip_phrase)}}},
      {"verstat", VerstatText(row.verstat)},
      {"atis_case", text(row.atis_case)},
      {"clause", row.clause},
      {"meaning", row.meaning},
      {"advice", text(row.advice)}};
}

void PrintRow(const Console& console, const ReasonInfo& row) {
  console.out() << console.Paint(Colour::kBold, row.id) << "\n"
                << "  means:    " << row.meaning << "\n"
                << "  do:       " << (row.advice.empty() ? "nothing" : row.advice) << "\n"
                << "  clause:   " << row.clause << "\n"
                << "  SIP:      " << SipText(row) << "\n"
                << "  verstat:  " << VerstatText(row.verstat) << "\n";
  if (!row.atis_case.empty()) console.out() << "  ATIS:     " << row.atis_case << "\n";
}

ExitCode RunExplain(const ExplainOptions& options, const Console& console) {
  const auto rows = Select(options.what);
  if (rows.empty()) {
    return console.Complain(Fail(Reason::kParameterInvalid,
                                 Quote(options.what) +
                                     " is no reason, SIP code or ATIS case; 'callvet explain' "
                                     "lists all reasons"));
  }
  if (options.json) {
    JsonArray list;
    for (const ReasonInfo* row : rows) list.push_back(RowJson(*row));
    console.PrintJson(list);
    return ExitCode::kVerified;
  }
  for (const ReasonInfo* row : rows) {
    if (!options.what.empty()) {
      PrintRow(console, *row);
      continue;
    }
    std::string id(row->id);
    id.resize(27, ' ');
    console.out() << id << " " << (row->sip_code == 0 ? "-  " : std::to_string(row->sip_code))
                  << "  " << row->meaning << "\n";
  }
  return ExitCode::kVerified;
}

}  // namespace

void AddExplainCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command =
      app.add_subcommand("explain", "Say what a reason means, its clause, and what to do about it");
  command->add_option("REASON-ID|CODE", options->what, "Reason id, SIP code or ATIS case");
  command->add_flag("--json", options->json, "Print a JSON array");
  command->footer(kExplainFooter);
  command->callback(
      [options, &context] { context.exit_code = RunExplain(*options, context.console); });
}

}  // namespace callvet::cli
