// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iomanip>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/evidence_report.h"
#include "cli/evidence_options.h"
#include "cli/human_time_option.h"
#include "cli/options.h"

namespace callvet::cli {
namespace {

struct ReportOptions {
  EvidenceOptions store;
  ZoneOptions zone;
  std::string from;
  std::string to;
  std::string by = "signer";
  std::string format = "table";
  bool json = false;
};

Result<ReportQuery> ReportHours(const ReportOptions& options) {
  const auto times = HumanTimesOf(options.zone);
  if (!times) return times.error();
  const auto asked = AskedTimesOf(options.from, options.to, *times);
  if (!asked) return asked.error();
  const sys_seconds to = asked->to.value_or(times->now);
  const sys_seconds from = asked->from.value_or(to - std::chrono::hours(24));
  return ReportQueryOf(FindReportBy(options.by).value_or(ReportBy::kSigner), from, to);
}

std::vector<std::string> ReportCells(const std::string& name, const ReportRow& row) {
  const std::string rate = ComplaintsPerMillion(row);
  return {ForTerminal(name),
          std::to_string(row.calls),
          std::to_string(VerifiedCalls(row)),
          std::to_string(row.calls - VerifiedCalls(row)),
          std::to_string(row.rejected),
          std::to_string(row.complaints),
          std::to_string(row.ambiguous),
          rate.empty() ? "-" : rate};
}

using Lines = std::vector<std::vector<std::string>>;

// In columns, the first `left` of them to the left.
void PrintLines(const Lines& lines, size_t left, const Console& console) {
  std::vector<int> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], static_cast<int>(line[i].size()));
    }
  }
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      const bool last = i + 1 == line.size() && i < left;
      console.out() << (i == 0 ? "" : "  ") << (i < left ? std::left : std::right)
                    << std::setw(last ? 0 : widths[i]) << line[i];
    }
    console.out() << "\n";
  }
}

void PrintPools(const std::vector<PoolEpisode>& pools, const ZoneOptions& zone,
                const Console& console) {
  if (pools.empty()) return;
  const auto time = [&](CallTime at) {
    return LocalTimeText(std::chrono::floor<std::chrono::seconds>(at), zone);
  };
  Lines lines = {{"flagged", "source", "rule", "action", "since", "until", "calls", "callers"}};
  for (const PoolEpisode& episode : pools) {
    const FlaggedPool& pool = episode.pool;
    lines.push_back({std::string(SourceKindText(pool.source.kind)), ForTerminal(pool.source.value),
                     ForTerminal(pool.rule), std::string(PoolActionText(pool.action)),
                     time(pool.since),
                     time(EndOf(episode)) + (episode.release ? " (released)" : ""),
                     std::to_string(pool.figures.calls), std::to_string(pool.figures.callers)});
  }
  constexpr size_t kTextColumns = 6;
  console.out() << "\nSources whose callers rotate, with calls and callers when they were last "
                   "seen to:\n";
  PrintLines(lines, kTextColumns, console);
}

void PrintReport(const WholeReport& whole, const ZoneOptions& zone, const Console& console) {
  const ReportQuery& query = whole.query;
  Lines lines = {{std::string(ReportByName(query.by)), "calls", "verified", "not verified",
                  "rejected", "complaints", "ambiguous", "per million"}};
  for (const ReportRow& row : whole.report.rows) {
    lines.push_back(ReportCells(row.party.empty() ? "(not known)" : row.party, row));
  }
  lines.push_back(ReportCells("(total)", ReportTotal(whole.report)));
  console.out() << "From " << LocalTimeText(query.from, zone) << " to "
                << LocalTimeText(query.to, zone) << "\n";
  PrintLines(lines, 1, console);
  console.out() << "Complaints without a call: " << whole.report.unmatched << "\n";
  PrintPools(whole.pools, zone, console);
}

ExitCode RunReport(const ReportOptions& options, const Console& console) {
  const auto query = ReportHours(options);
  if (!query) return console.Complain(query.error());
  const auto opened = OpenLogged(
      options.store, "report",
      "by=" + options.by + " from=" + FormatTime(query->from) + " to=" + FormatTime(query->to));
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  auto report = opened->store->Report(*query);
  if (!report) return ComplainOfEvidence(report.error(), console);
  auto pools = ReportedPools(*opened, *query, nullptr, SystemClock().Now());
  if (!pools) return ComplainOfEvidence(pools.error(), console);
  const WholeReport whole{*query, std::move(*report), std::move(*pools)};
  if (options.json || options.format == "json") {
    console.PrintJson(ReportJson(whole));
  } else if (options.format == "csv") {
    console.out() << ReportCsv(whole);
  } else {
    PrintReport(whole, options.zone, console);
  }
  return ExitCode::kVerified;
}

}  // namespace

void AddReportCommand(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = evidence.add_subcommand(
      "report", "Calls, verdicts and complaints of each responsible party, and flagged sources");
  AddEvidenceStoreOptions(*command, options->store);
  command
      ->add_option("--from", options->from,
                   "Calls from this hour on (default: a day before --to): '2026-11-25 15:00', "
                   "'yesterday 00:00', RFC 3339 or seconds since 1970")
      ->type_name("TIME");
  command->add_option("--to", options->to, "Calls before the end of this hour (default: now)")
      ->type_name("TIME");
  command->add_option("--by", options->by, "Who is responsible: signer, holder or trunk")
      ->type_name("WHO")
      ->check(CLI::IsMember({"signer", "holder", "trunk"}))
      ->capture_default_str();
  command->add_option("--format", options->format, "table, csv or json")
      ->type_name("F")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "The same as --format json");
  AddZoneOption(*command, options->zone);
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunReport(*options, context.console); });
}

}  // namespace callvet::cli
