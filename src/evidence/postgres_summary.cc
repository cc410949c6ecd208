// SPDX-License-Identifier: MIT
#include "evidence/postgres_summary.h"

#include <algorithm>
#include <utility>

#include "evidence/evidence_summary.h"
#include "evidence/packed_id.h"
#include "evidence/postgres_row.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

using Connection = PostgresConnection;
using Value = PostgresConnection::Parameter;

constexpr const char* kPostgresEntry =
    "seq, id, reference, filed_by, received, about, tolerance, category, candidates, call_id, "
    "call_time, signer, holder, trunk, matched_by";

constexpr const char* kPostgresSummarySchema[] = {
    "CREATE TABLE IF NOT EXISTS evidence_tally (hour bigint NOT NULL, day bigint NOT NULL, signer "
    "text NOT NULL, holder text NOT NULL, trunk text NOT NULL, reason text NOT NULL, action text "
    "NOT NULL, calls bigint NOT NULL, PRIMARY KEY (hour, day, signer, holder, trunk, reason, "
    "action))",
    "CREATE TABLE IF NOT EXISTS evidence_complaint (seq bigint PRIMARY KEY, id uuid NOT NULL "
    "UNIQUE, reference text UNIQUE, filed_by text NOT NULL, received bigint NOT NULL, about bigint "
    "NOT NULL, tolerance bigint NOT NULL, category text NOT NULL, candidates bigint NOT NULL, "
    "call_id text NOT NULL, call_time bigint NOT NULL, signer text NOT NULL, holder text NOT NULL, "
    "trunk text NOT NULL, matched_by text NOT NULL, counts_at bigint NOT NULL)",
    "CREATE INDEX IF NOT EXISTS evidence_complaint_counts_at ON evidence_complaint (counts_at)",
};

std::string NumberText(int64_t number) {
  return std::to_string(number);
}

ComplaintEntry EntryOf(const PostgresRow& row) {
  ComplaintEntry entry;
  entry.seq = PostgresInt(row, 0);
  entry.id = PostgresText(row, 1);
  entry.reference = PostgresText(row, 2);
  entry.filed_by = PostgresText(row, 3);
  entry.received = Time(PostgresInt(row, 4));
  entry.about = Time(PostgresInt(row, 5));
  entry.tolerance = std::chrono::seconds(PostgresInt(row, 6));
  entry.category = FindComplaintCategory(PostgresText(row, 7)).value_or(ComplaintCategory::kOther);
  entry.candidates = PostgresInt(row, 8);
  entry.nearest = {PostgresText(row, 9),
                   Time(PostgresInt(row, 10)),
                   {PostgresText(row, 11), PostgresText(row, 12), PostgresText(row, 13)}};
  entry.matched_by = PostgresText(row, 14);
  return entry;
}

Result<void> PutComplaint(Connection& connection, const ComplaintEntry& entry, int64_t seq) {
  const ResponsibleParty& party = entry.nearest.party;
  const auto put = connection.Query(
      "INSERT INTO evidence_complaint VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
      "$13, $14, $15, $16)",
      {NumberText(seq), entry.id, TextOrNull(entry.reference), entry.filed_by,
       NumberText(Seconds(entry.received)), NumberText(Seconds(entry.about)),
       NumberText(entry.tolerance.count()), std::string(ComplaintCategoryName(entry.category)),
       NumberText(entry.candidates), entry.nearest.id, NumberText(Seconds(entry.nearest.time)),
       party.signer, party.holder, party.trunk, entry.matched_by,
       NumberText(Seconds(ComplaintTime(entry)))});
  if (!put) return put.error();
  return {};
}

Result<void> PutMatch(Connection& connection, const ComplaintEntry& match) {
  const ResponsibleParty& party = match.nearest.party;
  const auto put = connection.Query(
      "UPDATE evidence_complaint SET candidates = $1, call_id = $2, call_time = $3, signer = $4, "
      "holder = $5, trunk = $6, matched_by = $7, counts_at = $8 WHERE id = $9 AND candidates = 0",
      {NumberText(match.candidates), match.nearest.id, NumberText(Seconds(match.nearest.time)),
       party.signer, party.holder, party.trunk, match.matched_by,
       NumberText(Seconds(ComplaintTime(match))), match.id});
  if (!put) return put.error();
  return {};
}

