// SPDX-License-Identifier: MIT
// Whoever can write the file of a store, but has not its key, and what writer and audit make of it.
#include <algorithm>
#include <filesystem>

#include "evidence/chain_guard.h"
#include "evidence/hash_chain.h"
#include "evidence/material.h"
#include "store_fixture.h"

namespace callvet::test {
namespace {

class StoreTamperTest : public StoreTest {
 protected:
  testing::AssertionResult Appends(const std::shared_ptr<EvidenceStore>& store) {
    const auto done = store->Append({Record()}, Seen::kNever);
    if (done) return testing::AssertionSuccess() << "appended";
    return testing::AssertionResult(done.error().reason != Reason::kEvidenceAltered)
           << Info(done.error().reason).id << ": " << done.error().detail;
  }
  [[nodiscard]] SqliteDatabase File() const {
    return std::move(*SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting));
  }
  int64_t Number(const std::string& sql) {
    auto database = File();
    auto read = database.Prepare(sql);
    EXPECT_THAT(read->Step(), Succeeds());
    return read->Int(0);
  }
  // All hashes follow again from what the texts say now, and the end stands behind the last one.
  void Rechain() {
    auto database = File();
    auto read = database.Prepare("SELECT seq, text FROM " + Table() + " ORDER BY seq");
    auto write = database.Prepare("UPDATE " + Table() + " SET hash = ? WHERE seq = ?");
    std::vector<std::pair<int64_t, std::string>> rows;
    while (*read->Step()) rows.emplace_back(read->Int(0), read->Bytes(1));
    std::string hash = FirstHash();
    for (const auto& [seq, text] : rows) {
      hash = *NextHash(hash, text);
      ASSERT_THAT(write->BindBlob(1, hash).Bind(2, seq).Run(), Succeeds());
    }
    auto head = database.Prepare("UPDATE chain_end SET seq = ?, hash = ? WHERE name = 'head'");
    ASSERT_THAT(head->Bind(1, rows.back().first).BindBlob(2, hash).Run(), Succeeds());
  }
  std::vector<Kind> Kinds(const AuditOptions& options = {}) {
    std::vector<Kind> kinds;
    for (const auto& [kind, seq] : Findings(options)) kinds.push_back(kind);
    return kinds;
  }
};

TEST_F(StoreTamperTest, AForgedChainIsNotSignedByItsWriter) {
  Add(8);
  Tamper("DELETE FROM " + Table() + " WHERE seq = 2; UPDATE " + Table() +
         " SET seq = seq - 1 WHERE seq > 2; DELETE FROM checkpoint");
  Rechain();
  EXPECT_FALSE(Appends(lab_.store));
  const auto anew = lab_.Open();
  EXPECT_FALSE(Appends(anew));
  EXPECT_THAT(anew->Prune(std::chrono::floor<days>(kNow) + days(9)),
              FailsWith(Reason::kEvidenceAltered));
  EXPECT_THAT(Kinds(), testing::Contains(Kind::kUnsigned));
}

TEST_F(StoreTamperTest, ALastRecordThatIsNotTheEndsIsNotContinued) {
  Add(8);
  Tamper("DELETE FROM " + Table() + " WHERE seq = 8");
  EXPECT_FALSE(Appends(lab_.Open()));
}

TEST_F(StoreTamperTest, AnEarlierEndIsNotContinuedByItsWriter) {
  Add(5);
  // As it was five records later: an older copy, well signed.
  Tamper("CREATE TABLE copy AS SELECT * FROM chain_end");
  Add(5);
  Tamper(
      "DELETE FROM chain_end; INSERT INTO chain_end SELECT * FROM copy; DROP TABLE copy; "
      "DELETE FROM " +
      Table() + " WHERE seq > 5");
  EXPECT_FALSE(Appends(lab_.store));
  EXPECT_TRUE(Appends(lab_.Open()));  // what was later cannot be known from the store alone
  EXPECT_FALSE(Appends(lab_.store));  // but by whoever wrote it
}

// What a writer wrote last is known to the one that comes after it.
TEST_F(StoreTamperTest, AnEarlierEndIsNotContinuedAfterARestart) {
  const auto mark = lab_.directory.path() / "mark";
  const auto earlier = lab_.directory.path() / "earlier.db";
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  Tamper("VACUUM INTO '" + earlier.string() + "'");
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  lab_.store = nullptr;
  std::filesystem::rename(earlier, lab_.path());
  EXPECT_FALSE(Appends(lab_.Open(mark)));
  EXPECT_FALSE(Appends(lab_.Open(mark)));
  std::filesystem::remove(lab_.path());
  EXPECT_FALSE(Appends(lab_.Open(mark)));  // a new store with the same key
  std::filesystem::remove(mark);
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  EXPECT_TRUE(Appends(lab_.Open(mark)));
}

TEST_F(StoreTamperTest, AMarkIsNoAlarmWhereOthersWroteOrRetentionDeleted) {
  const auto mark = lab_.directory.path() / "mark";
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  Add(3);  // without it
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  const auto next = NewSigner();
  ASSERT_THAT(lab_.Open()->Rekey(*next), Succeeds());
  lab_.signer = next;
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  lab_.clock->now += days(100);
  lab_.store = lab_.Open();
  Add(1);
  const auto limit = std::chrono::floor<days>(kNow) + days(9);
  EXPECT_THAT(lab_.store->Prune(limit), Succeeds());
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  EXPECT_THAT(lab_.store->Prune(limit + days(200)), Succeeds());
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

// A crash of the machine may leave it so.
TEST_F(StoreTamperTest, AnEmptyMarkIsNone) {
  const auto mark = lab_.directory.path() / "mark";
  ASSERT_THAT(WriteFile(mark, "", FileMode::kPrivate), Succeeds());
  EXPECT_TRUE(Appends(lab_.Open(mark)));
  ASSERT_THAT(WriteFile(mark, "7:abc", FileMode::kPrivate), Succeeds());
  EXPECT_FALSE(Appends(lab_.Open(mark)));
}

// Records would go into a file that has no name any more.
TEST_F(StoreTamperTest, AFileThatWasTakenAwayOrReplacedGetsNothing) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    StoreLab lab;
    EXPECT_TRUE(Appends(lab.store));
    const std::filesystem::path file = lab.path().string() + suffix;
    std::filesystem::rename(file, file.string() + ".away");
    EXPECT_FALSE(Appends(lab.store)) << suffix;
    std::filesystem::copy_file(file.string() + ".away", file);
    EXPECT_FALSE(Appends(lab.store)) << suffix;
    std::filesystem::rename(file.string() + ".away", file);
    EXPECT_TRUE(Appends(lab.store)) << suffix;
  }
}

