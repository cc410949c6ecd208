// SPDX-License-Identifier: MIT
#include "evidence/sqlite_summary.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_summary.h"
#include "evidence/packed_id.h"
#include "evidence/sqlite_schema.h"
#include "evidence/store_time.h"

namespace callvet {

const char* const kSqliteSummarySchema = R"(
CREATE TABLE IF NOT EXISTS tally (
  hour INTEGER NOT NULL, day INTEGER NOT NULL, signer TEXT NOT NULL, holder TEXT NOT NULL,
  trunk TEXT NOT NULL, reason TEXT NOT NULL, action TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (hour, day, signer, holder, trunk, reason, action)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS complaint (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, reference TEXT UNIQUE, filed_by TEXT NOT NULL,
  received INTEGER NOT NULL, about INTEGER NOT NULL, tolerance INTEGER NOT NULL,
  category TEXT NOT NULL, candidates INTEGER NOT NULL, call_id TEXT NOT NULL,
  call_time INTEGER NOT NULL, signer TEXT NOT NULL, holder TEXT NOT NULL, trunk TEXT NOT NULL,
  matched_by TEXT NOT NULL, counts_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS complaint_counts_at ON complaint(counts_at);
)";

namespace {

constexpr const char* kSqliteEntry =
    "seq, id, reference, filed_by, received, about, tolerance, category, candidates, call_id, "
    "call_time, signer, holder, trunk, matched_by";

ComplaintEntry EntryOf(const SqliteStatement& row) {
  ComplaintEntry entry;
  entry.seq = row.Int(0);
  entry.id = UnpackUuid(row.Bytes(1));
  entry.reference = row.Bytes(2);
  entry.filed_by = row.Bytes(3);
  entry.received = Time(row.Int(4));
  entry.about = Time(row.Int(5));
  entry.tolerance = std::chrono::seconds(row.Int(6));
  entry.category = FindComplaintCategory(row.Bytes(7)).value_or(ComplaintCategory::kOther);
  entry.candidates = row.Int(8);
  entry.nearest = {row.Bytes(9), Time(row.Int(10)), {row.Bytes(11), row.Bytes(12), row.Bytes(13)}};
  entry.matched_by = row.Bytes(14);
  return entry;
}

Result<void> PutComplaint(SqliteDatabase& database, const ComplaintEntry& entry, int64_t seq) {
  auto put = database.Prepare(
      "INSERT INTO complaint VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!put) return put.error();
  put->Bind(1, seq).BindBlob(2, PackUuid(entry.id));
  if (entry.reference.empty()) {
    put->BindNull(3);
  } else {
    put->BindText(3, entry.reference);
  }
  put->BindText(4, entry.filed_by).Bind(5, Seconds(entry.received)).Bind(6, Seconds(entry.about));
  put->Bind(7, entry.tolerance.count()).BindText(8, ComplaintCategoryName(entry.category));
  put->Bind(9, entry.candidates).BindText(10, entry.nearest.id);
  put->Bind(11, Seconds(entry.nearest.time)).BindText(12, entry.nearest.party.signer);
  put->BindText(13, entry.nearest.party.holder).BindText(14, entry.nearest.party.trunk);
  put->BindText(15, entry.matched_by).Bind(16, Seconds(ComplaintTime(entry)));
  return put->Run();
}

Result<void> PutMatch(SqliteDatabase& database, const ComplaintEntry& match) {
  auto put = database.Prepare(
      "UPDATE complaint SET candidates = ?, call_id = ?, call_time = ?, signer = ?, holder = ?, "
      "trunk = ?, matched_by = ?, counts_at = ? WHERE id = ? AND candidates = 0");
  if (!put) return put.error();
  const ResponsibleParty& party = match.nearest.party;
  put->Bind(1, match.candidates).BindText(2, match.nearest.id).Bind(3, Seconds(match.nearest.time));
  put->BindText(4, party.signer).BindText(5, party.holder).BindText(6, party.trunk);
  put->BindText(7, match.matched_by).Bind(8, Seconds(ComplaintTime(match)));
  put->BindBlob(9, PackUuid(match.id));
  return put->Run();
}

Result<void> AddTallies(SqliteDatabase& database, const std::vector<EvidenceTally>& tallies,
                        int64_t day) {
  if (tallies.empty()) return {};
  auto put = database.Prepare(
      "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + "
      "excluded.calls");
  if (!put) return put.error();
  for (const EvidenceTally& tally : tallies) {
    put->Bind(1, tally.hour).Bind(2, day).BindText(3, tally.party.signer);
    put->BindText(4, tally.party.holder).BindText(5, tally.party.trunk).BindText(6, tally.reason);
    put->BindText(7, tally.action).Bind(8, tally.calls);
    if (auto ok = put->Run(); !ok) return ok;
  }
  return {};
}

// Adds rows of (party, reason, calls, rejected).
Result<void> AddCallRows(SqliteStatement& rows, ReportBuilder& report) {
  while (true) {
    const auto row = rows.Step();
    if (!row) return row.error();
    if (!*row) return {};
    report.AddCalls(rows.Bytes(0), rows.Bytes(1), rows.Int(2), rows.Int(3));
  }
}

// Of calls that were stored before there were tallies: their texts say what is not in columns. Such
// a program did not know holders.
Result<void> AddUntallied(SqliteDatabase& database, int64_t day, int64_t until,
                          const ReportQuery& query, ReportBuilder& report) {
  const std::string party = query.by == ReportBy::kTrunk ? "coalesce(trunk, '')"
                            : query.by == ReportBy::kHolder
                                ? "''"
                                : "CASE WHEN spc IS NOT NULL THEN spc WHEN reason = "
                                  "'verified' THEN coalesce(json_extract(text, "
                                  "'$.verdict.signer.subject'), '') ELSE '' END";
  auto read = database.Prepare(
      "SELECT " + party +
      ", coalesce(reason, ''), count(*), coalesce(sum(json_extract(text, '$.disposition.action') = "
      "'reject'), 0) FROM " +
      TableOf(day) + " WHERE kind = 0 AND +seq <= ? AND time >= ? AND time < ? GROUP BY 1, 2");
  if (!read) return read.error();
  read->Bind(1, until).Bind(2, Seconds(query.from)).Bind(3, Seconds(query.to));
  return AddCallRows(*read, report);
}

Result<void> AddTallied(SqliteDatabase& database, const ReportQuery& query, ReportBuilder& report) {
  const std::string party(ReportByName(query.by));
  auto read = database.Prepare("SELECT " + party +
                               ", reason, sum(calls), sum(CASE WHEN action = 'reject' THEN calls "
                               "ELSE 0 END) FROM tally WHERE hour >= ? AND hour < ? GROUP BY 1, 2");
  if (!read) return read.error();
  constexpr int64_t kHour = 3600;
  read->Bind(1, Seconds(query.from) / kHour).Bind(2, Seconds(query.to) / kHour);
  return AddCallRows(*read, report);
}

Result<void> AddComplaintRows(SqliteDatabase& database, const ReportQuery& query,
                              ReportBuilder& report) {
  const std::string party(ReportByName(query.by));
  auto read = database.Prepare(
      "SELECT candidates > 0, " + party +
      ", count(*), sum(candidates > 1) FROM complaint WHERE counts_at >= ? AND counts_at < ? GROUP "
      "BY 1, 2");
  if (!read) return read.error();
  read->Bind(1, Seconds(query.from)).Bind(2, Seconds(query.to));
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return {};
    if (read->Int(0) == 0) {
      report.AddUnmatched(read->Int(2));
    } else {
      report.AddComplaints(read->Bytes(1), read->Int(2), read->Int(3));
    }
  }
}

// SQLite keeps any type in any column; comparisons then find other rows than values say.
constexpr std::pair<const char*, const char*> kOddRows[] = {
    {"SELECT 1 FROM tally WHERE day NOT IN (SELECT day FROM day) LIMIT 1",
     "calls are counted of a day that is not there"},
    {"SELECT 1 FROM tally WHERE typeof(hour) <> 'integer' OR typeof(day) <> 'integer' OR "
     "typeof(calls) <> 'integer' OR typeof(signer) <> 'text' OR typeof(holder) <> 'text' OR "
     "typeof(trunk) <> 'text' OR typeof(reason) <> 'text' OR typeof(action) <> 'text' LIMIT 1",
     "a count of calls holds another type of values"},
    {"SELECT 1 FROM complaint WHERE counts_at IS NOT CASE WHEN candidates = 0 THEN about ELSE "
     "call_time END LIMIT 1",
     "a complaint counts at another time than its call's"},
    {"SELECT 1 FROM complaint WHERE typeof(received) <> 'integer' OR typeof(about) <> 'integer' OR "
     "typeof(candidates) <> 'integer' OR typeof(call_time) <> 'integer' OR typeof(id) <> 'blob' OR "
     "typeof(reference) NOT IN ('text', 'null') OR reference = '' OR typeof(signer) <> 'text' OR "
     "typeof(holder) <> 'text' OR typeof(trunk) <> 'text' LIMIT 1",
     "a complaint's entry holds another type of values"},
};

// What the records in `rows` (their text) are counted as; one that cannot be read counts as
// nothing.
Result<std::vector<EvidenceTally>> Recount(SqliteStatement& rows) {
  TallyCounter counter;
  while (true) {
    const auto row = rows.Step();
    if (!row) return row.error();
    if (!*row) return counter.Take();
    if (const auto record = RecordOfText(std::string(rows.Bytes(0)))) counter.Add(*record);
  }
}

}  // namespace

Result<void> MakeSqliteSummaries(SqliteDatabase& database, int64_t head_seq) {
  const auto from = SqliteTalliedFrom(database);
  if (!from) return from.error();
  if (*from) return {};
  if (auto ok = database.Execute(kSqliteSummarySchema); !ok) return ok;
  auto setting = database.Prepare("INSERT INTO setting VALUES ('tallied_from', ?)");
  if (!setting) return setting.error();
  return setting->BindText(1, std::to_string(head_seq)).Run();
}

Result<std::optional<int64_t>> SqliteTalliedFrom(SqliteDatabase& database) {
  auto read = database.Prepare("SELECT value FROM setting WHERE name = 'tallied_from'");
  if (!read) return read.error();
  const auto row = read->Step();
  if (!row) return row.error();
  if (!*row) return std::optional<int64_t>();
  const auto seq = ParseNumber(read->Bytes(0), INT64_MAX);
  return std::optional<int64_t>(seq ? static_cast<int64_t>(*seq) : 0);
}

Result<void> PutSqliteSummaries(SqliteDatabase& database, const std::vector<ChainedRecord>& records,
                                int64_t day) {
  TallyCounter counter;
  for (const ChainedRecord& chained : records) {
    counter.Add(*chained.record);
    const auto& complaint = chained.record->summary.complaint;
    if (!complaint) continue;
    auto ok = chained.record->kind == EvidenceKind::kMatch
                  ? PutMatch(database, *complaint)
                  : PutComplaint(database, *complaint, chained.seq);
    if (!ok) return ok;
  }
  return AddTallies(database, counter.Take(), day);
}

Result<void> TakeSqliteSummaries(SqliteDatabase& database, const std::string& table, int64_t day,
                                 int64_t seq) {
  const auto from = SqliteTalliedFrom(database);
  if (!from) return from.error();
  auto rows = database.Prepare("SELECT text FROM " + table + " WHERE seq > ? AND seq <= ?");
  if (!rows) return rows.error();
  rows->Bind(1, from->value_or(seq)).Bind(2, seq);
  auto tallies = Recount(*rows);
  if (!tallies) return tallies.error();
  for (EvidenceTally& tally : *tallies) tally.calls = -tally.calls;
  if (auto ok = AddTallies(database, *tallies, day); !ok) return ok;
  return database.Execute("DELETE FROM tally WHERE calls = 0 AND day = " + std::to_string(day) +
                          "; DELETE FROM complaint WHERE seq <= " + std::to_string(seq));
}

Result<bool> SqliteHasReference(SqliteDatabase& database, std::string_view reference) {
  auto read = database.Prepare("SELECT 1 FROM complaint WHERE reference = ?");
  if (!read) return read.error();
  return read->BindText(1, reference).Step();
}

Result<ComplaintPage> FindSqliteComplaints(SqliteDatabase& database, const ComplaintQuery& query) {
  ComplaintPage page;
  const auto from = SqliteTalliedFrom(database);
  if (!from) return from.error();
  if (!*from) return page;
  std::string where = "seq < ?";
  using State = ComplaintQuery::State;
  if (query.state == State::kUnmatched) where += " AND candidates = 0";
  if (query.state == State::kMatched) where += " AND candidates = 1";
  if (query.state == State::kAmbiguous) where += " AND candidates > 1";
  if (query.from) where += " AND received >= " + std::to_string(Seconds(*query.from));
  if (query.to) where += " AND received <= " + std::to_string(Seconds(*query.to));
  if (!query.id.empty()) where += " AND id = ?2";
  if (!query.reference.empty()) where += " AND reference = ?3";
  const size_t limit = std::min(query.limit, ComplaintQuery::kMaxLimit);
  auto read = database.Prepare(std::string("SELECT ") + kSqliteEntry + " FROM complaint WHERE " +
                               where + " ORDER BY seq DESC LIMIT " + std::to_string(limit + 1));
  if (!read) return read.error();
  read->Bind(1, query.before);
  if (!query.id.empty()) read->BindBlob(2, PackUuid(query.id));
  if (!query.reference.empty()) read->BindText(3, query.reference);
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) break;
    page.complaints.push_back(EntryOf(*read));
  }
  if (page.complaints.size() > limit) {
    page.complaints.resize(limit);
    if (limit > 0) page.next = page.complaints.back().seq;
  }
  return page;
}

