// SPDX-License-Identifier: MIT
// Policies are read while calls are decided by others.
#include <atomic>
#include <mutex>
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

TEST(PolicyThreads, ATableWithABadRowIsNoPolicy) {
  const Folder folder;
  const auto file = folder.Write("policy.json", kThreadsPolicy);
  folder.Write("numbers.csv", Numbers("818H"));
  const LoadedPolicy before = LoadPolicy(file);
  ASSERT_NE(before.policy, nullptr);
  TestCall call;
  EXPECT_EQ(DecideSigned(*before.policy, call).action, Action::kPass);

  folder.Write("numbers.csv", Numbers("4321") + "+12155550100,,4321\n");
  const LoadedPolicy bad = LoadPolicy(file);
  EXPECT_EQ(bad.policy, nullptr);
  ASSERT_EQ(bad.problems.size(), 1U);
  EXPECT_EQ(bad.problems[0].line, 502U);

  folder.Write("numbers.csv", Numbers("4321"));
  const LoadedPolicy after = LoadPolicy(file);
  ASSERT_NE(after.policy, nullptr);
  EXPECT_EQ(DecideSigned(*after.policy, call).reason, Reason::kNumberOfAnotherHolder);
  // Calls under way keep the one that they began with.
  EXPECT_EQ(DecideSigned(*before.policy, call).action, Action::kPass);

  std::filesystem::remove(folder.path() / "numbers.csv");
  EXPECT_EQ(LoadPolicy(file).policy, nullptr);
  folder.Write("policy.json", "{");
  EXPECT_EQ(LoadPolicy(file).policy, nullptr);
}

// What is read while calls are decided by another one is whole, or none.
TEST(PolicyThreads, LoadingDuringLookups) {
  const Folder folder;
  const auto file = folder.Write("policy.json", kThreadsPolicy);
  folder.Write("numbers.csv", Numbers("818H"));
  TestCall signed_call;
  const Verdict verdict = signed_call.Judge();
  ASSERT_TRUE(verdict.passed());
  PolicyCall call;
  call.orig = signed_call.request.orig;
  call.dest = signed_call.request.dest;

  std::mutex mutex;
  std::shared_ptr<const Policy> current = LoadPolicy(file).policy;
  ASSERT_NE(current, nullptr);
  std::atomic<bool> stop{false};
  std::atomic<size_t> others{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        std::unique_lock lock(mutex);
        const auto policy = current;
        lock.unlock();
        const Disposition disposition = Decide(*policy, call, verdict);
        const bool allowed = disposition.action == Action::kPass;
        const bool blocked = disposition.reason == Reason::kNumberOfAnotherHolder;
        if (allowed == blocked) ++others;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    // Written beside and renamed, as an operator should.
    folder.Write("next.csv", Numbers(i % 2 == 0 ? "4321" : "818H"));
    std::filesystem::rename(folder.path() / "next.csv", folder.path() / "numbers.csv");
    LoadedPolicy loaded = LoadPolicy(file);
    ASSERT_NE(loaded.policy, nullptr);
    const std::lock_guard lock(mutex);
    current = std::move(loaded.policy);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(others.load(), 0U);
}

}  // namespace
}  // namespace callvet::test
