// SPDX-License-Identifier: MIT
// One verifier over several calls: what it remembers of a chain never outlives its truth (C-24).
#include "call_fixture.h"

namespace callvet::test {
namespace {

class SettableClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override { return now; }
  sys_seconds now = kNow;
};

class ChainCacheUseTest : public ::testing::TestWithParam<size_t> {
 protected:
  ChainCacheUseTest() {
    call_.options.max_cached_chains = GetParam();
    call_.source->bundle = std::make_shared<const CertificateBundle>(call_.bundle);
    verifier_ =
        std::make_unique<Verifier>(call_.options, call_.store, call_.source, clock_, call_.engine);
  }
  Reason Judge() {
    call_.payload = Payload({}, clock_->now);
    CallRequest request = call_.request;
    request.identities = {call_.Identity()};
    return verifier_->Verify(request, Deadline()).reason;
  }

  TestCall call_;
  std::shared_ptr<SettableClock> clock_ = std::make_shared<SettableClock>();
  std::unique_ptr<Verifier> verifier_;
};

TEST_P(ChainCacheUseTest, C24_ReplacedStoreExpiryAndRevocation) {
  EXPECT_EQ(Judge(), Reason::kNone);
  EXPECT_EQ(Judge(), Reason::kNone);
  verifier_->ReplaceTrustStore(StoreOf({}));
  EXPECT_EQ(Judge(), Reason::kChainUntrusted);
  CrlSpec crl;
  crl.entries = {{.serial_hex = call_.leaf.certificate.serial_hex()}};
  verifier_->ReplaceTrustStore(
      StoreOf({.anchors = {call_.root}, .crls = {MakeCrl(crl, call_.ca)}}));
  EXPECT_EQ(Judge(), Reason::kCertificateRevoked);
  verifier_->ReplaceTrustStore(call_.store);
  EXPECT_EQ(Judge(), Reason::kNone);
  clock_->now = call_.leaf.certificate.not_after() + seconds(1);
  EXPECT_EQ(Judge(), Reason::kCertificateExpired);
}

INSTANTIATE_TEST_SUITE_P(OnAndOff, ChainCacheUseTest, ::testing::Values(size_t{16'384}, size_t{0}));

}  // namespace
}  // namespace callvet::test