Result<void> AddTallies(Connection& connection, const std::vector<EvidenceTally>& tallies,
                        int64_t day) {
  if (tallies.empty()) return {};
  std::vector<std::vector<Value>> columns(7);
  for (const EvidenceTally& tally : tallies) {
    const std::string row[] = {NumberText(tally.hour), tally.party.signer, tally.party.holder,
                               tally.party.trunk,      tally.reason,       tally.action,
                               NumberText(tally.calls)};
    for (size_t i = 0; i < columns.size(); ++i) columns[i].emplace_back(row[i]);
  }
  std::vector<Value> parameters;
  parameters.reserve(columns.size() + 1);
  for (const auto& column : columns) parameters.emplace_back(PostgresArray(column));
  parameters.emplace_back(NumberText(day));
  const auto put = connection.Query(
      "INSERT INTO evidence_tally (hour, signer, holder, trunk, reason, action, calls, day) SELECT "
      "u.*, $8::bigint FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], "
      "$6::text[], $7::bigint[]) AS u ON CONFLICT (hour, day, signer, holder, trunk, reason, "
      "action) DO UPDATE SET calls = evidence_tally.calls + excluded.calls",
      parameters);
  if (!put) return put.error();
  return {};
}

// Adds the rows (party, reason, calls, rejected) of a query.
Result<void> AddCallRows(Connection& connection, const std::string& sql,
                         const std::vector<Value>& parameters, ReportBuilder& report) {
  const auto rows = connection.Query(sql, parameters);
  if (!rows) return rows.error();
  for (const PostgresRow& row : rows->rows) {
    report.AddCalls(PostgresText(row, 0), PostgresText(row, 1), PostgresInt(row, 2),
                    PostgresInt(row, 3));
  }
  return {};
}

// A member of a record's text. PostgreSQL reads no JSON with a NUL, which callers may put into
// their headers.
std::string Member(const char* path) {
  return "replace(body, '\\u0000', '\\u0001')::json #>> '{" + std::string(path) + "}'";
}

// Whose calls they are, of a record that was stored before there were tallies. Such a program did
// not know holders.
std::string UntalliedParty(ReportBy by) {
  if (by == ReportBy::kTrunk) return "coalesce(trunk, '')";
  if (by == ReportBy::kHolder) return "''";
  return "CASE WHEN spc IS NOT NULL THEN spc WHEN reason = 'verified' THEN coalesce(" +
         Member("verdict,signer,subject") + ", '') ELSE '' END";
}

// Of calls that were stored before there were tallies: their texts say what is not in columns.
Result<void> AddUntallied(Connection& connection, int64_t until, const ReportQuery& query,
                          ReportBuilder& report) {
  return AddCallRows(
      connection,
      "SELECT " + UntalliedParty(query.by) +
          ", coalesce(reason, ''), count(*), count(*) FILTER (WHERE " +
          Member("disposition,action") +
          " = 'reject') FROM evidence_record WHERE kind = 0 AND seq <= $1 AND at >= $2 AND at < $3 "
          "GROUP BY 1, 2",
      {NumberText(until), NumberText(Seconds(query.from)), NumberText(Seconds(query.to))}, report);
}

Result<void> AddTallied(Connection& connection, const ReportQuery& query, ReportBuilder& report) {
  constexpr int64_t kHour = 3600;
  return AddCallRows(
      connection,
      "SELECT " + std::string(ReportByName(query.by)) +
          ", reason, sum(calls), sum(CASE WHEN action = 'reject' THEN calls ELSE 0 END) FROM "
          "evidence_tally WHERE hour >= $1 AND hour < $2 GROUP BY 1, 2",
      {NumberText(Seconds(query.from) / kHour), NumberText(Seconds(query.to) / kHour)}, report);
}