// SQLite keeps its files beside the file that a link leads to.
TEST_F(StoreTamperTest, H9_FilesTakenAwayBehindALinkAreSeen) {
  std::filesystem::create_symlink("real.db", lab_.directory.path() / "link.db");
  SqliteStoreOptions options;
  options.path = lab_.directory.path() / "real.db";
  options.signer = lab_.signer;
  options.clock = lab_.clock;
  ASSERT_THAT(OpenSqliteStore(options), Succeeds());
  options.path = lab_.directory.path() / "link.db";
  auto store = *OpenSqliteStore(options);
  EXPECT_TRUE(Appends(store));
  std::filesystem::remove(lab_.directory.path() / "real.db-wal");
  EXPECT_FALSE(Appends(store));
}

// Else a writer without the key for numbers would add open ones.
TEST_F(StoreTamperTest, H9_AnotherKeyForNumbersThanThatOfItsRecordsIsFound) {
  EvidenceCodec sealing(*NumberSecret::Parse(std::string(64, 'a')));
  SqliteStoreOptions options;
  options.path = lab_.directory.path() / "sealed.db";
  options.signer = lab_.signer;
  options.clock = lab_.clock;
  options.number_key = sealing.key()->name();
  auto store = *OpenSqliteStore(options);
  ASSERT_THAT(store->Append({RecordOf(sealing, evidence_)}, Seen::kNever), Succeeds());
  EXPECT_TRUE(AuditStore(*store, {})->intact());
  auto file = *SqliteDatabase::Open(options.path, SqliteDatabase::Mode::kExisting);
  ASSERT_THAT(file.Execute("UPDATE setting SET value = '' WHERE name = 'number_key'"), Succeeds());
  options.number_key = "";
  EXPECT_THAT(OpenSqliteStore(options), FailsWith(Reason::kEvidenceAltered));
  const auto report = AuditStore(*store, {});
  ASSERT_THAT(report, Succeeds());
  ASSERT_FALSE(report->findings.empty());
  EXPECT_EQ(report->findings[0].kind, Kind::kStructure);
}

