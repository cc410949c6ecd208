// SPDX-License-Identifier: MIT
#include "issue/extension_members.h"

#include "base/base64url.h"
#include "callvet/identity_header.h"
#include "lab_pki.h"
#include "support/result_matchers.h"
#include "syntax/extension_claims.h"

namespace callvet {
namespace {

constexpr char kX5u[] = "https://cert.example.org/a.pem";
constexpr sys_seconds kIat{std::chrono::seconds(1768478400)};

PassportRequest Shaken() {
  PassportRequest request;
  request.ppt = "shaken";
  request.x5u = kX5u;
  request.orig.tn = "12155550100";
  request.dest.tn = {"12155550101"};
  request.iat = kIat;
  request.attest = "A";
  request.origid = "123e4567-e89b-12d3-a456-426655440000";
  return request;
}

std::string PayloadOf(const std::string& token) {
  const auto header = IdentityHeader::ParseBareToken(token).value();
  return DecodeBase64Url(header.payload_part()).value();
}

DiversionRequest To(const std::string& tn) {
  DiversionRequest request;
  request.x5u = "https://cert.example.org/b.pem";
  request.dest.tn = {tn};
  request.iat = kIat + std::chrono::seconds(5);
  return request;
}

TEST(DivertPassport, F1_OrigAndDivOfTheOriginal_NoneOfItsOtherClaims) {
  const PrivateKey key = NewKey();
  const std::string inner = SignPassport(Shaken(), key).value();
  const auto request = DivertPassport(inner, To("12155550102"));
  ASSERT_THAT(request, Succeeds());
  const auto token = SignPassport(*request, key);
  ASSERT_THAT(token, Succeeds());
  EXPECT_EQ(PayloadOf(*token),
            R"({"dest":{"tn":["12155550102"]},"div":{"tn":"12155550101"},"iat":1768478405,)"
            R"("orig":{"tn":"12155550100"}})");
  const auto header = RenderIdentityHeader(*token, {request->x5u, "div"});
  ASSERT_THAT(header, Succeeds());
  // And from an Identity header.
  const auto again = DivertPassport(*header + "\r\n", To("12155550103"));
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(*again->extra_claims.at(0).second.Find("tn")->AsString(), "12155550102");
}

TEST(DivertPassport, F7_DivOEnclosesTheToken) {
  const PrivateKey key = NewKey();
  const std::string inner = SignPassport(Shaken(), key).value();
  DiversionRequest to = To("12155550102");
  to.kind = DiversionRequest::Kind::kDivO;
  const auto request = DivertPassport(inner, to);
  ASSERT_THAT(request, Succeeds());
  EXPECT_EQ(request->ppt, "div-o");
  const auto token = SignPassport(*request, key);
  ASSERT_THAT(token, Succeeds());
  EXPECT_EQ(*ReadJson(PayloadOf(*token))->Find("opt")->AsString(), inner);
}

TEST(DivertPassport, Failures) {
  const PrivateKey key = NewKey();
  const std::string inner = SignPassport(Shaken(), key).value();
  EXPECT_THAT(DivertPassport(inner, To("12155550101")), FailsWith(Reason::kDivLoop));
  DiversionRequest other = To("12155550102");
  other.div = PartyClaim{"12155550109", {}};
  EXPECT_THAT(DivertPassport(inner, other), FailsWith(Reason::kDivLinkMissing));
  other.rules = Rules::kIgnored;
  EXPECT_THAT(DivertPassport(inner, other), Succeeds());
  PassportRequest several = Shaken();
  several.dest.tn = {"12155550101", "12155550104"};
  const std::string group = SignPassport(several, key).value();
  EXPECT_THAT(DivertPassport(group, To("12155550102")), FailsWith(Reason::kParameterMissing));
  const std::string compact = ".." + inner.substr(inner.rfind('.') + 1) + ";info=<" + kX5u + ">";
  EXPECT_THAT(DivertPassport(compact, To("12155550102")),
              FailsWith(Reason::kCompactFormNotAllowed));
  EXPECT_THAT(DivertPassport("x", To("12155550102")), FailsWith(Reason::kTokenMalformed));
}

TEST(SignPassport, F_ClaimsOfTheTypeAreDemanded) {
  const PrivateKey key = NewKey();
  PassportRequest request = Shaken();
  request.attest.reset();
  request.origid.reset();
  for (const auto& [ppt, reason] :
       {std::pair{"div", Reason::kDivClaimMissing}, std::pair{"div-o", Reason::kDivClaimMissing},
        std::pair{"rph", Reason::kRphMissing}, std::pair{"rcd", Reason::kRcdMissing},
        std::pair{"msg", Reason::kMsgiMissing}}) {
    request.ppt = ppt;
    EXPECT_THAT(SignPassport(request, key), FailsWith(reason)) << ppt;
  }
  request.ppt = "rph";
  request.extra_claims = RphMembers({"ets.0"}, "psap-callback");
  EXPECT_THAT(SignPassport(request, key), FailsWith(Reason::kSphInvalid));
  request.extra_claims = RphMembers({"esnet.1", "ets.0"}, "psap-callback");
  const auto token = SignPassport(request, key);
  ASSERT_THAT(token, Succeeds());
  EXPECT_EQ(PayloadOf(*token),
            R"({"dest":{"tn":["12155550101"]},"iat":1768478400,"orig":{"tn":"12155550100"},)"
            R"("rph":{"auth":["esnet.1","ets.0"]},"sph":"psap-callback"})");
}

TEST(SignPassport, D2_ShakenNamesNumbers) {
  const PrivateKey key = NewKey();
  PassportRequest request = Shaken();
  request.orig = {{}, "sip:alice@example.org"};
  EXPECT_THAT(SignPassport(request, key), FailsWith(Reason::kOrigInvalid));
  request = Shaken();
  request.dest = {{}, {"sip:bob@example.org"}};
  EXPECT_THAT(SignPassport(request, key), FailsWith(Reason::kDestInvalid));
}

TEST(RcdMembers, F22_V12_Digests) {
  const JsonValue rcd = ReadJson(R"({"nam":"Q Branch Spy Gadgets"})").value();
  const auto members = RcdMembers(rcd, "Delivery", {{"/nam", {}}, {"/icn", "PNG"}});
  ASSERT_THAT(members, Succeeds());
  const JsonValue payload(*members);
  EXPECT_EQ(*payload.Find("rcdi")->Find("/nam")->AsString(),
            "sha256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY");
  EXPECT_NE(payload.Find("rcdi")->Find("/icn"), nullptr);
  EXPECT_EQ(*payload.Find("crn")->AsString(), "Delivery");
  EXPECT_THAT(RcdMembers(rcd, "", {{"/apn", {}}}), FailsWith(Reason::kRcdInvalid));
}

// What a verifier refuses is not signed: a URI without a digest of what it leads to.
TEST(RcdMembers, F23_AUriNeedsTheDigestOfItsContent) {
  const JsonValue rcd =
      ReadJson(
          R"({"nam":"Alice","icn":"https://example.org/i.png","jcd":["vcard",[["photo",{},"uri",)"
          R"("https://example.org/p.png"]]]})")
          .value();
  EXPECT_THAT(RcdMembers(rcd, "", {{"/icn", {}}}), FailsWith(Reason::kRcdDigestMissing));
  EXPECT_THAT(RcdMembers(rcd, "", {{"/jcd/1/0/3", {}}}), FailsWith(Reason::kRcdDigestMissing));
  const PrivateKey key = NewKey();
  PassportRequest request = Shaken();
  for (const bool both : {false, true}) {
    std::vector<RcdDigestRequest> digests = {{"/icn", "PNG"}};
    if (both) digests.push_back({"/jcd/1/0/3", "PNG"});
    request.extra_claims = RcdMembers(rcd, "", digests).value();
    for (const char* ppt : {"rcd", "shaken"}) {
      request.ppt = ppt;
      request.rules = Rules::kEnforced;
      const auto token = SignPassport(request, key);
      if (both) {
        EXPECT_THAT(token, Succeeds()) << ppt;
      } else {
        EXPECT_THAT(token, FailsWith(Reason::kRcdDigestMissing)) << ppt;
      }
      request.rules = Rules::kIgnored;
      EXPECT_THAT(SignPassport(request, key), Succeeds()) << ppt;
    }
  }
}

TEST(MsgMembers, F30_DigestOfTheBody) {
  const auto members = MsgMembers("");
  ASSERT_THAT(members, Succeeds());
  EXPECT_EQ(*members->at(0).second.AsString(),
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

}  // namespace
}  // namespace callvet
