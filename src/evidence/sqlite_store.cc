// SPDX-License-Identifier: MIT
#include "evidence/sqlite_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/file_identity.h"
#include "base/timed_mutex.h"
#include "evidence/chain_guard.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_summary.h"
#include "evidence/hash_chain.h"
#include "evidence/number_secret.h"
#include "evidence/packed_id.h"
#include "evidence/pool.h"
#include "evidence/sqlite.h"
#include "evidence/sqlite_retention.h"
#include "evidence/sqlite_rows.h"
#include "evidence/sqlite_schema.h"
#include "evidence/sqlite_summary.h"
#include "evidence/store_time.h"
#include "evidence/unthrowing_store.h"

namespace callvet {
namespace {

using Records = std::vector<std::shared_ptr<const EvidenceRecord>>;

constexpr int64_t kApplicationId = 0x63767631;  // "cvv1"
constexpr size_t kSqliteReaders = 4;
// How long whoever writes waits for others; then the group is spilled instead.
constexpr std::chrono::milliseconds kWriteWait{1'000};

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

// A database in WAL mode is three files, which stay the same ones while a connection is open.
using SqliteFiles = std::array<std::optional<FileIdentity>, 3>;

// The file that `path` names now, and those beside `real`, the file that was opened by it: a link
// has nothing beside it.
SqliteFiles FilesOf(const std::filesystem::path& path, const std::filesystem::path& real) {
  return {IdentityOf(path), IdentityOf(std::filesystem::path(real.string() + "-wal")),
          IdentityOf(std::filesystem::path(real.string() + "-shm"))};
}

class SqliteStore final : public EvidenceStore {
 public:
  SqliteStore(SqliteStoreOptions options, SqliteDatabase writer)
      : options_(std::move(options)),
        writer_(std::move(writer)),
        guard_(options_.mark),
        readers_(kSqliteReaders, [this] { return OpenReader(); }) {}

  Result<void> Prepare();
  Result<void> Append(const Records& records, Seen seen) override;
  Result<EvidencePage> Find(const EvidenceQuery& query) override;
  Result<StoredEvidence> Get(std::string_view id) override;
  Result<std::string> GetBlob(std::string_view sha256) override;
  Result<ComplaintPage> FindComplaints(const ComplaintQuery& query) override;
  Result<EvidenceReport> Report(const ReportQuery& query) override;
  Result<void> VisitAll(EvidenceVisitor& visitor) override;
  Result<std::vector<EvidenceBlobUse>> Blobs() override;
  Result<int64_t> Prune(std::chrono::sys_days day) override;
  void StopPruning() override { stop_pruning_ = true; }
  Result<void> Rekey(const EvidenceSigner& next) override;

 private:
  // Of the writer's side, within a transaction.
  Result<void> CheckLastNumberKey(const std::string& named);
  Result<void> CheckSigner();
  Result<ChainTail> ReadTail();
  Result<void> CheckFiles() const;
  Result<ChainTail> CheckedTail();
  Result<std::optional<EvidenceCheckpoint>> AppendInside(const Records& records, Seen seen);
  Result<std::vector<const EvidenceRecord*>> NotThere(const Records& records, Seen seen);
  Result<int64_t> OpenDay(const std::vector<const EvidenceRecord*>& records);
  Result<void> PutBlobs(const std::vector<const EvidenceRecord*>& records, int64_t day);
  Result<void> PutRecords(const std::vector<ChainedRecord>& records, int64_t day);
  Result<void> PutHead(EvidenceCheckpoint& head, const EvidenceCheckpoint& newest);
  Result<void> RekeyInside(const EvidenceSigner& next);

  SqliteRetention Retention();
  using DeleteSome = Result<SqliteRetention::Step> (SqliteRetention::*)(int64_t limit);
  Result<int64_t> InSteps(DeleteSome step, int64_t limit);

  Result<std::unique_ptr<SqliteDatabase>> OpenReader() const;
  static Result<void> FindInDay(SqliteDatabase& database, const EvidenceQuery& query,
                                const SqliteDay& day, EvidencePage& page);
  static Result<EvidenceChainState> ReadState(SqliteDatabase& database);
  /// False: the visitor had enough.
  static Result<bool> VisitDay(SqliteDatabase& database, const SqliteDay& day,
                               EvidenceVisitor& visitor);
  static Result<void> VisitInside(SqliteDatabase& database, EvidenceVisitor& visitor);

  SqliteStoreOptions options_;
  TimedMutex write_mutex_;
  SqliteDatabase writer_;
  SqliteFiles files_;  // as writer_ opened them
  std::filesystem::path real_path_;
  ChainGuard guard_;
  std::map<std::string, int64_t> blob_days_;  // blobs known to be there, with their last_day
  Pool<SqliteDatabase> readers_;
  std::atomic<bool> stop_pruning_ = false;
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
      if (auto ok = MakeSqliteSummaries(writer_, 0); !ok) return ok.error();
      auto setting = writer_.Prepare("INSERT INTO setting VALUES ('number_key', ?)");
      if (!setting) return setting.error();
      return setting->BindText(1, options_.number_key).Run();
    }
    const auto head = SqliteChainEnd(writer_, "head");
    if (!head) return head.error();
    return MakeSqliteSummaries(writer_, head->seq);
  };
  const bool read_only = options_.open == SqliteStoreOptions::Open::kReadOnly;
  if (!read_only) {
    for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                               "PRAGMA wal_autocheckpoint = 4000", "PRAGMA cache_size = -65536"}) {
      if (auto ok = writer_.Execute(pragma); !ok) return ok.error();
    }
  }
  if (auto ok = SqliteTransaction(writer_, read_only ? "BEGIN" : "BEGIN IMMEDIATE", settle); !ok) {
    return ok.error();
  }
  auto setting = writer_.Prepare("SELECT value FROM setting WHERE name = 'number_key'");
  if (!setting) return setting.error();
  const auto row = setting->Step();
  if (!row) return row.error();
  if (*row && !read_only) {
    if (auto ok = CheckLastNumberKey(setting->Bytes(0)); !ok) return ok;
  }
  if (!*row) {
    return Fail(Reason::kEvidenceAltered,
                options_.path.string() + ": the row number_key of its table setting is gone");
  }
  if (!read_only && setting->Bytes(0) != options_.number_key) {
    return WrongNumberKey(options_.path.string(), setting->Bytes(0), options_.number_key);
  }
  writer_.WaitAtMost(kWriteWait);
  std::error_code error;
  real_path_ = std::filesystem::canonical(options_.path, error);
  if (error) return Fail(Reason::kFileUnreadable, options_.path.string() + ": " + error.message());
  files_ = FilesOf(options_.path, real_path_);
  return read_only ? Result<void>() : CheckSigner();
}

