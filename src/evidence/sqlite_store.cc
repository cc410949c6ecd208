// SPDX-License-Identifier: MIT
#include "evidence/sqlite_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "evidence/hash_chain.h"
#include "evidence/packed_id.h"
#include "evidence/sqlite.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

using Records = std::vector<std::shared_ptr<const EvidenceRecord>>;

constexpr int64_t kApplicationId = 0x63767631;  // "cvv1"

constexpr const char* kSqliteSchema = R"(
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

constexpr const char* kSqliteColumns =
    "seq, id, kind, time, orig, dest, origid, spc, trunk, reason, call_id, hash, text";

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
  index("time", "time", "");
  index("orig", "orig, time", "orig IS NOT NULL");
  index("dest", "dest, time", "dest IS NOT NULL");
  index("origid", "origid", "origid IS NOT NULL");
  index("spc", "spc, time", "spc IS NOT NULL");
  index("trunk", "trunk, time", "trunk IS NOT NULL");
  index("call_id", "call_id", "call_id IS NOT NULL");
  index("reason", "reason, time", "reason <> 'verified'");
  return sql;
}

void BindText(SqliteStatement& statement, int index, const std::string& text) {
  if (text.empty()) {
    statement.BindNull(index);
  } else {
    statement.BindText(index, text);
  }
}

// UUIDs take 16 bytes, other texts stay texts.
void BindUuid(SqliteStatement& statement, int index, const std::string& text) {
  const std::string packed = PackUuid(text);
  if (packed.empty()) {
    BindText(statement, index, text);
  } else {
    statement.BindBlob(index, packed);
  }
}

std::string Uuid(const SqliteStatement& statement, int column) {
  std::string bytes = statement.Bytes(column);
  return statement.IsBlob(column) ? UnpackUuid(bytes) : bytes;
}

StoredEvidence RecordOf(const SqliteStatement& row) {
  StoredEvidence record;
  record.seq = row.Int(0);
  record.id = Uuid(row, 1);
  record.kind = row.Int(2) == 0 ? EvidenceKind::kCall : EvidenceKind::kAccess;
  record.time = Time(row.Int(3));
  record.keys = {row.Bytes(4), row.Bytes(5), Uuid(row, 6), row.Bytes(7),
                 row.Bytes(8), row.Bytes(9), row.Bytes(10)};
  record.hash = row.Bytes(11);
  record.text = row.Bytes(12);
  return record;
}

class SqliteStore final : public EvidenceStore {
 public:
  SqliteStore(SqliteStoreOptions options, SqliteDatabase writer, SqliteDatabase reader)
      : options_(std::move(options)), writer_(std::move(writer)), reader_(std::move(reader)) {}

  Result<void> Prepare();
  Result<void> Append(const Records& records, Seen seen) override;
  Result<EvidencePage> Find(const EvidenceQuery& query) override;
  Result<StoredEvidence> Get(std::string_view id) override;
  Result<std::string> GetBlob(std::string_view sha256) override;
  Result<void> VisitAll(EvidenceVisitor& visitor) override;
  Result<std::vector<std::string>> BlobNames() override;
  Result<int64_t> Prune(std::chrono::sys_days day) override;

 private:
  struct Day {
    int64_t day = 0;
    int64_t min_time = 0;
    int64_t max_time = 0;
  };

  // Of the writer's side, within a transaction.
  Result<void> AppendInside(const Records& records, Seen seen);
  Result<std::vector<const EvidenceRecord*>> NotThere(const Records& records, Seen seen);
  Result<int64_t> OpenDay(const std::vector<const EvidenceRecord*>& records);
  Result<void> PutBlobs(const std::vector<const EvidenceRecord*>& records, int64_t day);
  Result<void> PutRecords(const std::vector<ChainedRecord>& records, int64_t day);
  Result<void> PutHead(EvidenceCheckpoint head);
  Result<void> PutEnd(const char* name, const EvidenceCheckpoint& end);
  Result<int64_t> PruneInside(int64_t day);

  static Result<EvidenceCheckpoint> ReadEnd(SqliteDatabase& database, const char* name);
  static Result<std::vector<Day>> Days(SqliteDatabase& database, const char* order);
  Result<void> FindInDay(const EvidenceQuery& query, const Day& day, EvidencePage& page);
  Result<EvidenceChainState> ReadState();
  Result<void> VisitInside(EvidenceVisitor& visitor);