Result<EvidenceReport> SqliteReport(SqliteDatabase& database, const std::vector<int64_t>& days,
                                    const ReportQuery& query) {
  ReportBuilder report;
  const auto from = SqliteTalliedFrom(database);
  if (!from) return from.error();
  const int64_t untallied = from->value_or(INT64_MAX);
  for (const int64_t day : days) {
    auto first = database.Prepare("SELECT min(seq) FROM " + TableOf(day));
    if (!first) return first.error();
    if (auto row = first->Step(); !row) return row.error();
    if (first->Int(0) > untallied) continue;
    if (auto ok = AddUntallied(database, day, untallied, query, report); !ok) return ok.error();
  }
  if (!*from) return report.Finish();
  if (auto ok = AddTallied(database, query, report); !ok) return ok.error();
  if (auto ok = AddComplaintRows(database, query, report); !ok) return ok.error();
  return report.Finish();
}

Result<bool> SqliteHasSummaries(SqliteDatabase& database) {
  auto read = database.Prepare(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('tally', 'complaint')");
  if (!read) return read.error();
  if (auto row = read->Step(); !row) return row.error();
  return read->Int(0) == 2;
}

Result<std::vector<EvidenceTally>> SqliteTallies(SqliteDatabase& database, int64_t day) {
  auto read = database.Prepare(
      "SELECT hour, signer, holder, trunk, reason, action, calls FROM tally NOT INDEXED WHERE day "
      "= ? ORDER BY hour, signer, holder, trunk, reason, action");
  if (!read) return read.error();
  read->Bind(1, day);
  std::vector<EvidenceTally> tallies;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return tallies;
    tallies.push_back({read->Int(0),
                       {read->Bytes(1), read->Bytes(2), read->Bytes(3)},
                       read->Bytes(4),
                       read->Bytes(5),
                       read->Int(6)});
  }
}

Result<void> VisitSqliteSummaries(SqliteDatabase& database, EvidenceVisitor& visitor) {
  for (const auto& [sql, what] : kOddRows) {
    auto odd = database.Prepare(sql);
    if (!odd) return odd.error();
    const auto any = odd->Step();
    if (!any) return any.error();
    if (*any) visitor.Odd(what);
  }
  auto read = database.Prepare(std::string("SELECT ") + kSqliteEntry +
                               " FROM complaint NOT INDEXED ORDER BY seq");
  if (!read) return read.error();
  std::vector<ComplaintEntry> complaints;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) break;
    complaints.push_back(EntryOf(*read));
  }
  visitor.Complaints(complaints);
  return {};
}

}  // namespace callvet
