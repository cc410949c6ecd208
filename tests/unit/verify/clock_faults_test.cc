// SPDX-License-Identifier: MIT
// Clocks that jump, and the years in which 32 bits run over. One verifier sees all of it: what it
// remembers of chains must not outlive the time that it was true at.
#include "base/base64url.h"
#include "call_fixture.h"

namespace callvet::test {
namespace {

class MovedClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override { return now; }
  sys_seconds now = kNow;
};

class ClockFaults : public testing::Test {
 protected:
  // The verdict of a call whose token is of `iat`, judged by a clock that says `now`.
  Reason At(sys_seconds now, sys_seconds iat) {
    if (verifier_ == nullptr) {
      call_.source->bundle = std::make_shared<const CertificateBundle>(call_.bundle);
      verifier_ = std::make_unique<Verifier>(call_.options, call_.store, call_.source, clock_,
                                             call_.engine);
    }
    clock_->now = now;
    call_.payload = Payload({}, iat);
    CallRequest request = call_.request;
    request.identities = {call_.Identity()};
    const Verdict verdict = verifier_->Verify(request, Deadline());
    EXPECT_EQ(verdict.judged_at, now);
    return verdict.reason;
  }
  Reason FreshAt(sys_seconds now) { return At(now, now); }

  TestCall call_;
  std::shared_ptr<MovedClock> clock_ = std::make_shared<MovedClock>();
  std::unique_ptr<Verifier> verifier_;
};

TEST_F(ClockFaults, JumpsForwardAndBackBetweenCalls) {
  EXPECT_EQ(At(kNow, kNow), Reason::kNone);
  for (const auto jump : {seconds(61), seconds(days(1)), seconds(days(200))}) {
    EXPECT_EQ(At(kNow + jump, kNow), Reason::kIatStale);
    EXPECT_EQ(At(kNow, kNow), Reason::kNone);
    EXPECT_EQ(At(kNow - jump, kNow), Reason::kIatInFuture);
    EXPECT_EQ(At(kNow, kNow), Reason::kNone);
  }
}

TEST_F(ClockFaults, AChainThatWasGoodIsJudgedAgainAtEachTime) {
  CertSpec spec = LeafSpec();
  spec.not_before = kNow - hours(1);
  spec.not_after = kNow + hours(1);
  call_.UseLeaf(spec);
  EXPECT_EQ(FreshAt(kNow), Reason::kNone);
  EXPECT_EQ(FreshAt(kNow + hours(1)), Reason::kNone);  // both ends count
  EXPECT_EQ(FreshAt(kNow + hours(1) + seconds(1)), Reason::kCertificateExpired);
  EXPECT_EQ(FreshAt(kNow), Reason::kNone);
  EXPECT_EQ(FreshAt(kNow - hours(1) - seconds(1)), Reason::kCertificateNotYetValid);
  EXPECT_EQ(FreshAt(kNow), Reason::kNone);
}

// 1970, before it, and a clock that lost all sense.
TEST_F(ClockFaults, NonsenseDoesNotPass) {
  EXPECT_EQ(FreshAt(kNow), Reason::kNone);
  for (const sys_seconds now :
       {sys_seconds(), sys_seconds(seconds(-1)), sys_seconds(seconds(-4'000'000'000)),
        sys_seconds(seconds(253'402'300'799))}) {
    EXPECT_NE(At(now, kNow), Reason::kNone);
    EXPECT_NE(FreshAt(now), Reason::kNone);
  }
  EXPECT_EQ(FreshAt(kNow), Reason::kNone);
}

// Seconds that do not fit into 31, 32 bits; years from 2050 on, which certificates write in another
// form.
TEST_F(ClockFaults, TheYears2038And2050And2106) {
  for (const int64_t at : {int64_t{2'147'483'647}, int64_t{2'147'483'648}, int64_t{2'147'483'700},
                           int64_t{2'524'608'000}, int64_t{4'294'967'295}, int64_t{4'294'967'296},
                           int64_t{4'294'967'400}}) {
    const sys_seconds now{seconds(at)};
    verifier_ = nullptr;
    CertSpec root = CaSpec("/C=US/O=Test CA/CN=SHAKEN Root");
    CertSpec ca = CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
    CertSpec leaf = LeafSpec();
    for (CertSpec* spec : {&root, &ca, &leaf}) {
      spec->not_before = now - days(1);
      spec->not_after = now + days(1);
    }
    call_.root = IssueSelfSigned(root);
    call_.ca = Issue(ca, call_.root);
    call_.UseLeaf(leaf);
    CrlSpec crl;
    crl.this_update = now - hours(1);
    crl.next_update = now + hours(1);
    call_.store = StoreOf({.anchors = {call_.root}, .crls = {MakeCrl(crl, call_.ca)}});
    EXPECT_EQ(FreshAt(now), Reason::kNone) << at;
    EXPECT_EQ(At(now, now - seconds(61)), Reason::kIatStale) << at;
    EXPECT_EQ(At(now, now + seconds(61)), Reason::kIatInFuture) << at;
    EXPECT_EQ(FreshAt(now + days(1) + seconds(1)), Reason::kCertificateExpired) << at;
    verifier_ = nullptr;
    crl.entries = {{.serial_hex = call_.leaf.certificate.serial_hex(), .since = now - hours(2)}};
    call_.store = StoreOf({.anchors = {call_.root}, .crls = {MakeCrl(crl, call_.ca)}});
    EXPECT_EQ(FreshAt(now), Reason::kCertificateRevoked) << at;
  }
}

}  // namespace
}  // namespace callvet::test
