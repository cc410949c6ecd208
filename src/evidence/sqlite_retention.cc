// SPDX-License-Identifier: MIT
#include "evidence/sqlite_retention.h"

#include <optional>
#include <string>
#include <utility>

#include "evidence/hash_chain.h"
#include "evidence/packed_id.h"
#include "evidence/sqlite_rows.h"
#include "evidence/sqlite_schema.h"
#include "evidence/sqlite_summary.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

// Of a day's records so many are deleted at once, so that whoever appends is not kept waiting.
constexpr int64_t kPruneStep = 1'000;

}  // namespace

// Nothing is deleted unless all of it may be.
Result<void> SqliteRetention::CheckOldDays(int64_t limit) {
  const auto tail = checked_tail_();
  if (!tail) return tail.error();
  const auto days = SqliteDays(database_, "ASC");
  if (!days) return days.error();
  for (const SqliteDay& old : *days) {
    if (old.day >= limit) break;
    if (auto ok = CheckOldDay(old.day, limit, tail->base); !ok) return ok;
  }
  return {};
}

Result<void> SqliteRetention::CheckOldDay(int64_t day, int64_t limit,
                                          const EvidenceCheckpoint& base) {
  const std::string table = TableOf(day);
  auto last =
      database_.Prepare(std::string("SELECT ") + kSqliteColumns + ", (SELECT max(id) FROM " +
                        table + ") FROM " + table + " ORDER BY seq DESC LIMIT 1");
  if (!last) return last.error();
  const auto row = last->Step();
  if (!row) return row.error();
  if (!*row) return {};
  const OldDay old{RecordOf(*last, day), UnpackUuid(last->Bytes(13))};
  if (auto ok = CheckOld(old, std::chrono::sys_days(std::chrono::days(limit))); !ok) return ok;
  const auto place = SqlitePlaceOf(database_, old.last, base);
  if (!place) return place.error();
  return CheckPlace(old.last, *place);
}

// The first records of the first day, if it is old.
Result<SqliteRetention::Step> SqliteRetention::DeleteSomeRecords(int64_t limit) {
  const auto days = SqliteDays(database_, "ASC");
  if (!days) return days.error();
  if (days->empty() || days->front().day >= limit) return Step();
  const int64_t day = days->front().day;
  auto tail = checked_tail_();
  if (!tail) return tail.error();
  if (auto ok = CheckOldDay(day, limit, tail->base); !ok) return ok.error();
  const auto deleted = DeleteFirst(day, tail->base);
  if (!deleted) return deleted.error();
  if (auto ok = SettleDay(day); !ok) return ok.error();
  return Step{*deleted, true};
}

// Of what is deleted the last record becomes `base`.
Result<int64_t> SqliteRetention::DeleteFirst(int64_t day, EvidenceCheckpoint& base) {
  const auto last = LastOfStep(day);
  if (!last) return last.error();
  if (last->seq == 0) return 0;
  const auto place = SqlitePlaceOf(database_, *last, base);
  if (!place) return place.error();
  if (auto ok = CheckPlace(*last, *place); !ok) return ok.error();
  base.seq = last->seq;
  base.hash = last->hash;
  const std::string until = " WHERE seq <= " + std::to_string(base.seq);
  if (auto ok = TakeSqliteSummaries(database_, TableOf(day), day, base.seq); !ok) return ok.error();
  if (auto ok = database_.Execute("DELETE FROM " + TableOf(day) + until); !ok) return ok.error();
  auto deleted = Changes();
  if (auto ok = SignCheckpoint(base, ChainEnd::kBase, clock_.Now(), signer_); !ok) {
    return ok.error();
  }
  if (auto ok = PutSqliteChainEnd(database_, "base", base); !ok) return ok.error();
  if (auto ok = database_.Execute("DELETE FROM checkpoint" + until); !ok) return ok.error();
  return deleted;
}

// seq 0: the day has no records.
Result<StoredEvidence> SqliteRetention::LastOfStep(int64_t day) {
  const std::string table = TableOf(day);
  auto last = database_.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " + table +
                                " WHERE seq = (SELECT max(seq) FROM (SELECT seq FROM " + table +
                                " ORDER BY seq LIMIT ?))");
  if (!last) return last.error();
  const auto row = last->Bind(1, kPruneStep).Step();
  if (!row) return row.error();
  return *row ? RecordOf(*last, day) : StoredEvidence();
}

// The times of what is left of a day; a day without records goes.
Result<void> SqliteRetention::SettleDay(int64_t day) {
  const std::string table = TableOf(day);
  const std::string of_day = " WHERE day = " + std::to_string(day);
  std::optional<SqliteDay> left;
  {
    auto times = database_.Prepare("SELECT (SELECT min(time) FROM " + table +
                                   "), (SELECT max(time) FROM " + table + ")");
    if (!times) return times.error();
    const auto row = times->Step();
    if (!row) return row.error();
    if (*row && times->TypeOf(0) != SqliteStatement::Column::kNull) {
      left = SqliteDay{day, times->Int(0), times->Int(1)};
    }
  }  // a table that is being read cannot be dropped
  if (!left) {
    return database_.Execute("DROP TABLE " + table + "; DELETE FROM day" + of_day +
                             "; DELETE FROM tally" + of_day);
  }
  return database_.Execute("UPDATE day SET min_time = " + std::to_string(left->min_time) +
                           ", max_time = " + std::to_string(left->max_time) + of_day);
}

// No day is left whose records name them.
Result<SqliteRetention::Step> SqliteRetention::DeleteSomeBlobs(int64_t limit) {
  const std::string days = std::to_string(limit);
  if (auto ok = database_.Execute(
          "DELETE FROM blob WHERE rowid IN (SELECT rowid FROM blob WHERE last_day < min(" + days +
          ", coalesce((SELECT min(day) FROM day), " + days + ")) LIMIT " +
          std::to_string(kPruneStep) + ")");
      !ok) {
    return ok.error();
  }
  const auto deleted = Changes();
  if (!deleted) return deleted.error();
  return Step{*deleted, *deleted > 0};
}

// How many rows the last statement deleted.
Result<int64_t> SqliteRetention::Changes() {
  auto read = database_.Prepare("SELECT changes()");
  if (!read) return read.error();
  if (const auto row = read->Step(); !row) return row.error();
  return read->Int(0);
}

}  // namespace callvet
