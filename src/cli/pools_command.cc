// SPDX-License-Identifier: MIT
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "callvet/policy.h"
#include "cli/options.h"
#include "cli/policy_options.h"
#include "cli/pool_simulation.h"

namespace callvet::cli {
namespace {

constexpr const char* kSimulateFooter =
    "Examples:\n"
    "  tools/simulate --seed 1 > day.ndjson\n"
    "  callvet pools simulate tools/policy/pools.json day.ndjson\n"
    "Each line of FILE is a call, in order of time:\n"
    "  {\"time\": 1790000000.25, \"class\": \"dialler\", \"actor\": \"dialler-1\", \"caller\": "
    "\"12155550100\",\n"
    "   \"callee\": \"12155550101\", \"origid\": \"...\", \"signer\": \"4321\", \"trunk\": \"t\", "
    "\"verified\": true, \"refused\": false}\n"
    "Calls of the class \"history\" are counted and not reported: they teach which numbers there "
    "are.\n"
    "Exit codes: 0 done, 2 usage error or unusable policy or file.";

struct SimulateOptions {
  std::string policy;
  std::string file;
  int64_t learn = int64_t{24} * 3600;
  int64_t memory_mb = 256;
  uint64_t number_calls = 20;
  bool json = false;
};

void PrintSimulation(const JsonValue& report, const Console& console) {
  char line[200];
  (void)std::snprintf(line, sizeof line, "%-14s %9s %9s %7s %9s %9s %14s\n", "class", "calls",
                      "hit", "actors", "flagged", "after s", "per number");
  console.out() << line;
  const auto number = [](const JsonValue* value) {
    int64_t whole = 0;
    if (value != nullptr && value->GetInt(whole)) return std::to_string(whole);
    const auto* real = value != nullptr ? std::get_if<JsonReal>(&value->storage()) : nullptr;
    return real != nullptr ? std::to_string(static_cast<int64_t>(real->value)) : std::string("-");
  };
  const auto percent = [](const JsonValue* value) {
    const auto* real = value != nullptr ? std::get_if<JsonReal>(&value->storage()) : nullptr;
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.1f %%", real != nullptr ? 100 * real->value : 0.0);
    return std::string(text);
  };
  for (const auto& [label, row] : *report.Find("classes")->AsObject()) {
    const JsonValue& per_number = *row.Find("per_number");
    const std::string beside = percent(per_number.Find("hit_rate")) + " (" +
                               number(per_number.Find("actors_flagged")) + ")";
    (void)std::snprintf(line, sizeof line, "%-14s %9s %9s %7s %9s %9s %14s\n",
                        ForTerminal(label).c_str(), number(row.Find("calls")).c_str(),
                        percent(row.Find("hit_rate")).c_str(), number(row.Find("actors")).c_str(),
                        number(row.Find("actors_flagged")).c_str(),
                        number(row.Find("seconds_to_flag")).c_str(), beside.c_str());
    console.out() << line;
  }
  console.out() << "Flagged sources:\n";
  for (const JsonValue& source : *report.Find("flagged_sources")->AsArray()) {
    std::string rules;
    for (const JsonValue& rule : *source.Find("rules")->AsArray()) {
      rules += (rules.empty() ? "" : ", ") + *rule.AsString();
    }
    console.out() << "  " << *source.Find("kind")->AsString() << " "
                  << ForTerminal(*source.Find("value")->AsString()) << "  " << ForTerminal(rules)
                  << "\n";
  }
}

ExitCode RunSimulate(const SimulateOptions& options, const Console& console) {
  const auto policy = PolicyOption(options.policy, console);
  if (policy == nullptr) return ExitCode::kUsage;
  PoolOptions setup;
  setup.max_bytes = static_cast<size_t>(options.memory_mb) << 20U;
  setup.learning = std::chrono::seconds(options.learn);
  const auto pools = CallerPools::Make(setup);
  if (!pools) return console.Complain(pools.error());
  if (PoolRulesOf(*policy).empty()) {
    console.Warn(options.policy + " has no rules \"pools\": nothing can be flagged");
  }
  PoolSimulation simulation(**pools, PoolRulesOf(*policy), {options.number_calls});
  std::ifstream file;
  if (options.file != "-") file.open(options.file);
  std::istream& lines = options.file == "-" ? std::cin : file;
  if (!lines) {
    return console.Complain(Fail(Reason::kFileUnreadable, options.file + " cannot be read"));
  }
  std::string line;
  for (size_t number = 1; std::getline(lines, line); ++number) {
    if (TrimLines(line).empty()) continue;
    if (auto ok = simulation.Add(line); !ok) {
      return console.Complain(
          Fail(ok.error().reason, "line " + std::to_string(number) + ": " + ok.error().detail));
    }
  }
  const JsonValue report = simulation.Report();
  if (options.json) {
    console.PrintJson(report);
  } else {
    PrintSimulation(report, console);
  }
  return ExitCode::kVerified;
}

}  // namespace

void AddPoolsCommand(CLI::App& app, Context& context) {
  CLI::App* pools = app.add_subcommand("pools", "Try out rules for pools of rotating callers");
  pools->require_subcommand(1);
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = pools->add_subcommand(
      "simulate", "Run labelled calls through a policy's rules; say what they find and miss");
  command->add_option("POLICY", options->policy, "Policy file with the section pools")->required();
  command->add_option("FILE", options->file, "Calls, a JSON object a line; - is standard input")
      ->required();
  command->add_option("--learn", options->learn, "Seconds in which no caller counts as new (86400)")
      ->check(CLI::Range(0, 90 * 24 * 3600));
  command->add_option("--memory", options->memory_mb, "Memory of the counters in MB (256)")
      ->check(CLI::Range(8, 1'000'000));
  command
      ->add_option("--per-number", options->number_calls,
                   "The rule beside it: more than so many calls of a number in ten minutes (20)")
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->footer(kSimulateFooter);
  command->callback(
      [options, &context] { context.exit_code = RunSimulate(*options, context.console); });
}

}  // namespace callvet::cli