Result<void> SqliteStore::CheckLastNumberKey(const std::string& named) {
  const auto head = SqliteChainEnd(writer_, "head");
  if (!head) return head.error();
  const auto last = SqliteRowAt(writer_, head->seq);
  // A day that cannot be read hinders appending and audits, which say so better.
  return last && last->seq != 0 ? CheckNumberKey(named, last->text) : Result<void>();
}

// A store has one key: another one signs only what was handed to it by Rekey.
Result<void> SqliteStore::CheckSigner() {
  if (options_.signer == nullptr) return {};
  auto other = writer_.Prepare("SELECT key_id FROM signer WHERE key_id <> ?");
  if (!other) return other.error();
  const auto row = other->BindText(1, options_.signer->key_id()).Step();
  if (!row) return row.error();
  if (!*row) return {};
  return Fail(Reason::kKeyInvalid,
              options_.path.string() + " is signed with another key: " + other->Bytes(0));
}

Result<std::unique_ptr<SqliteDatabase>> SqliteStore::OpenReader() const {
  auto reader =
      SqliteDatabase::Open(options_.path, options_.open == SqliteStoreOptions::Open::kReadOnly
                                              ? SqliteDatabase::Mode::kReadOnly
                                              : SqliteDatabase::Mode::kExisting);
  if (!reader) return reader.error();
  return std::make_unique<SqliteDatabase>(std::move(*reader));
}