// Also for who only reads: it is no question of the right key.
TEST_F(StoreTamperTest, H9_ASettingThatIsGoneIsAnAlteredStore) {
  Add(1);
  Tamper("DELETE FROM setting WHERE name = 'number_key'");
  SqliteStoreOptions options;
  options.path = lab_.path();
  options.signer = lab_.signer;
  options.clock = lab_.clock;
  for (const auto open :
       {SqliteStoreOptions::Open::kExisting, SqliteStoreOptions::Open::kReadOnly}) {
    options.open = open;
    EXPECT_THAT(OpenSqliteStore(options), FailsWith(Reason::kEvidenceAltered));
  }
}

TEST_F(StoreTamperTest, ABlobThatWouldBeKeptForEverIsFound) {
  Add(5);
  EXPECT_THAT(Findings(), testing::IsEmpty());
  Tamper("UPDATE blob SET last_day = 99999");
  EXPECT_THAT(Kinds(), testing::Contains(Kind::kBlob));
}

TEST_F(StoreTamperTest, CheckpointsThatAreGoneAreFound) {
  Add(5);
  Tamper("DELETE FROM checkpoint");
  EXPECT_THAT(Kinds(), testing::ElementsAre(Kind::kUnsigned));
}

TEST_F(StoreTamperTest, OthersMayGoOn) {
  Add(3);
  const auto other = lab_.Open();
  EXPECT_TRUE(Appends(other));
  EXPECT_TRUE(Appends(lab_.store));
  lab_.clock->now += days(100);
  EXPECT_TRUE(Appends(other));
  EXPECT_THAT(other->Prune(std::chrono::floor<days>(kNow) + days(9)), Succeeds());
  EXPECT_TRUE(Appends(lab_.store));
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(StoreTamperTest, ACheckpointDoesNotServeAsAnEnd) {
  Add(1000);
  Add(1000);
  Add(10);
  ASSERT_GE(Number("SELECT count(*) FROM checkpoint"), 2);
  Tamper(
      "UPDATE chain_end SET (seq, hash, time, key_id, signature) = (SELECT seq, hash, time, "
      "key_id, signature FROM checkpoint ORDER BY seq LIMIT 1); DELETE FROM checkpoint WHERE "
      "seq > 1000; DELETE FROM " +
      Table() + " WHERE seq > 1000");
  EXPECT_THAT(Kinds(), testing::Contains(Kind::kUnsigned));
  EXPECT_FALSE(Appends(lab_.Open()));
}

TEST_F(StoreTamperTest, ACheckpointBehindTheEndIsARecordThatIsMissing) {
  Add(5);
  Tamper("CREATE TABLE copy AS SELECT * FROM chain_end");
  lab_.clock->now += std::chrono::seconds(100);
  Add(5);
  Tamper(
      "DELETE FROM chain_end; INSERT INTO chain_end SELECT * FROM copy; DROP TABLE copy; "
      "DELETE FROM " +
      Table() + " WHERE seq > 5");
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kMissing, int64_t{6})));
  EXPECT_FALSE(Appends(lab_.Open()));
}

TEST_F(StoreTamperTest, AnEndThatIsGoneIsFound) {
  Add(5);
  Tamper("DELETE FROM " + Table() + "; DELETE FROM chain_end");
  EXPECT_THAT(Kinds(), testing::Contains(Kind::kUnsigned));
  EXPECT_FALSE(Appends(lab_.store));
  EXPECT_FALSE(Appends(lab_.Open()));
  Tamper("DELETE FROM checkpoint; DELETE FROM signer");
  EXPECT_THAT(Kinds(), testing::Not(testing::IsEmpty()));  // the day
  EXPECT_FALSE(Appends(lab_.Open()));
  Tamper("DELETE FROM day; DROP TABLE " + Table());
  EXPECT_FALSE(Appends(lab_.store));  // it remembers
}