  /// Runs `work` in a transaction of `database` and commits it, or rolls it back.
  template <class Work>
  static auto Transaction(SqliteDatabase& database, const char* begin, Work work)
      -> decltype(work()) {
    if (auto ok = database.Execute(begin); !ok) return ok.error();
    auto result = work();
    if (result) {
      auto committed = database.Execute("COMMIT");
      if (committed) return result;
      result = committed.error();
    }
    (void)database.Execute("ROLLBACK");
    return result;
  }

  SqliteStoreOptions options_;
  std::mutex write_mutex_;
  SqliteDatabase writer_;
  std::map<std::string, int64_t> blob_days_;  // blobs known to be there, with their last_day
  std::mutex read_mutex_;
  SqliteDatabase reader_;
};

// Makes the tables and settles what the file is.
Result<void> SqliteStore::Prepare() {
  const auto settle = [&]() -> Result<void> {
    auto kind = writer_.Prepare("SELECT application_id FROM pragma_application_id");
    if (!kind) return kind.error();
    if (auto row = kind->Step(); !row || !*row) return Fail(Reason::kEvidenceUnavailable, "no id");
    auto tables = writer_.Prepare("SELECT count(*) FROM sqlite_schema");
    if (!tables) return tables.error();
    if (auto row = tables->Step(); !row) return row.error();
    const bool fresh = tables->Int(0) == 0;
    if (!fresh && kind->Int(0) != kApplicationId) {
      return Fail(Reason::kFileInvalid, options_.path.string() + " is no evidence of callvet");
    }
    if (options_.open == SqliteStoreOptions::Open::kReadOnly) return {};
    if (fresh) {
      if (auto ok = writer_.Execute("PRAGMA application_id = " + std::to_string(kApplicationId));
          !ok) {
        return ok.error();
      }
      if (auto ok = writer_.Execute(kSqliteSchema); !ok) return ok.error();
      auto setting = writer_.Prepare("INSERT INTO setting VALUES ('number_key', ?)");
      if (!setting) return setting.error();
      return setting->BindText(1, options_.number_key).Run();
    }
    return {};
  };
  const bool read_only = options_.open == SqliteStoreOptions::Open::kReadOnly;
  if (!read_only) {
    for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                               "PRAGMA wal_autocheckpoint = 4000", "PRAGMA cache_size = -65536"}) {
      if (auto ok = writer_.Execute(pragma); !ok) return ok.error();
    }
  }
  if (auto ok = Transaction(writer_, read_only ? "BEGIN" : "BEGIN IMMEDIATE", settle); !ok) {
    return ok.error();
  }
  auto setting = writer_.Prepare("SELECT value FROM setting WHERE name = 'number_key'");
  if (!setting) return setting.error();
  const auto row = setting->Step();
  if (!row) return row.error();
  if (!*row || (!read_only && setting->Bytes(0) != options_.number_key)) {
    return Fail(Reason::kKeyInvalid,
                options_.path.string() + " was begun with another key for numbers, or without one");
  }
  return {};
}

Result<void> SqliteStore::Append(const Records& records, Seen seen) {
  if (records.empty()) return {};
  const std::lock_guard lock(write_mutex_);
  auto done = Transaction(writer_, "BEGIN IMMEDIATE", [&] { return AppendInside(records, seen); });
  if (!done) blob_days_.clear();  // what was put is not there
  return done;
}

Result<void> SqliteStore::AppendInside(const Records& records, Seen seen) {
  const auto fresh = NotThere(records, seen);
  if (!fresh) return fresh.error();
  if (fresh->empty()) return {};
  const auto day = OpenDay(*fresh);
  if (!day) return day.error();
  if (auto ok = PutBlobs(*fresh, *day); !ok) return ok.error();
  auto head = ReadEnd(writer_, "head");
  if (!head) return head.error();
  const auto chained = ExtendChain(*fresh, *head);
  if (!chained) return chained.error();
  if (auto ok = PutRecords(*chained, *day); !ok) return ok.error();
  return PutHead(std::move(*head));
}

