// SPDX-License-Identifier: MIT
#include "evidence/sqlite_rows.h"

#include <utility>

#include "evidence/hash_chain.h"
#include "evidence/sqlite_schema.h"
#include "evidence/store_time.h"

namespace callvet {

Result<StoredEvidence> SqliteRowAt(SqliteDatabase& database, int64_t seq) {
  const auto days = SqliteDays(database, "DESC");
  if (!days) return days.error();
  for (const SqliteDay& day : *days) {
    auto find = database.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " +
                                 TableOf(day.day) + " WHERE seq = ?");
    if (!find) return find.error();
    const auto row = find->Bind(1, seq).Step();
    if (!row) return row.error();
    if (*row) return RecordOf(*find, day.day);
  }
  return StoredEvidence();
}

// `base`: where the chain begins.
Result<ChainPlace> SqlitePlaceOf(SqliteDatabase& database, const StoredEvidence& record,
                                 const EvidenceCheckpoint& base) {
  return ChainPlaceOf(
      record, base, [&](int64_t seq) { return SqliteRowAt(database, seq); },
      [&] { return SqliteChainEnd(database, "head"); });
}

Result<EvidenceCheckpoint> SqliteChainEnd(SqliteDatabase& database, const char* name) {
  auto read =
      database.Prepare("SELECT seq, hash, time, key_id, signature FROM chain_end WHERE name = ?");
  if (!read) return read.error();
  const auto row = read->BindText(1, name).Step();
  if (!row) return row.error();
  if (!*row) return EvidenceCheckpoint{0, FirstHash(), {}, {}, {}};
  return EvidenceCheckpoint{read->Int(0), read->Bytes(1), Time(read->Int(2)), read->Bytes(3),
                            read->Bytes(4)};
}

Result<std::vector<SqliteDay>> SqliteDays(SqliteDatabase& database, const char* order) {
  auto read = database.Prepare(
      std::string("SELECT day, min_time, max_time FROM day ORDER BY day ") + order);
  if (!read) return read.error();
  std::vector<SqliteDay> days;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return days;
    days.push_back({read->Int(0), Seconds(Time(read->Int(1))), Seconds(Time(read->Int(2)))});
  }
}

Result<void> PutSqliteChainEnd(SqliteDatabase& database, const char* name,
                               const EvidenceCheckpoint& end) {
  auto put = database.Prepare("INSERT OR REPLACE INTO chain_end VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return put.error();
  put->BindText(1, name).Bind(2, end.seq).BindBlob(3, end.hash).Bind(4, Seconds(end.time));
  put->BindText(5, end.key_id).BindBlob(6, end.signature);
  return put->Run();
}

}  // namespace callvet
