// SPDX-License-Identifier: MIT
// A trust store that was to be replaced is: whoever was revoked since must not go on.
#include <memory>

#include <gtest/gtest.h>

#include "faults/countdown.h"
#include "support/test_pki.h"
#include "verify/current_trust_store.h"

namespace callvet::test {
namespace {

TEST(NoMemoryToReplace, ATrustStoreIsReplacedAllTheSame) {
  const auto before = StoreOf({});
  const auto after = StoreOf({});
  for (const Shortage shortage : {Shortage::kOnce, Shortage::kForever}) {
    bool happened = true;
    uint64_t n = 1;
    for (; happened; ++n) {
      CurrentTrustStore current(before);
      {
        const AllocationFailure failure(n, shortage);
        current.Replace(after);
      }
      happened = AllocationFailure::Happened();
      EXPECT_EQ(current.Get(), after) << "allocation " << n;
      EXPECT_EQ(current.GetOwner(), after) << "allocation " << n;
    }
    EXPECT_GT(n, 2U);
  }
}

}  // namespace
}  // namespace callvet::test
