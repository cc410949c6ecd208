// SPDX-License-Identifier: MIT
// Flags and releases as records: kept, sealed, read again, audited.
#include "evidence/pool_record.h"

#include "store_fixture.h"

namespace callvet::test {
namespace {

constexpr CallTime kSince = kNow;

FlaggedPool Flag(CallSource source = {SourceKind::kTrunk, "gateway-3"}) {
  FlaggedPool pool;
  pool.source = std::move(source);
  pool.rule = "=cmd|' /C calc'!A0";
  pool.action = PoolAction::kReject;
  pool.since = kSince + std::chrono::milliseconds(123);
  pool.until = kSince + std::chrono::hours(1);
  pool.figures.window = std::chrono::seconds(600);
  pool.figures.calls = 150;
  pool.figures.callers = 149;
  pool.figures.callees = 148;
  pool.figures.new_callers = 140;
  pool.figures.variation = 1.009;
  pool.sample = {{kSince, "12155550100", "4321", "019323f0-0000-7000-8000-000000000001"}};
  pool.counted_by = FlaggedPool::CountedBy::kShared;
  return pool;
}

class PoolRecordTest : public StoreTest {
 protected:
  std::string Keep(const EvidenceCodec& codec, const PoolChange& change) {
    auto id = NewEvidenceId(kNow);
    auto record = codec.Encode(change, kNow, *id);
    EXPECT_THAT(record, Succeeds());
    EXPECT_THAT(lab_.store->Append({std::make_shared<const EvidenceRecord>(*record)}, Seen::kNever),
                Succeeds());
    return *id;
  }
  Result<PoolChange> Read(const EvidenceCodec& codec, const std::string& id) {
    const auto record = lab_.store->Get(id);
    EXPECT_THAT(record, Succeeds());
    const auto text = codec.Read(record->text);
    EXPECT_THAT(text, Succeeds());
    return ReadPoolChange(*record, *text);
  }
};

TEST_F(PoolRecordTest, AFlagIsReadAsItWasKept) {
  for (const CallSource& source :
       {CallSource{SourceKind::kTrunk, "gateway-3"}, CallSource{SourceKind::kSigner, "4321"},
        CallSource{SourceKind::kOrigid, "de305d54-75b4-431b-adb2-eb6b9e546014"}}) {
    const auto change = Read(codec_, Keep(codec_, Flag(source)));
    ASSERT_THAT(change, Succeeds());
    const FlaggedPool& read = std::get<FlaggedPool>(*change);
    const FlaggedPool kept = Flag(source);
    EXPECT_EQ(read.source, kept.source);
    EXPECT_EQ(read.rule, kept.rule);
    EXPECT_EQ(read.action, kept.action);
    EXPECT_EQ(read.since, kept.since);
    EXPECT_EQ(read.until, kept.until);
    EXPECT_EQ(read.figures.calls, 150U);
    EXPECT_EQ(read.figures.new_callers, 140U);
    EXPECT_EQ(read.figures.variation, 1.009);
    EXPECT_EQ(read.counted_by, kept.counted_by);
    ASSERT_EQ(read.sample.size(), 1U);
    EXPECT_EQ(read.sample[0].caller, "12155550100");
  }
  EXPECT_EQ(Findings().size(), 0U);
}

TEST_F(PoolRecordTest, AReleaseIsReadAsItWasKept) {
  const PoolRelease release{
      {SourceKind::kSigner, "4321"}, kSince, kSince + std::chrono::hours(2), "ops"};
  const auto change = Read(codec_, Keep(codec_, release));
  ASSERT_THAT(change, Succeeds());
  const PoolRelease& read = std::get<PoolRelease>(*change);
  EXPECT_EQ(read.source, release.source);
  EXPECT_EQ(read.time, release.time);
  EXPECT_EQ(read.until, release.until);
  EXPECT_EQ(read.by, "ops");
}

TEST_F(PoolRecordTest, ASealedFlagShowsNoNumberButItsSource) {
  const EvidenceCodec sealing(*NumberSecret::Parse(std::string(64, 'a')));
  const auto record = sealing.Encode(Flag(), kNow, *NewEvidenceId(kNow));
  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ(record->text.find("12155550100"), std::string::npos);
  StoredEvidence stored;
  stored.keys = record->keys;
  const auto sealed = codec_.Read(record->text);
  ASSERT_THAT(sealed, Succeeds());
  const auto change = ReadPoolChange(stored, *sealed);
  ASSERT_THAT(change, Succeeds());
  EXPECT_EQ(std::get<FlaggedPool>(*change).source.value, "gateway-3");
  EXPECT_TRUE(std::get<FlaggedPool>(*change).sample.empty());
}

TEST_F(PoolRecordTest, WhatIsNoFlagIsEvidenceAltered) {
  const std::string good = codec_.Encode(Flag(), kNow, *NewEvidenceId(kNow))->text;
  for (const auto& [part, other] :
       {std::pair("\"event\":\"flagged\"", "\"event\":\"forgotten\""),
        std::pair("\"action\":\"reject\"", "\"action\":\"applaud\""),
        std::pair("\"kind\":\"trunk\"", "\"kind\":\"crunk\""),
        std::pair("\"calls\":150", "\"calls\":-1"), std::pair("\"calls\":150", "\"calls\":\"x\""),
        std::pair("\"window\":600", "\"window\":9223372036854775807"),
        std::pair("\"until\":", "\"until\":9223372036854775807,\"x\":")}) {
    std::string text = good;
    const size_t at = text.find(part);
    ASSERT_NE(at, std::string::npos) << part;
    text.replace(at, std::string(part).size(), other);
    const auto read = codec_.Read(text);
    ASSERT_THAT(read, Succeeds());
    EXPECT_THAT(ReadPoolChange({}, *read), FailsWith(Reason::kEvidenceAltered)) << other;
  }
}

TEST_F(PoolRecordTest, AFlagThatSomebodyRemovesIsMissedByAnAudit) {
  Keep(codec_, Flag());
  Keep(codec_, PoolRelease{{SourceKind::kTrunk, "gateway-3"}, kSince, kSince, "ops"});
  Add(1);
  Tamper("DELETE FROM " + Table() + " WHERE kind = 4 AND seq = 2");
  EXPECT_FALSE(Findings().empty());
}

}  // namespace
}  // namespace callvet::test
