// SPDX-License-Identifier: MIT
#include "evidence/writer.h"

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include "evidence/packed_id.h"
#include "evidence/sqlite.h"
#include "evidence_fixture.h"
#include "pki/sha256.h"

namespace callvet::test {
namespace {

using Seen = EvidenceStore::Seen;

// A store that fails on demand, in front of a real one.
class MoodyStore final : public EvidenceStore {
 public:
  explicit MoodyStore(std::shared_ptr<EvidenceStore> store) : store_(std::move(store)) {}
  enum class Mood : uint8_t { kGood, kDown, kHangs, kSlow, kKeepsAndFails };
  static constexpr std::chrono::milliseconds kHang{100};
  std::atomic<Mood> mood = Mood::kGood;
  std::atomic<int> tries = 0;
  std::atomic<size_t> direct = 0;  // records that did not come by the spill directory

  Result<void> Append(const std::vector<std::shared_ptr<const EvidenceRecord>>& records,
                      Seen seen) override {
    ++tries;
    if (seen == Seen::kNever) direct += records.size();
    if (mood == Mood::kHangs || mood == Mood::kSlow) std::this_thread::sleep_for(kHang);
    if (mood == Mood::kDown || mood == Mood::kHangs)
      return Fail(Reason::kEvidenceUnavailable, "down");
    auto stored = store_->Append(records, seen);
    if (mood == Mood::kKeepsAndFails) return Fail(Reason::kEvidenceUnavailable, "who knows");
    return stored;
  }
  Result<EvidencePage> Find(const EvidenceQuery& query) override { return store_->Find(query); }
  Result<StoredEvidence> Get(std::string_view id) override { return store_->Get(id); }
  Result<std::string> GetBlob(std::string_view sha256) override { return store_->GetBlob(sha256); }
  Result<ComplaintPage> FindComplaints(const ComplaintQuery& query) override {
    return store_->FindComplaints(query);
  }
  Result<EvidenceReport> Report(const ReportQuery& query) override { return store_->Report(query); }
  Result<void> VisitAll(EvidenceVisitor& visitor) override { return store_->VisitAll(visitor); }
  Result<std::vector<EvidenceBlobUse>> Blobs() override { return store_->Blobs(); }
  Result<int64_t> Prune(std::chrono::sys_days day) override { return store_->Prune(day); }
  void StopPruning() override { store_->StopPruning(); }
  Result<void> Rekey(const EvidenceSigner& next) override { return store_->Rekey(next); }

 private:
  std::shared_ptr<EvidenceStore> store_;
};

class WriterTest : public testing::Test {
 protected:
  WriterTest() : evidence_(EvidenceOf(call_)) {
    lab_.clock->now = SystemClock().Now();  // as the ids that the writer makes
    options_.retry = std::chrono::milliseconds(10);
    options_.commit_interval = std::chrono::milliseconds(1);
    options_.spill_directory = (lab_.directory.path() / "spill").string();
  }
  ~WriterTest() override { Stop(); }

