// SPDX-License-Identifier: MIT
#include "verify/authority.h"

#include "call_fixture.h"

namespace callvet::test {
namespace {

JsonValue Json(std::string_view text) {
  return ReadJson(text).value();
}

TEST(ClaimConstraints, B21_MustInclude) {
  ClaimConstraints constraints;
  constraints.must_include = {"attest", "rcd"};
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"attest":"A","rcd":{}})")), Succeeds());
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"attest":"A"})")),
              FailsWith(Reason::kClaimRequired));
}

TEST(ClaimConstraints, B22_PermittedValues) {
  ClaimConstraints constraints;
  constraints.permitted_values = {{"attest", {"B", "C"}}, {"rcd", {R"({"nam":"Q"})"}}};
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"attest":"B"})")), Succeeds());
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"rcd":{ "nam" : "Q" }})")), Succeeds());
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"attest":"A"})")),
              FailsWith(Reason::kClaimValueNotPermitted));
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"attest":"b"})")),
              FailsWith(Reason::kClaimValueNotPermitted));
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"rcd":{"nam":"M"}})")),
              FailsWith(Reason::kClaimValueNotPermitted));
}

TEST(ClaimConstraints, B23_MustExclude) {
  ClaimConstraints constraints;
  constraints.must_exclude = {"rcd"};
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"attest":"B"})")), Succeeds());
  EXPECT_THAT(CheckClaimConstraints(constraints, Json(R"({"rcd":null})")),
              FailsWith(Reason::kClaimExcluded));
}

// H-20: a short code has one form, and a list may hold it in the one with the country code.
TEST(Authority, B6_H20_AListMayHoldAShortCodeWithItsCountryCode) {
  const DialPlan* china = FindDialPlan("CN");
  const PartyClaim code{"95588", {}};
  EXPECT_THAT(CheckAuthority(NumberList({{"95588", 1}}), code, china), Succeeds());
  EXPECT_THAT(CheckAuthority(NumberList({{"8695588", 1}}), code, china), Succeeds());
  EXPECT_THAT(CheckAuthority(NumberList({{"8695589", 1}}), code, china),
              FailsWith(Reason::kTnNotAuthorized));
  // Only the plan says that the two are one number, and of whole numbers it does not.
  EXPECT_THAT(CheckAuthority(NumberList({{"8695588", 1}}), code, nullptr),
              FailsWith(Reason::kTnNotAuthorized));
  EXPECT_THAT(CheckAuthority(NumberList({{"8612155550100", 1}}), {"12155550100", {}}, china),
              FailsWith(Reason::kTnNotAuthorized));
}

// Numbers give no right to a name.
TEST(Authority, B6_AUriNeedsAnSpc) {
  const PartyClaim alice{{}, "sip:alice@example.org"};
  EXPECT_THAT(CheckAuthority(SpcList({"818H"}), alice, nullptr), Succeeds());
  EXPECT_THAT(CheckAuthority(NumberList({{"12155550100", 1}}), alice, nullptr),
              FailsWith(Reason::kTnNotAuthorized));
  EXPECT_THAT(CheckAuthority(NumberList({{"12155550100", 1}}), alice, FindDialPlan("US")),
              FailsWith(Reason::kTnNotAuthorized));
}

TEST(Verifier, B6_ACallerByUriNeedsAnSpc) {
  TestCall call;
  call.header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  call.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256";
  call.payload = R"({"dest":{"tn":["12155550101"]},"iat":1768478400,)"
                 R"("orig":{"uri":"sip:alice@example.org"}})";
  call.request.orig = {"sip:alice@example.org"};
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{"12155550100", 1}});
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kTnNotAuthorized);
}

// A claim of digits may read as two numbers under a plan: the signer must be authorized for the one
// that the call shows.
TEST(Verifier, B6_AuthorityIsForTheCallerThatIsShown) {
  const auto judge = [](std::string_view authorized, std::string_view shown) {
    TestCall call;
    call.options.dial_plan = FindDialPlan("US");
    call.payload = Payload({{"orig", R"({"tn":"6555550100"})"}});
    call.request.orig = {std::string(shown)};
    CertSpec spec = LeafSpec();
    spec.tn_auth_list = NumberList({{std::string(authorized), 1}});
    call.UseLeaf(spec);
    return call.ReasonOf();
  };
  EXPECT_EQ(judge("6555550100", "+6555550100"), Reason::kNone);
  EXPECT_EQ(judge("16555550100", "+6555550100"), Reason::kTnNotAuthorized);
  EXPECT_EQ(judge("16555550100", "+16555550100"), Reason::kNone);
  EXPECT_EQ(judge("6555550100", "+16555550100"), Reason::kTnNotAuthorized);
}

// B-20, B-24, B-26 on whole calls: extension values by hand.
// JWTClaimConstraints { permittedValues [1] { { attest, {B} } } }
constexpr std::string_view kAttestB =
    "\x30\x11\xA1\x0F\x30\x0D\x30\x0B\x16\x06"
    "attest"
    "\x30\x01";

std::string AttestMustBeB() {
  // SEQUENCE { [1] SEQUENCE OF { SEQUENCE { IA5String "attest", SEQUENCE { UTF8String "B" } } } }
  return std::string("\x30\x13\xA1\x11\x30\x0F\x30\x0D\x16\x06", 10) + "attest" +
         std::string("\x30\x03\x0C\x01", 4) + "B";
}

TEST(Verifier, B22_B26_AttestationBeyondTheCertificate) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.27", AttestMustBeB()}};
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kClaimValueNotPermitted);
  call.payload = Payload({{"attest", "\"B\""}});
  EXPECT_EQ(call.ReasonOf(), Reason::kNone);
}

TEST(Verifier, B24_BothFormsOfConstraints) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.27", AttestMustBeB()},
                         {"1.3.6.1.5.5.7.1.33", AttestMustBeB()}};
  call.UseLeaf(spec);
  call.payload = Payload({{"attest", "\"B\""}});
  EXPECT_EQ(call.ReasonOf(), Reason::kClaimConstraintsConflict);
}

TEST(Verifier, B25_MalformedConstraints) {
  TestCall call;
  CertSpec spec = LeafSpec();
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.27", std::string(kAttestB)}};
  call.UseLeaf(spec);
  EXPECT_EQ(call.ReasonOf(), Reason::kClaimConstraintsMalformed);
}

}  // namespace
}  // namespace callvet::test