TEST_F(StoreTamperTest, RetentionDeletesNoDayThatIsOnlySaidToBeOld) {
  Add(5);
  const int64_t day = Number("SELECT day FROM day");
  Tamper("ALTER TABLE " + Table() + " RENAME TO record_" + std::to_string(day - 400) +
         "; UPDATE day SET day = day - 400; UPDATE blob SET last_day = last_day - 400");
  const auto limit = std::chrono::floor<days>(kNow) - days(180);
  EXPECT_THAT(lab_.Open()->Prune(limit), FailsWith(Reason::kEvidenceAltered));
  EXPECT_EQ(lab_.store->Find({})->records.size(), 5U);
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kColumns, int64_t{5})));
}

TEST_F(StoreTamperTest, AnIdThatIsOldInItsColumnAloneDoesNotServeRetention) {
  Add(5);
  const int64_t day = Number("SELECT day FROM day");
  Tamper("UPDATE " + Table() + " SET id = zeroblob(15) || CAST(char(seq) AS BLOB)");
  Tamper("UPDATE " + Table() + " SET id = CAST(id AS BLOB)");
  Tamper("ALTER TABLE " + Table() + " RENAME TO record_" + std::to_string(day - 400) +
         "; UPDATE day SET day = day - 400");
  EXPECT_THAT(lab_.Open()->Prune(std::chrono::floor<days>(kNow) - days(180)),
              FailsWith(Reason::kEvidenceAltered));
}

TEST_F(StoreTamperTest, WhatIsExpectedAtTheBeginningIsCompared) {
  Add(10);
  const auto before = AuditStore(*lab_.store, {})->head;
  lab_.clock->now += days(200);
  Add(10);
  ASSERT_THAT(lab_.store->Prune(std::chrono::floor<days>(kNow) + days(1)), Succeeds());
  EXPECT_THAT(Findings({std::nullopt, before}), testing::IsEmpty());
  EvidenceCheckpoint other = before;
  other.hash[0] = static_cast<char>(other.hash[0] + 1);
  EXPECT_THAT(Kinds({std::nullopt, other}), testing::ElementsAre(Kind::kRewritten));
  other.seq = 9;
  EXPECT_THAT(Kinds({std::nullopt, other}), testing::ElementsAre(Kind::kExpected));
}

TEST_F(StoreTamperTest, AuditNamesValuesThatSearchesDoNotFind) {
  const std::string id = Add(8).at(2);
  for (const char* change :
       {"orig = CAST(orig AS BLOB)", "reason = CAST(reason AS BLOB)", "kind = 2",
        "time = time + 0.5", "origid = '123e4567-e89b-12d3-a456-426655440000'",
        "id = lower(hex(id))", "trunk = ''", "text = CAST(text AS BLOB)"}) {
    Tamper("CREATE TABLE copy AS SELECT * FROM " + Table() + " WHERE seq = 3");
    Tamper("UPDATE " + Table() + " SET " + change + " WHERE seq = 3");
    EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kColumns, int64_t{3}))) << change;
    Tamper("DELETE FROM " + Table() + " WHERE seq = 3; INSERT INTO " + Table() +
           " SELECT * FROM copy; DROP TABLE copy");
    EXPECT_THAT(Findings(), testing::IsEmpty()) << change;
  }
}

