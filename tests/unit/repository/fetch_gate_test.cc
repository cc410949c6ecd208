// SPDX-License-Identifier: MIT
#include "repository/fetch_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository_fixture.h"

namespace callvet {
namespace {

using std::chrono::seconds;
using test::kNow;

const Failure kDead = Fail(Reason::kFetchConnectFailed, "refused");
const Failure kNotFound = Fail(Reason::kFetchHttpStatus, "404");

TEST(FetchGate, BackoffGrowsUpToItsLimit) {
  FetchGate gate({});
  sys_seconds now = kNow;
  for (const int64_t wait : {5, 10, 20, 40, 80, 160, 300, 300, 300}) {
    ASSERT_THAT(gate.Enter(kUrl, now), Succeeds());
    gate.Leave(kUrl, now, kNotFound);
    const auto standing = gate.Standing(kUrl, now + seconds(wait - 1));
    ASSERT_TRUE(standing.has_value()) << wait;
    EXPECT_EQ(standing->reason, Reason::kFetchBackoff);
    EXPECT_THAT(gate.Enter(kUrl, now + seconds(wait - 1)), FailsWith(Reason::kFetchBackoff));
    EXPECT_FALSE(gate.Standing(kUrl, now + seconds(wait)).has_value()) << wait;
    now += seconds(wait);
  }
}

TEST(FetchGate, SuccessForgets) {
  FetchGate gate({});
  ASSERT_THAT(gate.Enter(kUrl, kNow), Succeeds());
  gate.Leave(kUrl, kNow, kNotFound);
  ASSERT_THAT(gate.Enter(kUrl, kNow + seconds(5)), Succeeds());
  gate.Leave(kUrl, kNow + seconds(5), std::nullopt);
  EXPECT_THAT(gate.Enter(kUrl, kNow + seconds(5)), Succeeds());
  // The next failure is the first again.
  gate.Leave(kUrl, kNow + seconds(5), kNotFound);
  EXPECT_TRUE(gate.Standing(kUrl, kNow + seconds(9)).has_value());
  EXPECT_FALSE(gate.Standing(kUrl, kNow + seconds(10)).has_value());
}

// Five in a row: an answer in between, even a bad one, begins anew.
TEST(FetchGate, AHostThatAnswersInBetweenIsNotDead) {
  FetchGate gate({});
  ASSERT_THAT(gate.Enter("https://shaky.example/long", kNow), Succeeds());  // it is not forgotten
  for (int i = 0; i < 20; ++i) {
    const std::string url = "https://shaky.example/" + std::to_string(i);
    ASSERT_THAT(gate.Enter(url, kNow), Succeeds()) << i;
    gate.Leave(url, kNow, i % 5 == 4 ? kNotFound : kDead);
  }
}

TEST(FetchGate, DeadHostIsShutOffThenProbed) {
  FetchGate gate({});
  int begun = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string url = "https://dead.example/" + std::to_string(i);
    if (!gate.Enter(url, kNow)) continue;
    ++begun;
    gate.Leave(url, kNow, kDead);
  }
  EXPECT_EQ(begun, 5);
  EXPECT_THAT(gate.Enter("https://alive.example/x", kNow), Succeeds());
  // The same host in other letters is the same host; another port is another.
  EXPECT_THAT(gate.Enter("https://DEAD.example/new", kNow), FailsWith(Reason::kFetchBackoff));
  EXPECT_THAT(gate.Enter("https://dead.example:8443/new", kNow), Succeeds());
  // One at a time finds out whether it is back.
  const sys_seconds later = kNow + seconds(5);
  EXPECT_THAT(gate.Enter("https://dead.example/a", later), Succeeds());
  EXPECT_THAT(gate.Enter("https://dead.example/b", later), FailsWith(Reason::kFetchBusy));
  gate.Leave("https://dead.example/a", later, std::nullopt);
  EXPECT_THAT(gate.Enter("https://dead.example/b", later), Succeeds());
  EXPECT_THAT(gate.Enter("https://dead.example/c", later), Succeeds());
}

TEST(FetchGate, NobodyShutsAHostOffByAskingForWhatItHasNot) {
  FetchGate gate({});
  // An answer that cannot be used, such as one with a Content-Encoding, is an answer.
  const Failure unusable = Fail(Reason::kFetchTransferFailed, "the body is encoded");
  for (int i = 0; i < 100; ++i) {
    const std::string url = "https://cert.example.org/none" + std::to_string(i);
    ASSERT_THAT(gate.Enter(url, kNow), Succeeds());
    gate.Leave(url, kNow, i % 2 == 0 ? kNotFound : unusable);
  }
  EXPECT_THAT(gate.Enter(kUrl, kNow), Succeeds());
}

TEST(FetchGate, CapsOnWhatIsUnderWay) {
  FetchGateOptions options;
  options.max_under_way = 6;
  options.max_under_way_per_host = 4;
  FetchGate gate(options);
  const auto url = [](char host, int i) {
    return std::string("https://") + host + ".example/" + std::to_string(i);
  };
  for (int i = 0; i < 4; ++i) ASSERT_THAT(gate.Enter(url('a', i), kNow), Succeeds());
  EXPECT_THAT(gate.Enter(url('a', 4), kNow), FailsWith(Reason::kFetchBusy));
  for (int i = 0; i < 2; ++i) ASSERT_THAT(gate.Enter(url('b', i), kNow), Succeeds());
  EXPECT_THAT(gate.Enter(url('c', 0), kNow), FailsWith(Reason::kFetchBusy));
  gate.Leave(url('a', 0), kNow, std::nullopt);
  EXPECT_THAT(gate.Enter(url('c', 0), kNow), Succeeds());
}

TEST(FetchGate, NobodyWaitsForAHostThatWasFoundDead) {
  FetchGate gate({});
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(gate.Enter(kUrl + std::to_string(i), kNow), Succeeds());
    gate.Leave(kUrl + std::to_string(i), kNow, kDead);
  }
  const sys_seconds later = kNow + seconds(5);
  ASSERT_THAT(gate.Enter(kUrl, later), Succeeds());
  // Would not end if it waited.
  EXPECT_THAT(gate.Enter("https://cert.example.org/b", later, {}), FailsWith(Reason::kFetchBusy));
}

