// SPDX-License-Identifier: MIT
#include "verify/trail.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

Trail AllPassed() {
  Trail trail;
  for (const CheckInfo& info : kCheckTable) trail.Pass(info.id, "");
  return trail;
}

Reason Finish(Trail trail) {
  PassportVerdict verdict;
  std::move(trail).Finish(verdict);
  return verdict.reason;
}

TEST(Trail, PassesOnlyIfNoCheckIsLeftOut) {
  EXPECT_EQ(Finish(AllPassed()), Reason::kNone);
  EXPECT_EQ(Finish(Trail()), Reason::kInternalError);
  for (const CheckInfo& left_out : kCheckTable) {
    Trail trail;
    for (const CheckInfo& info : kCheckTable) {
      if (info.id != left_out.id) trail.Pass(info.id, "");
    }
    EXPECT_EQ(Finish(std::move(trail)), Reason::kInternalError) << left_out.name;
  }
}

TEST(Trail, TheFirstFailureInTheOrderOfTheTableCounts) {
  Trail trail = AllPassed();
  trail.Fail(CheckId::kSignature, Fail(Reason::kSignatureInvalid, ""));
  trail.Fail(CheckId::kOrig, Fail(Reason::kOrigMismatch, ""));
  EXPECT_TRUE(trail.failed());
  EXPECT_EQ(Finish(std::move(trail)), Reason::kOrigMismatch);
}

TEST(Trail, AFailureWithoutAReasonIsAnInternalError) {
  Trail trail = AllPassed();
  trail.Fail(CheckId::kSignature, Failure{Reason::kNone, ""});
  EXPECT_EQ(Finish(std::move(trail)), Reason::kInternalError);
}

}  // namespace
}  // namespace callvet
