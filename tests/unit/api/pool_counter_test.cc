// SPDX-License-Identifier: MIT
// What of a judged call is counted, and for whom.
#include "api/pool_counter.h"

#include <gtest/gtest.h>

namespace callvet {
namespace {

Verdict VerifiedBy(const std::vector<std::string>& spcs, const std::vector<std::string>& above) {
  Verdict verdict;
  verdict.reason = Reason::kNone;
  PassportVerdict passport;
  passport.reason = Reason::kNone;
  passport.orig = "12155550100";
  passport.origid = "de305d54-75b4-431b-adb2-eb6b9e546014";
  SignerInfo signer;
  signer.spcs = spcs;
  signer.delegated_by_spcs = above;
  passport.signer = std::make_shared<const SignerInfo>(std::move(signer));
  verdict.passports.push_back(passport);
  verdict.decided_by = 0;
  return verdict;
}

CallRequest CallOfAlice() {
  CallRequest request;
  request.orig = {"\"Alice\" <sip:+12155550100@example.org;user=phone>"};
  request.dest = {"tel:+1-215-555-0101"};
  return request;
}

TEST(PoolCounter, AVerifiedCallCountsForOrigidAndSigner) {
  const CountedCall counted =
      CountedCallOf(CallOfAlice(), VerifiedBy({"4321", "8765"}, {}), CallTime{}, nullptr);
  EXPECT_EQ(counted.caller, "12155550100");
  EXPECT_EQ(counted.callee, "12155550101");
  EXPECT_EQ(counted.signer, "4321");
  EXPECT_EQ(counted.origid, "de305d54-75b4-431b-adb2-eb6b9e546014");
  EXPECT_EQ(CountedCallOf(CallOfAlice(), VerifiedBy({}, {"8765"}), CallTime{}, nullptr).signer,
            "8765");
}

TEST(PoolCounter, APartyThatIsLongIsCountedByItsHash) {
  CallRequest request;
  request.orig = {"sip:" + std::string(5'000, 'a') + "@example.org"};
  request.dest = {"sip:" + std::string(5'000, 'b') + "@example.org"};
  const CountedCall counted = CountedCallOf(request, Verdict(), CallTime{}, nullptr);
  EXPECT_EQ(counted.caller.size(), 64U);
  EXPECT_EQ(counted.callee.size(), 64U);
  EXPECT_NE(counted.caller, counted.callee);
}

TEST(PoolCounter, ClaimsOfACallThatIsNotVerifiedCountForNobody) {
  Verdict verdict = VerifiedBy({"4321"}, {});
  verdict.reason = Reason::kOrigMismatch;
  CallRequest request = CallOfAlice();
  request.orig = {"anonymous", "+12155550199"};
  const CountedCall counted = CountedCallOf(request, verdict, CallTime{}, nullptr);
  EXPECT_EQ(counted.caller, "12155550199");
  EXPECT_EQ(counted.signer, "");
  EXPECT_EQ(counted.origid, "");
  EXPECT_EQ(CountedCallOf({}, Verdict(), CallTime{}, nullptr).caller, "");
}

TEST(PoolCounter, RefusedIsWhatThePolicyRejectsElseWhatTheVerdictRefuses) {
  Verdict verdict;
  verdict.reason = Reason::kOrigMismatch;
  EXPECT_EQ(PoolOutcomeOf(verdict, std::nullopt), CountedCall::Outcome::kRefused);
  Disposition disposition;
  disposition.action = Action::kTag;
  EXPECT_EQ(PoolOutcomeOf(verdict, disposition), CountedCall::Outcome::kGoesOn);
  verdict.reason = Reason::kNoIdentity;
  EXPECT_EQ(PoolOutcomeOf(verdict, std::nullopt), CountedCall::Outcome::kGoesOn);
  disposition.action = Action::kReject;
  EXPECT_EQ(PoolOutcomeOf(verdict, disposition), CountedCall::Outcome::kRefused);
}

}  // namespace
}  // namespace callvet