  void Start() {
    auto writer = EvidenceWriter::Make(store_, EvidenceCodec(), options_,
                                       [this](const std::vector<std::string>& ids) {
                                         const std::lock_guard lock(mutex_);
                                         durable_.insert(ids.begin(), ids.end());
                                       });
    ASSERT_THAT(writer, Succeeds());
    writer_ = std::move(*writer);
    thread_ = std::thread([this] { writer_->Run(); });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    writer_->Stop();
    thread_.join();
    writer_.reset();
  }
  void Submit(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const auto id = writer_->Submit(evidence_);
      ASSERT_THAT(id, Succeeds());
      submitted_.insert(*id);
    }
  }
  // Calls come until `condition`, some hundreds in a second, which is a burst with burst_rate 1.
  template <class Condition>
  bool CallsComeUntil(Condition condition) {
    options_.max_queue = 100'000;
    return Eventually([&] {
      Submit(3);
      return condition();
    });
  }
  bool Spilled() { return writer_->Statistics().spilled > 0; }
  size_t Durable() {
    const std::lock_guard lock(mutex_);
    return durable_.size();
  }
  // While the store is down.
  void SpillTwoFiles() {
    for (const size_t count : {5, 10}) {
      Start();
      Submit(5);
      EXPECT_TRUE(Eventually([&] { return Durable() == count; }));
      Stop();
    }
  }
  template <class Condition>
  static bool Eventually(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  // Everything that was submitted is in the store, once, and its chain is good.
  void ExpectAllStored() {
    EvidenceQuery query;
    query.limit = 10'000;
    const auto page = lab_.store->Find(query);
    ASSERT_THAT(page, Succeeds());
    std::multiset<std::string> ids;
    for (const StoredEvidence& record : page->records) ids.insert(record.id);
    EXPECT_EQ(ids, std::multiset<std::string>(submitted_.begin(), submitted_.end()));
    const auto report = AuditStore(*lab_.store, {});
    ASSERT_THAT(report, Succeeds());
    EXPECT_TRUE(report->intact());
  }

  // What was spilled comes into the store.
  void ExpectAllDrained() {
    EXPECT_TRUE(Eventually([&] { return writer_->Statistics().spill_bytes == 0; }));
    Stop();
    ExpectAllStored();
  }

  StoreLab lab_;
  TestCall call_;
  CallEvidence evidence_;
  EvidenceWriterOptions options_;
  std::shared_ptr<MoodyStore> store_ = std::make_shared<MoodyStore>(lab_.store);
  std::unique_ptr<EvidenceWriter> writer_;
  std::thread thread_;
  std::mutex mutex_;
  std::set<std::string> durable_;
  std::set<std::string> submitted_;
};

TEST_F(WriterTest, EverythingIsStored) {
  Start();
  Submit(2500);
  Stop();
  EXPECT_EQ(durable_, submitted_);
  ExpectAllStored();
}

// Before the first call comes.
TEST_F(WriterTest, AnAlteredStoreIsKnownAtOnce) {
  Start();
  Submit(3);
  Stop();
  {
    auto file = SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting);
    ASSERT_THAT(file->Execute("UPDATE chain_end SET time = time + 1"), Succeeds());
  }
  store_ = std::make_shared<MoodyStore>(lab_.Open());
  Start();
  const std::string altered(Info(Reason::kEvidenceAltered).id);
  EXPECT_TRUE(writer_->Statistics().last_failure.starts_with(altered));
}

TEST_F(WriterTest, AStoreThatIsDownSpillsAndDrains) {
  Start();
  store_->mood = MoodyStore::Mood::kDown;
  Submit(50);
  EXPECT_TRUE(Eventually([&] { return Durable() == 50; }));
  EXPECT_EQ(lab_.store->Find({})->records.size(), 0U);
  EXPECT_GT(writer_->Statistics().spill_bytes, 0U);
  EXPECT_NE(writer_->Statistics().last_failure, "");
  store_->mood = MoodyStore::Mood::kGood;
  ExpectAllDrained();
}

// A store that takes long to fail must not take the time in which records are spilled.
TEST_F(WriterTest, AStoreThatHangsIsSeldomTried) {
  const Stopwatch since;
  Start();
  store_->mood = MoodyStore::Mood::kHangs;
  for (size_t i = 1; i <= 100; ++i) {
    Submit(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(Eventually([&] { return Durable() == 100; }));
  const int tries = store_->tries;
  EXPECT_GE(tries, 1);
  EXPECT_GE(since.Elapsed(), (tries - 1) * 5 * MoodyStore::kHang);
  store_->mood = MoodyStore::Mood::kGood;
  ExpectAllDrained();
}

TEST_F(WriterTest, WhatWasSpilledSurvivesARestart) {
  Start();
  store_->mood = MoodyStore::Mood::kDown;
  Submit(50);
  EXPECT_TRUE(Eventually([&] { return Durable() == 50; }));
  Stop();
  store_->mood = MoodyStore::Mood::kGood;
  Start();
  ExpectAllDrained();
}

TEST_F(WriterTest, WhatVanishedFromTheSpillDirectoryIsLost) {
  store_->mood = MoodyStore::Mood::kDown;
  SpillTwoFiles();
  Start();
  std::filesystem::remove(std::filesystem::path(options_.spill_directory) / "spill-2");
  store_->mood = MoodyStore::Mood::kGood;
  EXPECT_TRUE(Eventually([&] { return writer_->Statistics().spill_bytes == 0; }));
  EXPECT_EQ(writer_->Statistics().lost, 1U);  // at least
}

// Nor is it tried all the time.
TEST_F(WriterTest, ASpillFileThatCannotBeReadIsSeldomTried) {
  store_->mood = MoodyStore::Mood::kDown;
  options_.retry = std::chrono::milliseconds(200);
  SpillTwoFiles();
  const auto file = std::filesystem::path(options_.spill_directory) / "spill-2";
  Start();
  std::filesystem::rename(file, file.string() + ".away");
  std::filesystem::create_directory(file);
  store_->mood = MoodyStore::Mood::kGood;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_LE(writer_->Statistics().store_failures, 8U);
  std::filesystem::remove(file);
  std::filesystem::rename(file.string() + ".away", file);
  ExpectAllDrained();
}

// The commit came through, but not its answer.
TEST_F(WriterTest, AnAnswerThatWasLostDoublesNothing) {
  Start();
  store_->mood = MoodyStore::Mood::kKeepsAndFails;
  Submit(50);
  EXPECT_TRUE(Eventually([&] { return Durable() == 50; }));
  store_->mood = MoodyStore::Mood::kGood;
  ExpectAllDrained();
}

TEST_F(WriterTest, WhenAllIsFullCallsAreRefused) {
  options_.max_queue = 20;
  options_.max_spill_bytes = 1;
  store_->mood = MoodyStore::Mood::kDown;
  Start();
  EXPECT_TRUE(Eventually([&] {
    const auto id = writer_->Submit(evidence_);
    if (id) submitted_.insert(*id);
    return !id && id.error().reason == Reason::kEvidenceNotKept;
  }));
  EXPECT_TRUE(writer_->Refuses());
  const uint64_t refused = writer_->Statistics().refused;
  EXPECT_GE(refused, 1U);
  EXPECT_EQ(Durable(), 0U);
  // A call that goes on without its record is lost, and was never refused.
  const auto lost = writer_->Submit(evidence_, [] { return true; });
  ASSERT_THAT(lost, Succeeds());
  EXPECT_EQ(*lost, "");
  EXPECT_EQ(writer_->Statistics().refused, refused);
  EXPECT_EQ(writer_->Statistics().lost, 1U);
  // And it recovers.
  store_->mood = MoodyStore::Mood::kGood;
  EXPECT_TRUE(Eventually([&] { return Durable() == submitted_.size(); }));
  EXPECT_FALSE(writer_->Refuses());
  Submit(5);
  Stop();
  ExpectAllStored();
}

// It waits for more only until a group is full, or half of the room is taken.
TEST_F(WriterTest, AFullGroupIsStoredAtOnce) {
  for (const size_t room : {200U, 20U}) {
    options_.max_queue = room;
    options_.max_batch = 50;
    options_.commit_interval = std::chrono::minutes(5);
    Start();
    for (int i = 0; i < 3; ++i) {
      Submit(std::min<size_t>(50, room / 2));
      ASSERT_TRUE(Eventually([&] { return Durable() == submitted_.size(); }));
    }
    Stop();
  }
  ExpectAllStored();
}

// Also what the store has not taken yet.
TEST_F(WriterTest, WhatIsInMemoryIsCounted) {
  options_.max_queue = 20;
  options_.spill_directory.clear();
  store_->mood = MoodyStore::Mood::kDown;
  Start();
  Submit(1);
  EXPECT_TRUE(Eventually([&] { return store_->tries > 0; }));
  Submit(20);
  EXPECT_EQ(writer_->Statistics().queued, 21U);
  store_->mood = MoodyStore::Mood::kGood;
  EXPECT_TRUE(Eventually([&] { return writer_->Statistics().queued == 0; }));
  Stop();
  ExpectAllStored();
}

// Calls that were told an id are not dropped without a word.
TEST_F(WriterTest, WhatIsQueuedAtTheEndIsCountedAsLost) {
  options_.spill_directory.clear();
  options_.stop_grace = std::chrono::milliseconds(50);
  Start();
  store_->mood = MoodyStore::Mood::kDown;
  Submit(20);
  writer_->Stop();
  thread_.join();
  EXPECT_EQ(writer_->Statistics().lost, 20U);
}

TEST_F(WriterTest, WhatVanishedFromTheSpillDirectoryBeforeTheEndIsWrittenAnewOrLost) {
  store_->mood = MoodyStore::Mood::kDown;
  Start();
  Submit(20);
  EXPECT_TRUE(Eventually([&] { return Durable() == 20; }));
  std::filesystem::remove(std::filesystem::path(options_.spill_directory) / "spill-1");
  writer_->Stop();
  thread_.join();
  EXPECT_EQ(writer_->Statistics().lost, 0U);
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(options_.spill_directory) / "spill-2"));
  writer_.reset();
  Start();
  std::filesystem::remove(std::filesystem::path(options_.spill_directory) / "spill-2");
  writer_->Stop();
  thread_.join();
  // Unless it was read at the start already, nobody knows how many it had.
  const bool read =
      std::filesystem::exists(std::filesystem::path(options_.spill_directory) / "spill-3");
  EXPECT_EQ(writer_->Statistics().lost, read ? 0U : 1U);
}

TEST_F(WriterTest, WhatVanishedFromTheSpillDirectoryAfterItWasReadIsWrittenAnewAtTheEnd) {
  const std::filesystem::path folder = options_.spill_directory;
  store_->mood = MoodyStore::Mood::kDown;
  options_.retry = std::chrono::milliseconds(1);
  Start();
  Submit(20);
  EXPECT_TRUE(Eventually([&] { return Durable() == 20; }));
  writer_->Stop();
  thread_.join();
  writer_.reset();
  Start();  // reads the file, and the store takes nothing of it
  EXPECT_TRUE(Eventually([&] { return writer_->Statistics().store_failures > 0; }));
  std::filesystem::remove(folder / "spill-1");
  writer_->Stop();
  thread_.join();
  EXPECT_EQ(writer_->Statistics().lost, 0U);
  writer_.reset();
  store_->mood = MoodyStore::Mood::kGood;
  Start();
  ExpectAllDrained();
}

TEST_F(WriterTest, AStoreThatComesBackWithinTheGraceGetsAll) {
  options_.spill_directory.clear();
  options_.stop_grace = std::chrono::milliseconds(60'000);
  Start();
  store_->mood = MoodyStore::Mood::kDown;
  Submit(20);
  writer_->Stop();
  store_->mood = MoodyStore::Mood::kGood;
  thread_.join();
  EXPECT_EQ(writer_->Statistics().lost, 0U);
  ExpectAllStored();
}

TEST_F(WriterTest, WhatASlowStoreDoesNotTakeByTheEndIsSpilled) {
  options_.burst_rate = 0;
  options_.max_batch = 10;
  options_.stop_grace = std::chrono::seconds(4);
  store_->mood = MoodyStore::Mood::kSlow;
  Start();
  Submit(1000);  // ten seconds of the store
  writer_->Stop();
  thread_.join();
  EXPECT_EQ(writer_->Statistics().lost, 0U);
  EXPECT_GT(writer_->Statistics().spilled, 0U);
  writer_.reset();
  store_->mood = MoodyStore::Mood::kGood;
  Start();
  ExpectAllDrained();
}

TEST_F(WriterTest, OrCountedAsLost) {
  options_.max_queue = 20;
  options_.spill_directory = "";
  options_.loss = EvidenceLoss::kCount;
  store_->mood = MoodyStore::Mood::kDown;
  Start();
  EXPECT_TRUE(Eventually([&] {
    const auto id = writer_->Submit(evidence_);
    EXPECT_THAT(id, Succeeds());
    if (id && !id->empty()) submitted_.insert(*id);
    return id && id->empty();
  }));
  EXPECT_FALSE(writer_->Refuses());
  EXPECT_GE(writer_->Statistics().lost, 1U);
  store_->mood = MoodyStore::Mood::kGood;
  EXPECT_TRUE(Eventually([&] { return Durable() == submitted_.size(); }));
  Stop();
  ExpectAllStored();
}

// A disk that takes no more bytes: what is half written does not count, and nothing is lost.
TEST_F(WriterTest, ADiskThatIsFullRefusesAndRecovers) {
  (void)std::signal(SIGXFSZ, SIG_IGN);
  options_.max_queue = 300;
  store_->mood = MoodyStore::Mood::kDown;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{200'000, before.rlim_max};
  Start();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_TRUE(Eventually([&] {
    const auto id = writer_->Submit(evidence_);
    if (id) submitted_.insert(*id);
    return !id;
  }));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(Eventually([&] { return Durable() == submitted_.size(); }));
  store_->mood = MoodyStore::Mood::kGood;
  ExpectAllDrained();
}

TEST_F(WriterTest, ThreadsSubmitTogether) {
  Start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 100; ++n) {
        const auto id = writer_->Submit(evidence_);
        const std::lock_guard lock(mutex_);
        if (id) submitted_.insert(*id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Stop();
  EXPECT_EQ(submitted_.size(), 400U);
  ExpectAllStored();
}

TEST_F(WriterTest, WhatIsNoRecordIsRefusedOrCounted) {
  Start();
  CallEvidence without_options = evidence_;
  without_options.options.reset();
  const auto refused = writer_->Submit(without_options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kEvidenceNotKept);
  EXPECT_EQ(writer_->Statistics().refused, 1U);
  EXPECT_NE(writer_->Statistics().last_failure, "");
  Stop();
  options_.loss = EvidenceLoss::kCount;
  Start();
  const auto counted = writer_->Submit(without_options);
  ASSERT_THAT(counted, Succeeds());
  EXPECT_EQ(*counted, "");
  EXPECT_EQ(writer_->Statistics().lost, 1U);
  Submit(3);
  Stop();
  ExpectAllStored();
}

// Notes of which no record can be made keep nothing else from being stored, and are counted.
TEST_F(WriterTest, OneThatCannotBeStoredKeepsNoOther) {
  CallEvidence unreadable = evidence_;
  const size_t decided_by = evidence_.verdict.decided_by.value();
  auto signer = std::make_shared<SignerInfo>(*evidence_.verdict.passports[decided_by].signer);
  signer->subject = "\xFF";
  unreadable.verdict.passports[decided_by].signer = signer;
  for (const bool with_spill : {true, false}) {
    if (!with_spill) options_.spill_directory.clear();
    Start();
    Submit(3);
    const auto lost = writer_->Submit(unreadable);
    ASSERT_THAT(lost, Succeeds());
    Submit(3);
    EXPECT_TRUE(Eventually([&] { return Durable() == submitted_.size(); }));
    EXPECT_EQ(writer_->Statistics().lost, 1U);
    Stop();
    EXPECT_EQ(durable_, submitted_);
    ExpectAllStored();
  }
}

// The queue fills while records are made.
TEST_F(WriterTest, EachCallOfManyHasARecordOrIsCounted) {
  for (const EvidenceLoss loss : {EvidenceLoss::kCount, EvidenceLoss::kRefuseCalls}) {
    options_.loss = loss;
    options_.max_queue = 2;
    options_.spill_directory.clear();
    store_->mood = MoodyStore::Mood::kSlow;
    Start();
    std::atomic<size_t> refused = 0;
    std::atomic<size_t> lost = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          const auto id = writer_->Submit(evidence_);
          const std::lock_guard lock(mutex_);
          if (!id) {
            ++refused;
          } else if (id->empty()) {
            ++lost;
          } else {
            submitted_.insert(*id);
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const EvidenceStatistics statistics = writer_->Statistics();
    EXPECT_EQ(statistics.lost, lost);
    EXPECT_EQ(statistics.refused, refused);
    EXPECT_EQ(loss == EvidenceLoss::kCount ? refused : lost, 0U);
    EXPECT_GT(lost + refused, 0U);
    store_->mood = MoodyStore::Mood::kGood;
    Stop();
  }
  ExpectAllStored();
}

TEST_F(WriterTest, ABurstWaitsInTheSpillDirectoryAndIsStoredWhenItIsOver) {
  options_.burst_rate = 1;
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Spilled(); }));
  const size_t direct = store_->direct;
  const uint64_t spilled = writer_->Statistics().spilled;
  EXPECT_TRUE(CallsComeUntil([&] { return writer_->Statistics().spill_bytes > 100'000; }));
  // The store is left alone, but for when the machine made a pause of the calls.
  EXPECT_LT(store_->direct - direct, writer_->Statistics().spilled - spilled);
  const auto since = writer_->Statistics().spilled_since;
  ASSERT_TRUE(since.has_value());
  EXPECT_LE(*since, SystemClock().Now());
  EXPECT_TRUE(Eventually([&] { return writer_->Statistics().spill_bytes == 0; }));
  EXPECT_FALSE(writer_->Statistics().spilled_since.has_value());
  EXPECT_EQ(writer_->Statistics().store_failures, 0U);
  Stop();
  EXPECT_EQ(durable_, submitted_);
  ExpectAllStored();
}

TEST_F(WriterTest, NothingIsABurstWithoutARate) {
  options_.burst_rate = 0;
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Durable() > 200; }));
  EXPECT_EQ(writer_->Statistics().spilled, 0U);
}

TEST_F(WriterTest, TheEndOfABurstMayBeTheEndOfTheWriter) {
  options_.burst_rate = 1;
  options_.stop_grace = std::chrono::minutes(1);
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Spilled(); }));
  Stop();
  EXPECT_EQ(durable_, submitted_);
  ExpectAllStored();
}

