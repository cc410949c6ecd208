// SPDX-License-Identifier: MIT
// Certificates that are fetched with too little memory: fetched, or not; the next call fetches as
// if nothing had been, and does not wait for a fetch that has ended.
#include <new>

#include "faults/sweep.h"
#include "repository_fixture.h"

namespace callvet::test {
namespace {

class NoMemoryToFetch : public RepositoryTest {
 protected:
  NoMemoryToFetch() { fetcher->Serve(kUrl, Certificates().leaf.pem); }
  // What the next call gets when there is memory again, after one with each allocation failing.
  void ExpectAfterEach(Reason expected) {
    const auto repository = Make();
    const auto get = [&] {
      return repository->Get(kUrl, Deadline::After(std::chrono::seconds(2)));
    };
    for (const Shortage shortage : {Shortage::kOnce, Shortage::kForever}) {
      bool happened = true;
      for (uint64_t n = 1; happened; ++n) {
        repository->Purge(kUrl);
        {
          const AllocationFailure failure(n, shortage);
          try {
            const auto result = get();
            EXPECT_TRUE(!result || (*result)->size() == 1);
          } catch (const std::bad_alloc&) {
          }
          happened = AllocationFailure::Happened();
        }
        repository->Purge(kUrl);
        const auto result = get();
        ASSERT_EQ(result ? Reason::kNone : result.error().reason, expected) << "allocation " << n;
      }
    }
  }
};

TEST_F(NoMemoryToFetch, TheNextCallFetches) {
  ExpectAfterEach(Reason::kNone);
}

TEST_F(NoMemoryToFetch, TheNextCallIsToldWhyItFails) {
  fetcher->FailWith(Reason::kFetchConnectFailed);
  ExpectAfterEach(Reason::kFetchConnectFailed);
}

}  // namespace
}  // namespace callvet::test
