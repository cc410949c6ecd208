// SPDX-License-Identifier: MIT
#include "evidence/opened_search.h"

#include "store_fixture.h"

namespace callvet::test {
namespace {

class OpenedSearchTest : public StoreTest {
 protected:
  void AddDecided(Reason reason, size_t count) {
    evidence_.disposition.emplace();
    evidence_.disposition->reason = reason;
    Add(count);
  }
  Result<EvidencePage> Find(size_t limit, size_t most, int64_t before = INT64_MAX) {
    EvidenceQuery query;
    query.limit = limit;
    query.before = before;
    OpenedSearch search;
    AskForReason(Info(Reason::kOutsideHours).id, query, search);
    EXPECT_TRUE(search.any());
    return FindOpened(*lab_.store, codec_, query, search, most);
  }
  static std::vector<int64_t> Places(const Result<EvidencePage>& page) {
    EXPECT_THAT(page, Succeeds());
    std::vector<int64_t> places;
    for (const StoredEvidence& record : page->records) places.push_back(record.seq);
    return places;
  }
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(OpenedSearchTest, ReasonOfThePolicyIsLookedForInDecisions) {
  AddDecided(Reason::kOutsideHours, 1);
  AddDecided(Reason::kNumberNotAssigned, 2);
  AddDecided(Reason::kOutsideHours, 1);
  evidence_.disposition.reset();
  Add(1);
  const auto page = Find(10, SIZE_MAX);
  EXPECT_THAT(Places(page), ElementsAre(4, 1));
  EXPECT_EQ(page->next, std::nullopt);
}

TEST_F(OpenedSearchTest, ReasonOfTheVerdictHasAColumn) {
  EvidenceQuery query;
  OpenedSearch search;
  AskForReason("orig-mismatch", query, search);
  EXPECT_FALSE(search.any());
  EXPECT_EQ(query.keys.reason, "orig-mismatch");
}

TEST_F(OpenedSearchTest, PagesFollowOneAnother) {
  AddDecided(Reason::kOutsideHours, 3);
  AddDecided(Reason::kNumberNotAssigned, 1);
  auto page = Find(2, SIZE_MAX);
  EXPECT_THAT(Places(page), ElementsAre(3, 2));
  ASSERT_TRUE(page->next);
  page = Find(2, SIZE_MAX, *page->next);
  EXPECT_THAT(Places(page), ElementsAre(1));
  EXPECT_EQ(page->next, std::nullopt);
  // Behind the very last one there is no other page.
  EXPECT_EQ(Find(3, SIZE_MAX)->next, std::nullopt);
}

TEST_F(OpenedSearchTest, AfterSoManyThePageEndsAndSaysWhereItGoesOn) {
  AddDecided(Reason::kOutsideHours, 1);
  AddDecided(Reason::kNumberNotAssigned, 2'100);
  auto page = Find(10, 1'000);
  EXPECT_THAT(Places(page), IsEmpty());
  ASSERT_EQ(page->next, 1'102);
  page = Find(10, 1'000, *page->next);
  ASSERT_EQ(page->next, 102);
  page = Find(10, 1'000, *page->next);
  EXPECT_THAT(Places(page), ElementsAre(1));
  EXPECT_EQ(page->next, std::nullopt);
}

TEST_F(OpenedSearchTest, WhatCannotBeReadIsShown) {
  AddDecided(Reason::kOutsideHours, 2);
  Tamper("UPDATE " + Table() + " SET text = 'x' || text WHERE seq = 1");
  EXPECT_THAT(Places(Find(10, SIZE_MAX)), ElementsAre(2, 1));
}

// Nobody knows what the record was.
TEST_F(OpenedSearchTest, WhatIsNotItsTextAnyMoreIsShown) {
  AddDecided(Reason::kNumberNotAssigned, 6);
  const std::string texts[] = {"'gone'", "'{}'", "''", "substr(text, 1, 100)",
                               "(SELECT text FROM " + Table() + " WHERE seq = 6)"};
  int64_t seq = 0;
  for (const std::string& text : texts) {
    Tamper("UPDATE " + Table() + " SET text = " + text + " WHERE seq = " + std::to_string(++seq));
  }
  EXPECT_THAT(Places(Find(10, SIZE_MAX)), ElementsAre(5, 4, 3, 2, 1));
}

}  // namespace
}  // namespace callvet::test