// Without time to drain it waits for the next start.
TEST_F(WriterTest, WhatABurstLeftIsStoredAfterTheNextStart) {
  options_.burst_rate = 1;
  options_.stop_grace = std::chrono::milliseconds(0);
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Spilled(); }));
  EXPECT_TRUE(Eventually([&] { return Durable() == submitted_.size(); }));
  store_->mood = MoodyStore::Mood::kDown;
  Stop();
  store_->mood = MoodyStore::Mood::kGood;
  Start();
  ExpectAllDrained();
}

// Calls that always come too fast are a load and no burst.
TEST_F(WriterTest, BehindHalfOfTheRoomCallsGoIntoTheStoreAtOnce) {
  options_.burst_rate = 1;
  options_.max_spill_bytes = 200'000;
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Spilled(); }));
  const size_t direct = store_->direct;
  EXPECT_TRUE(CallsComeUntil([&] { return store_->direct > direct + 20; }));
  EXPECT_EQ(writer_->Statistics().store_failures, 0U);  // there was always room
  Stop();
  EXPECT_EQ(durable_, submitted_);
  ExpectAllStored();
}

TEST_F(WriterTest, NoRecordOfALongBurstWaitsForEver) {
  options_.burst_rate = 1;
  options_.burst_time = std::chrono::milliseconds(0);
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Spilled(); }));
  const size_t direct = store_->direct;
  // While calls go on, what waited is stored, and so are new ones.
  EXPECT_TRUE(CallsComeUntil(
      [&] { return writer_->Statistics().spill_bytes == 0 && store_->direct > direct; }));
  // And as long as they go on there is no other burst; a pause that the machine makes may end that.
  const size_t before = store_->direct;
  const uint64_t spilled = writer_->Statistics().spilled;
  EXPECT_TRUE(CallsComeUntil([&] { return store_->direct > before + 300; }));
  EXPECT_LT(writer_->Statistics().spilled - spilled, 1000U);
  Stop();
  ExpectAllStored();
}