Result<void> AddComplaintRows(Connection& connection, const ReportQuery& query,
                              ReportBuilder& report) {
  const auto rows = connection.Query(
      "SELECT CASE WHEN candidates > 0 THEN 1 ELSE 0 END, " + std::string(ReportByName(query.by)) +
          ", count(*), count(*) FILTER (WHERE candidates > 1) FROM evidence_complaint WHERE "
          "counts_at >= $1 AND counts_at < $2 GROUP BY 1, 2",
      {NumberText(Seconds(query.from)), NumberText(Seconds(query.to))});
  if (!rows) return rows.error();
  for (const PostgresRow& row : rows->rows) {
    if (PostgresInt(row, 0) == 0) {
      report.AddUnmatched(PostgresInt(row, 2));
    } else {
      report.AddComplaints(PostgresText(row, 1), PostgresInt(row, 2), PostgresInt(row, 3));
    }
  }
  return {};
}

}  // namespace

Result<void> MakePostgresSummaries(PostgresConnection& connection) {
  const auto from = PostgresTalliedFrom(connection);
  if (!from) return from.error();
  if (*from) return {};
  for (const char* statement : kPostgresSummarySchema) {
    if (auto ok = connection.Query(statement); !ok) return ok.error();
  }
  const auto setting = connection.Query(
      "INSERT INTO evidence_setting SELECT 'tallied_from', coalesce(max(seq), 0)::text FROM "
      "evidence_chain_end WHERE name = 'head' ON CONFLICT DO NOTHING");
  if (!setting) return setting.error();
  return {};
}

Result<std::optional<int64_t>> PostgresTalliedFrom(PostgresConnection& connection) {
  const auto rows =
      connection.Query("SELECT value FROM evidence_setting WHERE name = 'tallied_from'");
  if (!rows) return rows.error();
  if (rows->rows.empty()) return std::optional<int64_t>();
  return std::optional<int64_t>(PostgresInt(rows->rows[0], 0));
}

Result<void> PutPostgresSummaries(PostgresConnection& connection,
                                  const std::vector<ChainedRecord>& records, int64_t day) {
  TallyCounter counter;
  for (const ChainedRecord& chained : records) {
    counter.Add(*chained.record);
    const auto& complaint = chained.record->summary.complaint;
    if (!complaint) continue;
    auto ok = chained.record->kind == EvidenceKind::kMatch
                  ? PutMatch(connection, *complaint)
                  : PutComplaint(connection, *complaint, chained.seq);
    if (!ok) return ok;
  }
  return AddTallies(connection, counter.Take(), day);
}

Result<void> PrunePostgresSummaries(PostgresConnection& connection, int64_t day, int64_t seq) {
  if (auto ok = connection.Query("DELETE FROM evidence_tally WHERE day < $1", {NumberText(day)});
      !ok) {
    return ok.error();
  }
  const auto gone =
      connection.Query("DELETE FROM evidence_complaint WHERE seq <= $1", {NumberText(seq)});
  if (!gone) return gone.error();
  return {};
}

Result<std::set<std::string>> PostgresReferences(PostgresConnection& connection,
                                                 const std::vector<std::string>& references) {
  std::set<std::string> there;
  if (references.empty()) return there;
  const auto rows = connection.Query(
      "SELECT reference FROM evidence_complaint WHERE reference = ANY ($1::text[])",
      {PostgresArray({references.begin(), references.end()})});
  if (!rows) return rows.error();
  for (const PostgresRow& row : rows->rows) there.insert(PostgresText(row, 0));
  return there;
}

