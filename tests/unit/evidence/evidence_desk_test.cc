// SPDX-License-Identifier: MIT
#include "api/evidence_desk.h"

#include "store_fixture.h"

namespace callvet::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EvidenceDeskTest : public StoreTest {
 protected:
  // A desk on the store in the file.
  std::shared_ptr<EvidenceDesk> Desk(int64_t retention_days) {
    EvidenceConfig config;
    config.setup.store = lab_.path();
    config.setup.checkpoint_key = lab_.directory.path() / "key.pem";
    config.setup.open = EvidenceSetup::Open::kCreate;
    config.setup.clock = lab_.clock;
    config.retention_days = retention_days;
    const auto key = PrivateKey::Generate(KeyKind::kEcP256);
    EXPECT_THAT(WriteFile(config.setup.checkpoint_key, *key->ToPem(), FileMode::kPrivate),
                Succeeds());
    auto desk = EvidenceDesk::Make(config);
    EXPECT_THAT(desk, Succeeds());
    lab_.store = (*desk)->evidence().store;
    return *desk;
  }
  void Break() { Tamper("CREATE TABLE kept AS SELECT * FROM chain_end; DELETE FROM chain_end"); }
  void Heal() { Tamper("INSERT INTO chain_end SELECT * FROM kept; DROP TABLE kept"); }
};

TEST_F(EvidenceDeskTest, RetentionThatFailsComesAgainAfterAMinuteAndTellsItOnceADay) {
  const auto desk = Desk(30);
  Add(2);
  Break();
  const auto later = std::chrono::floor<days>(kNow) + days(400);
  EXPECT_THAT(desk->Retain(later), ElementsAre(HasSubstr("retention: ")));
  EXPECT_THAT(desk->Retain(later + 5s), IsEmpty());
  EXPECT_THAT(desk->Retain(later + 61s), IsEmpty());
  EXPECT_THAT(desk->Retain(later + days(1)), ElementsAre(HasSubstr("retention: ")));
  Heal();
  EXPECT_THAT(desk->Retain(later + days(1) + 59s), IsEmpty());
  EXPECT_THAT(desk->Retain(later + days(1) + 60s),
              ElementsAre("retention: 2 records were deleted"));
}

TEST_F(EvidenceDeskTest, WhatKeepsTheNextDayOutIsToldWithoutRetentionToo) {
  const auto desk = Desk(0);
  Add(2);
  Break();
  EXPECT_THAT(desk->Retain(kNow), ElementsAre(HasSubstr("retention: ")));
  Heal();
  EXPECT_THAT(desk->Retain(kNow + days(400)), IsEmpty());
  EXPECT_THAT(Findings(), IsEmpty());
}

}  // namespace
}  // namespace callvet::test