// Flags of pools and the like are looked for at once, also after a restart.
TEST_F(WriterTest, WhatIsNoCallDoesNotWaitForTheEndOfABurst) {
  options_.burst_rate = 1;
  Start();
  EXPECT_TRUE(CallsComeUntil([&] { return Spilled(); }));
  EvidenceCodec codec;
  auto access = codec.Encode(EvidenceAccess{"who", "find", "", SystemClock().Now()},
                             *NewEvidenceId(SystemClock().Now()));
  ASSERT_THAT(access, Succeeds());
  const std::string id = access->id;
  ASSERT_THAT(writer_->Submit(std::make_shared<const EvidenceRecord>(std::move(*access))),
              Succeeds());
  EXPECT_TRUE(CallsComeUntil([&] { return lab_.store->Get(id).has_value(); }));
  Stop();
}

// What waits in files is of people who called: with a key for numbers nothing there names them.
TEST_F(WriterTest, H9_WithAKeyForNumbersNothingOpenWaitsInFiles) {
  const auto key = NumberSecret::Parse(std::string(64, 'a'));
  ASSERT_THAT(key, Succeeds());
  evidence_.call_id = "who-called-whom";
  store_->mood = MoodyStore::Mood::kDown;
  for (const bool keyed : {false, true}) {
    options_.spill_directory = (lab_.directory.path() / (keyed ? "keyed" : "open")).string();
    auto writer =
        EvidenceWriter::Make(store_, keyed ? EvidenceCodec(*key) : EvidenceCodec(), options_);
    ASSERT_THAT(writer, Succeeds());
    std::thread run([&] { (*writer)->Run(); });
    EXPECT_THAT((*writer)->Submit(evidence_), Succeeds());
    EXPECT_TRUE(Eventually([&] { return (*writer)->Statistics().spilled == 1; }));
    (*writer)->Stop();
    run.join();
    const auto bytes = ReadFile(std::filesystem::path(options_.spill_directory) / "spill-1");
    ASSERT_THAT(bytes, Succeeds());
    for (const std::string& open :
         {evidence_.call_id, evidence_.call.orig.front(), evidence_.call.dest.front(),
          evidence_.call.identities.front()}) {
      EXPECT_EQ(bytes->find(open) == std::string::npos, keyed) << open;
    }
  }
}