Result<ComplaintPage> FindPostgresComplaints(PostgresConnection& connection,
                                             const ComplaintQuery& query) {
  ComplaintPage page;
  const auto from = PostgresTalliedFrom(connection);
  if (!from) return from.error();
  if (!*from) return page;
  std::string where = "seq < $1";
  std::vector<Value> parameters = {NumberText(query.before)};
  const auto add = [&](const std::string& condition, std::string value) {
    parameters.emplace_back(std::move(value));
    where += " AND " + condition + " $" + std::to_string(parameters.size());
  };
  using State = ComplaintQuery::State;
  if (query.state == State::kUnmatched) where += " AND candidates = 0";
  if (query.state == State::kMatched) where += " AND candidates = 1";
  if (query.state == State::kAmbiguous) where += " AND candidates > 1";
  if (query.from) add("received >=", NumberText(Seconds(*query.from)));
  if (query.to) add("received <=", NumberText(Seconds(*query.to)));
  if (!query.id.empty()) {
    if (PackUuid(query.id).empty()) return page;
    add("id =", query.id);
  }
  if (!query.reference.empty()) add("reference =", query.reference);
  const size_t limit = std::min(query.limit, ComplaintQuery::kMaxLimit);
  const auto rows =
      connection.Query(std::string("SELECT ") + kPostgresEntry + " FROM evidence_complaint WHERE " +
                           where + " ORDER BY seq DESC LIMIT " + std::to_string(limit + 1),
                       parameters);
  if (!rows) return rows.error();
  for (const PostgresRow& row : rows->rows) page.complaints.push_back(EntryOf(row));
  if (page.complaints.size() > limit) {
    page.complaints.resize(limit);
    if (limit > 0) page.next = page.complaints.back().seq;
  }
  return page;
}

Result<EvidenceReport> PostgresReport(PostgresConnection& connection, const ReportQuery& query) {
  ReportBuilder report;
  const auto from = PostgresTalliedFrom(connection);
  if (!from) return from.error();
  if (from->value_or(INT64_MAX) > 0) {
    if (auto ok = AddUntallied(connection, from->value_or(INT64_MAX), query, report); !ok) {
      return ok.error();
    }
  }
  if (!*from) return report.Finish();
  if (auto ok = AddTallied(connection, query, report); !ok) return ok.error();
  if (auto ok = AddComplaintRows(connection, query, report); !ok) return ok.error();
  return report.Finish();
}

Result<bool> PostgresHasSummaries(PostgresConnection& connection) {
  const auto rows = connection.Query(
      "SELECT to_regclass('evidence_tally') IS NOT NULL AND to_regclass('evidence_complaint') IS "
      "NOT NULL");
  if (!rows) return rows.error();
  return !rows->rows.empty() && PostgresText(rows->rows[0], 0) == "t";
}

Result<std::vector<EvidenceTally>> PostgresTallies(PostgresConnection& connection, int64_t day) {
  const auto rows = connection.Query(
      "SELECT hour, signer, holder, trunk, reason, action, calls FROM evidence_tally WHERE day = "
      "$1 ORDER BY hour, signer COLLATE \"C\", holder COLLATE \"C\", trunk COLLATE \"C\", reason "
      "COLLATE \"C\", action COLLATE \"C\"",
      {NumberText(day)});
  if (!rows) return rows.error();
  std::vector<EvidenceTally> tallies;
  for (const PostgresRow& row : rows->rows) {
    tallies.push_back({PostgresInt(row, 0),
                       {PostgresText(row, 1), PostgresText(row, 2), PostgresText(row, 3)},
                       PostgresText(row, 4),
                       PostgresText(row, 5),
                       PostgresInt(row, 6)});
  }
  return tallies;
}

Result<void> VisitPostgresSummaries(PostgresConnection& connection, EvidenceVisitor& visitor) {
  constexpr std::pair<const char*, const char*> kOdd[] = {
      {"SELECT 1 FROM evidence_tally WHERE day NOT IN (SELECT day FROM evidence_day) LIMIT 1",
       "calls are counted of a day that is not there"},
      {"SELECT 1 FROM evidence_complaint WHERE reference = '' OR counts_at <> CASE WHEN candidates "
       "= 0 THEN about ELSE call_time END LIMIT 1",
       "a complaint counts at another time than its call's"},
  };
  for (const auto& [sql, what] : kOdd) {
    const auto odd = connection.Query(sql);
    if (!odd) return odd.error();
    if (!odd->rows.empty()) visitor.Odd(what);
  }
  const auto rows = connection.Query(std::string("SELECT ") + kPostgresEntry +
                                     " FROM evidence_complaint ORDER BY seq");
  if (!rows) return rows.error();
  std::vector<ComplaintEntry> complaints;
  for (const PostgresRow& row : rows->rows) complaints.push_back(EntryOf(row));
  visitor.Complaints(complaints);
  return {};
}

}  // namespace callvet
