// SPDX-License-Identifier: MIT
#include "evidence/sqlite_schema.h"

#include <map>
#include <utility>

#include "evidence/evidence_codec.h"
#include "evidence/packed_id.h"
#include "evidence/sqlite_summary.h"
#include "evidence/store_time.h"

namespace callvet {

const char* const kSqliteSchema = R"(
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS day (
  day INTEGER PRIMARY KEY, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS blob (sha256 BLOB PRIMARY KEY, last_day INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chain_end (
  name TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL, time INTEGER NOT NULL,
  key_id TEXT NOT NULL, signature BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
  seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, time INTEGER NOT NULL,
  key_id TEXT NOT NULL, signature BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS signer (key_id TEXT PRIMARY KEY, public_pem TEXT NOT NULL) WITHOUT ROWID;
)";

namespace {

using Column = SqliteStatement::Column;

constexpr size_t kUuidBytes = 16;
constexpr size_t kSha256Bytes = 32;

std::string Uuid(const SqliteStatement& row, int column) {
  std::string bytes = row.Bytes(column);
  return row.TypeOf(column) == Column::kBlob ? UnpackUuid(bytes) : bytes;
}

// SQLite keeps any type in any column, and finds only what has the type that is asked for.
std::string OddColumn(const SqliteStatement& row) {
  const auto is = [&](int column, Column type) { return row.TypeOf(column) == type; };
  const auto text_or_null = [&](int column) {
    return is(column, Column::kNull) || (is(column, Column::kText) && !row.Bytes(column).empty());
  };
  if (!is(1, Column::kBlob) || row.Bytes(1).size() != kUuidBytes) return "id";
  if (!is(2, Column::kInteger) || !EvidenceKindOf(row.Int(2))) return "kind";
  if (!is(3, Column::kInteger)) return "time";
  const bool uuid = is(6, Column::kBlob) && row.Bytes(6).size() == kUuidBytes;
  if (!uuid && (!text_or_null(6) || !PackUuid(row.Bytes(6)).empty())) return "origid";
  const std::pair<int, const char*> texts[] = {{4, "orig"},  {5, "dest"},   {7, "spc"},
                                               {8, "trunk"}, {9, "reason"}, {10, "call_id"}};
  for (const auto& [column, name] : texts) {
    if (!text_or_null(column)) return name;
  }
  if (!is(11, Column::kBlob) || row.Bytes(11).size() != kSha256Bytes) return "hash";
  if (!is(12, Column::kText)) return "text";
  return {};
}

using Schema = std::map<std::string, std::string>;  // "index record_1_id", its definition

Result<Schema> ReadSchema(SqliteDatabase& database) {
  auto read = database.Prepare(
      "SELECT type || ' ' || name, tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema "
      "WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4')");
  if (!read) return read.error();
  Schema schema;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return schema;
    schema.emplace(read->Bytes(0), read->Bytes(1));
  }
}

Result<Schema> WantedSchema(const std::vector<int64_t>& days, const char* summaries) {
  auto database = SqliteDatabase::Open("", SqliteDatabase::Mode::kTemporary);
  if (!database) return database.error();
  if (auto ok = database->Execute(std::string(kSqliteSchema) + summaries); !ok) return ok.error();
  for (const int64_t day : days) {
    if (auto ok = database->Execute(DaySchema(day)); !ok) return ok.error();
  }
  return ReadSchema(*database);
}

}  // namespace

std::string TableOf(int64_t day) {
  return "record_" + std::to_string(day);
}

// What is often empty is indexed only where it is there.
std::string DaySchema(int64_t day) {
  const std::string table = TableOf(day);
  std::string sql =
      "CREATE TABLE IF NOT EXISTS " + table +
      " (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, "
      "time INTEGER NOT NULL, orig TEXT, dest TEXT, origid BLOB, spc TEXT, "
      "trunk TEXT, reason TEXT, call_id TEXT, hash BLOB NOT NULL, text TEXT NOT NULL);"
      "CREATE UNIQUE INDEX IF NOT EXISTS " +
      table + "_id ON " + table + "(id);";
  const auto index = [&](const std::string& name, const std::string& columns,
                         const std::string& where) {
    sql += "CREATE INDEX IF NOT EXISTS " + table + "_" + name + " ON " + table + "(" + columns +
           ")" + (where.empty() ? "" : " WHERE " + where) + ";";
  };
  // A search wants the latest of what matches: its index serves that order, and holds what else
  // is asked for, so that no row is read in vain.
  index("time", "time, kind", "");
  index("orig", "orig, seq, kind, time", "orig IS NOT NULL");
  index("dest", "dest, seq, kind, time", "dest IS NOT NULL");
  index("origid", "origid", "origid IS NOT NULL");
  index("spc", "spc, seq, kind, time", "spc IS NOT NULL");
  index("trunk", "trunk, seq, kind, time", "trunk IS NOT NULL");
  index("call_id", "call_id", "call_id IS NOT NULL");
  index("reason", "reason, seq, kind, time", "reason <> 'verified'");
  return sql;
}

StoredEvidence RecordOf(const SqliteStatement& row, int64_t day) {
  StoredEvidence record;
  record.seq = row.Int(0);
  record.id = Uuid(row, 1);
  record.kind = EvidenceKindOf(row.Int(2)).value_or(EvidenceKind::kAccess);
  record.time = Time(row.Int(3));
  record.keys = {row.Bytes(4), row.Bytes(5), Uuid(row, 6), row.Bytes(7),
                 row.Bytes(8), row.Bytes(9), row.Bytes(10)};
  record.hash = row.Bytes(11);
  record.text = row.Bytes(12);
  record.day = std::chrono::sys_days(std::chrono::days(day));
  const std::string odd = OddColumn(row);
  if (!odd.empty()) record.odd = "its column " + odd + " holds another type or range of values";
  return record;
}

Result<bool> CheckSqliteTables(SqliteDatabase& database, EvidenceVisitor& visitor) {
  const auto is = ReadSchema(database);
  if (!is) return is.error();
  const auto wanted = WantedSchema({}, "");
  if (!wanted) return wanted.error();
  bool whole = true;
  for (const auto& [name, definition] : *wanted) {
    if (!name.starts_with("table ") || is->contains(name)) continue;
    visitor.Odd(name + " is missing");
    whole = false;
  }
  return whole;
}

Result<void> CheckSqliteStructure(SqliteDatabase& database, const std::vector<int64_t>& days,
                                  EvidenceVisitor& visitor) {
  const auto is = ReadSchema(database);
  if (!is) return is.error();
  const auto tallied = SqliteTalliedFrom(database);
  if (!tallied) return tallied.error();
  const auto wanted = WantedSchema(days, *tallied ? kSqliteSummarySchema : "");
  if (!wanted) return wanted.error();
  for (const auto& [name, definition] : *wanted) {
    const auto found = is->find(name);
    if (found == is->end()) {
      visitor.Odd(name + " is missing");
    } else if (found->second != definition) {
      visitor.Odd(name + " is not as it is made");
    }
  }
  for (const auto& [name, definition] : *is) {
    if (!wanted->contains(name)) visitor.Odd(name + " does not belong here");
  }
  auto check = database.Prepare("PRAGMA integrity_check(20)");
  if (!check) return check.error();
  while (true) {
    const auto row = check->Step();
    if (!row) return row.error();
    if (!*row) return {};
    if (check->Bytes(0) != "ok") visitor.Odd("SQLite: " + check->Bytes(0));
  }
}

}  // namespace callvet