class SpillTest : public testing::Test {
 protected:
  SpillTest() {
    TestCall call;
    evidence_ = EvidenceOf(call);
  }
  // Of calls; of every second one the notes, of which the reader makes the record.
  WaitingRecords Batch(size_t count) {
    WaitingRecords records;
    for (size_t i = 0; i < count; ++i) {
      if (i % 2 == 0) {
        records.Add(RecordOf(codec_, evidence_));
        continue;
      }
      auto notes = codec_.Note(evidence_, *NewEvidenceId(kNow));
      EXPECT_THAT(notes, Succeeds());
      records.AddCall(notes->bytes, notes->basis, kNow);
    }
    return records;
  }
  static Result<void> Append(EvidenceSpill& spill, WaitingRecords& records) {
    return spill.Append(records, records.size());
  }
  Result<void> AppendBatch(EvidenceSpill& spill, size_t count) {
    WaitingRecords records = Batch(count);
    return Append(spill, records);
  }
  // As it was before it waited.
  EvidenceRecord Whole(const std::string& id) {
    auto made = codec_.Encode(evidence_, id);
    EXPECT_THAT(made, Succeeds());
    return *made;
  }
  std::unique_ptr<EvidenceSpill> Open() {
    auto spill = EvidenceSpill::Open(directory_.path() / "s", 1U << 30U);
    EXPECT_THAT(spill, Succeeds());
    return std::move(*spill);
  }
  TemporaryDirectory directory_;
  EvidenceCodec codec_;
  CallEvidence evidence_;
};