Result<std::vector<const EvidenceRecord*>> SqliteStore::NotThere(const Records& records,
                                                                 Seen seen) {
  std::vector<const EvidenceRecord*> fresh;
  std::vector<Day> days;
  if (seen == Seen::kPerhaps) {
    auto read = Days(writer_, "DESC");
    if (!read) return read.error();
    days = std::move(*read);
  }
  std::set<std::string_view> there;
  for (const Day& day : days) {
    auto look = writer_.Prepare("SELECT 1 FROM " + TableOf(day.day) + " WHERE id = ?");
    if (!look) return look.error();
    for (const auto& record : records) {
      look->BindBlob(1, PackUuid(record->id));
      const auto found = look->Step();
      if (!found) return found.error();
      if (*found) there.insert(record->id);
      if (auto ok = look->Run(); !ok) return ok.error();
    }
  }
  for (const auto& record : records) {
    if (there.insert(record->id).second) fresh.push_back(record.get());
  }
  return fresh;
}

// The day whose table the records go into: today, but never one before the last.
Result<int64_t> SqliteStore::OpenDay(const std::vector<const EvidenceRecord*>& records) {
  auto last = writer_.Prepare("SELECT day, min_time, max_time FROM day ORDER BY day DESC LIMIT 1");
  if (!last) return last.error();
  const auto row = last->Step();
  if (!row) return row.error();
  int64_t day = DayOf(options_.clock->Now());
  int64_t min_time = INT64_MAX;
  int64_t max_time = INT64_MIN;
  if (*row && last->Int(0) >= day) {
    day = last->Int(0);
    min_time = last->Int(1);
    max_time = last->Int(2);
  } else if (auto ok = writer_.Execute(DaySchema(day)); !ok) {
    return ok.error();
  }
  for (const EvidenceRecord* record : records) {
    min_time = std::min(min_time, Seconds(record->time));
    max_time = std::max(max_time, Seconds(record->time));
  }
  auto put = writer_.Prepare("INSERT OR REPLACE INTO day VALUES (?, ?, ?)");
  if (!put) return put.error();
  if (auto ok = put->Bind(1, day).Bind(2, min_time).Bind(3, max_time).Run(); !ok) {
    return ok.error();
  }
  return day;
}

Result<void> SqliteStore::PutBlobs(const std::vector<const EvidenceRecord*>& records, int64_t day) {
  constexpr size_t kMaxKnown = 100'000;
  auto put = writer_.Prepare(
      "INSERT INTO blob VALUES (?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET last_day = "
      "max(last_day, excluded.last_day)");
  if (!put) return put.error();
  if (blob_days_.size() > kMaxKnown) blob_days_.clear();
  for (const EvidenceRecord* record : records) {
    for (const auto& blob : record->blobs) {
      const auto known = blob_days_.find(blob->sha256);
      if (known != blob_days_.end() && known->second >= day) continue;
      put->BindBlob(1, BytesOfHex(blob->sha256).value_or("")).Bind(2, day).BindBlob(3, blob->bytes);
      if (auto ok = put->Run(); !ok) return ok.error();
      blob_days_[blob->sha256] = day;
    }
  }
  return {};
}

Result<void> SqliteStore::PutRecords(const std::vector<ChainedRecord>& records, int64_t day) {
  auto put = writer_.Prepare("INSERT INTO " + TableOf(day) + " (" + kSqliteColumns +
                             ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!put) return put.error();
  for (const ChainedRecord& chained : records) {
    const EvidenceRecord& record = *chained.record;
    const std::string id = PackUuid(record.id);
    if (id.empty()) return Fail(Reason::kInternalError, "an evidence id that is no UUID");
    put->Bind(1, chained.seq).BindBlob(2, id);
    put->Bind(3, record.kind == EvidenceKind::kCall ? 0 : 1).Bind(4, Seconds(record.time));
    BindText(*put, 5, record.keys.orig);
    BindText(*put, 6, record.keys.dest);
    BindUuid(*put, 7, record.keys.origid);
    BindText(*put, 8, record.keys.spc);
    BindText(*put, 9, record.keys.trunk);
    BindText(*put, 10, record.keys.reason);
    BindText(*put, 11, record.keys.call_id);
    put->BindBlob(12, chained.hash).BindText(13, record.text);
    if (auto ok = put->Run(); !ok) return ok.error();
  }
  return {};
}

