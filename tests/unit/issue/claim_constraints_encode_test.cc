// SPDX-License-Identifier: MIT
#include "base/text.h"
#include "issue/certificate_issuer.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using Form = ClaimConstraints::Form;

ClaimConstraints Confidence() {
  ClaimConstraints constraints;
  constraints.must_include = {"confidence"};
  constraints.permitted_values = {{"confidence", {"high", "medium"}}};
  return constraints;
}

TEST(EncodeClaimConstraints, WritesTheExtensionOfRfc9118) {
  // The certificate of RFC 9118 appendix A.
  ClaimConstraints constraints = Confidence();
  constraints.must_exclude = {"priority"};
  const auto der = EncodeClaimConstraints(constraints, Form::kEnhanced);
  ASSERT_THAT(der, Succeeds());
  EXPECT_EQ(ToHex(*der),
            "3040"
            "a00e300c160a636f6e666964656e6365"
            "a120301e301c160a636f6e666964656e6365300e0c04686967680c066d656469756d"
            "a20c300a16087072696f72697479");
}

TEST(EncodeClaimConstraints, IsWhatParseReads) {
  ClaimConstraints constraints = Confidence();
  constraints.must_exclude = {"rcd", "crn"};
  const auto der = EncodeClaimConstraints(constraints, Form::kEnhanced);
  ASSERT_THAT(der, Succeeds());
  const std::vector<uint8_t> bytes(der->begin(), der->end());
  const auto read = ClaimConstraints::Parse(bytes, Form::kEnhanced);
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, constraints);
}

TEST(EncodeClaimConstraints, RefusesWhatNobodyCouldRead) {
  const auto refused = [](const ClaimConstraints& constraints, Form form) {
    return testing::Value(EncodeClaimConstraints(constraints, form),
                          FailsWith(Reason::kClaimConstraintsMalformed));
  };
  EXPECT_TRUE(refused({}, Form::kOriginal));
  EXPECT_TRUE(refused({{}, {{"attest", {}}}, {}}, Form::kOriginal));
  EXPECT_TRUE(refused({{""}, {}, {}}, Form::kOriginal));
  EXPECT_TRUE(refused({{"\xC3\xA4"}, {}, {}}, Form::kOriginal));
  EXPECT_TRUE(refused({{}, {{"attest", {"\xFF"}}}, {}}, Form::kOriginal));
  EXPECT_TRUE(refused({{}, {}, {"rcd"}}, Form::kOriginal));
  EXPECT_TRUE(refused({{}, {}, {"orig"}}, Form::kEnhanced));  // B-23: would count as absent
}

}  // namespace
}  // namespace callvet