TEST_F(SpillTest, GivesBackWhatItTookWithBlobs) {
  auto batch = Batch(10);
  const auto ids = batch.Ids(10);
  ASSERT_EQ(ids.size(), 10U);
  {
    const auto spill = Open();
    ASSERT_THAT(spill->Append(batch, 10), Succeeds());
    EXPECT_THAT(EvidenceSpill::Open(directory_.path() / "s", 1),
                FailsWith(Reason::kFileUnreadable));
  }
  const auto spill = Open();
  const auto first = spill->Next(4);
  ASSERT_THAT(first, Succeeds());
  ASSERT_EQ(first->size(), 4U);
  spill->Drop();
  EXPECT_FALSE(spill->empty());
  ASSERT_THAT(AppendBatch(*spill, 1), Succeeds());
  (void)spill->Next(3);
  spill->Rewind();
  const auto rest = spill->Next(100);
  ASSERT_EQ(rest->size(), 6U);
  for (size_t i = 0; i < 6; ++i) {
    const EvidenceRecord& read = *(*rest)[i];
    const EvidenceRecord was = Whole(ids[4 + i]);
    EXPECT_EQ(read.id, was.id);
    EXPECT_EQ(read.kind, was.kind);
    EXPECT_EQ(read.time, was.time);
    EXPECT_EQ(read.text, was.text);
    EXPECT_EQ(read.keys, was.keys);
    EXPECT_EQ(read.summary, was.summary);
    ASSERT_EQ(read.blobs.size(), was.blobs.size());
    for (size_t b = 0; b < was.blobs.size(); ++b) {
      EXPECT_EQ(read.blobs[b]->sha256, was.blobs[b]->sha256);
      EXPECT_EQ(read.blobs[b]->bytes, was.blobs[b]->bytes);
    }
  }
  spill->Drop();
  EXPECT_EQ(spill->Next(100)->size(), 1U);
  spill->Drop();
  EXPECT_TRUE(spill->empty());
  EXPECT_EQ(spill->bytes(), 0U);
}

// Calls of many signers, some of which come again soon, and some late.
TEST_F(SpillTest, EachCallKeepsTheBlobsOfItsOwnSigner) {
  const auto notes = codec_.Note(evidence_, *NewEvidenceId(kNow));
  ASSERT_THAT(notes, Succeeds());
  std::vector<SharedBasis> bases;
  for (int i = 0; i < 20; ++i) {
    const std::string bytes = "blob " + std::to_string(i);
    CallBasis basis = *notes->basis;
    basis.blobs.front() =
        std::make_shared<const EvidenceBlob>(EvidenceBlob{Sha256Hex(bytes), bytes});
    basis.names.replace(0, 32, *BytesOfHex(basis.blobs.front()->sha256));
    bases.push_back(std::make_shared<const CallBasis>(std::move(basis)));
  }
  WaitingRecords records;
  std::vector<size_t> used;
  for (size_t i = 0; i < 300; ++i) {
    used.push_back(i % 3 == 0 ? 0 : i * i % bases.size());
    records.AddCall(notes->bytes, bases[used.back()], kNow);
  }
  const auto spill = Open();
  ASSERT_THAT(Append(*spill, records), Succeeds());
  (void)records.Drop(100);
  const auto made = records.FirstRecords(200, [](const Failure&) { FAIL(); });
  ASSERT_THAT(made, Succeeds());
  const auto read = spill->Next(300);
  ASSERT_THAT(read, Succeeds());
  ASSERT_EQ(read->size(), used.size());
  for (size_t i = 0; i < used.size(); ++i) {
    const auto& blob = bases[used[i]]->blobs.front();
    EXPECT_EQ((*read)[i]->blobs.front()->sha256, blob->sha256) << i;
    if (i < 100) continue;
    EXPECT_EQ((*made)[i - 100]->blobs.front(), blob) << i;
  }
}

// What did not fit is not the reason why the next one does not.
TEST_F(SpillTest, KnowsItsBlobsThoughItWasFull) {
  auto first = Batch(2);
  auto small = Batch(1);
  const auto open = [&](uint64_t max) {
    auto spill = EvidenceSpill::Open(directory_.path() / "s", max);
    EXPECT_THAT(spill, Succeeds());
    return std::move(*spill);
  };
  uint64_t with_blobs = 0;
  uint64_t without = 0;
  {
    const auto spill = Open();
    ASSERT_THAT(Append(*spill, first), Succeeds());
    with_blobs = spill->bytes();
    ASSERT_THAT(Append(*spill, small), Succeeds());
    without = spill->bytes() - with_blobs;
    while (!spill->Next(100)->empty()) spill->Drop();
    spill->Drop();
  }
  const auto spill = open(with_blobs + 2 * without + without / 2);
  ASSERT_THAT(Append(*spill, first), Succeeds());
  EXPECT_THAT(AppendBatch(*spill, 30), FailsWith(Reason::kEvidenceNotKept));
  EXPECT_THAT(Append(*spill, small), Succeeds());
  EXPECT_EQ(spill->bytes(), with_blobs + without);
}