TEST_F(StoreTamperTest, AuditNamesAStructureThatHidesRecords) {
  Add(8);
  const std::string table = Table();
  const std::pair<std::string, std::string> changes[] = {
      {"UPDATE day SET min_time = 1, max_time = 2",
       "UPDATE day SET (min_time, max_time) = (SELECT "
       "min(time), max(time) FROM " +
           table + ")"},
      {"DROP INDEX " + table + "_orig; CREATE INDEX " + table + "_orig ON " + table +
           "(orig, seq, kind, time) WHERE orig IS NOT NULL AND seq > 4",
       "DROP INDEX " + table + "_orig; CREATE INDEX " + table + "_orig ON " + table +
           "(orig, seq, kind, time) WHERE orig IS NOT NULL"},
      {"CREATE TRIGGER x AFTER INSERT ON " + table + " BEGIN UPDATE " + table +
           " SET orig = NULL; END",
       "DROP TRIGGER x"},
      {"CREATE TABLE copy AS SELECT * FROM day; DELETE FROM day",
       "INSERT INTO day SELECT * FROM copy; DROP TABLE copy"},
  };
  for (const auto& [change, back] : changes) {
    Tamper(change);
    EXPECT_THAT(Kinds(), testing::Contains(Kind::kStructure)) << change;
    Tamper(back);
    EXPECT_THAT(Findings(), testing::IsEmpty()) << change;
  }
  Tamper("UPDATE blob SET last_day = 0");
  EXPECT_THAT(Kinds(), testing::Each(Kind::kBlob));
  EXPECT_THAT(Kinds(), testing::Not(testing::IsEmpty()));
}

// "_" of LIKE stands for any character.
TEST_F(StoreTamperTest, AuditNamesAnObjectThatIsCalledAlmostLikeSqlitesOwn) {
  Add(1);
  Tamper("CREATE TABLE sqlitexstat1 (a)");
  EXPECT_THAT(Kinds(), testing::ElementsAre(Kind::kStructure));
  Tamper("DROP TABLE sqlitexstat1; ANALYZE");
  EXPECT_THAT(Kinds(), testing::IsEmpty());
}

TEST_F(StoreTamperTest, ARecordBehindAGapIsSaidToBeUnchecked) {
  Add(8);
  Tamper("DELETE FROM " + Table() + " WHERE seq = 5; UPDATE " + Table() +
         " SET text = replace(text, '818H', '999X'), spc = '999X' WHERE seq = 6");
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kUnchecked, int64_t{6})));
}

TEST_F(StoreTamperTest, AChangedRecordIsNotGiven) {
  const auto ids = Add(8);
  EXPECT_THAT(lab_.store->Get(ids.at(0)), Succeeds());
  EXPECT_THAT(lab_.store->Get(ids.at(7)), Succeeds());
  Tamper("UPDATE " + Table() + " SET orig = '12155550199' WHERE seq = 2");
  EXPECT_THAT(lab_.store->Get(ids.at(1)), FailsWith(Reason::kEvidenceAltered));
  Tamper("UPDATE " + Table() +
         " SET text = replace(text, '818H', '999X'), spc = '999X' WHERE seq = 5");
  EXPECT_THAT(lab_.store->Get(ids.at(4)), FailsWith(Reason::kEvidenceAltered));
  // With a hash that follows, too: the next record does not.
  auto database = File();
  auto read = database.Prepare("SELECT a.hash, b.text FROM " + Table() + " a, " + Table() +
                               " b WHERE a.seq = 4 AND b.seq = 5");
  ASSERT_THAT(read->Step(), Succeeds());
  const std::string hash = *NextHash(read->Bytes(0), read->Bytes(1));
  read = database.Prepare("SELECT 1");
  auto write = database.Prepare("UPDATE " + Table() + " SET hash = ? WHERE seq = 5");
  ASSERT_THAT(write->BindBlob(1, hash).Run(), Succeeds());
  EXPECT_THAT(lab_.store->Get(ids.at(4)), FailsWith(Reason::kEvidenceAltered));
  Tamper("DELETE FROM " + Table() + " WHERE seq = 7");
  EXPECT_THAT(lab_.store->Get(ids.at(7)), FailsWith(Reason::kEvidenceAltered));
}