Result<void> SqliteStore::PutEnd(const char* name, const EvidenceCheckpoint& end) {
  auto put = writer_.Prepare("INSERT OR REPLACE INTO chain_end VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return put.error();
  put->BindText(1, name).Bind(2, end.seq).BindBlob(3, end.hash).Bind(4, Seconds(end.time));
  put->BindText(5, end.key_id).BindBlob(6, end.signature);
  return put->Run();
}

Result<void> SqliteStore::PutHead(EvidenceCheckpoint head) {
  const auto now = options_.clock->Now();
  if (auto ok = SignCheckpoint(head, ChainEnd::kHead, now, options_.signer.get()); !ok) return ok;
  if (auto ok = PutEnd("head", head); !ok) return ok;
  auto signer = writer_.Prepare("INSERT OR IGNORE INTO signer VALUES (?, ?)");
  if (!signer) return signer.error();
  signer->BindText(1, head.key_id).BindText(2, options_.signer->public_pem());
  if (auto ok = signer->Run(); !ok) return ok;
  auto last = writer_.Prepare("SELECT seq, time FROM checkpoint ORDER BY seq DESC LIMIT 1");
  if (!last) return last.error();
  const auto row = last->Step();
  if (!row) return row.error();
  const int64_t last_seq = *row ? last->Int(0) : 0;
  const int64_t last_time = *row ? last->Int(1) : 0;
  if (head.seq < last_seq + kCheckpointRecords &&
      Seconds(now) < last_time + kCheckpointTime.count()) {
    return {};
  }
  auto put = writer_.Prepare("INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?)");
  if (!put) return put.error();
  put->Bind(1, head.seq).BindBlob(2, head.hash).Bind(3, Seconds(now));
  put->BindText(4, head.key_id).BindBlob(5, head.signature);
  return put->Run();
}

Result<EvidenceCheckpoint> SqliteStore::ReadEnd(SqliteDatabase& database, const char* name) {
  auto read =
      database.Prepare("SELECT seq, hash, time, key_id, signature FROM chain_end WHERE name = ?");
  if (!read) return read.error();
  const auto row = read->BindText(1, name).Step();
  if (!row) return row.error();
  if (!*row) return EvidenceCheckpoint{0, FirstHash(), {}, {}, {}};
  return EvidenceCheckpoint{read->Int(0), read->Bytes(1), Time(read->Int(2)), read->Bytes(3),
                            read->Bytes(4)};
}

Result<std::vector<SqliteStore::Day>> SqliteStore::Days(SqliteDatabase& database,
                                                        const char* order) {
  auto read = database.Prepare(
      std::string("SELECT day, min_time, max_time FROM day ORDER BY day ") + order);
  if (!read) return read.error();
  std::vector<Day> days;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return days;
    days.push_back({read->Int(0), read->Int(1), read->Int(2)});
  }
}

// What a query demands of a row, and the values for its parameters in order.
struct Condition {
  std::string sql;
  std::vector<std::pair<std::string, std::string>> values;  // kind of value ("t", "u"), value
  std::vector<int64_t> numbers;                             // come first
};

Condition ConditionOf(const EvidenceQuery& query) {
  Condition condition;
  condition.sql = "kind = ? AND seq < ?";
  condition.numbers = {query.kind == EvidenceKind::kCall ? 0 : 1, query.before};
  if (query.from) {
    condition.sql += " AND time >= ?";
    condition.numbers.push_back(Seconds(*query.from));
  }
  if (query.to) {
    condition.sql += " AND time <= ?";
    condition.numbers.push_back(Seconds(*query.to));
  }
  const auto add = [&](const char* column, const std::string& value, const char* kind) {
    if (value.empty()) return;
    condition.sql += std::string(" AND ") + column + " = ?";
    condition.values.emplace_back(kind, value);
  };
  add("orig", query.keys.orig, "t");
  add("dest", query.keys.dest, "t");
  add("origid", query.keys.origid, "u");
  add("spc", query.keys.spc, "t");
  add("trunk", query.keys.trunk, "t");
  add("call_id", query.keys.call_id, "t");
  add("reason", query.keys.reason, "t");
  if (!query.keys.reason.empty() && query.keys.reason != Info(Reason::kNone).id) {
    condition.sql += " AND reason <> 'verified'";  // so that its index may be used
  }
  return condition;
}

