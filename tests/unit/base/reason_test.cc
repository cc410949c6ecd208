// SPDX-License-Identifier: MIT
#include "callvet/reason.h"

#include <set>
#include <string>

#include "support/result_matchers.h"

namespace callvet {
namespace {

TEST(Reason, EveryRowIsFoundByItsIdAndByItsEnum) {
  size_t index = 0;
  for (const ReasonInfo& row : AllReasons()) {
    SCOPED_TRACE(row.id);
    EXPECT_EQ(static_cast<size_t>(row.reason), index++);
    EXPECT_EQ(&Info(row.reason), &row);
    EXPECT_EQ(FindReason(row.id), &row);
  }
  EXPECT_EQ(index, static_cast<size_t>(Reason::kInternalError) + 1);
}

TEST(Reason, UnknownIds_AreNotFound) {
  for (const std::string_view id : {"", "Verified", "verified ", "verifie", "no_identity"}) {
    EXPECT_EQ(FindReason(id), nullptr) << id;
  }
}

TEST(Reason, OnlyNonePasses) {
  for (const ReasonInfo& row : AllReasons()) {
    SCOPED_TRACE(row.id);
    const bool none = row.reason == Reason::kNone;
    EXPECT_EQ(row.verstat == Verstat::kTnValidationPassed, none);
    EXPECT_EQ(row.reason_class == ReasonClass::kVerified, none);
    EXPECT_EQ(row.sip_code == 0, none);
  }
}

TEST(Reason, ValuesOutsideTheEnum_AreInternalErrors) {
  for (int value = static_cast<int>(Reason::kInternalError) + 1; value < 256; ++value) {
    EXPECT_EQ(Info(static_cast<Reason>(value)).reason, Reason::kInternalError);
  }
}

TEST(Reason, DefaultFailureIsAnInternalError) {
  EXPECT_EQ(Failure().reason, Reason::kInternalError);
}

TEST(Reason, D10_FailedIsOnlyForTrustAndCryptography) {
  // E17 and E18 of the table, and what belongs to them; all else is No-TN-Validation.
  for (const ReasonInfo& row : AllReasons()) {
    SCOPED_TRACE(row.id);
    if (row.atis_case == "E17" || row.atis_case == "E18") {
      EXPECT_EQ(row.verstat, Verstat::kTnValidationFailed);
    } else if (row.atis_case.starts_with("E")) {
      EXPECT_EQ(row.verstat, Verstat::kNoTnValidation);
    }
  }
}

TEST(Reason, E3_CasesHaveTheCodesOfTheTable) {
  const struct {
    std::string_view atis_case;
    uint16_t code;
  } cases[] = {{"E3", 403},  {"E4", 438},  {"E5", 438},  {"E6", 436},  {"E7", 436},
               {"E9", 436},  {"E10", 436}, {"E11", 437}, {"E12", 437}, {"E13", 438},
               {"E14", 438}, {"E15", 403}, {"E16", 438}, {"E18", 438}, {"E19", 438}};
  for (const auto& [atis_case, code] : cases) {
    size_t rows = 0;
    for (const ReasonInfo& row : AllReasons()) {
      if (row.atis_case != atis_case) continue;
      ++rows;
      EXPECT_EQ(row.sip_code, code) << row.id;
    }
    EXPECT_GT(rows, 0U) << atis_case;
  }
}

TEST(Reason, A53_BadInfoRanksBelowEveryOtherFailureOfAPassport) {
  for (const ReasonInfo& bad_info : AllReasons()) {
    if (bad_info.sip_code != 436) continue;
    for (const ReasonInfo& other : AllReasons()) {
      if (other.reason_class != ReasonClass::kRefused || other.sip_code == 436) continue;
      EXPECT_LT(bad_info.rank, other.rank) << bad_info.id << " and " << other.id;
    }
  }
}

TEST(Reason, D9_VerstatTexts) {
  EXPECT_EQ(VerstatText(Verstat::kTnValidationPassed), "TN-Validation-Passed");
  EXPECT_EQ(VerstatText(Verstat::kTnValidationFailed), "TN-Validation-Failed");
  EXPECT_EQ(VerstatText(Verstat::kNoTnValidation), "No-TN-Validation");
  EXPECT_EQ(VerstatText(static_cast<Verstat>(77)), "No-TN-Validation");
}

TEST(Result, HoldsAValueOrAFailure) {
  const Result<int> value = 3;
  EXPECT_THAT(value, Succeeds());
  const Result<int> failure = Fail(Reason::kIatInvalid, "x");
  EXPECT_THAT(failure, FailsWith(Reason::kIatInvalid));
  const Result<void> nothing;
  EXPECT_THAT(nothing, Succeeds());
}

}  // namespace
}  // namespace callvet