// What the chain's end says, and the last record that is there.
Result<ChainTail> SqliteStore::ReadTail() {
  ChainTail tail;
  auto base = SqliteChainEnd(writer_, "base");
  if (!base) return base.error();
  auto head = SqliteChainEnd(writer_, "head");
  if (!head) return head.error();
  tail.base = std::move(*base);
  tail.head = std::move(*head);
  auto newest = writer_.Prepare("SELECT seq, hash, time FROM checkpoint ORDER BY seq DESC LIMIT 1");
  if (!newest) return newest.error();
  const auto any = newest->Step();
  if (!any) return any.error();
  if (*any) tail.newest = {newest->Int(0), newest->Bytes(1), Time(newest->Int(2)), {}, {}};
  auto traces = writer_.Prepare(
      "SELECT (SELECT max(day) FROM day), EXISTS (SELECT 1 FROM signer) OR EXISTS (SELECT 1 FROM "
      "day)");
  if (!traces) return traces.error();
  const auto traced = traces->Step();
  if (!traced) return traced.error();
  tail.traces = traces->Int(1) != 0;
  if (traces->TypeOf(0) == SqliteStatement::Column::kNull) return tail;
  tail.last_day = traces->Int(0);
  auto last = writer_.Prepare("SELECT seq, hash FROM " + TableOf(tail.last_day) +
                              " ORDER BY seq DESC LIMIT 1");
  if (!last) return last.error();
  const auto row = last->Step();
  if (!row) return row.error();
  if (*row) {
    tail.last_seq = last->Int(0);
    tail.last_hash = last->Bytes(1);
  }
  return tail;
}

// SQLite goes on with files that have lost their names: what is written into them is gone with the
// process.
Result<void> SqliteStore::CheckFiles() const {
  if (FilesOf(options_.path, real_path_) == files_) return {};
  return Fail(Reason::kEvidenceAltered,
              options_.path.string() +
                  ", or its -wal or -shm, was taken away or replaced since it was opened");
}

Result<ChainTail> SqliteStore::CheckedTail() {
  if (auto ok = CheckFiles(); !ok) return ok.error();
  auto tail = ReadTail();
  if (!tail) return tail.error();
  const auto hash_at = [this](int64_t seq) -> Result<std::string> {
    auto row = SqliteRowAt(writer_, seq);
    if (!row) return row.error();
    return std::move(row->hash);
  };
  if (auto ok = guard_.Check(*tail, options_.signer.get(), hash_at); !ok) return ok.error();
  return tail;
}

Result<void> SqliteStore::Append(const Records& records, Seen seen) {
  if (records.empty()) return {};
  const std::unique_lock lock(write_mutex_, kWriteWait);
  if (!lock) return Fail(Reason::kEvidenceUnavailable, "SQLite: retention holds the store");
  const auto head =
      SqliteTransaction(writer_, "BEGIN IMMEDIATE", [&] { return AppendInside(records, seen); });
  if (!head) {
    blob_days_.clear();  // what was put is not there
    return head.error();
  }
  if (*head) guard_.Wrote(**head);
  return {};
}

// Gives the new end, if anything was appended.
Result<std::optional<EvidenceCheckpoint>> SqliteStore::AppendInside(const Records& records,
                                                                    Seen seen) {
  const auto tail = CheckedTail();
  if (!tail) return tail.error();
  const auto fresh = NotThere(records, seen);
  if (!fresh) return fresh.error();
  if (fresh->empty()) return std::optional<EvidenceCheckpoint>();
  const auto day = OpenDay(*fresh);
  if (!day) return day.error();
  if (auto ok = PutBlobs(*fresh, *day); !ok) return ok.error();
  EvidenceCheckpoint head = tail->head;
  const auto chained = ExtendChain(*fresh, head);
  if (!chained) return chained.error();
  if (auto ok = PutRecords(*chained, *day); !ok) return ok.error();
  if (auto ok = PutSqliteSummaries(writer_, *chained, *day); !ok) return ok.error();
  if (auto ok = PutHead(head, tail->newest); !ok) return ok.error();
  return std::optional(std::move(head));
}

