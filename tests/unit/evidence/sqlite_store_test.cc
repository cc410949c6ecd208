// SPDX-License-Identifier: MIT
#include "evidence/sqlite_store.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "evidence/hash_chain.h"
#include "store_fixture.h"

namespace callvet::test {
namespace {

using SqliteStoreTest = StoreTest;

TEST_F(SqliteStoreTest, FindsByEveryKey) {
  evidence_.trunk = "pstn-1";
  evidence_.call_id = "a84b4c76e66710@pc33.example.org";
  const std::string id = Add(1).front();
  evidence_.trunk = "pstn-2";
  evidence_.call_id = "other";
  call_.request.orig = {"+12155550199"};
  Add(3);
  const auto count = [&](const EvidenceQuery& query) {
    const auto page = lab_.store->Find(query);
    EXPECT_THAT(page, Succeeds());
    return page ? page->records.size() : 0;
  };
  EvidenceQuery query;
  EXPECT_EQ(count(query), 4U);
  query.keys = {"12155550100", "12155550101", "123e4567-e89b-12d3-a456-426655440000", "818H",
                "pstn-1",      "verified",    "a84b4c76e66710@pc33.example.org"};
  EXPECT_EQ(count(query), 1U);
  query.from = kNow;
  query.to = kNow;
  EXPECT_EQ(lab_.store->Find(query)->records.at(0).id, id);
  query.from = kNow + std::chrono::seconds(1);
  EXPECT_EQ(count(query), 0U);
  for (std::string EvidenceKeys::*key :
       {&EvidenceKeys::orig, &EvidenceKeys::dest, &EvidenceKeys::origid, &EvidenceKeys::spc,
        &EvidenceKeys::trunk, &EvidenceKeys::reason, &EvidenceKeys::call_id}) {
    EvidenceQuery other;
    other.keys.*key = "nothing of that name";
    EXPECT_EQ(count(other), 0U);
  }
  EXPECT_THAT(lab_.store->Get("00000000-0000-7000-8000-000000000000"),
              FailsWith(Reason::kResourceNotFound));
  EXPECT_THAT(lab_.store->Get("'; DROP TABLE day; --"), FailsWith(Reason::kResourceNotFound));
}

// RFC 9562 4: UUIDs are the same in either case.
TEST_F(SqliteStoreTest, H9_AnOrigidIsFoundInEitherCase) {
  call_.payload = Payload({{"origid", "\"123E4567-E89B-12D3-A456-426655440000\""}});
  evidence_ = EvidenceOf(call_);
  ASSERT_EQ(evidence_.verdict.reason, Reason::kNone);
  Add(1);
  const auto count = [&](std::string_view origid) {
    EvidenceQuery query;
    query.keys.origid = codec_.OrigidKey(origid).value();
    const auto page = lab_.store->Find(query);
    EXPECT_THAT(page, Succeeds());
    return page ? page->records.size() : 0;
  };
  EXPECT_EQ(count("123e4567-e89b-12d3-a456-426655440000"), 1U);
  EXPECT_EQ(count("123E4567-e89b-12d3-a456-426655440000"), 1U);
  EXPECT_EQ(count("123e4567-e89b-12d3-a456-426655440001"), 0U);
  const auto record = lab_.store->Find({})->records.at(0);
  EXPECT_NE(record.text.find("123E4567-E89B"), std::string::npos);  // the claim stays as it is
  EXPECT_EQ(ReplayEvidence(*codec_.Read(record.text), BlobsOf(lab_.store))->outcome,
            EvidenceReplay::Outcome::kRepeated);
  // As earlier versions kept it.
  Tamper("UPDATE " + Table() + " SET origid = '123E4567-E89B-12D3-A456-426655440000'");
  EXPECT_EQ(count("123e4567-e89b-12d3-a456-426655440000"), 1U);
}

TEST_F(SqliteStoreTest, PagesFollowEachOtherOverDays) {
  for (int day = 0; day < 3; ++day) {
    Add(7);
    lab_.clock->now += days(1);
  }
  EvidenceQuery query;
  query.limit = 4;
  std::vector<int64_t> seen;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = lab_.store->Find(query);
    ASSERT_THAT(page, Succeeds());
    for (const StoredEvidence& record : page->records) seen.push_back(record.seq);
    if (!page->next) break;
    query.before = *page->next;
  }
  ASSERT_EQ(seen.size(), 21U);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
}

TEST_F(SqliteStoreTest, WhatMayBeThereAlreadyIsNotDoubled) {
  const auto first = Record();
  const auto second = Record();
  ASSERT_THAT(lab_.store->Append({first}, Seen::kNever), Succeeds());
  lab_.clock->now += days(1);
  ASSERT_THAT(lab_.store->Append({first, second, second}, Seen::kPerhaps), Succeeds());
  EXPECT_EQ(lab_.store->Find({})->records.size(), 2U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(SqliteStoreTest, TwoProcessesMakeOneChain) {
  const auto other = lab_.Open();
  for (int i = 0; i < 5; ++i) {
    Add(2);
    ASSERT_THAT(other->Append({Record()}, Seen::kNever), Succeeds());
  }
  EXPECT_EQ(lab_.store->Find({})->records.size(), 15U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(SqliteStoreTest, AuditOfAGoodStore) {
  EXPECT_THAT(Findings(), testing::IsEmpty());
  Add(2500);
  Add(10);
  const auto report = AuditStore(*lab_.store, {lab_.signer->public_pem(), std::nullopt});
  ASSERT_THAT(report, Succeeds());
  EXPECT_TRUE(report->intact());
  EXPECT_EQ(report->records, 2510);
  EXPECT_EQ(report->head.seq, 2510);
  EXPECT_GE(report->checkpoints, 2);
}

TEST_F(SqliteStoreTest, AuditNamesAChangedRecord) {
  Add(20);
  Tamper("UPDATE " + Table() + " SET text = replace(text, '818H', '999X') WHERE seq = 7");
  const auto findings = Findings();
  EXPECT_THAT(findings, testing::Contains(std::pair(Kind::kChanged, int64_t{7})));
  for (const auto& [kind, seq] : findings) EXPECT_EQ(seq, 7);
}

TEST_F(SqliteStoreTest, AuditNamesAChangedColumn) {
  Add(20);
  Tamper("UPDATE " + Table() + " SET orig = '12155550199' WHERE seq = 7");
  EXPECT_THAT(Findings(), testing::ElementsAre(std::pair(Kind::kColumns, int64_t{7})));
}

TEST_F(SqliteStoreTest, AuditNamesADeletedRecord) {
  Add(20);
  Tamper("DELETE FROM " + Table() + " WHERE seq = 7");
  EXPECT_THAT(Findings(), testing::ElementsAre(std::pair(Kind::kMissing, int64_t{7}),
                                               std::pair(Kind::kUnchecked, int64_t{8})));
}

TEST_F(SqliteStoreTest, AuditNamesRecordsDeletedAtBothEnds) {
  Add(20);
  Tamper("DELETE FROM " + Table() + " WHERE seq < 4 OR seq > 18");
  EXPECT_THAT(Findings(), testing::ElementsAre(std::pair(Kind::kMissing, int64_t{1}),
                                               std::pair(Kind::kUnchecked, int64_t{4}),
                                               std::pair(Kind::kMissing, int64_t{19})));
}

TEST_F(SqliteStoreTest, AuditNamesAnInsertedRecord) {
  Add(20);
  // A copy with a new id behind the end, with a hash that follows.
  EvidencePage page = *lab_.store->Find({});
  const std::string hash = *NextHash(page.records.front().hash, page.records.front().text);
  const std::string columns =
      "kind, time, orig, dest, origid, spc, trunk, reason, call_id, text FROM " + Table();
  auto database = SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting);
  auto insert = database->Prepare(
      "INSERT INTO " + Table() +
      " (seq, id, hash, kind, time, orig, dest, origid, spc, trunk, reason, call_id, text) "
      "SELECT 21, x'00112233445566778899aabbccddeeff', ?, " +
      columns + " WHERE seq = 20");
  ASSERT_THAT(insert->BindBlob(1, hash).Run(), Succeeds());
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kInserted, int64_t{21})));
}

TEST_F(SqliteStoreTest, AuditNamesARecordPutBetweenOthers) {
  Add(20);
  const auto records = lab_.store->Find({})->records;
  const std::string forged_text = records.at(0).text;
  const std::string hash = *NextHash(records.at(20 - 7).hash, forged_text);  // behind seq 7
  // All later ones move by one place.
  Tamper("UPDATE " + Table() + " SET seq = -seq WHERE seq > 7; UPDATE " + Table() +
         " SET seq = 1 - seq WHERE seq < 0");
  auto database = SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting);
  auto insert = database->Prepare("INSERT INTO " + Table() +
                                  " (seq, id, kind, time, hash, text) VALUES (8, "
                                  "x'00112233445566778899aabbccddeeff', 0, 0, ?, ?)");
  ASSERT_THAT(insert->BindBlob(1, hash).BindText(2, forged_text).Run(), Succeeds());
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kInserted, int64_t{8})));
}

