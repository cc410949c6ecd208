// SPDX-License-Identifier: MIT
// One verifier, many threads, trust stores swapped meanwhile. Worth most under ThreadSanitizer.
#include <atomic>
#include <thread>

#include "call_fixture.h"

namespace callvet::test {
namespace {

class SharedSource final : public CertificateSource {
 public:
  explicit SharedSource(CertificateBundle bundle)
      : bundle_(std::make_shared<const CertificateBundle>(std::move(bundle))) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view /*x5u*/, const Deadline& /*deadline*/) const override {
    return bundle_;
  }

 private:
  std::shared_ptr<const CertificateBundle> bundle_;
};

TEST(Concurrency, VerifyWhileTrustStoresAreSwapped) {
  TestCall call;
  CallRequest request = call.request;
  request.identities = {call.Identity()};
  Verifier verifier(call.options, call.store, std::make_shared<SharedSource>(call.bundle),
                    std::make_shared<FixedClock>(kNow), call.engine);
  const auto stranger = StoreOf({.anchors = {IssueRoot("/CN=Stranger")}});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const Reason reason = verifier.Verify(request, Deadline()).reason;
        if (reason != Reason::kNone && reason != Reason::kChainUntrusted) ++wrong;
      }
    });
  }
  for (int i = 0; i < 200; ++i) verifier.ReplaceTrustStore(i % 2 == 0 ? stranger : call.store);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(verifier.Verify(request, Deadline()).reason, Reason::kNone);
}

}  // namespace
}  // namespace callvet::test