Result<std::vector<const EvidenceRecord*>> SqliteStore::NotThere(const Records& records,
                                                                 Seen seen) {
  std::vector<const EvidenceRecord*> fresh;
  std::vector<SqliteDay> days;
  if (seen == Seen::kPerhaps) {
    auto read = SqliteDays(writer_, "DESC");
    if (!read) return read.error();
    days = std::move(*read);
  }
  std::set<std::string_view> there;
  for (const SqliteDay& day : days) {
    auto look = writer_.Prepare("SELECT 1 FROM " + TableOf(day.day) + " WHERE id = ?");
    if (!look) return look.error();
    for (const auto& record : records) {
      const int64_t time = Seconds(record->time);  // else it would be of the day's times
      if (time < day.min_time || time > day.max_time) continue;
      look->BindBlob(1, PackUuid(record->id));
      const auto found = look->Step();
      if (!found) return found.error();
      if (*found) there.insert(record->id);
      if (auto ok = look->Run(); !ok) return ok.error();
    }
  }
  std::set<std::string_view> references;
  for (const auto& record : records) {
    if (!there.insert(record->id).second) continue;
    const std::string_view reference = ReferenceOf(*record);
    if (!reference.empty()) {
      const auto filed = SqliteHasReference(writer_, reference);
      if (!filed) return filed.error();
      if (*filed || !references.insert(reference).second) continue;
    }
    fresh.push_back(record.get());
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
    put->Bind(3, static_cast<int64_t>(record.kind)).Bind(4, Seconds(record.time));
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

Result<void> SqliteStore::PutHead(EvidenceCheckpoint& head, const EvidenceCheckpoint& newest) {
  const auto now = options_.clock->Now();
  if (auto ok = SignCheckpoint(head, ChainEnd::kHead, now, options_.signer.get()); !ok) return ok;
  if (auto ok = PutSqliteChainEnd(writer_, "head", head); !ok) return ok;
  auto signer = writer_.Prepare("INSERT OR IGNORE INTO signer VALUES (?, ?)");
  if (!signer) return signer.error();
  signer->BindText(1, head.key_id).BindText(2, options_.signer->public_pem());
  if (auto ok = signer->Run(); !ok) return ok;
  if (head.seq < newest.seq + kCheckpointRecords && now < newest.time + kCheckpointTime) return {};
  EvidenceCheckpoint checkpoint = head;
  if (auto ok = SignCheckpoint(checkpoint, ChainEnd::kCheckpoint, now, options_.signer.get());
      !ok) {
    return ok;
  }
  auto put = writer_.Prepare("INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?)");
  if (!put) return put.error();
  put->Bind(1, checkpoint.seq).BindBlob(2, checkpoint.hash).Bind(3, Seconds(now));
  put->BindText(4, checkpoint.key_id).BindBlob(5, checkpoint.signature);
  return put->Run();
}

// What a query demands of a row, and the values for its parameters in order.
struct Condition {
  std::string sql;
  std::string order;
  std::vector<std::pair<std::string, std::string>> values;  // kind of value ("t", "u"), value
  std::vector<int64_t> numbers;                             // come first
};

// Which index serves a search by time alone: that of time, whose matches are sorted, or the order
// itself.
enum class TimeSearch : uint8_t { kByTime, kInOrder };

Condition ConditionOf(const EvidenceQuery& query, TimeSearch search) {
  Condition condition;
  const bool by_time =
      search == TimeSearch::kByTime && query.keys == EvidenceKeys() && (query.from || query.to);
  condition.order = by_time ? "+seq" : "seq";
  condition.sql = "kind = ? AND " + condition.order + " < ?";
  condition.numbers = {static_cast<int64_t>(query.kind), query.before};
  // By a key, time only filters: the index of the key gives the latest first.
  const std::string time = by_time ? " AND time" : " AND +time";
  if (query.from) {
    condition.sql += time + " >= ?";
    condition.numbers.push_back(Seconds(*query.from));
  }
  if (query.to) {
    condition.sql += time + " <= ?";
    condition.numbers.push_back(Seconds(*query.to));
  }
  const auto add = [&](const char* column, const std::string& value, const char* kind) {
    if (value.empty()) return;
    condition.sql += std::string(" AND ") + column + " = ?";
    condition.values.emplace_back(kind, value);
  };
  add("orig", query.keys.orig, "t");
  add("dest", query.keys.dest, "t");
  if (!query.keys.origid.empty()) {
    // Earlier versions kept a UUID in capitals as it came.
    const bool uuid = !PackUuid(query.keys.origid).empty();
    condition.sql += uuid ? " AND origid IN (?, upper(?))" : " AND origid = ?";
    condition.values.emplace_back("u", query.keys.origid);
    if (uuid) condition.values.emplace_back("t", query.keys.origid);
  }
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
Result<void> SqliteStore::FindInDay(SqliteDatabase& database, const EvidenceQuery& query,
                                    const SqliteDay& day, EvidencePage& page) {
  EvidenceQuery here = query;  // what is so of the whole day is not asked of each record
  if (here.from && Seconds(*here.from) <= day.min_time) here.from.reset();
  if (here.to && Seconds(*here.to) >= day.max_time) here.to.reset();
  // A good part of the day, up to its end, has matches at once when read from there.
  constexpr int64_t kGoodPart = 16;
  const bool good_part =
      here.from && !here.to &&
      (day.max_time - Seconds(*here.from)) * kGoodPart > day.max_time - day.min_time;
  const Condition condition =
      ConditionOf(here, good_part ? TimeSearch::kInOrder : TimeSearch::kByTime);
  const std::string table = TableOf(day.day);
  auto find =
      database.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " + table +
                       " WHERE seq IN (SELECT seq FROM " + table + " WHERE " + condition.sql +
                       " ORDER BY " + condition.order + " DESC LIMIT ?) ORDER BY seq DESC");
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
    page.records.push_back(RecordOf(*find, day.day));
  }
}

Result<EvidencePage> SqliteStore::Find(const EvidenceQuery& query) {
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  const size_t limit = std::min(query.limit, EvidenceQuery::kMaxLimit);
  return SqliteTransaction(**reader, "BEGIN", [&]() -> Result<EvidencePage> {
    const auto days = SqliteDays(**reader, "DESC");
    if (!days) return days.error();
    EvidencePage page;
    for (const SqliteDay& day : *days) {
      if (query.from && day.max_time < Seconds(*query.from)) continue;
      if (query.to && day.min_time > Seconds(*query.to)) continue;
      if (auto ok = FindInDay(**reader, query, day, page); !ok) return ok.error();
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
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  const std::string packed = PackUuid(id);
  return SqliteTransaction(**reader, "BEGIN", [&]() -> Result<StoredEvidence> {
    const auto days = SqliteDays(**reader, "DESC");
    if (!days) return days.error();
    for (const SqliteDay& day : packed.empty() ? std::vector<SqliteDay>() : *days) {
      auto find = (*reader)->Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " +
                                     TableOf(day.day) + " WHERE id = ?");
      if (!find) return find.error();
      const auto row = find->BindBlob(1, packed).Step();
      if (!row) return row.error();
      if (!*row) continue;
      StoredEvidence record = RecordOf(*find, day.day);
      const auto base = SqliteChainEnd(**reader, "base");
      if (!base) return base.error();
      const auto place = SqlitePlaceOf(**reader, record, *base);
      if (!place) return place.error();
      if (auto ok = CheckRecord(record, *place); !ok) return ok.error();
      return record;
    }
    return Fail(Reason::kResourceNotFound, "there is no evidence with this id");
  });
}

Result<std::string> SqliteStore::GetBlob(std::string_view sha256) {
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  auto find = (*reader)->Prepare("SELECT bytes FROM blob WHERE sha256 = ?");
  if (!find) return find.error();
  const auto row = find->BindBlob(1, BytesOfHex(sha256).value_or("")).Step();
  if (!row) return row.error();
  if (*row) return find->Bytes(0);
  return Fail(Reason::kResourceNotFound, "there is nothing with this SHA-256");
}

Result<ComplaintPage> SqliteStore::FindComplaints(const ComplaintQuery& query) {
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  return SqliteTransaction(**reader, "BEGIN",
                           [&] { return FindSqliteComplaints(**reader, query); });
}

Result<EvidenceReport> SqliteStore::Report(const ReportQuery& query) {
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  return SqliteTransaction(**reader, "BEGIN", [&]() -> Result<EvidenceReport> {
    const auto days = SqliteDays(**reader, "ASC");
    if (!days) return days.error();
    std::vector<int64_t> numbers;
    for (const SqliteDay& day : *days) {
      if (day.max_time < Seconds(query.from) || day.min_time >= Seconds(query.to)) continue;
      numbers.push_back(day.day);
    }
    return SqliteReport(**reader, numbers, query);
  });
}

Result<EvidenceChainState> SqliteStore::ReadState(SqliteDatabase& database) {
  EvidenceChainState state;
  auto tallied = SqliteTalliedFrom(database);
  if (!tallied) return tallied.error();
  state.tallied_from = *tallied;
  auto setting = database.Prepare("SELECT value FROM setting WHERE name = 'number_key'");
  if (!setting) return setting.error();
  const auto named = setting->Step();
  if (!named) return named.error();
  if (*named) state.number_key = setting->Bytes(0);
  auto base = SqliteChainEnd(database, "base");
  if (!base) return base.error();
  state.base = std::move(*base);
  auto head = SqliteChainEnd(database, "head");
  if (!head) return head.error();
  state.head = std::move(*head);
  auto checkpoints =
      database.Prepare("SELECT seq, hash, time, key_id, signature FROM checkpoint ORDER BY seq");
  if (!checkpoints) return checkpoints.error();
  while (true) {
    const auto row = checkpoints->Step();
    if (!row) return row.error();
    if (!*row) break;
    state.checkpoints.push_back({checkpoints->Int(0), checkpoints->Bytes(1),
                                 Time(checkpoints->Int(2)), checkpoints->Bytes(3),
                                 checkpoints->Bytes(4)});
  }
  auto keys = database.Prepare("SELECT public_pem FROM signer");
  if (!keys) return keys.error();
  while (true) {
    const auto row = keys->Step();
    if (!row) return row.error();
    if (!*row) return state;
    state.public_keys.push_back(keys->Bytes(0));
  }
}

// The records of a day, whose times must be what the list of days says.
Result<bool> SqliteStore::VisitDay(SqliteDatabase& database, const SqliteDay& day,
                                   EvidenceVisitor& visitor) {
  // "NOT INDEXED": by the table itself, not by an index that was perhaps changed.
  auto read = database.Prepare(std::string("SELECT ") + kSqliteColumns + " FROM " +
                               TableOf(day.day) + " NOT INDEXED ORDER BY seq");
  if (!read) return read.error();
  int64_t min_time = INT64_MAX;
  int64_t max_time = INT64_MIN;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) break;
    const StoredEvidence record = RecordOf(*read, day.day);
    min_time = std::min(min_time, Seconds(record.time));
    max_time = std::max(max_time, Seconds(record.time));
    if (!visitor.Record(record)) return false;
  }
  const std::string name = "day " + std::to_string(day.day);
  if (min_time > max_time) {
    visitor.Odd(name + " has no records");
  } else if (min_time != day.min_time || max_time != day.max_time) {
    visitor.Odd(name + " is said to hold other times than its records have");
  }
  return true;
}

Result<void> SqliteStore::VisitInside(SqliteDatabase& database, EvidenceVisitor& visitor) {
  const auto whole = CheckSqliteTables(database, visitor);
  if (!whole) return whole.error();
  if (!*whole) return {};
  const auto state = ReadState(database);
  if (!state) return state.error();
  visitor.State(*state);
  const auto days = SqliteDays(database, "ASC");
  if (!days) return days.error();
  const auto summaries = SqliteHasSummaries(database);  // if they should be: CheckSqliteStructure
  if (!summaries) return summaries.error();
  const bool tallied = state->tallied_from && *summaries;
  std::vector<int64_t> numbers;
  for (const SqliteDay& day : *days) {
    if (!IsStoredDay(day.day)) {
      visitor.Odd("there is no day " + std::to_string(day.day));
      continue;
    }
    numbers.push_back(day.day);
    auto table = database.Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
    if (!table) return table.error();
    const auto there = table->BindText(1, TableOf(day.day)).Step();
    if (!there) return there.error();
    if (!*there) continue;  // CheckSqliteStructure says so
    const auto more = VisitDay(database, day, visitor);
    if (!more) return more.error();
    if (!*more) return {};
    if (!tallied) continue;
    const auto tallies = SqliteTallies(database, day.day);
    if (!tallies) return tallies.error();
    visitor.Tallies(std::chrono::sys_days(std::chrono::days(day.day)), *tallies);
  }
  if (auto ok = CheckSqliteStructure(database, numbers, visitor); !ok) return ok;
  return tallied ? VisitSqliteSummaries(database, visitor) : Result<void>();
}

Result<void> SqliteStore::VisitAll(EvidenceVisitor& visitor) {
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  return SqliteTransaction(**reader, "BEGIN", [&] { return VisitInside(**reader, visitor); });
}

Result<std::vector<EvidenceBlobUse>> SqliteStore::Blobs() {
  const auto reader = readers_.Take();
  if (!reader) return reader.error();
  auto read = (*reader)->Prepare("SELECT lower(hex(sha256)), last_day FROM blob ORDER BY sha256");
  if (!read) return read.error();
  std::vector<EvidenceBlobUse> blobs;
  while (true) {
    const auto row = read->Step();
    if (!row) return row.error();
    if (!*row) return blobs;
    blobs.push_back({read->Bytes(0), std::chrono::sys_days(std::chrono::days(read->Int(1)))});
  }
}

Result<int64_t> SqliteStore::Prune(std::chrono::sys_days day) {
  const int64_t limit = day.time_since_epoch().count();
  {
    const std::lock_guard lock(write_mutex_);
    const auto ok =
        SqliteTransaction(writer_, "BEGIN", [&] { return Retention().CheckOldDays(limit); });
    if (!ok) return ok.error();
  }
  auto deleted = InSteps(&SqliteRetention::DeleteSomeRecords, limit);
  if (!deleted) return deleted.error();
  const auto blobs = InSteps(&SqliteRetention::DeleteSomeBlobs, limit);
  if (!blobs) return blobs.error();
  return deleted;
}

SqliteRetention SqliteStore::Retention() {
  return {writer_, *options_.clock, options_.signer.get(), [this] { return CheckedTail(); }};
}

// Steps until nothing is left to do. Whoever appends has the time between two of them.
Result<int64_t> SqliteStore::InSteps(DeleteSome step, int64_t limit) {
  constexpr std::chrono::microseconds kMaxPause = std::chrono::milliseconds(200);
  SqliteRetention retention = Retention();
  int64_t deleted = 0;
  while (true) {
    if (stop_pruning_) return Fail(Reason::kEvidenceUnavailable, "it was told to stop");
    const Stopwatch taken;
    {
      const std::lock_guard lock(write_mutex_);
      blob_days_.clear();
      const auto done =
          SqliteTransaction(writer_, "BEGIN IMMEDIATE", [&] { return (retention.*step)(limit); });
      if (!done) return done.error();
      deleted += done->deleted;
      if (!done->more) return deleted;
    }
    std::this_thread::sleep_for(std::min(taken.Elapsed(), kMaxPause));
  }
}

Result<void> SqliteStore::Rekey(const EvidenceSigner& next) {
  const std::lock_guard lock(write_mutex_);
  return SqliteTransaction(writer_, "BEGIN IMMEDIATE", [&] { return RekeyInside(next); });
}

Result<void> SqliteStore::RekeyInside(const EvidenceSigner& next) {
  if (const auto tail = CheckedTail(); !tail) return tail.error();
  auto state = ReadState(writer_);
  if (!state) return state.error();
  if (auto ok = SignAnew(*state, *options_.signer, next); !ok) return ok;
  if (state->head.seq == 0) return {};
  if (auto ok = PutSqliteChainEnd(writer_, "head", state->head); !ok) return ok;
  if (state->base.seq != 0) {
    if (auto ok = PutSqliteChainEnd(writer_, "base", state->base); !ok) return ok;
  }
  auto put = writer_.Prepare("UPDATE checkpoint SET key_id = ?, signature = ? WHERE seq = ?");
  if (!put) return put.error();
  for (const EvidenceCheckpoint& checkpoint : state->checkpoints) {
    put->BindText(1, checkpoint.key_id).BindBlob(2, checkpoint.signature).Bind(3, checkpoint.seq);
    if (auto ok = put->Run(); !ok) return ok;
  }
  if (auto ok = writer_.Execute("DELETE FROM signer"); !ok) return ok;
  auto signer = writer_.Prepare("INSERT INTO signer VALUES (?, ?)");
  if (!signer) return signer.error();
  return signer->BindText(1, next.key_id()).BindText(2, next.public_pem()).Run();
}

}  // namespace

Result<std::shared_ptr<EvidenceStore>> OpenSqliteStore(const SqliteStoreOptions& options) {
  using Open = SqliteStoreOptions::Open;
  const auto mode = options.open == Open::kCreate     ? SqliteDatabase::Mode::kCreate
                    : options.open == Open::kExisting ? SqliteDatabase::Mode::kExisting
                                                      : SqliteDatabase::Mode::kReadOnly;
  auto writer = SqliteDatabase::Open(options.path, mode);
  if (!writer) return writer.error();
  auto store = std::make_shared<SqliteStore>(options, std::move(*writer));
  if (auto ok = store->Prepare(); !ok) return ok.error();
  return Unthrowing(std::move(store));
}

}  // namespace callvet