TEST_F(SqliteStoreTest, AuditFindsARewrittenChain) {
  Add(20);
  // Everything from 15 on is written anew with hashes that follow: only the signature tells.
  auto records = lab_.store->Find({})->records;
  std::reverse(records.begin(), records.end());
  std::string hash = records.at(13).hash;
  auto database = SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting);
  auto update = database->Prepare("UPDATE " + Table() + " SET text = ?, hash = ? WHERE seq = ?");
  for (size_t i = 14; i < 20; ++i) {
    std::string text = records.at(i).text;
    if (i == 14) text.replace(text.find("818H"), 4, "999X");
    hash = *NextHash(hash, text);
    ASSERT_THAT(update->BindText(1, text).BindBlob(2, hash).Bind(3, records.at(i).seq).Run(),
                Succeeds());
  }
  const auto findings = Findings();
  EXPECT_TRUE(std::any_of(findings.begin(), findings.end(),
                          [](const auto& finding) { return finding.first == Kind::kRewritten; }));
}

TEST_F(SqliteStoreTest, AuditFindsForgedCheckpointsAndBlobs) {
  Add(20);
  Tamper("UPDATE chain_end SET time = time + 1");
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kUnsigned, int64_t{20})));
  Tamper("UPDATE chain_end SET time = time - 1");
  EXPECT_THAT(Findings(), testing::IsEmpty());
  EXPECT_THAT(Findings({NewSigner()->public_pem(), std::nullopt}),
              testing::Contains(std::pair(Kind::kUnsigned, int64_t{20})));
  Tamper("DELETE FROM blob WHERE sha256 = (SELECT sha256 FROM blob LIMIT 1)");
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kBlob, int64_t{0})));
}

