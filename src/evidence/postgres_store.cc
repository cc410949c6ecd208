// SPDX-License-Identifier: MIT
#include "evidence/postgres_store.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "evidence/chain_guard.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_summary.h"
#include "evidence/hash_chain.h"
#include "evidence/number_secret.h"
#include "evidence/packed_id.h"
#include "evidence/pool.h"
#include "evidence/postgres.h"
#include "evidence/postgres_row.h"
#include "evidence/postgres_schema.h"
#include "evidence/postgres_summary.h"
#include "evidence/store_time.h"
#include "evidence/unthrowing_store.h"

namespace callvet {
namespace {

using Records = std::vector<std::shared_ptr<const EvidenceRecord>>;
using Parameter = PostgresConnection::Parameter;
using Row = PostgresRow;

constexpr std::chrono::milliseconds kPruneTimeout{60'000};
// Behind whoever waits to drop a partition all others wait, so retention waits for a search that is
// under way, but gives way to whoever reads for long.
constexpr const char* kGiveWay = "SET LOCAL lock_timeout = 50";
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(4851215093)";

constexpr size_t kPostgresReaders = 4;
constexpr const char* kPostgresColumns =
    "seq, id, kind, at, orig, dest, origid, spc, trunk, reason, call_id, hash, body, day";

std::string Text(const Row& row, size_t column) {
  return PostgresText(row, column);
}
int64_t Int(const Row& row, size_t column) {
  return PostgresInt(row, column);
}
std::string Int(int64_t number) {
  return std::to_string(number);
}
EvidenceCheckpoint CheckpointOf(const Row& row) {
  return {Int(row, 0), FromPostgresBytes(Text(row, 1)), Time(Int(row, 2)), Text(row, 3),
          FromPostgresBytes(Text(row, 4))};
}

std::chrono::sys_days DayAt(const Row& row, size_t column) {
  return std::chrono::sys_days(std::chrono::days(Int(row, column)));
}

// A row of kPostgresColumns.
StoredEvidence RecordOf(const Row& row) {
  StoredEvidence record;
  record.seq = Int(row, 0);
  record.id = Text(row, 1);
  record.kind = EvidenceKindOf(Int(row, 2)).value_or(EvidenceKind::kAccess);
  record.time = Time(Int(row, 3));
  record.keys = {Text(row, 4), Text(row, 5), Text(row, 6), Text(row, 7),
                 Text(row, 8), Text(row, 9), Text(row, 10)};
  record.hash = FromPostgresBytes(Text(row, 11));
  record.text = Text(row, 12);
  record.day = DayAt(row, 13);
  if (!EvidenceKindOf(Int(row, 2))) record.odd = "its column kind is out of range";
  for (size_t key = 4; key <= 10; ++key) {
    if (row[key] && row[key]->empty()) record.odd = "one of its columns is empty, and not NULL";
  }
  return record;
}

// A connection that is made when it is needed, with its lock.
class Line {
 public:
  Line(const PostgresStoreOptions& options, const PostgresPatience& patience)
      : options_(options), patience_(patience) {}

  /// Runs `work` with a live connection, in a transaction begun by `begin`.
  template <class Work>
  auto Transaction(const char* begin, Work work)
      -> decltype(work(std::declval<PostgresConnection&>())) {
    const std::lock_guard lock(mutex_);
    if (auto ok = Connect(); !ok) return ok.error();
    if (auto ok = connection_->Query(begin); !ok) return ok.error();
    try {
      auto result = work(*connection_);
      if (result) {
        auto committed = connection_->Query("COMMIT");
        if (committed) return result;
        result = committed.error();
      }
      (void)connection_->Query("ROLLBACK");
      return result;
    } catch (...) {
      connection_.reset();  // the server rolls back
      throw;
    }
  }

 private:
  Result<void> Connect() {
    if (connection_ && connection_->alive()) return {};
    connection_.reset();
    auto made = PostgresConnection::Connect(options_.url, patience_);
    if (!made) return made.error();
    if (auto ok = Prepare(*made); !ok) return ok;
    connection_.emplace(std::move(*made));
    return {};
  }

  // Makes the tables, if they are not there, and settles which keys are used.
  Result<void> Prepare(PostgresConnection& connection) {
    const bool read_only = options_.open == PostgresStoreOptions::Open::kReadOnly;
    const auto settled = connection.Query("SELECT to_regclass('evidence_record') IS NOT NULL");
    if (!settled) return settled.error();
    if (settled->rows.empty() || Text(settled->rows[0], 0) != "t") {
      if (options_.open != PostgresStoreOptions::Open::kCreate) {
        return Fail(Reason::kFileInvalid, "there is no evidence in this database");
      }
      if (auto ok = MakeTables(connection); !ok) return ok;
    }
    if (read_only) return {};
    if (auto ok = AddSummaries(connection); !ok) return ok;
    if (auto ok = CheckSigner(connection); !ok) return ok;
    const auto key =
        connection.Query("SELECT value FROM evidence_setting WHERE name = 'number_key'");
    if (!key) return key.error();
    if (!key->rows.empty()) {
      const auto last = connection.Query(
          "SELECT body FROM evidence_record WHERE day = (SELECT max(day) FROM evidence_day) ORDER "
          "BY seq DESC LIMIT 1");
      if (!last) return last.error();
      if (!last->rows.empty()) {
        if (auto ok = CheckNumberKey(Text(key->rows[0], 0), Text(last->rows[0], 0)); !ok) return ok;
      }
    }
    if (key->rows.empty()) {
      return Fail(Reason::kEvidenceAltered,
                  "PostgreSQL: the row number_key of evidence_setting is gone");
    }
    if (Text(key->rows[0], 0) != options_.number_key) {
      return WrongNumberKey("the database", Text(key->rows[0], 0), options_.number_key);
    }
    return {};
  }

  // What an older program's store lacks.
  static Result<void> AddSummaries(PostgresConnection& connection) {
    const auto from = PostgresTalliedFrom(connection);
    if (!from) return from.error();
    if (*from) return {};
    if (auto ok = connection.Query("BEGIN"); !ok) return ok.error();
    if (auto ok = connection.Query(kLock); !ok) return ok.error();
    if (auto ok = MakePostgresSummaries(connection); !ok) return ok.error();
    if (auto ok = connection.Query("COMMIT"); !ok) return ok.error();
    return {};
  }

  // A store has one key: another one signs only what was handed to it by Rekey.
  Result<void> CheckSigner(PostgresConnection& connection) {
    if (options_.signer == nullptr) return {};
    const auto other = connection.Query("SELECT key_id FROM evidence_signer WHERE key_id <> $1",
                                        {options_.signer->key_id()});
    if (!other) return other.error();
    if (other->rows.empty()) return {};
    return Fail(Reason::kKeyInvalid,
                "the database is signed with another key: " + Text(other->rows[0], 0));
  }

  Result<void> MakeTables(PostgresConnection& connection) {
    if (auto ok = connection.Query("BEGIN"); !ok) return ok.error();
    if (auto ok = connection.Query(kLock); !ok) return ok.error();
    for (const char* statement : PostgresSchema()) {
      if (auto ok = connection.Query(statement); !ok) return ok.error();
    }
    if (auto ok = connection.Query(
            "INSERT INTO evidence_setting VALUES ('number_key', $1) ON CONFLICT DO NOTHING",
            {options_.number_key});
        !ok) {
      return ok.error();
    }
    if (auto ok = MakePostgresSummaries(connection); !ok) return ok;
    if (auto ok = connection.Query("COMMIT"); !ok) return ok.error();
    return {};
  }

  const PostgresStoreOptions& options_;
  PostgresPatience patience_;
  std::mutex mutex_;
  std::optional<PostgresConnection> connection_;
};

class PostgresStore final : public EvidenceStore {
 public:
  explicit PostgresStore(PostgresStoreOptions options)
      : options_(std::move(options)),
        guard_(options_.mark),
        writer_(options_, {options_.append_timeout, options_.append_timeout}),
        pruner_(options_, {options_.append_timeout, kPruneTimeout, &stop_pruning_}),
        readers_(kPostgresReaders, [this]() -> Result<std::unique_ptr<Line>> {
          return std::make_unique<Line>(options_,
                                        PostgresPatience{options_.timeout, options_.timeout});
        }) {}

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
  using Connection = PostgresConnection;

  static Result<ChainTail> ReadTail(Connection& connection);
  Result<ChainTail> CheckedTail(Connection& connection) const;
  Result<std::optional<EvidenceCheckpoint>> AppendInside(Connection& connection,
                                                         const Records& records, Seen seen);
  static Result<std::vector<const EvidenceRecord*>> NotThere(Connection& connection,
                                                             const Records& records, Seen seen);
  Result<int64_t> OpenDay(Connection& connection) const;
  Result<void> PutBlobs(Connection& connection, const std::vector<const EvidenceRecord*>& records,
                        int64_t day);
  static Result<void> PutRecords(Connection& connection, const std::vector<ChainedRecord>& records,
                                 int64_t day);
  Result<void> PutHead(Connection& connection, EvidenceCheckpoint& head,
                       const EvidenceCheckpoint& newest) const;
  static Result<void> PutEnd(Connection& connection, const char* name,
                             const EvidenceCheckpoint& end);
  static Result<void> CheckOwner(Connection& connection);
  Result<int64_t> PruneInside(Connection& connection, int64_t day) const;
  Result<bool> RekeyInside(Connection& connection, const EvidenceSigner& next) const;
  static Result<void> DropDay(Connection& connection, const std::string& table);
  static Result<int64_t> PruneDay(Connection& connection, int64_t day, int64_t limit,
                                  EvidenceCheckpoint& base);
  /// seq 0: there is none.
  static Result<StoredEvidence> RowAt(Connection& connection, int64_t seq);
  static Result<ChainPlace> PlaceOf(Connection& connection, const StoredEvidence& record,
                                    const EvidenceCheckpoint& base);
  /// Runs `work` in a transaction of a connection that nobody else reads with.
  template <class Work>
  auto Read(const char* begin, Work work) -> decltype(work(std::declval<Connection&>())) {
    const auto line = readers_.Take();
    if (!line) return line.error();
    return (*line)->Transaction(begin, work);
  }
  static Result<EvidenceCheckpoint> ReadEnd(Connection& connection, const char* name);
  static Result<EvidenceChainState> ReadState(Connection& connection);
  static Result<bool> VisitInside(Connection& connection, EvidenceVisitor& visitor);

  PostgresStoreOptions options_;
  std::mutex blobs_mutex_;
  std::map<std::string, int64_t> blob_days_;  // blobs known to be there, with their last_day
  ChainGuard guard_;
  Line writer_;
  Line pruner_;
  Pool<Line> readers_;
  std::atomic<bool> stop_pruning_ = false;
};

Result<void> PostgresStore::Append(const Records& records, Seen seen) {
  if (records.empty()) return {};
  const std::lock_guard lock(blobs_mutex_);
  const auto head = writer_.Transaction(
      "BEGIN", [&](Connection& connection) { return AppendInside(connection, records, seen); });
  if (!head) {
    blob_days_.clear();  // what was put is perhaps not there
    return head.error();
  }
  if (*head) guard_.Wrote(**head);
  return {};
}

// What the chain's end says, and the last record that is there.
Result<ChainTail> PostgresStore::ReadTail(Connection& connection) {
  ChainTail tail;
  auto base = ReadEnd(connection, "base");
  if (!base) return base.error();
  auto head = ReadEnd(connection, "head");
  if (!head) return head.error();
  tail.base = std::move(*base);
  tail.head = std::move(*head);
  const auto newest = connection.Query(
      "SELECT seq, hash, at, key_id, signature FROM evidence_checkpoint ORDER BY seq DESC LIMIT 1");
  if (!newest) return newest.error();
  if (!newest->rows.empty()) tail.newest = CheckpointOf(newest->rows[0]);
  const auto traces = connection.Query(
      "SELECT (SELECT max(day) FROM evidence_day), EXISTS (SELECT 1 FROM evidence_signer)");
  if (!traces) return traces.error();
  const Row& traced = traces->rows.at(0);
  tail.traces = traced[0].has_value() || Text(traced, 1) == "t";
  if (!traced[0]) return tail;
  tail.last_day = Int(traced, 0);
  const auto last = connection.Query(
      "SELECT seq, hash FROM evidence_record WHERE day = $1 ORDER BY seq DESC LIMIT 1",
      {traced[0]});
  if (!last) return last.error();
  if (last->rows.empty()) return tail;
  tail.last_seq = Int(last->rows[0], 0);
  tail.last_hash = FromPostgresBytes(Text(last->rows[0], 1));
  return tail;
}

Result<ChainTail> PostgresStore::CheckedTail(Connection& connection) const {
  auto tail = ReadTail(connection);
  if (!tail) return tail.error();
  const auto hash_at = [&](int64_t seq) -> Result<std::string> {
    // Most often it is in the last day's partition: then no other one is asked.
    const auto late =
        connection.Query("SELECT hash FROM evidence_record WHERE day = $1 AND seq = $2",
                         {Int(tail->last_day), Int(seq)});
    if (!late) return late.error();
    if (!late->rows.empty()) return FromPostgresBytes(Text(late->rows[0], 0));
    auto row = RowAt(connection, seq);
    if (!row) return row.error();
    return std::move(row->hash);
  };
  if (auto ok = guard_.Check(*tail, options_.signer.get(), hash_at); !ok) return ok.error();
  return tail;
}

// Gives the new end, if anything was appended.
Result<std::optional<EvidenceCheckpoint>> PostgresStore::AppendInside(Connection& connection,
                                                                      const Records& records,
                                                                      Seen seen) {
  if (auto ok = connection.Query(kLock); !ok) return ok.error();
  const auto tail = CheckedTail(connection);
  if (!tail) return tail.error();
  const auto fresh = NotThere(connection, records, seen);
  if (!fresh) return fresh.error();
  if (fresh->empty()) return std::optional<EvidenceCheckpoint>();
  const auto day = OpenDay(connection);
  if (!day) return day.error();
  if (auto ok = PutBlobs(connection, *fresh, *day); !ok) return ok.error();
  EvidenceCheckpoint head = tail->head;
  const auto chained = ExtendChain(*fresh, head);
  if (!chained) return chained.error();
  if (auto ok = PutRecords(connection, *chained, *day); !ok) return ok.error();
  if (auto ok = PutPostgresSummaries(connection, *chained, *day); !ok) return ok.error();
  if (auto ok = PutHead(connection, head, tail->newest); !ok) return ok.error();
  return std::optional(std::move(head));
}

Result<std::vector<const EvidenceRecord*>> PostgresStore::NotThere(Connection& connection,
                                                                   const Records& records,
                                                                   Seen seen) {
  std::set<std::string> there;
  if (seen == Seen::kPerhaps) {
    std::vector<Parameter> ids;
    for (const auto& record : records) ids.emplace_back(record->id);
    const auto found = connection.Query(
        "SELECT id FROM evidence_record WHERE id = ANY ($1::uuid[])", {PostgresArray(ids)});
    if (!found) return found.error();
    for (const Row& row : found->rows) there.insert(Text(row, 0));
  }
  std::vector<std::string> references;
  for (const auto& record : records) {
    const std::string_view reference = ReferenceOf(*record);
    if (!reference.empty()) references.emplace_back(reference);
  }
  auto filed = PostgresReferences(connection, references);
  if (!filed) return filed.error();
  std::vector<const EvidenceRecord*> fresh;
  for (const auto& record : records) {
    if (!there.insert(record->id).second) continue;
    const std::string_view reference = ReferenceOf(*record);
    if (!reference.empty() && !filed->emplace(reference).second) continue;
    fresh.push_back(record.get());
  }
  return fresh;
}

// The day whose partition the records go into: today, but never one before the last.
Result<int64_t> PostgresStore::OpenDay(Connection& connection) const {
  const auto last = connection.Query("SELECT max(day) FROM evidence_day");
  if (!last) return last.error();
  const bool any = !last->rows.empty() && last->rows[0][0].has_value();
  const int64_t today = DayOf(options_.clock->Now());
  if (any && Int(last->rows[0], 0) >= today) return Int(last->rows[0], 0);
  // A table that is attached waits for no reader, as one that is made as a partition does. But it
  // must be told to take the disk and the storage of columns that an operator chose for all days.
  const auto stored = connection.Query(
      "SELECT CASE WHEN current_setting('server_version_num')::int >= 140000 THEN ' INCLUDING "
      "COMPRESSION' ELSE '' END, coalesce((SELECT ' TABLESPACE ' || quote_ident(s.spcname) FROM "
      "pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE c.oid = "
      "'evidence_record'::regclass), '')");
  if (!stored) return stored.error();
  const std::string compression = Text(stored->rows.at(0), 0);
  const std::string tablespace = Text(stored->rows.at(0), 1);
  const std::string table = "evidence_record_" + Int(today);
  const auto made =
      connection.Query("CREATE TABLE " + table + " (LIKE evidence_record INCLUDING STORAGE" +
                       compression + ")" + tablespace);
  if (!made) return made.error();
  const auto attached =
      connection.Query("ALTER TABLE evidence_record ATTACH PARTITION " + table +
                       " FOR VALUES FROM (" + Int(today) + ") TO (" + Int(today + 1) + ")");
  if (!attached) return attached.error();
  if (auto ok = connection.Query("INSERT INTO evidence_day VALUES ($1)", {Int(today)}); !ok) {
    return ok.error();
  }
  return today;
}

Result<void> PostgresStore::PutBlobs(Connection& connection,
                                     const std::vector<const EvidenceRecord*>& records,
                                     int64_t day) {
  constexpr size_t kMaxKnown = 100'000;
  if (blob_days_.size() > kMaxKnown) blob_days_.clear();
  for (const EvidenceRecord* record : records) {
    for (const auto& blob : record->blobs) {
      const auto known = blob_days_.find(blob->sha256);
      if (known != blob_days_.end() && known->second >= day) continue;
      const auto put = connection.Query(
          "INSERT INTO evidence_blob VALUES ($1::bytea, $2, $3::bytea) ON CONFLICT (sha256) DO "
          "UPDATE SET last_day = greatest(evidence_blob.last_day, excluded.last_day)",
          {"\\x" + blob->sha256, Int(day), PostgresBytes(blob->bytes)});
      if (!put) return put.error();
      blob_days_[blob->sha256] = day;
    }
  }
  return {};
}

Result<void> PostgresStore::PutRecords(Connection& connection,
                                       const std::vector<ChainedRecord>& records, int64_t day) {
  std::vector<std::vector<Parameter>> columns(13);
  for (const ChainedRecord& chained : records) {
    const EvidenceRecord& record = *chained.record;
    const EvidenceKeys& keys = record.keys;
    const std::vector<Parameter> row = {Int(chained.seq),
                                        record.id,
                                        Int(static_cast<int64_t>(record.kind)),
                                        Int(Seconds(record.time)),
                                        TextOrNull(keys.orig),
                                        TextOrNull(keys.dest),
                                        TextOrNull(keys.origid),
                                        TextOrNull(keys.spc),
                                        TextOrNull(keys.trunk),
                                        TextOrNull(keys.reason),
                                        TextOrNull(keys.call_id),
                                        PostgresBytes(chained.hash),
                                        record.text};
    for (size_t i = 0; i < row.size(); ++i) columns[i].push_back(row[i]);
  }
  std::vector<Parameter> parameters;
  parameters.reserve(columns.size() + 1);
  for (const auto& column : columns) parameters.emplace_back(PostgresArray(column));
  parameters.emplace_back(Int(day));
  const auto put = connection.Query(
      std::string("INSERT INTO evidence_record (") + kPostgresColumns +
          ") SELECT u.*, $14::bigint FROM unnest($1::bigint[], $2::uuid[], $3::smallint[], "
          "$4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], "
          "$11::text[], $12::bytea[], $13::text[]) AS u",
      parameters);
  if (!put) return put.error();
  return {};
}

Result<void> PostgresStore::PutEnd(Connection& connection, const char* name,
                                   const EvidenceCheckpoint& end) {
  const auto put = connection.Query(
      "INSERT INTO evidence_chain_end VALUES ($1, $2, $3::bytea, $4, $5, $6::bytea) ON CONFLICT "
      "(name) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at, key_id = "
      "excluded.key_id, signature = excluded.signature",
      {name, Int(end.seq), PostgresBytes(end.hash), Int(Seconds(end.time)), end.key_id,
       PostgresBytes(end.signature)});
  if (!put) return put.error();
  return {};
}

Result<void> PostgresStore::PutHead(Connection& connection, EvidenceCheckpoint& head,
                                    const EvidenceCheckpoint& newest) const {
  const auto now = options_.clock->Now();
  if (auto ok = SignCheckpoint(head, ChainEnd::kHead, now, options_.signer.get()); !ok) return ok;
  if (auto ok = PutEnd(connection, "head", head); !ok) return ok;
  const auto signer =
      connection.Query("INSERT INTO evidence_signer VALUES ($1, $2) ON CONFLICT DO NOTHING",
                       {head.key_id, options_.signer->public_pem()});
  if (!signer) return signer.error();
  if (head.seq < newest.seq + kCheckpointRecords && now < newest.time + kCheckpointTime) return {};
  EvidenceCheckpoint checkpoint = head;
  if (auto ok = SignCheckpoint(checkpoint, ChainEnd::kCheckpoint, now, options_.signer.get());
      !ok) {
    return ok;
  }
  const auto put =
      connection.Query("INSERT INTO evidence_checkpoint VALUES ($1, $2::bytea, $3, $4, $5::bytea)",
                       {Int(checkpoint.seq), PostgresBytes(checkpoint.hash), Int(Seconds(now)),
                        checkpoint.key_id, PostgresBytes(checkpoint.signature)});
  if (!put) return put.error();
  return {};
}

Result<EvidenceCheckpoint> PostgresStore::ReadEnd(Connection& connection, const char* name) {
  const auto read = connection.Query(
      "SELECT seq, hash, at, key_id, signature FROM evidence_chain_end WHERE name = $1", {name});
  if (!read) return read.error();
  if (read->rows.empty()) return EvidenceCheckpoint{0, FirstHash(), {}, {}, {}};
  return CheckpointOf(read->rows[0]);
}

Result<StoredEvidence> PostgresStore::RowAt(Connection& connection, int64_t seq) {
  const auto rows = connection.Query(
      std::string("SELECT ") + kPostgresColumns + " FROM evidence_record WHERE seq = $1 LIMIT 1",
      {Int(seq)});
  if (!rows) return rows.error();
  return rows->rows.empty() ? StoredEvidence() : RecordOf(rows->rows[0]);
}

// `base`: where the chain begins.
Result<ChainPlace> PostgresStore::PlaceOf(Connection& connection, const StoredEvidence& record,
                                          const EvidenceCheckpoint& base) {
  return ChainPlaceOf(
      record, base, [&](int64_t seq) { return RowAt(connection, seq); },
      [&] { return ReadEnd(connection, "head"); });
}

Result<EvidencePage> PostgresStore::Find(const EvidenceQuery& query) {
  std::string where = "kind = $1 AND seq < $2";
  std::vector<Parameter> parameters = {Int(static_cast<int64_t>(query.kind)), Int(query.before)};
  const auto add = [&](const std::string& condition, const std::string& value) {
    parameters.emplace_back(value);
    where += " AND " + condition + " $" + std::to_string(parameters.size());
  };
  if (query.from) add("at >=", Int(Seconds(*query.from)));
  if (query.to) add("at <=", Int(Seconds(*query.to)));
  const std::pair<const char*, const std::string*> keys[] = {
      {"orig =", &query.keys.orig},     {"dest =", &query.keys.dest},
      {"spc =", &query.keys.spc},       {"trunk =", &query.keys.trunk},
      {"reason =", &query.keys.reason}, {"call_id =", &query.keys.call_id},
  };
  for (const auto& [condition, value] : keys) {
    if (!value->empty()) add(condition, *value);
  }
  if (!query.keys.origid.empty()) {
    // Earlier versions kept a UUID in capitals as it came.
    const bool uuid = !PackUuid(query.keys.origid).empty();
    parameters.emplace_back(query.keys.origid);
    const std::string value = "$" + std::to_string(parameters.size()) + "::text";
    where += " AND origid " + (uuid ? "IN (" + value + ", upper(" + value + "))" : "= " + value);
  }
  const bool few = !query.keys.origid.empty() || !query.keys.call_id.empty();
  if (!query.keys.reason.empty() && query.keys.reason != Info(Reason::kNone).id) {
    where += " AND reason <> 'verified'";
  }
  const size_t limit = std::min(query.limit, EvidenceQuery::kMaxLimit);
  parameters.emplace_back(std::to_string(limit + 1));
  // Most indexes serve the order by seq. "+ 0": what these keys find is few and is sorted; the
  // order must not be what the planner goes by.
  const std::string sql = std::string("SELECT ") + kPostgresColumns +
                          " FROM evidence_record WHERE " + where + " ORDER BY seq" +
                          (few ? " + 0" : "") + " DESC LIMIT $" + std::to_string(parameters.size());
  return Read("BEGIN", [&](Connection& connection) -> Result<EvidencePage> {
    const auto rows = connection.Query(sql, parameters);
    if (!rows) return rows.error();
    EvidencePage page;
    for (const Row& row : rows->rows) page.records.push_back(RecordOf(row));
    if (page.records.size() > limit) {
      page.records.resize(limit);
      if (limit > 0) page.next = page.records.back().seq;
    }
    return page;
  });
}

Result<StoredEvidence> PostgresStore::Get(std::string_view id) {
  if (PackUuid(id).empty()) {
    return Fail(Reason::kResourceNotFound, "this is no id of evidence");
  }
  return Read("BEGIN ISOLATION LEVEL REPEATABLE READ",
              [&](Connection& connection) -> Result<StoredEvidence> {
                const auto rows = connection.Query(std::string("SELECT ") + kPostgresColumns +
                                                       " FROM evidence_record WHERE id = $1",
                                                   {std::string(id)});
                if (!rows) return rows.error();
                if (rows->rows.empty()) {
                  return Fail(Reason::kResourceNotFound, "there is no evidence with this id");
                }
                StoredEvidence record = RecordOf(rows->rows[0]);
                const auto base = ReadEnd(connection, "base");
                if (!base) return base.error();
                const auto place = PlaceOf(connection, record, *base);
                if (!place) return place.error();
                if (auto ok = CheckRecord(record, *place); !ok) return ok.error();
                return record;
              });
}

Result<std::string> PostgresStore::GetBlob(std::string_view sha256) {
  return Read("BEGIN", [&](Connection& connection) -> Result<std::string> {
    const auto rows = connection.Query("SELECT bytes FROM evidence_blob WHERE sha256 = $1::bytea",
                                       {PostgresBytes(BytesOfHex(sha256).value_or(""))});
    if (!rows) return rows.error();
    if (rows->rows.empty()) {
      return Fail(Reason::kResourceNotFound, "there is nothing with this SHA-256");
    }
    return FromPostgresBytes(Text(rows->rows[0], 0));
  });
}

Result<ComplaintPage> PostgresStore::FindComplaints(const ComplaintQuery& query) {
  return Read("BEGIN",
              [&](Connection& connection) { return FindPostgresComplaints(connection, query); });
}

Result<EvidenceReport> PostgresStore::Report(const ReportQuery& query) {
  return Read("BEGIN ISOLATION LEVEL REPEATABLE READ",
              [&](Connection& connection) { return PostgresReport(connection, query); });
}

Result<EvidenceChainState> PostgresStore::ReadState(Connection& connection) {
  EvidenceChainState state;
  auto tallied = PostgresTalliedFrom(connection);
  if (!tallied) return tallied.error();
  state.tallied_from = *tallied;
  const auto setting =
      connection.Query("SELECT value FROM evidence_setting WHERE name = 'number_key'");
  if (!setting) return setting.error();
  if (!setting->rows.empty()) state.number_key = Text(setting->rows[0], 0);
  auto base = ReadEnd(connection, "base");
  if (!base) return base.error();
  state.base = std::move(*base);
  auto head = ReadEnd(connection, "head");
  if (!head) return head.error();
  state.head = std::move(*head);
  const auto checkpoints = connection.Query(
      "SELECT seq, hash, at, key_id, signature FROM evidence_checkpoint ORDER BY seq");
  if (!checkpoints) return checkpoints.error();
  for (const Row& row : checkpoints->rows) state.checkpoints.push_back(CheckpointOf(row));
  const auto keys = connection.Query("SELECT public_pem FROM evidence_signer");
  if (!keys) return keys.error();
  for (const Row& row : keys->rows) state.public_keys.push_back(Text(row, 0));
  return state;
}

// False: the visitor had enough.
Result<bool> PostgresStore::VisitInside(Connection& connection, EvidenceVisitor& visitor) {
  const auto whole = CheckPostgresTables(connection, visitor);
  if (!whole) return whole.error();
  if (!*whole) return true;
  const auto state = ReadState(connection);
  if (!state) return state.error();
  visitor.State(*state);
  if (auto ok = CheckPostgresStructure(connection, visitor); !ok) return ok.error();
  if (auto ok = connection.Query(std::string("DECLARE all_records NO SCROLL CURSOR FOR SELECT ") +
                                 kPostgresColumns + " FROM evidence_record ORDER BY seq");
      !ok) {
    return ok.error();
  }
  const auto summaries = PostgresHasSummaries(connection);
  if (!summaries) return summaries.error();
  if (state->tallied_from && !*summaries) visitor.Odd("the tables of reports are missing");
  if (!state->tallied_from && *summaries)
    visitor.Odd("it is not there since when calls are counted");
  const bool tallied = state->tallied_from && *summaries;
  std::optional<std::chrono::sys_days> day;
  const auto end_day = [&]() -> Result<void> {
    if (!day || !tallied) return {};
    const auto tallies = PostgresTallies(connection, day->time_since_epoch().count());
    if (!tallies) return tallies.error();
    visitor.Tallies(*day, *tallies);
    return {};
  };
  while (true) {
    const auto rows = connection.Query("FETCH 1000 FROM all_records");
    if (!rows) return rows.error();
    if (rows->rows.empty()) break;
    for (const Row& row : rows->rows) {
      const StoredEvidence record = RecordOf(row);
      if (day != record.day) {
        if (auto ok = end_day(); !ok) return ok.error();
        day = record.day;
      }
      if (!visitor.Record(record)) return false;
    }
  }
  if (auto ok = end_day(); !ok) return ok.error();
  if (!tallied) return true;
  if (auto ok = VisitPostgresSummaries(connection, visitor); !ok) return ok.error();
  return true;
}

Result<void> PostgresStore::VisitAll(EvidenceVisitor& visitor) {
  const auto done = Read("BEGIN ISOLATION LEVEL REPEATABLE READ",
                         [&](Connection& connection) { return VisitInside(connection, visitor); });
  if (!done) return done.error();
  return {};
}

Result<std::vector<EvidenceBlobUse>> PostgresStore::Blobs() {
  return Read("BEGIN", [&](Connection& connection) -> Result<std::vector<EvidenceBlobUse>> {
    const auto rows = connection.Query(
        "SELECT encode(sha256, 'hex'), last_day FROM evidence_blob ORDER BY sha256");
    if (!rows) return rows.error();
    std::vector<EvidenceBlobUse> blobs;
    for (const Row& row : rows->rows) blobs.push_back({Text(row, 0), DayAt(row, 1)});
    return blobs;
  });
}

Result<int64_t> PostgresStore::Prune(std::chrono::sys_days day) {
  // Not under blobs_mutex_: it may take long. No blob is deleted that is known to be of a later
  // day.
  // Where no day can be that old it only looks at the chain's end, and takes no longer than Append.
  Line& line = day > std::chrono::sys_days() ? pruner_ : writer_;
  return line.Transaction("BEGIN", [&](Connection& connection) {
    return PruneInside(connection, day.time_since_epoch().count());
  });
}

// Whoever owns the table may drop it, whatever else was taken from him.
Result<void> PostgresStore::DropDay(Connection& connection, const std::string& table) {
  if (auto ok = connection.Query(kGiveWay); !ok) return ok.error();
  if (const auto dropped = connection.Query("DROP TABLE " + table); !dropped) {
    return Fail(
        dropped.error().reason,
        "nothing was deleted: no day can be while somebody reads the records for long, as a "
        "backup or an audit does (" +
            dropped.error().detail + ")");
  }
  if (auto ok = connection.Query("SET LOCAL lock_timeout = 0"); !ok) return ok.error();
  return {};
}

// Drops a day's partition, whose last record becomes `base`. Gives how many records it had.
Result<int64_t> PostgresStore::PruneDay(Connection& connection, int64_t day, int64_t limit,
                                        EvidenceCheckpoint& base) {
  const std::string table = "evidence_record_" + Int(day);
  // A uuid has no max().
  const auto last =
      connection.Query(std::string("SELECT ") + kPostgresColumns + ", (SELECT count(*) FROM " +
                       table + "), (SELECT id FROM " + table + " ORDER BY id DESC LIMIT 1) FROM " +
                       table + " ORDER BY seq DESC LIMIT 1");
  if (!last) return last.error();
  int64_t count = 0;
  if (!last->rows.empty()) {
    const Row& row = last->rows[0];
    const OldDay old{RecordOf(row), Text(row, 15)};
    if (auto ok = CheckOld(old, std::chrono::sys_days(std::chrono::days(limit))); !ok) {
      return ok.error();
    }
    const auto place = PlaceOf(connection, old.last, base);
    if (!place) return place.error();
    if (auto ok = CheckPlace(old.last, *place); !ok) return ok.error();
    base.seq = old.last.seq;
    base.hash = old.last.hash;
    count = Int(row, 14);
  }
  if (auto ok = DropDay(connection, table); !ok) return ok.error();
  if (auto ok = connection.Query("DELETE FROM evidence_day WHERE day = $1", {Int(day)}); !ok) {
    return ok.error();
  }
  return count;
}

// A login that may only write into the tables can do so until midnight: days are made and dropped
// by their owner. Said before that, since whoever begins to write prunes nothing first.
Result<void> PostgresStore::CheckOwner(Connection& connection) {
  const auto may = connection.Query(
      "SELECT pg_has_role(relowner, 'USAGE') AND has_schema_privilege(relnamespace, 'CREATE') AND "
      "CASE WHEN reltablespace = 0 THEN true ELSE has_tablespace_privilege(reltablespace, "
      "'CREATE') "
      "END FROM pg_class WHERE oid = 'evidence_record'::regclass");
  if (!may) return may.error();
  if (!may->rows.empty() && Text(may->rows[0], 0) == "t") return {};
  return Fail(Reason::kEvidenceUnavailable,
              "PostgreSQL: this login can neither make nor delete a day: it must own "
              "evidence_record, or belong to who does, and may create in its schema and "
              "tablespace");
}

Result<int64_t> PostgresStore::PruneInside(Connection& connection, int64_t day) const {
  if (auto ok = connection.Query(kLock); !ok) return ok.error();
  if (auto ok = CheckOwner(connection); !ok) return ok.error();
  const auto tail = CheckedTail(connection);
  if (!tail) return tail.error();
  const auto days =
      connection.Query("SELECT day FROM evidence_day WHERE day < $1 ORDER BY day", {Int(day)});
  if (!days) return days.error();
  if (days->rows.empty()) return 0;
  EvidenceCheckpoint base = tail->base;
  int64_t deleted = 0;
  for (const Row& row : days->rows) {
    if (stop_pruning_) return Fail(Reason::kEvidenceUnavailable, "it was told to stop");
    const auto gone = PruneDay(connection, Int(row, 0), day, base);
    if (!gone) return gone.error();
    deleted += *gone;
  }
  if (deleted == 0) return deleted;
  const auto now = options_.clock->Now();
  if (auto ok = SignCheckpoint(base, ChainEnd::kBase, now, options_.signer.get()); !ok) {
    return ok.error();
  }
  if (auto ok = PutEnd(connection, "base", base); !ok) return ok.error();
  if (auto ok = connection.Query("DELETE FROM evidence_blob WHERE last_day < $1", {Int(day)});
      !ok) {
    return ok.error();
  }
  if (auto ok =
          connection.Query("DELETE FROM evidence_checkpoint WHERE seq <= $1", {Int(base.seq)});
      !ok) {
    return ok.error();
  }
  if (auto ok = PrunePostgresSummaries(connection, day, base.seq); !ok) return ok.error();
  return deleted;
}

Result<void> PostgresStore::Rekey(const EvidenceSigner& next) {
  const auto done = pruner_.Transaction(
      "BEGIN", [&](Connection& connection) { return RekeyInside(connection, next); });
  if (!done) return done.error();
  return {};
}

// False: there was nothing to hand over.
Result<bool> PostgresStore::RekeyInside(Connection& connection, const EvidenceSigner& next) const {
  if (auto ok = connection.Query(kLock); !ok) return ok.error();
  if (const auto tail = CheckedTail(connection); !tail) return tail.error();
  auto state = ReadState(connection);
  if (!state) return state.error();
  if (auto ok = SignAnew(*state, *options_.signer, next); !ok) return ok.error();
  if (state->head.seq == 0) return false;
  if (auto ok = PutEnd(connection, "head", state->head); !ok) return ok.error();
  if (state->base.seq != 0) {
    if (auto ok = PutEnd(connection, "base", state->base); !ok) return ok.error();
  }
  std::vector<Parameter> seqs;
  std::vector<Parameter> signatures;
  for (const EvidenceCheckpoint& checkpoint : state->checkpoints) {
    seqs.emplace_back(Int(checkpoint.seq));
    signatures.emplace_back(PostgresBytes(checkpoint.signature));
  }
  const auto put = connection.Query(
      "UPDATE evidence_checkpoint c SET key_id = $3, signature = u.signature FROM "
      "unnest($1::bigint[], $2::bytea[]) AS u (seq, signature) WHERE c.seq = u.seq",
      {PostgresArray(seqs), PostgresArray(signatures), next.key_id()});
  if (!put) return put.error();
  if (auto ok = connection.Query("DELETE FROM evidence_signer"); !ok) return ok.error();
  if (auto ok = connection.Query("INSERT INTO evidence_signer VALUES ($1, $2)",
                                 {next.key_id(), next.public_pem()});
      !ok) {
    return ok.error();
  }
  return true;
}

}  // namespace

std::shared_ptr<EvidenceStore> OpenPostgresStore(const PostgresStoreOptions& options) {
  return Unthrowing(std::make_shared<PostgresStore>(options));
}

}  // namespace callvet