// What a signer wrote may look like a manifest: only what a record names as its trust store is one.
TEST_F(StoreTamperTest, ContentThatLooksLikeAManifestNamesNothing) {
  const std::string content =
      R"({"anchors":")" + std::string(64, '0') + R"(","crl_grace":0,"revocation":"required"})";
  evidence_.material.contents.push_back({"https://content.example.org/rcd.json", content});
  Add(2);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(StoreTamperTest, WhatAManifestNamesMustBeThere) {
  Add(2);
  const auto text = codec_.Read(lab_.store->Find({})->records.at(0).text);
  const std::string manifest = *text->json.Find("material")->Find("trust")->AsString();
  const auto names = ManifestBlobs(*lab_.store->GetBlob(manifest));
  ASSERT_FALSE(names.empty());
  Tamper("DELETE FROM blob WHERE lower(hex(sha256)) = '" + names.at(0) + "'");
  EXPECT_THAT(Kinds(), testing::ElementsAre(Kind::kBlob));
}

// A store from which retention deletes while it is read: between its records and its blobs, or
// between two blobs.
class PrunedStore final : public EvidenceStore {
 public:
  enum class When : uint8_t { kBeforeBlobs, kBehindBlobs };
  PrunedStore(std::shared_ptr<EvidenceStore> store, std::chrono::sys_days limit, When when)
      : store_(std::move(store)), limit_(limit), when_(when) {}
  Result<void> Append(const std::vector<std::shared_ptr<const EvidenceRecord>>& records,
                      Seen seen) override {
    return store_->Append(records, seen);
  }
  Result<EvidencePage> Find(const EvidenceQuery& query) override { return store_->Find(query); }
  Result<StoredEvidence> Get(std::string_view id) override { return store_->Get(id); }
  Result<std::string> GetBlob(std::string_view sha256) override { return store_->GetBlob(sha256); }
  Result<ComplaintPage> FindComplaints(const ComplaintQuery& query) override {
    return store_->FindComplaints(query);
  }
  Result<EvidenceReport> Report(const ReportQuery& query) override { return store_->Report(query); }
  Result<void> VisitAll(EvidenceVisitor& visitor) override { return store_->VisitAll(visitor); }
  Result<std::vector<EvidenceBlobUse>> Blobs() override {
    if (when_ == When::kBeforeBlobs) {
      EXPECT_THAT(Prune(limit_), Succeeds());
    }
    auto blobs = store_->Blobs();
    if (when_ == When::kBehindBlobs) {
      EXPECT_THAT(Prune(limit_), Succeeds());
    }
    return blobs;
  }
  Result<int64_t> Prune(std::chrono::sys_days day) override { return store_->Prune(day); }
  void StopPruning() override { store_->StopPruning(); }
  Result<void> Rekey(const EvidenceSigner& next) override { return store_->Rekey(next); }

 private:
  std::shared_ptr<EvidenceStore> store_;
  std::chrono::sys_days limit_;
  When when_;
};

TEST_F(StoreTamperTest, WhatRetentionDeletesDuringAnAuditIsNotMissing) {
  for (const auto when : {PrunedStore::When::kBeforeBlobs, PrunedStore::When::kBehindBlobs}) {
    evidence_.material.contents = {{"https://content.example.org/old", std::string("old")}};
    Add(2);
    lab_.clock->now += days(200);
    evidence_.material.contents = {{"https://content.example.org/new", std::string("new")}};
    Add(2);
    const auto today = std::chrono::floor<days>(lab_.clock->now);
    PrunedStore pruned(lab_.store, today - days(9), when);
    const auto report = AuditStore(pruned, {});
    ASSERT_THAT(report, Succeeds());
    EXPECT_TRUE(report->intact()) << report->findings.at(0).detail;
    EXPECT_EQ(Number("SELECT min(day) FROM day"), today.time_since_epoch().count());
  }
  // But what a record names that is still there is.
  Tamper("DELETE FROM blob WHERE bytes = CAST('new' AS BLOB)");
  EXPECT_THAT(Kinds(), testing::ElementsAre(Kind::kBlob));
}

TEST_F(StoreTamperTest, AnEndBeforeTheBeginningIsFound) {
  Add(3);
  Tamper("CREATE TABLE copy AS SELECT * FROM chain_end");
  Add(22);
  lab_.clock->now += days(200);
  ASSERT_THAT(lab_.store->Prune(std::chrono::floor<days>(kNow) + days(1)), Succeeds());
  Tamper(
      "DELETE FROM chain_end WHERE name = 'head'; INSERT INTO chain_end SELECT * FROM copy; DROP "
      "TABLE copy");
  EXPECT_THAT(Findings(), testing::ElementsAre(std::pair(Kind::kRewritten, int64_t{3})));
  EXPECT_FALSE(Appends(lab_.Open()));
}

TEST_F(StoreTamperTest, ACheckpointBeforeTheBeginningIsFound) {
  Add(1000);
  Tamper("CREATE TABLE copy AS SELECT * FROM checkpoint");
  lab_.clock->now += days(200);
  Add(1);
  ASSERT_THAT(lab_.store->Prune(std::chrono::floor<days>(kNow) + days(9)), Succeeds());
  Tamper("UPDATE copy SET hash = zeroblob(32); INSERT INTO checkpoint SELECT * FROM copy");
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kRewritten, int64_t{1000})));
}