// One byte that goes wrong on the disk costs what it is in, and is counted.
TEST_F(SpillTest, DamageCostsOnlyWhatItIsIn) {
  auto batch = Batch(20);
  const auto all = batch.Ids(20);
  {
    const auto spill = Open();
    ASSERT_THAT(Append(*spill, batch), Succeeds());
  }
  const auto path = directory_.path() / "s" / "spill-1";
  const std::string whole = *ReadFile(path);
  for (const size_t index : {8U, 9U, 10U, 11U}) {
    const std::string& id = all[index];
    const size_t place = whole.find(id);
    ASSERT_NE(place, std::string::npos);
    const size_t mark = whole.rfind(
        "\xF7"
        "cv",
        place);
    for (const size_t at : {place, mark, mark + 5}) {
      std::string bad = whole;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      ASSERT_THAT(WriteFile(path, bad, FileMode::kPrivate), Succeeds());
      const auto spill = Open();
      std::set<std::string> ids;
      while (!spill->empty()) {
        const auto records = spill->Next(7);
        ASSERT_THAT(records, Succeeds());
        for (const auto& record : *records) ids.insert(record->id);
        spill->Drop();
      }
      EXPECT_EQ(ids.size(), 19U);
      EXPECT_FALSE(ids.contains(id));
      EXPECT_EQ(spill->damaged(), 1U);
      EXPECT_EQ(spill->torn_files(), 1U);
      EXPECT_EQ(*ReadFile(path.string() + ".torn"), bad);
      std::filesystem::remove(path.string() + ".torn");
    }
  }
}

// The limit is one of the directory: what was kept aside is in it until somebody takes it away.
TEST_F(SpillTest, WhatIsKeptAsideTakesRoomToo) {
  uint64_t size = 0;
  {
    const auto spill = Open();
    ASSERT_THAT(AppendBatch(*spill, 10), Succeeds());
    size = spill->bytes();
  }
  const auto path = directory_.path() / "s" / "spill-1";
  std::string bad = *ReadFile(path);
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  ASSERT_THAT(WriteFile(path, bad, FileMode::kPrivate), Succeeds());
  for (const bool restarted : {false, true}) {
    const auto spill = EvidenceSpill::Open(directory_.path() / "s", size + size / 2);
    ASSERT_THAT(spill, Succeeds());
    while (!restarted && !(*spill)->empty()) {
      ASSERT_THAT((*spill)->Next(100), Succeeds());
      (*spill)->Drop();
    }
    EXPECT_EQ((*spill)->torn_files(), 1U);
    EXPECT_EQ((*spill)->bytes(), 0U);
    const auto full = AppendBatch(**spill, 10);
    ASSERT_THAT(full, FailsWith(Reason::kEvidenceNotKept));
    EXPECT_THAT(full.error().detail,
                testing::HasSubstr(std::to_string(bad.size()) + " bytes of it of files *.torn"));
    if (!restarted) continue;
    std::filesystem::remove(path.string() + ".torn");
    EXPECT_THAT(AppendBatch(**spill, 10), Succeeds());
  }
}

// Somebody takes a file away while it is written: what is in it is still at hand.
TEST_F(SpillTest, AFileThatVanishedWhileItWasWrittenIsWrittenAnew) {
  const auto spill = Open();
  ASSERT_THAT(AppendBatch(*spill, 3), Succeeds());
  std::filesystem::remove(directory_.path() / "s" / "spill-1");
  ASSERT_THAT(AppendBatch(*spill, 2), Succeeds());
  EXPECT_TRUE(std::filesystem::exists(directory_.path() / "s" / "spill-2"));
  EXPECT_EQ(spill->Next(100)->size(), 5U);
  spill->Drop();
  EXPECT_TRUE(spill->empty());
  ASSERT_THAT(AppendBatch(*spill, 4), Succeeds());
  std::filesystem::remove(directory_.path() / "s" / "spill-3");
  const auto read = spill->Next(100);
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(read->size(), 4U);
  spill->Drop();
  EXPECT_TRUE(spill->empty());
}

TEST_F(SpillTest, AFileThatVanishedKeepsNoOther) {
  ASSERT_THAT(AppendBatch(*Open(), 1), Succeeds());
  ASSERT_THAT(AppendBatch(*Open(), 3), Succeeds());
  ASSERT_THAT(AppendBatch(*Open(), 2), Succeeds());
  const auto spill = Open();
  std::filesystem::remove(directory_.path() / "s" / "spill-2");
  for (const size_t count : {1, 0, 2}) {
    const auto read = spill->Next(100);
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(read->size(), count);
    spill->Drop();
  }
  EXPECT_TRUE(spill->empty());
  EXPECT_EQ(spill->vanished(), 1U);  // of before Open nobody knows how many they were
}

TEST_F(SpillTest, KnowsHowOldTheOldestRecordIs) {
  auto batch = Batch(2);
  const auto time = TimeOfId(batch.Ids(1).front());
  ASSERT_TRUE(time.has_value());
  {
    const auto spill = Open();
    EXPECT_FALSE(spill->since().has_value());
    ASSERT_THAT(Append(*spill, batch), Succeeds());
    EXPECT_EQ(spill->since(), time);
  }
  const auto spill = Open();
  EXPECT_EQ(spill->since(), time);
  EXPECT_EQ(spill->Next(10)->size(), 2U);
  spill->Drop();
  EXPECT_FALSE(spill->since().has_value());
}