// Places first, which indexes know, then the records themselves.
Result<void> SqliteStore::FindInDay(const EvidenceQuery& query, const Day& day,
                                    EvidencePage& page) {
  const Condition condition = ConditionOf(query);
  const std::string table = TableOf(day.day);
  auto find = reader_.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " + table +
                              " WHERE seq IN (SELECT seq FROM " + table + " WHERE " +
                              condition.sql + " ORDER BY seq DESC LIMIT ?) ORDER BY seq DESC");
  if (!find) return find.error();
  int index = 0;
  for (const int64_t number : condition.numbers) find->Bind(++index, number);
  for (const auto& [kind, value] : condition.values) {
    if (kind == "u") {
      BindUuid(*find, ++index, value);
    } else {
      find->BindText(++index, value);
    }
  }
  const size_t wanted = std::min(query.limit, EvidenceQuery::kMaxLimit) + 1 - page.records.size();
  find->Bind(++index, static_cast<int64_t>(wanted));
  while (true) {
    const auto row = find->Step();
    if (!row) return row.error();
    if (!*row) return {};
    page.records.push_back(RecordOf(*find));
  }
}

Result<EvidencePage> SqliteStore::Find(const EvidenceQuery& query) {
  const std::lock_guard lock(read_mutex_);
  const size_t limit = std::min(query.limit, EvidenceQuery::kMaxLimit);
  return Transaction(reader_, "BEGIN", [&]() -> Result<EvidencePage> {
    const auto days = Days(reader_, "DESC");
    if (!days) return days.error();
    EvidencePage page;
    for (const Day& day : *days) {
      if (query.from && day.max_time < Seconds(*query.from)) continue;
      if (query.to && day.min_time > Seconds(*query.to)) continue;
      if (auto ok = FindInDay(query, day, page); !ok) return ok.error();
      if (page.records.size() > limit) break;
    }
    if (page.records.size() > limit) {
      page.records.resize(limit);
      if (limit > 0) page.next = page.records.back().seq;
    }
    return page;
  });
}

Result<StoredEvidence> SqliteStore::Get(std::string_view id) {
  const std::lock_guard lock(read_mutex_);
  const std::string packed = PackUuid(id);
  return Transaction(reader_, "BEGIN", [&]() -> Result<StoredEvidence> {
    const auto days = Days(reader_, "DESC");
    if (!days) return days.error();
    for (const Day& day : packed.empty() ? std::vector<Day>() : *days) {
      auto find = reader_.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " +
                                  TableOf(day.day) + " WHERE id = ?");
      if (!find) return find.error();
      const auto row = find->BindBlob(1, packed).Step();
      if (!row) return row.error();
      if (*row) return RecordOf(*find);
    }
    return Fail(Reason::kResourceNotFound, "there is no evidence with this id");
  });
}

Result<std::string> SqliteStore::GetBlob(std::string_view sha256) {
  const std::lock_guard lock(read_mutex_);
  auto find = reader_.Prepare("SELECT bytes FROM blob WHERE sha256 = ?");
  if (!find) return find.error();
  const auto row = find->BindBlob(1, BytesOfHex(sha256).value_or("")).Step();
  if (!row) return row.error();
  if (*row) return find->Bytes(0);
  return Fail(Reason::kResourceNotFound, "there is nothing with this SHA-256");
}

Result<EvidenceChainState> SqliteStore::ReadState() {
  EvidenceChainState state;
  auto base = ReadEnd(reader_, "base");
  if (!base) return base.error();
  state.base = std::move(*base);
  auto head = ReadEnd(reader_, "head");
  if (!head) return head.error();
  state.head = std::move(*head);
  auto checkpoints =
      reader_.Prepare("SELECT seq, hash, time, key_id, signature FROM checkpoint ORDER BY seq");
  if (!checkpoints) return checkpoints.error();
  while (true) {
    const auto row = checkpoints->Step();
    if (!row) return row.error();
    if (!*row) break;
    state.checkpoints.push_back({checkpoints->Int(0), checkpoints->Bytes(1),
                                 Time(checkpoints->Int(2)), checkpoints->Bytes(3),
                                 checkpoints->Bytes(4)});
  }
  auto keys = reader_.Prepare("SELECT public_pem FROM signer");
  if (!keys) return keys.error();
  while (true) {
    const auto row = keys->Step();
    if (!row) return row.error();
    if (!*row) return state;
    state.public_keys.push_back(keys->Bytes(0));
  }
}