// Under UBSan: none of these overflows.
TEST_F(StoreTamperTest, NumbersThatCannotBeAreFindings) {
  Add(5);
  const std::string table = Table();
  for (const std::string number : {"9223372036854775807", "(-9223372036854775807 - 1)"}) {
    for (const std::string& change :
         {"UPDATE chain_end SET time = " + number, "UPDATE checkpoint SET time = " + number,
          "UPDATE " + table + " SET time = " + number, "UPDATE day SET min_time = " + number,
          "UPDATE day SET max_time = " + number,
          std::string("UPDATE blob SET last_day = -9223372036854775807"),
          "INSERT INTO day VALUES (" + number + ", 0, 0)",
          "ALTER TABLE " + table + " RENAME TO \"record_\"; UPDATE day SET day = " + number}) {
      const auto before = std::filesystem::path(lab_.path().string() + ".before");
      Tamper("VACUUM INTO '" + before.string() + "'");
      Tamper(change);
      EXPECT_THAT(Kinds(), testing::Not(testing::IsEmpty())) << change;
      EvidenceQuery query;
      query.from = kNow;
      (void)lab_.store->Find(query);
      (void)lab_.Open()->Append({Record()}, Seen::kNever);
      (void)lab_.Open()->Prune(std::chrono::floor<days>(kNow) - days(9));
      lab_.store.reset();
      std::filesystem::remove(lab_.path().string() + "-wal");
      std::filesystem::remove(lab_.path().string() + "-shm");
      std::filesystem::rename(before, lab_.path());
      lab_.store = lab_.Open();
      ASSERT_THAT(Kinds(), testing::IsEmpty()) << change;
    }
  }
}

TEST_F(StoreTamperTest, AnotherKeyIsNotTakenSilently) {
  Add(3);
  const auto right = lab_.signer;
  lab_.signer = NewSigner();
  SqliteStoreOptions options;
  options.path = lab_.path();
  options.signer = lab_.signer;
  options.clock = lab_.clock;
  EXPECT_THAT(OpenSqliteStore(options), FailsWith(Reason::kKeyInvalid));
  lab_.signer = right;
  const auto report = AuditStore(*lab_.store, {});
  EXPECT_THAT(report->keys, testing::ElementsAre(right->key_id()));
  Tamper("INSERT INTO signer VALUES ('x', 'y')");
  EXPECT_THAT(Kinds(), testing::ElementsAre(Kind::kUnsigned));
}

TEST_F(StoreTamperTest, AKeyIsHandedOver) {
  Add(1000);
  Add(3);
  const auto next = NewSigner();
  ASSERT_THAT(lab_.store->Rekey(*next), Succeeds());
  EXPECT_FALSE(Appends(lab_.store));
  EXPECT_THAT(Findings({next->public_pem(), std::nullopt}), testing::IsEmpty());
  lab_.signer = next;
  const auto anew = lab_.Open();
  EXPECT_TRUE(Appends(anew));
  EXPECT_THAT(Findings(), testing::IsEmpty());
  Tamper("UPDATE checkpoint SET time = time + 1 WHERE seq = 1000");
  EXPECT_THAT(anew->Rekey(*NewSigner()), FailsWith(Reason::kEvidenceAltered));
}

}  // namespace
}  // namespace callvet::test
