// SPDX-License-Identifier: MIT
#include "issue/random_uuid.h"

#include <set>
#include <thread>
#include <vector>

#include "support/result_matchers.h"
#include "syntax/extension_claims.h"

namespace callvet {
namespace {

void ExpectNew(const Result<std::string>& uuid, std::set<std::string>& seen) {
  ASSERT_THAT(uuid, Succeeds());
  EXPECT_TRUE(IsUuid(*uuid)) << *uuid;
  EXPECT_EQ((*uuid)[14], '4');
  EXPECT_NE(std::string_view("89ab").find((*uuid)[19]), std::string_view::npos);
  EXPECT_TRUE(seen.insert(*uuid).second);
}

TEST(RandomUuid, IsVersion4AndNew) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) ExpectNew(RandomUuid(), seen);
}

TEST(RandomUuids, AreVersion4AndNewForAllThreads) {
  RandomUuids uuids;
  constexpr size_t kEach = 2'000;  // more than are drawn at once
  std::vector<std::vector<Result<std::string>>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < kEach; ++i) mine.push_back(uuids.Next());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> seen;
  for (const auto& mine : drawn) {
    for (const auto& uuid : mine) ExpectNew(uuid, seen);
  }
}

}  // namespace
}  // namespace callvet
