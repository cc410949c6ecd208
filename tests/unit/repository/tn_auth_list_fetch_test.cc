// SPDX-License-Identifier: MIT
#include "repository/tn_auth_list_fetch.h"

#include <thread>
#include <vector>

#include "trust_fixture.h"

namespace callvet::test {
namespace {

constexpr const char* kUrl = "https://cert.example.org/list.tnauthlist";

class SettableClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override { return now; }
  sys_seconds now = kNow;
};

class TnAuthListFetchTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeFetcher> fetcher_ = std::make_shared<FakeFetcher>();
  std::shared_ptr<SettableClock> clock_ = std::make_shared<SettableClock>();
  std::shared_ptr<FetchGate> gate_ = std::make_shared<FetchGate>(
      FetchGateOptions{.max_under_way_per_host = 2, .max_waiting_per_host = 100});
  TnAuthListFetcher lists_{{.max_entries = 4}, fetcher_, clock_, gate_};
};

TEST_F(TnAuthListFetchTest, B4_FetchedOnceADay) {
  fetcher_->Serve(kUrl, SpcList({"818H"}).Encode());
  for (const auto& [after, fetches] : {std::pair(hours(0), 1), {hours(23), 1}, {hours(24), 2}}) {
    clock_->now = kNow + after;
    const auto list = lists_.Get(kUrl, {});
    ASSERT_THAT(list, Succeeds());
    EXPECT_EQ(*list, SpcList({"818H"}));
    EXPECT_EQ(fetcher_->fetches(), fetches);
  }
}

// What was fetched under a clock that was ahead does not stay for as long as that.
TEST_F(TnAuthListFetchTest, B4_AWrongClockDoesNotStick) {
  fetcher_->Serve(kUrl, SpcList({"818H"}).Encode());
  clock_->now = kNow + hours(1'000);
  ASSERT_THAT(lists_.Get(kUrl, {}), Succeeds());
  clock_->now = kNow;
  fetcher_->Serve(kUrl, SpcList({"819H"}).Encode());
  const auto list = lists_.Get(kUrl, {});
  ASSERT_THAT(list, Succeeds());
  EXPECT_EQ(*list, SpcList({"819H"}));
}

// As for certificates and CRLs.
TEST_F(TnAuthListFetchTest, B4_ALineEndBehindTheListIsNoPartOfIt) {
  const std::string der = SpcList({"818H"}).Encode();
  for (const std::string tail : {"\n", "\r\n", " \n\n", "junk", "\n\x05"}) {
    const std::string url = kUrl + std::to_string(std::hash<std::string>()(tail));
    fetcher_->Serve(url, der + tail);
    const auto list = lists_.Get(url, {});
    if (tail.find_first_not_of(" \r\n") == std::string::npos) {
      ASSERT_THAT(list, Succeeds()) << testing::PrintToString(tail);
      EXPECT_EQ(*list, SpcList({"818H"}));
    } else {
      EXPECT_THAT(list, FailsWith(Reason::kTnAuthListMalformed)) << testing::PrintToString(tail);
    }
  }
}

TEST_F(TnAuthListFetchTest, B4_FailuresAreKeptForAMinute) {
  EXPECT_THAT(lists_.Get(kUrl, {}), FailsWith(Reason::kTnAuthListNotAvailable));
  fetcher_->Serve(kUrl, "junk");
  EXPECT_THAT(lists_.Get(kUrl, {}), FailsWith(Reason::kTnAuthListNotAvailable));
  EXPECT_EQ(fetcher_->fetches(), 1);
  clock_->now += seconds(60);
  EXPECT_THAT(lists_.Get(kUrl, {}), FailsWith(Reason::kTnAuthListMalformed));
  fetcher_->Serve(kUrl, std::string(65 * 1024, '0'));
  clock_->now += seconds(60);
  EXPECT_THAT(lists_.Get(kUrl, {}), FailsWith(Reason::kTnAuthListNotAvailable));
}

TEST_F(TnAuthListFetchTest, PassedDeadlineIsNotHeldAgainstTheServer) {
  fetcher_->Serve(kUrl, SpcList({"818H"}).Encode());
  EXPECT_THAT(lists_.Get(kUrl, Deadline::After(std::chrono::milliseconds(0))),
              FailsWith(Reason::kDeadlineExceeded));
  EXPECT_EQ(fetcher_->fetches(), 0);
  EXPECT_THAT(lists_.Get(kUrl, {}), Succeeds());
}

// Whoever calls chooses what is asked for as an x5u.
TEST_F(TnAuthListFetchTest, WhatCameThereAsAnX5uDoesNotCount) {
  fetcher_->Serve(kUrl, SpcList({"818H"}).Encode());
  ASSERT_THAT(gate_->Enter(kUrl, kNow), Succeeds());
  gate_->Leave(kUrl, kNow, Fail(Reason::kCertificateUnreadable, "no certificate"));
  EXPECT_TRUE(gate_->Standing(kUrl, kNow).has_value());
  EXPECT_THAT(lists_.Get(kUrl, {}), Succeeds());
}

TEST_F(TnAuthListFetchTest, C23_OneCallFetchesAndTheOthersWaitForIt) {
  fetcher_->Serve(kUrl, SpcList({"818H"}).Encode());
  fetcher_->SetDelay(std::chrono::milliseconds(100));
  std::vector<std::thread> calls;
  for (int i = 0; i < 40; ++i) {
    calls.emplace_back([&] { EXPECT_THAT(lists_.Get(kUrl, {}), Succeeds()); });
  }
  for (std::thread& call : calls) call.join();
  EXPECT_EQ(fetcher_->fetches(), 1);
}

TEST_F(TnAuthListFetchTest, C23_CapsOfTheGateHold) {
  std::vector<std::thread> calls;
  for (int i = 0; i < 12; ++i) {
    calls.emplace_back([&, i] {
      const std::string url = kUrl + std::to_string(i);
      fetcher_->Serve(url, SpcList({"818H"}).Encode());
      fetcher_->SetDelay(std::chrono::milliseconds(5));
      EXPECT_THAT(lists_.Get(url, {}), Succeeds());
    });
  }
  for (std::thread& call : calls) call.join();
  EXPECT_LE(fetcher_->most_under_way(), 2);
  // What the caps refuse is no failure of the list.
  ASSERT_THAT(gate_->Enter(kUrl, kNow), Succeeds());
  ASSERT_THAT(gate_->Enter(kUrl, kNow), Succeeds());
  fetcher_->Serve(kUrl, SpcList({"818H"}).Encode());
  EXPECT_THAT(lists_.Get(kUrl, Deadline::After(std::chrono::milliseconds(20))),
              FailsWith(Reason::kTnAuthListNotAvailable));
  EXPECT_FALSE(lists_.AtHand(kUrl).has_value());
  gate_->Abandon(kUrl);
  EXPECT_THAT(lists_.Get(kUrl, {}), Succeeds());
  EXPECT_TRUE(lists_.AtHand(kUrl).has_value());
}

TEST_F(TnAuthListFetchTest, Bounded) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::string url = kUrl + std::to_string(i);
      fetcher_->Serve(url, SpcList({"818H"}).Encode());
      EXPECT_THAT(lists_.Get(url, {}), Succeeds());
    }
  }
  EXPECT_EQ(fetcher_->fetches(), 10);
}

}  // namespace
}  // namespace callvet::test
