// SPDX-License-Identifier: MIT
#include "api/evidence_report.h"

#include <algorithm>
#include <utility>

#include "api/pool_api.h"
#include "base/text.h"

namespace callvet {
namespace {

JsonMembers RowMembers(const ReportRow& row) {
  JsonMembers reasons;
  for (const auto& [reason, calls] : row.reasons) reasons.emplace_back(reason, calls);
  const std::string rate = ComplaintsPerMillion(row);
  return {{"calls", row.calls},
          {"verified", VerifiedCalls(row)},
          {"not_verified", row.calls - VerifiedCalls(row)},
          {"rejected", row.rejected},
          {"complaints", row.complaints},
          {"ambiguous", row.ambiguous},
          {"complaints_per_million_calls",
           rate.empty() ? JsonValue() : JsonValue(JsonReal{std::stod(rate), rate})},
          {"reasons", std::move(reasons)}};
}

// A spreadsheet takes what begins so for a formula: some with spaces in front, and in East Asian
// settings the wide forms of these characters too.
bool MayBeFormula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  for (const std::string_view wide : {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"}) {
    if (text.starts_with(wide)) return true;
  }
  return !text.empty() &&
         std::string_view("=+-@\t\r\n|%").find(text.front()) != std::string_view::npos;
}

std::string CsvField(std::string_view text) {
  std::string field;
  if (MayBeFormula(text)) field += '\'';
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

using CsvFields = std::vector<std::string>;

std::string CsvLine(const CsvFields& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + CsvField(fields[i]);
  return line + "\r\n";
}

const CsvFields& PoolColumns() {
  static const CsvFields kColumns = {"rule",     "action",         "since",   "until",
                                     "released", "window_seconds", "callers", "callees"};
  return kColumns;
}

std::string CsvRow(std::string_view kind, std::string_view by, const ReportRow& row) {
  const int64_t verified = VerifiedCalls(row);
  CsvFields fields = {std::string(kind),
                      std::string(by),
                      row.party,
                      std::to_string(row.calls),
                      std::to_string(verified),
                      std::to_string(row.calls - verified),
                      std::to_string(row.rejected),
                      std::to_string(row.complaints),
                      std::to_string(row.ambiguous),
                      ComplaintsPerMillion(row)};
  fields.resize(fields.size() + PoolColumns().size());
  return CsvLine(fields);
}

std::string CsvPool(const PoolEpisode& episode) {
  const FlaggedPool& pool = episode.pool;
  const PoolFigures& figures = pool.figures;
  return CsvLine({"pool", std::string(SourceKindText(pool.source.kind)), pool.source.value,
                  std::to_string(figures.calls), "", "", std::to_string(figures.rejects), "", "",
                  "", pool.rule, std::string(PoolActionText(pool.action)), PoolTimeText(pool.since),
                  PoolTimeText(pool.until),
                  episode.release ? PoolTimeText(episode.release->time) : "",
                  std::to_string(figures.window.count()), std::to_string(figures.callers),
                  std::to_string(figures.callees)});
}

}  // namespace

Result<ReportQuery> ReportQueryOf(ReportBy by, std::chrono::sys_seconds from,
                                  std::chrono::sys_seconds to) {
  using std::chrono::hours;
  const ReportQuery query{by, std::chrono::floor<hours>(from), std::chrono::ceil<hours>(to)};
  if (from < to) return query;
  return Fail(Reason::kParameterInvalid, "the report's time ends before it begins");
}

ReportRow ReportTotal(const EvidenceReport& report) {
  ReportRow total;
  for (const ReportRow& row : report.rows) {
    total.calls += row.calls;
    total.rejected += row.rejected;
    total.complaints += row.complaints;
    total.ambiguous += row.ambiguous;
    for (const auto& [reason, calls] : row.reasons) total.reasons[reason] += calls;
  }
  return total;
}

int64_t VerifiedCalls(const ReportRow& row) {
  const auto verified = row.reasons.find(std::string(Info(Reason::kNone).id));
  return verified == row.reasons.end() ? 0 : verified->second;
}

std::string ComplaintsPerMillion(const ReportRow& row) {
  if (row.calls <= 0) return {};
  constexpr int64_t kTenthsOfMillion = 10'000'000;
  const int64_t tenths = (row.complaints * kTenthsOfMillion + row.calls / 2) / row.calls;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

JsonValue ReportJson(const WholeReport& whole) {
  JsonArray rows;
  for (const ReportRow& row : whole.report.rows) {
    JsonMembers members = {{"party", row.party.empty() ? JsonValue() : JsonValue(row.party)}};
    for (auto& member : RowMembers(row)) members.push_back(std::move(member));
    rows.emplace_back(std::move(members));
  }
  JsonArray pools;
  for (const PoolEpisode& episode : whole.pools) pools.push_back(PoolEpisodeJson(episode));
  return JsonMembers{{"by", ReportByName(whole.query.by)},
                     {"from", FormatTime(whole.query.from)},
                     {"to", FormatTime(whole.query.to)},
                     {"rows", std::move(rows)},
                     {"total", RowMembers(ReportTotal(whole.report))},
                     {"unmatched_complaints", whole.report.unmatched},
                     {"flagged_pools", std::move(pools)}};
}

std::string ReportCsv(const WholeReport& whole) {
  const std::string_view by = ReportByName(whole.query.by);
  CsvFields header = {
      "row",          "by",       "party",      "calls",     "verified",
      "not_verified", "rejected", "complaints", "ambiguous", "complaints_per_million_calls"};
  header.insert(header.end(), PoolColumns().begin(), PoolColumns().end());
  std::string csv = CsvLine(header);
  for (const ReportRow& row : whole.report.rows) csv += CsvRow("party", by, row);
  csv += CsvRow("total", by, ReportTotal(whole.report));
  ReportRow unmatched;
  unmatched.complaints = whole.report.unmatched;
  csv += CsvRow("unmatched", by, unmatched);
  for (const PoolEpisode& episode : whole.pools) csv += CsvPool(episode);
  return csv;
}

}  // namespace callvet
