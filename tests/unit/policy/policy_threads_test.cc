// SPDX-License-Identifier: MIT
// The policy is swapped as one while calls are decided.
#include <atomic>
#include <thread>

#include "policy_fixture.h"

namespace callvet::test {
namespace {

constexpr std::string_view kThreadsPolicy =
    R"({"country": "US", "registry": {"files": ["numbers.csv"]}})";

std::string Numbers(std::string_view holder) {
  std::string text = "first,last,holder\n";
  for (int i = 0; i < 500; ++i) {
    text += "+1" + std::to_string(2155550100 + i * 10) + ",+1" +
            std::to_string(2155550105 + i * 10) + "," + std::string(holder) + "\n";
  }
  return text;
}

TEST(PolicyKeeper, ABadRowKeepsTheOldTable) {
  const Folder folder;
  const auto file = folder.Write("policy.json", kThreadsPolicy);
  folder.Write("numbers.csv", Numbers("818H"));
  const auto keeper = PolicyKeeper::Open(file);
  ASSERT_THAT(keeper, Succeeds());
  const auto before = (*keeper)->Current();
  TestCall call;
  EXPECT_EQ(DecideSigned(*before, call).action, Action::kPass);

  folder.Write("numbers.csv", Numbers("4321") + "+12155550100,,4321\n");
  const auto problems = (*keeper)->Reload();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 502U);
  EXPECT_EQ((*keeper)->Current(), before);

  folder.Write("numbers.csv", Numbers("4321"));
  EXPECT_TRUE((*keeper)->Reload().empty());
  EXPECT_NE((*keeper)->Current(), before);
  EXPECT_EQ(DecideSigned(*(*keeper)->Current(), call).reason, Reason::kNumberOfAnotherHolder);
  EXPECT_EQ(DecideSigned(*before, call).action, Action::kPass);

  std::filesystem::remove(folder.path() / "numbers.csv");
  EXPECT_FALSE((*keeper)->Reload().empty());
  folder.Write("policy.json", "{");
  EXPECT_FALSE((*keeper)->Reload().empty());
  EXPECT_EQ(DecideSigned(*(*keeper)->Current(), call).reason, Reason::kNumberOfAnotherHolder);
}

TEST(PolicyThreads, ReloadDuringLookups) {
  const Folder folder;
  const auto file = folder.Write("policy.json", kThreadsPolicy);
  folder.Write("numbers.csv", Numbers("818H"));
  auto opened = PolicyKeeper::Open(file);
  ASSERT_THAT(opened, Succeeds());
  PolicyKeeper& keeper = **opened;
  TestCall signed_call;
  const Verdict verdict = signed_call.Judge();
  ASSERT_TRUE(verdict.passed());
  PolicyCall call;
  call.orig = signed_call.request.orig;
  call.dest = signed_call.request.dest;

  std::atomic<bool> stop{false};
  std::atomic<size_t> others{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        const auto policy = keeper.Current();
        const Disposition disposition = Decide(*policy, call, verdict);
        const bool allowed = disposition.action == Action::kPass;
        const bool blocked = disposition.reason == Reason::kNumberOfAnotherHolder;
        if (allowed == blocked) ++others;
      }
    });
  }
  std::thread second_reloader([&] {
    for (int i = 0; i < 10; ++i) (void)keeper.Reload();
  });
  for (int i = 0; i < 20; ++i) {
    // Written beside and renamed, as an operator should.
    folder.Write("next.csv", Numbers(i % 2 == 0 ? "4321" : "818H"));
    std::filesystem::rename(folder.path() / "next.csv", folder.path() / "numbers.csv");
    EXPECT_TRUE(keeper.Reload().empty());
  }
  second_reloader.join();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(others.load(), 0U);
}

}  // namespace
}  // namespace callvet::test
