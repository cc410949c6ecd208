// SPDX-License-Identifier: MIT
#include "evidence/postgres_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/text.h"
#include "evidence/hash_chain.h"
#include "evidence/packed_id.h"
#include "evidence/postgres.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

using Records = std::vector<std::shared_ptr<const EvidenceRecord>>;
using Parameter = PostgresConnection::Parameter;
using Row = std::vector<Parameter>;

constexpr std::chrono::milliseconds kPruneTimeout{60'000};
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(4851215093)";

// One statement each: the extended protocol takes no more.
constexpr const char* kPostgresSchema[] = {
    "CREATE TABLE IF NOT EXISTS evidence_setting (name text PRIMARY KEY, value text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS evidence_day (day bigint PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS evidence_blob (sha256 bytea PRIMARY KEY, last_day bigint NOT NULL, "
    "bytes bytea NOT NULL)",
    "CREATE TABLE IF NOT EXISTS evidence_chain_end (name text PRIMARY KEY, seq bigint NOT NULL, "
    "hash bytea NOT NULL, at bigint NOT NULL, key_id text NOT NULL, signature bytea NOT NULL)",
    "CREATE TABLE IF NOT EXISTS evidence_checkpoint (seq bigint PRIMARY KEY, hash bytea NOT NULL, "
    "at bigint NOT NULL, key_id text NOT NULL, signature bytea NOT NULL)",
    "CREATE TABLE IF NOT EXISTS evidence_signer (key_id text PRIMARY KEY, public_pem text NOT "
    "NULL)",
    "CREATE TABLE IF NOT EXISTS evidence_record (seq bigint NOT NULL, day bigint NOT NULL, "
    "id uuid NOT NULL, kind smallint NOT NULL, at bigint NOT NULL, orig text, dest text, "
    "origid text, spc text, trunk text, reason text, call_id text, hash bytea NOT NULL, "
    "body text NOT NULL, PRIMARY KEY (seq, day)) PARTITION BY RANGE (day)",
    "CREATE UNIQUE INDEX IF NOT EXISTS evidence_record_id ON evidence_record (id, day)",
    "CREATE INDEX IF NOT EXISTS evidence_record_at ON evidence_record (at)",
    "CREATE INDEX IF NOT EXISTS evidence_record_orig ON evidence_record (orig, at)",
    "CREATE INDEX IF NOT EXISTS evidence_record_dest ON evidence_record (dest, at)",
    "CREATE INDEX IF NOT EXISTS evidence_record_origid ON evidence_record (origid)",
    "CREATE INDEX IF NOT EXISTS evidence_record_spc ON evidence_record (spc, at)",
    "CREATE INDEX IF NOT EXISTS evidence_record_trunk ON evidence_record (trunk, at)",
    "CREATE INDEX IF NOT EXISTS evidence_record_call_id ON evidence_record (call_id)",
    "CREATE INDEX IF NOT EXISTS evidence_record_reason ON evidence_record (reason, at) "
    "WHERE reason <> 'verified'",
};

constexpr const char* kPostgresColumns =
    "seq, id, kind, at, orig, dest, origid, spc, trunk, reason, call_id, hash, body";

Parameter TextOrNull(const std::string& text) {
  return text.empty() ? Parameter() : Parameter(text);
}
std::string Text(const Row& row, size_t column) {
  return row.at(column).value_or("");
}
int64_t Int(const Row& row, size_t column) {
  const auto& text = row.at(column);
  if (!text || text->empty()) return 0;
  const bool negative = text->front() == '-';
  const auto number = ParseNumber(std::string_view(*text).substr(negative ? 1 : 0), INT64_MAX);
  if (!number) return 0;
  return negative ? -static_cast<int64_t>(*number) : static_cast<int64_t>(*number);
}
std::string Int(int64_t number) {
  return std::to_string(number);
}
EvidenceCheckpoint CheckpointOf(const Row& row) {
  return {Int(row, 0), FromPostgresBytes(Text(row, 1)), Time(Int(row, 2)), Text(row, 3),
          FromPostgresBytes(Text(row, 4))};
}

StoredEvidence RecordOf(const Row& row) {
  StoredEvidence record;
  record.seq = Int(row, 0);
  record.id = Text(row, 1);
  record.kind = Int(row, 2) == 0 ? EvidenceKind::kCall : EvidenceKind::kAccess;
  record.time = Time(Int(row, 3));
  record.keys = {Text(row, 4), Text(row, 5), Text(row, 6), Text(row, 7),
                 Text(row, 8), Text(row, 9), Text(row, 10)};
  record.hash = FromPostgresBytes(Text(row, 11));
  record.text = Text(row, 12);
  return record;
}

// A connection that is made when it is needed, with its lock.
class Line {
 public:
  Line(const PostgresStoreOptions& options, std::chrono::milliseconds timeout)
      : options_(options), timeout_(timeout) {}

  /// Runs `work` with a live connection, in a transaction begun by `begin`.
  template <class Work>
  auto Transaction(const char* begin, Work work)
      -> decltype(work(std::declval<PostgresConnection&>())) {
    const std::lock_guard lock(mutex_);
    if (auto ok = Connect(); !ok) return ok.error();
    if (auto ok = connection_->Query(begin); !ok) return ok.error();
    auto result = work(*connection_);
    if (result) {
      auto committed = connection_->Query("COMMIT");
      if (committed) return result;
      result = committed.error();
    }
    (void)connection_->Query("ROLLBACK");
    return result;
  }

 private:
  Result<void> Connect() {
    if (connection_ && connection_->alive()) return {};
    connection_.reset();
    auto made = PostgresConnection::Connect(options_.url, timeout_);
    if (!made) return made.error();
    if (auto ok = Prepare(*made); !ok) return ok;
    connection_.emplace(std::move(*made));
    return {};
  }

  // Makes the tables, if they are not there, and settles which key numbers are hashed with.
  Result<void> Prepare(PostgresConnection& connection) {
    const auto settled = connection.Query("SELECT to_regclass('evidence_record') IS NOT NULL");
    if (!settled) return settled.error();
    if (settled->rows.empty() || Text(settled->rows[0], 0) != "t") {
      if (auto ok = MakeTables(connection); !ok) return ok;
    }
    const auto key =
        connection.Query("SELECT value FROM evidence_setting WHERE name = 'number_key'");
    if (!key) return key.error();
    if (key->rows.empty() || Text(key->rows[0], 0) != options_.number_key) {
      return Fail(Reason::kKeyInvalid,
                  "the database was begun with another key for numbers, or without one");
    }
    return {};
  }

  Result<void> MakeTables(PostgresConnection& connection) {
    if (auto ok = connection.Query("BEGIN"); !ok) return ok.error();
    if (auto ok = connection.Query(kLock); !ok) return ok.error();
    for (const char* statement : kPostgresSchema) {
      if (auto ok = connection.Query(statement); !ok) return ok.error();
    }
    if (auto ok = connection.Query(
            "INSERT INTO evidence_setting VALUES ('number_key', $1) ON CONFLICT DO NOTHING",
            {options_.number_key});
        !ok) {
      return ok.error();
    }
    if (auto ok = connection.Query("COMMIT"); !ok) return ok.error();
    return {};
  }

  const PostgresStoreOptions& options_;
  std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::optional<PostgresConnection> connection_;
};

class PostgresStore final : public EvidenceStore {
 public:
  explicit PostgresStore(PostgresStoreOptions options)
      : options_(std::move(options)),
        writer_(options_, options_.append_timeout),
        pruner_(options_, kPruneTimeout),
        reader_(options_, options_.timeout) {}

  Result<void> Append(const Records& records, Seen seen) override;
  Result<EvidencePage> Find(const EvidenceQuery& query) override;
  Result<StoredEvidence> Get(std::string_view id) override;
  Result<std::string> GetBlob(std::string_view sha256) override;
  Result<void> VisitAll(EvidenceVisitor& visitor) override;
  Result<std::vector<std::string>> BlobNames() override;
  Result<int64_t> Prune(std::chrono::sys_days day) override;

 private:
  using Connection = PostgresConnection;

  Result<void> AppendInside(Connection& connection, const Records& records, Seen seen);
  static Result<std::vector<const EvidenceRecord*>> NotThere(Connection& connection,
                                                             const Records& records, Seen seen);
  Result<int64_t> OpenDay(Connection& connection) const;
  Result<void> PutBlobs(Connection& connection, const std::vector<const EvidenceRecord*>& records,
                        int64_t day);
  static Result<void> PutRecords(Connection& connection, const std::vector<ChainedRecord>& records,
                                 int64_t day);
  Result<void> PutHead(Connection& connection, EvidenceCheckpoint head) const;
  static Result<void> PutEnd(Connection& connection, const char* name,
                             const EvidenceCheckpoint& end);
  Result<int64_t> PruneInside(Connection& connection, int64_t day) const;
  static Result<EvidenceCheckpoint> ReadEnd(Connection& connection, const char* name);
  static Result<EvidenceChainState> ReadState(Connection& connection);
  static Result<bool> VisitInside(Connection& connection, EvidenceVisitor& visitor);

  PostgresStoreOptions options_;
  std::mutex blobs_mutex_;
  std::map<std::string, int64_t> blob_days_;  // blobs known to be there, with their last_day
  Line writer_;
  Line pruner_;
  Line reader_;
};

Result<void> PostgresStore::Append(const Records& records, Seen seen) {
  if (records.empty()) return {};
  const std::lock_guard lock(blobs_mutex_);
  auto done = writer_.Transaction(
      "BEGIN", [&](Connection& connection) { return AppendInside(connection, records, seen); });
  if (!done) blob_days_.clear();  // what was put is perhaps not there
  return done;
}

Result<void> PostgresStore::AppendInside(Connection& connection, const Records& records,
                                         Seen seen) {
  if (auto ok = connection.Query(kLock); !ok) return ok.error();
  const auto fresh = NotThere(connection, records, seen);
  if (!fresh) return fresh.error();
  if (fresh->empty()) return {};
  const auto day = OpenDay(connection);
  if (!day) return day.error();
  if (auto ok = PutBlobs(connection, *fresh, *day); !ok) return ok;
  auto head = ReadEnd(connection, "head");
  if (!head) return head.error();
  const auto chained = ExtendChain(*fresh, *head);
  if (!chained) return chained.error();
  if (auto ok = PutRecords(connection, *chained, *day); !ok) return ok;
  return PutHead(connection, std::move(*head));
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
  std::vector<const EvidenceRecord*> fresh;
  for (const auto& record : records) {
    if (there.insert(record->id).second) fresh.push_back(record.get());
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
  const std::string partition = "CREATE TABLE IF NOT EXISTS evidence_record_" + Int(today) +
                                " PARTITION OF evidence_record FOR VALUES FROM (" + Int(today) +
                                ") TO (" + Int(today + 1) + ")";
  if (auto ok = connection.Query(partition); !ok) return ok.error();
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
                                        record.kind == EvidenceKind::kCall ? "0" : "1",
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
  for (const auto& column : columns) parameters.emplace_back(PostgresArray(column));
  parameters.emplace_back(Int(day));
  const auto put = connection.Query(
      std::string("INSERT INTO evidence_record (") + kPostgresColumns +
          ", day) SELECT u.*, $14::bigint FROM unnest($1::bigint[], $2::uuid[], $3::smallint[], "
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

Result<void> PostgresStore::PutHead(Connection& connection, EvidenceCheckpoint head) const {
  const auto now = options_.clock->Now();
  if (auto ok = SignCheckpoint(head, ChainEnd::kHead, now, options_.signer.get()); !ok) return ok;
  if (auto ok = PutEnd(connection, "head", head); !ok) return ok;
  const auto last =
      connection.Query("SELECT seq, at FROM evidence_checkpoint ORDER BY seq DESC LIMIT 1");
  if (!last) return last.error();
  const int64_t last_seq = last->rows.empty() ? 0 : Int(last->rows[0], 0);
  const int64_t last_time = last->rows.empty() ? 0 : Int(last->rows[0], 1);
  const auto signer =
      connection.Query("INSERT INTO evidence_signer VALUES ($1, $2) ON CONFLICT DO NOTHING",
                       {head.key_id, options_.signer->public_pem()});
  if (!signer) return signer.error();
  if (head.seq < last_seq + kCheckpointRecords &&
      Seconds(now) < last_time + kCheckpointTime.count()) {
    return {};
  }
  const auto put =
      connection.Query("INSERT INTO evidence_checkpoint VALUES ($1, $2::bytea, $3, $4, $5::bytea)",
                       {Int(head.seq), PostgresBytes(head.hash), Int(Seconds(now)), head.key_id,
                        PostgresBytes(head.signature)});
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

Result<EvidencePage> PostgresStore::Find(const EvidenceQuery& query) {
  std::string where = "kind = $1 AND seq < $2";
  std::vector<Parameter> parameters = {query.kind == EvidenceKind::kCall ? "0" : "1",
                                       Int(query.before)};
  const auto add = [&](const std::string& condition, const std::string& value) {
    parameters.emplace_back(value);
    where += " AND " + condition + " $" + std::to_string(parameters.size());
  };
  if (query.from) add("at >=", Int(Seconds(*query.from)));
  if (query.to) add("at <=", Int(Seconds(*query.to)));
  bool by_key = false;
  const std::pair<const char*, const std::string*> keys[] = {
      {"orig =", &query.keys.orig},       {"dest =", &query.keys.dest},
      {"origid =", &query.keys.origid},   {"spc =", &query.keys.spc},
      {"trunk =", &query.keys.trunk},     {"reason =", &query.keys.reason},
      {"call_id =", &query.keys.call_id},
  };
  for (const auto& [condition, value] : keys) {
    if (value->empty()) continue;
    add(condition, *value);
    by_key = true;
  }
  if (!query.keys.reason.empty() && query.keys.reason != Info(Reason::kNone).id) {
    where += " AND reason <> 'verified'";
  }
  const size_t limit = std::min(query.limit, EvidenceQuery::kMaxLimit);
  parameters.emplace_back(std::to_string(limit + 1));
  // "+ 0": what a key finds is few and is sorted; the order must not be what the planner goes by.
  const std::string sql = std::string("SELECT ") + kPostgresColumns +
                          " FROM evidence_record WHERE " + where + " ORDER BY seq" +
                          (by_key ? " + 0" : "") + " DESC LIMIT $" +
                          std::to_string(parameters.size());
  return reader_.Transaction("BEGIN", [&](Connection& connection) -> Result<EvidencePage> {
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
  return reader_.Transaction("BEGIN", [&](Connection& connection) -> Result<StoredEvidence> {
    const auto rows = connection.Query(
        std::string("SELECT ") + kPostgresColumns + " FROM evidence_record WHERE id = $1",
        {std::string(id)});
    if (!rows) return rows.error();
    if (rows->rows.empty()) {
      return Fail(Reason::kResourceNotFound, "there is no evidence with this id");
    }
    return RecordOf(rows->rows[0]);
  });
}

Result<std::string> PostgresStore::GetBlob(std::string_view sha256) {
  return reader_.Transaction("BEGIN", [&](Connection& connection) -> Result<std::string> {
    const auto rows = connection.Query("SELECT bytes FROM evidence_blob WHERE sha256 = $1::bytea",
                                       {PostgresBytes(BytesOfHex(sha256).value_or(""))});
    if (!rows) return rows.error();
    if (rows->rows.empty()) {
      return Fail(Reason::kResourceNotFound, "there is nothing with this SHA-256");
    }
    return FromPostgresBytes(Text(rows->rows[0], 0));
  });
}

Result<EvidenceChainState> PostgresStore::ReadState(Connection& connection) {
  EvidenceChainState state;
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
  const auto state = ReadState(connection);
  if (!state) return state.error();
  visitor.State(*state);
  if (auto ok = connection.Query(std::string("DECLARE all_records NO SCROLL CURSOR FOR SELECT ") +
                                 kPostgresColumns + " FROM evidence_record ORDER BY seq");
      !ok) {
    return ok.error();
  }
  while (true) {
    const auto rows = connection.Query("FETCH 1000 FROM all_records");
    if (!rows) return rows.error();
    if (rows->rows.empty()) return true;
    for (const Row& row : rows->rows) {
      if (!visitor.Record(RecordOf(row))) return false;
    }
  }
}

Result<void> PostgresStore::VisitAll(EvidenceVisitor& visitor) {
  const auto done =
      reader_.Transaction("BEGIN ISOLATION LEVEL REPEATABLE READ",
                          [&](Connection& connection) { return VisitInside(connection, visitor); });
  if (!done) return done.error();
  return {};
}

Result<std::vector<std::string>> PostgresStore::BlobNames() {
  return reader_.Transaction(
      "BEGIN", [&](Connection& connection) -> Result<std::vector<std::string>> {
        const auto rows =
            connection.Query("SELECT encode(sha256, 'hex') FROM evidence_blob ORDER BY sha256");
        if (!rows) return rows.error();
        std::vector<std::string> names;
        for (const Row& row : rows->rows) names.push_back(Text(row, 0));
        return names;
      });
}

Result<int64_t> PostgresStore::Prune(std::chrono::sys_days day) {
  // Not under blobs_mutex_: it may take long. No blob is deleted that is known to be of a later
  // day.
  return pruner_.Transaction("BEGIN", [&](Connection& connection) {
    return PruneInside(connection, day.time_since_epoch().count());
  });
}

Result<int64_t> PostgresStore::PruneInside(Connection& connection, int64_t day) const {
  if (auto ok = connection.Query(kLock); !ok) return ok.error();
  const auto days =
      connection.Query("SELECT day FROM evidence_day WHERE day < $1 ORDER BY day", {Int(day)});
  if (!days) return days.error();
  auto base = ReadEnd(connection, "base");
  if (!base) return base.error();
  int64_t deleted = 0;
  for (const Row& row : days->rows) {
    const std::string table = "evidence_record_" + Int(Int(row, 0));
    const auto last = connection.Query("SELECT seq, hash, (SELECT count(*) FROM " + table +
                                       ") FROM " + table + " ORDER BY seq DESC LIMIT 1");
    if (!last) return last.error();
    if (!last->rows.empty()) {
      base->seq = Int(last->rows[0], 0);
      base->hash = FromPostgresBytes(Text(last->rows[0], 1));
      deleted += Int(last->rows[0], 2);
    }
    if (auto ok = connection.Query("DROP TABLE " + table); !ok) return ok.error();
    if (auto ok = connection.Query("DELETE FROM evidence_day WHERE day = $1", {Text(row, 0)});
        !ok) {
      return ok.error();
    }
  }
  if (deleted == 0) return deleted;
  const auto now = options_.clock->Now();
  if (auto ok = SignCheckpoint(*base, ChainEnd::kBase, now, options_.signer.get()); !ok) {
    return ok.error();
  }
  if (auto ok = PutEnd(connection, "base", *base); !ok) return ok.error();
  if (auto ok = connection.Query("DELETE FROM evidence_blob WHERE last_day < $1", {Int(day)});
      !ok) {
    return ok.error();
  }
  if (auto ok =
          connection.Query("DELETE FROM evidence_checkpoint WHERE seq <= $1", {Int(base->seq)});
      !ok) {
    return ok.error();
  }
  return deleted;
}

}  // namespace

std::shared_ptr<EvidenceStore> OpenPostgresStore(const PostgresStoreOptions& options) {
  return std::make_shared<PostgresStore>(options);
}

}  // namespace callvet