TEST(EvidenceIds, AreAllDifferentAndSayWhenTheyWereMade) {
  EvidenceIds ids;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = ids.Next(kNow);
    ASSERT_THAT(id, Succeeds());
    EXPECT_EQ(id->size(), 36U);
    EXPECT_EQ(id->at(14), '7');
    EXPECT_EQ(TimeOfId(*id), kNow);
    seen.insert(*id);
  }
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(TimeOfId("no id"), std::nullopt);
}

// Files that a version before this one left: a text, and a check by SHA-256.
TEST_F(SpillTest, WhatEarlierVersionsLeftIsRead) {
  const auto record = RecordOf(codec_, evidence_);
  const std::string payload = "R" + std::string(4, '\0') + record->text;
  std::string bytes =
      "\xF7"
      "cvF";
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift & 0xFF);
  bytes += std::string(AsBytes(*Sha256(payload)).substr(0, 8)) + payload;
  (void)Open();  // makes the directory
  const auto path = directory_.path() / "s" / "spill-1";
  ASSERT_THAT(WriteFile(path, bytes + bytes, FileMode::kPrivate), Succeeds());
  const auto spill = Open();
  ASSERT_THAT(AppendBatch(*spill, 1), Succeeds());
  const auto records = spill->Next(10);
  ASSERT_THAT(records, Succeeds());
  ASSERT_EQ(records->size(), 2U);
  EXPECT_EQ(records->back()->text, record->text);
  EXPECT_EQ(records->back()->keys, record->keys);
  spill->Drop();
  EXPECT_EQ(spill->damaged(), 0U);
  EXPECT_EQ(spill->Next(10)->size(), 1U);
}

// What calls have in common stands before each group of them: with that of one group only the calls
// of that group are gone, and they are no others.
TEST_F(SpillTest, WhatIsDamagedOfAGroupCostsNoOther) {
  std::vector<std::string> ids;
  {
    const auto spill = Open();
    for (int group = 0; group < 3; ++group) {
      WaitingRecords records;
      for (int i = 0; i < 2; ++i) {
        const auto notes = codec_.Note(evidence_, *NewEvidenceId(kNow));
        ASSERT_THAT(notes, Succeeds());
        records.AddCall(notes->bytes, notes->basis, kNow);
      }
      ids.push_back(records.Ids(1).front());
      ASSERT_THAT(Append(*spill, records), Succeeds());
    }
  }
  const auto path = directory_.path() / "s" / "spill-1";
  std::string bytes = *ReadFile(path);
  const std::string basis = codec_.Note(evidence_, ids.front())->basis->notes;
  const size_t first = bytes.find(basis);
  const size_t second = bytes.find(basis, first + 1);
  ASSERT_NE(second, std::string::npos);
  bytes[second] ^= 1;
  ASSERT_THAT(WriteFile(path, bytes, FileMode::kPrivate), Succeeds());
  const auto spill = Open();
  const auto records = spill->Next(10);
  ASSERT_THAT(records, Succeeds());
  ASSERT_EQ(records->size(), 4U);
  EXPECT_EQ(records->front()->id, ids[0]);
  EXPECT_EQ((*records)[2]->id, ids[2]);
  spill->Drop();
  EXPECT_EQ(spill->damaged(), 3U);  // the basis, and its two calls
  EXPECT_EQ(spill->torn_files(), 1U);
}

// Records with numbers in clear must not come into a store that hashes them.
TEST_F(SpillTest, H9_WaitsForItsOwnNumberKey) {
  {
    const auto spill = Open();
    ASSERT_THAT(AppendBatch(*spill, 1), Succeeds());
  }
  EXPECT_THAT(EvidenceSpill::Open(directory_.path() / "s", 1U << 30U, "key"),
              FailsWith(Reason::kKeyInvalid));
  const auto spill = Open();
  EXPECT_EQ(spill->Next(10)->size(), 1U);
  spill->Drop();
}

// A crash leaves a file that ends anywhere.
TEST_F(SpillTest, EveryTornEndIsToldFromRecords) {
  {
    const auto spill = Open();
    ASSERT_THAT(AppendBatch(*spill, 2), Succeeds());
  }
  const auto path = directory_.path() / "s" / "spill-1";
  const std::string whole = *ReadFile(path);
  for (size_t length = 0; length < whole.size(); length += 97) {
    ASSERT_THAT(WriteFile(path, whole.substr(0, length), FileMode::kPrivate), Succeeds());
    const auto spill = Open();
    const auto records = spill->Next(10);
    ASSERT_THAT(records, Succeeds());
    EXPECT_LE(records->size(), 1U);
    spill->Drop();
    EXPECT_TRUE(spill->empty());
  }
}

TEST_F(WriterTest, H9_ARecordThatWasMadeElsewhereIsStoredOnceOrGivenBack) {
  options_.max_queue = 2;
  options_.loss = EvidenceLoss::kCount;
  auto writer = EvidenceWriter::Make(store_, EvidenceCodec(), options_);
  ASSERT_THAT(writer, Succeeds());
  EvidenceCodec codec;
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT((*writer)->Submit(RecordOf(codec, evidence_)), Succeeds());
  }
  EXPECT_THAT((*writer)->Submit(RecordOf(codec, evidence_)), FailsWith(Reason::kEvidenceNotKept));
  EXPECT_EQ((*writer)->Statistics().lost, 0U);
  (*writer)->Stop();
  (*writer)->Run();
  EXPECT_EQ((*writer)->Statistics().stored, 2U);
}

}  // namespace
}  // namespace callvet::test