Result<void> SqliteStore::VisitInside(EvidenceVisitor& visitor) {
  const auto state = ReadState();
  if (!state) return state.error();
  visitor.State(*state);
  const auto days = Days(reader_, "ASC");
  if (!days) return days.error();
  for (const Day& day : *days) {
    auto read = reader_.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " +
                                TableOf(day.day) + " ORDER BY seq");
    if (!read) return read.error();
    while (true) {
      const auto row = read->Step();
      if (!row) return row.error();
      if (!*row) break;
      if (!visitor.Record(RecordOf(*read))) return {};
    }
  }
  return {};
}

Result<void> SqliteStore::VisitAll(EvidenceVisitor& visitor) {
  const std::lock_guard lock(read_mutex_);
  return Transaction(reader_, "BEGIN", [&] { return VisitInside(visitor); });
}

Result<std::vector<std::string>> SqliteStore::BlobNames() {
  const std::lock_guard lock(read_mutex_);
  auto read = reader_.Prepare("SELECT lower(hex(sha256)) FROM blob ORDER BY sha256");
  if (!read) return read.error();
  std::vector<std::string> names;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return names;
    names.push_back(read->Bytes(0));
  }
}

Result<int64_t> SqliteStore::Prune(std::chrono::sys_days day) {
  const std::lock_guard lock(write_mutex_);
  blob_days_.clear();
  return Transaction(writer_, "BEGIN IMMEDIATE",
                     [&] { return PruneInside(day.time_since_epoch().count()); });
}

Result<int64_t> SqliteStore::PruneInside(int64_t day) {
  const auto days = Days(writer_, "ASC");
  if (!days) return days.error();
  auto base = ReadEnd(writer_, "base");
  if (!base) return base.error();
  int64_t deleted = 0;
  for (const Day& old : *days) {
    if (old.day >= day) break;
    auto last = writer_.Prepare("SELECT seq, hash, (SELECT count(*) FROM " + TableOf(old.day) +
                                ") FROM " + TableOf(old.day) + " ORDER BY seq DESC LIMIT 1");
    if (!last) return last.error();
    const auto row = last->Step();
    if (!row) return row.error();
    if (*row) {
      base->seq = last->Int(0);
      base->hash = last->Bytes(1);
      deleted += last->Int(2);
    }
    *last = *writer_.Prepare("SELECT 1");  // a table that is being read cannot be dropped
    if (auto ok = writer_.Execute("DROP TABLE " + TableOf(old.day) +
                                  "; DELETE FROM day WHERE day = " + std::to_string(old.day));
        !ok) {
      return ok.error();
    }
  }
  if (deleted == 0) return deleted;
  if (auto ok =
          SignCheckpoint(*base, ChainEnd::kBase, options_.clock->Now(), options_.signer.get());
      !ok) {
    return ok.error();
  }
  if (auto ok = PutEnd("base", *base); !ok) return ok.error();
  if (auto ok =
          writer_.Execute("DELETE FROM blob WHERE last_day < " + std::to_string(day) +
                          "; DELETE FROM checkpoint WHERE seq <= " + std::to_string(base->seq));
      !ok) {
    return ok.error();
  }
  return deleted;
}

}  // namespace

Result<std::shared_ptr<EvidenceStore>> OpenSqliteStore(const SqliteStoreOptions& options) {
  using Open = SqliteStoreOptions::Open;
  const auto mode = options.open == Open::kCreate     ? SqliteDatabase::Mode::kCreate
                    : options.open == Open::kExisting ? SqliteDatabase::Mode::kExisting
                                                      : SqliteDatabase::Mode::kReadOnly;
  auto writer = SqliteDatabase::Open(options.path, mode);
  if (!writer) return writer.error();
  auto reader = SqliteDatabase::Open(options.path, mode == SqliteDatabase::Mode::kReadOnly
                                                       ? mode
                                                       : SqliteDatabase::Mode::kExisting);
  if (!reader) return reader.error();
  auto store = std::make_shared<SqliteStore>(options, std::move(*writer), std::move(*reader));
  if (auto ok = store->Prepare(); !ok) return ok.error();
  return std::shared_ptr<EvidenceStore>(std::move(store));
}

}  // namespace callvet