TEST(FetchGate, FewWaitForOneHost) {
  FetchGateOptions options;
  options.max_waiting_per_host = 0;
  FetchGate gate(options);
  for (int i = 0; i < 16; ++i) ASSERT_THAT(gate.Enter(kUrl + std::to_string(i), kNow), Succeeds());
  // Would not end if it waited.
  EXPECT_THAT(gate.Enter(kUrl, kNow, {}), FailsWith(Reason::kFetchBusy));
  EXPECT_THAT(gate.Enter("https://other.example/x", kNow, {}), Succeeds());
}

TEST(FetchGate, MemoryIsBoundedAndCapsSurviveForgetting) {
  FetchGateOptions options;
  options.max_tracked = 10;
  options.max_under_way_per_host = 1;
  FetchGate gate(options);
  ASSERT_THAT(gate.Enter(kUrl, kNow), Succeeds());
  for (int i = 0; i < 1000; ++i) {
    const std::string url = "https://h" + std::to_string(i) + ".example/x";
    ASSERT_THAT(gate.Enter(url, kNow), Succeeds());
    gate.Leave(url, kNow, kDead);
  }
  EXPECT_FALSE(gate.Standing("https://h0.example/x", kNow).has_value());
  EXPECT_TRUE(gate.Standing("https://h999.example/x", kNow).has_value());
  EXPECT_THAT(gate.Enter("https://cert.example.org/other", kNow), FailsWith(Reason::kFetchBusy));
}

TEST(FetchGate, ForgiveAllowsAtOnce) {
  FetchGate gate({});
  ASSERT_THAT(gate.Enter(kUrl, kNow), Succeeds());
  gate.Leave(kUrl, kNow, kDead);
  gate.Forgive(kUrl);
  EXPECT_FALSE(gate.Standing(kUrl, kNow).has_value());
  ASSERT_THAT(gate.Enter(kUrl, kNow), Succeeds());
  gate.Leave(kUrl, kNow, kDead);
  gate.ForgiveAll();
  EXPECT_FALSE(gate.Standing(kUrl, kNow).has_value());
}

TEST(FetchGate, Authority) {
  EXPECT_EQ(AuthorityOf("https://a.example:8443/x/y"), "a.example:8443");
  EXPECT_EQ(AuthorityOf("https://a.example?x://y"), "a.example");
  EXPECT_EQ(AuthorityOf("junk"), "junk");
}

}  // namespace
}  // namespace callvet