TEST_F(SqliteStoreTest, AnEarlierEndThatVanishedIsFound) {
  Add(5);
  const auto before = AuditStore(*lab_.store, {});
  StoreLab other;  // the store was replaced by a younger one
  EXPECT_THAT(other.store->Append({Record()}, Seen::kNever), Succeeds());
  const auto report = AuditStore(*other.store, {std::nullopt, before->head});
  ASSERT_THAT(report, Succeeds());
  EXPECT_FALSE(report->intact());
  EXPECT_TRUE(AuditStore(*lab_.store, {std::nullopt, before->head})->intact());
}

TEST_F(SqliteStoreTest, H9_RetentionDeletesWholeDays) {
  const auto old_ids = Add(10);
  lab_.clock->now += days(200);
  const auto kept_ids = Add(10);
  const auto today = std::chrono::floor<days>(lab_.clock->now);
  const auto deleted = lab_.store->Prune(today - days(180));
  ASSERT_THAT(deleted, Succeeds());
  EXPECT_EQ(*deleted, 10);
  EXPECT_THAT(lab_.store->Get(old_ids.front()), FailsWith(Reason::kResourceNotFound));
  const auto kept = lab_.store->Get(kept_ids.front());
  ASSERT_THAT(kept, Succeeds());
  EXPECT_THAT(ReplayEvidence(*codec_.Read(kept->text), BlobsOf(lab_.store)), Succeeds());
  const auto report = AuditStore(*lab_.store, {});
  EXPECT_TRUE(report->intact());
  EXPECT_EQ(report->first, 11);
  EXPECT_EQ(*lab_.store->Prune(today - days(180)), 0);
  // What was deleted does not come back unseen, and the beginning cannot be moved.
  Tamper("UPDATE chain_end SET seq = 15 WHERE name = 'base'");
  EXPECT_THAT(Findings(), testing::Contains(std::pair(Kind::kUnsigned, int64_t{15})));
}

// Signs, but a beginning only once it is let go; then tells what the store is like.
class HeldSigner final : public EvidenceSigner {
 public:
  explicit HeldSigner(std::shared_ptr<const EvidenceSigner> signer) : signer_(std::move(signer)) {}
  [[nodiscard]] Result<std::string> Sign(std::string_view statement) const override {
    if (statement.starts_with("callvet evidence base") && !asked_.exchange(true)) {
      began_.set_value();
      go_on_.get_future().wait();
    }
    return signer_->Sign(statement);
  }
  [[nodiscard]] const std::string& public_pem() const override { return signer_->public_pem(); }
  [[nodiscard]] const std::string& key_id() const override { return signer_->key_id(); }
  void WaitUntilAsked() const { began_.get_future().wait(); }
  void GoOn() const { go_on_.set_value(); }

 private:
  std::shared_ptr<const EvidenceSigner> signer_;
  mutable std::atomic<bool> asked_ = false;
  mutable std::promise<void> began_;
  mutable std::promise<void> go_on_;
};

// So that the writer can spill: it must not wait until retention is ready.
TEST_F(SqliteStoreTest, H9_AppendingDoesNotWaitForRetention) {
  const auto held = std::make_shared<HeldSigner>(lab_.signer);
  lab_.signer = held;
  lab_.store = lab_.Open();
  Add(10);
  lab_.clock->now += days(200);
  Add(1);
  std::thread retention([&] {
    EXPECT_THAT(lab_.store->Prune(std::chrono::floor<days>(lab_.clock->now)), Succeeds());
  });
  held->WaitUntilAsked();
  EXPECT_THAT(lab_.store->Append({Record()}, Seen::kNever),
              FailsWith(Reason::kEvidenceUnavailable));
  held->GoOn();
  retention.join();
  EXPECT_THAT(lab_.store->Append({Record()}, Seen::kNever), Succeeds());
  EXPECT_EQ(lab_.store->Find({})->records.size(), 2U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

// Audits the file whenever a beginning is signed.
class CountingSigner final : public EvidenceSigner {
 public:
  CountingSigner(std::shared_ptr<const EvidenceSigner> signer, std::function<void()> on_base)
      : signer_(std::move(signer)), on_base_(std::move(on_base)) {}
  [[nodiscard]] Result<std::string> Sign(std::string_view statement) const override {
    if (statement.starts_with("callvet evidence base")) on_base_();
    return signer_->Sign(statement);
  }
  [[nodiscard]] const std::string& public_pem() const override { return signer_->public_pem(); }
  [[nodiscard]] const std::string& key_id() const override { return signer_->key_id(); }
  [[nodiscard]] const std::shared_ptr<const EvidenceSigner>& inner() const { return signer_; }

 private:
  std::shared_ptr<const EvidenceSigner> signer_;
  std::function<void()> on_base_;
};

TEST_F(SqliteStoreTest, H9_RetentionGoesInStepsEachOfWhichLeavesAWholeStore) {
  size_t steps = 0;
  std::vector<int64_t> first;
  lab_.signer = std::make_shared<CountingSigner>(lab_.signer, [&] {
    ++steps;  // of another connection: what the step before left
    const auto report = AuditStore(*lab_.store, {});
    ASSERT_THAT(report, Succeeds());
    EXPECT_TRUE(report->intact()) << report->findings.at(0).detail;
    first.push_back(report->first);
  });
  lab_.store = lab_.Open();
  Add(1000);
  Add(1500);
  lab_.clock->now += days(1);
  Add(1);
  lab_.clock->now += days(200);
  Add(1);
  const auto deleted = lab_.store->Prune(std::chrono::floor<days>(lab_.clock->now) - days(9));
  ASSERT_THAT(deleted, Succeeds());
  EXPECT_EQ(*deleted, 2501);
  EXPECT_GE(steps, 4U);
  EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
  EXPECT_EQ(lab_.store->Find({})->records.size(), 1U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

// A program that ends does not wait until years are deleted.
TEST_F(SqliteStoreTest, H9_RetentionStopsBehindItsStepAndGoesOnLater) {
  lab_.signer = std::make_shared<CountingSigner>(lab_.signer, [&] { lab_.store->StopPruning(); });
  lab_.store = lab_.Open();
  Add(1000);
  Add(1500);
  lab_.clock->now += days(200);
  Add(1);
  const auto limit = std::chrono::floor<days>(lab_.clock->now);
  EXPECT_THAT(lab_.store->Prune(limit), FailsWith(Reason::kEvidenceUnavailable));
  EXPECT_THAT(lab_.store->Prune(limit), FailsWith(Reason::kEvidenceUnavailable));
  EvidenceQuery query;
  query.limit = EvidenceQuery::kMaxLimit;
  EXPECT_EQ(lab_.store->Find(query)->records.size(), 1501U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
  EXPECT_THAT(lab_.store->Append({Record()}, Seen::kNever), Succeeds());
  lab_.signer = std::static_pointer_cast<const CountingSigner>(lab_.signer)->inner();
  lab_.store = lab_.Open();
  EXPECT_EQ(lab_.store->Prune(limit).value_or(0), 1500);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(SqliteStoreTest, WhatOthersLockIsNotWaitedForLong) {
  Add(1);
  auto other = SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting);
  ASSERT_THAT(other->Execute("BEGIN IMMEDIATE"), Succeeds());
  EXPECT_THAT(lab_.store->Append({Record()}, Seen::kNever),
              FailsWith(Reason::kEvidenceUnavailable));
  EXPECT_EQ(lab_.store->Find({})->records.size(), 1U);
  ASSERT_THAT(other->Execute("ROLLBACK"), Succeeds());
  EXPECT_THAT(lab_.store->Append({Record()}, Seen::kNever), Succeeds());
  const auto waits = [&] {
    auto read = other->Prepare("SELECT timeout FROM pragma_busy_timeout");
    EXPECT_THAT(read->Step(), Succeeds());
    return read->Int(0);
  };
  EXPECT_EQ(waits(), 5000);
  other->WaitAtMost(std::chrono::milliseconds(7));
  EXPECT_EQ(waits(), 7);
}

TEST_F(SqliteStoreTest, WithoutASignerNothingIsAppended) {
  Add(1);
  SqliteStoreOptions options;
  options.path = lab_.path();
  const auto store = OpenSqliteStore(options);
  ASSERT_THAT(store, Succeeds());
  EXPECT_THAT((*store)->Append({Record()}, Seen::kNever), FailsWith(Reason::kKeyInvalid));
  EXPECT_EQ((*store)->Find({})->records.size(), 1U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(SqliteStoreTest, OtherFilesAndKeysAreRefused) {
  SqliteStoreOptions options;
  options.path = lab_.directory.Put("other.db", "this is no database, whatever it is called.....");
  EXPECT_FALSE(OpenSqliteStore(options));
  options.path = lab_.directory.path() / "foreign.db";
  {
    auto foreign = SqliteDatabase::Open(options.path, SqliteDatabase::Mode::kCreate);
    ASSERT_THAT(foreign->Execute("CREATE TABLE a (b)"), Succeeds());
  }
  EXPECT_THAT(OpenSqliteStore(options), FailsWith(Reason::kFileInvalid));
  options.path = lab_.path();
  options.number_key = "0123456789abcdef";
  EXPECT_THAT(OpenSqliteStore(options), FailsWith(Reason::kKeyInvalid));
  options.path = lab_.directory.path() / "missing.db";
  options.open = SqliteStoreOptions::Open::kExisting;
  EXPECT_THAT(OpenSqliteStore(options), FailsWith(Reason::kFileUnreadable));
}

}  // namespace
}  // namespace callvet::test
