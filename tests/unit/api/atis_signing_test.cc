// SPDX-License-Identifier: MIT
#include "api/atis_signing.h"

#include "api/atis_verification.h"
#include "unit/api/api_lab.h"

namespace callvet {
namespace {

using test::ApiLab;

class AtisSigningTest : public testing::Test {
 protected:
  AtisSigningTest()
      : key_(PrivateKey::FromPem(lab_.hierarchy().leaf.key.PrivatePem())),
        signer_{*key_, std::string(test::kX5u)} {}

  static std::string Request(const std::string& extra = "", const std::string& attest = "A") {
    return R"({"signingRequest":{"attest":")" + attest +
           R"(","dest":{"tn":["+1 215 555 0101"]},"iat":)" + std::to_string(ApiLab::now()) +
           R"(,"orig":{"tn":"+1-215-555-0100"},"origid":")" + std::string(test::kOrigid) + "\"" +
           extra + "}}";
  }

  [[nodiscard]] ApiReply Sign(const std::string& body, const DialPlan* plan = nullptr) const {
    return AtisSigning(&signer_, body, plan);
  }
  /// The claim `name` of what was signed.
  static std::string Claim(const ApiReply& reply, std::string_view name) {
    const auto json = ReadJson(reply.body);
    const JsonValue* response = json ? json->Find("signingResponse") : nullptr;
    const JsonValue* identity = response != nullptr ? response->Find("identity") : nullptr;
    if (identity == nullptr) return reply.body;
    const std::string& token = *identity->AsString();
    const size_t begin = token.find('.') + 1;
    const auto payload = DecodeBase64Url(token.substr(begin, token.find('.', begin) - begin));
    return WriteJson(*ReadJson(*payload)->Find(name));
  }

  ApiLab lab_;
  Result<PrivateKey> key_;
  CallSigner signer_;
};

std::string WithoutSpaces(std::string text) {
  return test::Replaced(std::move(text), "+1 215 555 0101", "+1.215.555.0101");
}

TEST_F(AtisSigningTest, E2_SignsWhatTheVerifierPasses) {
  const ApiReply reply = Sign(WithoutSpaces(Request()));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto json = ReadJson(reply.body);
  ASSERT_THAT(json, Succeeds());
  const JsonValue* identity = json->Find("signingResponse")->Find("identity");
  ASSERT_NE(identity, nullptr) << reply.body;
  const std::string request =
      R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":["12155550101"]},"time":)" +
      std::to_string(ApiLab::now()) + R"(,"identity":)" + WriteJson(*identity) + "}}";
  EXPECT_EQ(AtisVerification(lab_.core(), request, Deadline()).body,
            R"({"verificationResponse":{"verstat":"TN-Validation-Passed"}})");
}

TEST_F(AtisSigningTest, E21_MsMembers) {
  const ApiReply shaken = Sign(WithoutSpaces(Request(R"(,"ppt":"shaken")")));
  EXPECT_EQ(shaken.status, 200);
  EXPECT_THAT(shaken.body, testing::StartsWith(R"({"signingResponse":{"identityHeader":")"));
  // It may be an ATIS client's as well, which looks for the other member.
  const auto both = ReadJson(shaken.body);
  ASSERT_THAT(both, Succeeds());
  const JsonValue* response = both->Find("signingResponse");
  ASSERT_NE(response->Find("identity"), nullptr) << shaken.body;
  EXPECT_EQ(*response->Find("identity")->AsString(), *response->Find("identityHeader")->AsString());
  const ApiReply div = Sign(WithoutSpaces(Request(R"(,"ppt":"div","div":{"tn":"12155550102"})")));
  EXPECT_EQ(div.status, 200) << div.body;
  EXPECT_THAT(div.body, testing::HasSubstr(";ppt=div"));
  EXPECT_THAT(div.body, testing::Not(testing::HasSubstr("\"identity\"")));
  const ApiReply rph = Sign(WithoutSpaces(Request(R"(,"ppt":"rph","rph":{"auth":["ets.0"]})")));
  EXPECT_EQ(rph.status, 200) << rph.body;
}

TEST_F(AtisSigningTest, E6_UnknownMembersDoNotMakeARequestMs) {
  for (const char* extra : {R"(,"div":{"tn":"12155550102"})", R"(,"rph":{"auth":["ets.0"]})",
                            R"(,"sph":"psap-callback")", R"(,"div":5)", R"(,"x":{})"}) {
    const ApiReply reply = Sign(WithoutSpaces(Request(extra)));
    EXPECT_EQ(reply.status, 200) << extra;
    EXPECT_THAT(reply.body, testing::StartsWith(R"({"signingResponse":{"identity":")")) << extra;
  }
}

TEST_F(AtisSigningTest, E24_OneNumberAsAStringIsMs) {
  const std::string request =
      test::Replaced(Request(), R"(["+1 215 555 0101"])", R"("12155550101")");
  EXPECT_THAT(Sign(request).body, testing::StartsWith(R"({"signingResponse":{"identityHeader":")"));
  EXPECT_THAT(Sign(request).body, testing::Not(testing::HasSubstr("\"identity\"")));
}

// RFC 8225 5.2.1: E.164, whatever the country's numbers look like at home.
TEST_F(AtisSigningTest, A32_NationalNumbersAreSignedAsE164) {
  const std::string request =
      test::Replaced(test::Replaced(Request(), R"(["+1 215 555 0101"])", R"(["2155550101","911"])"),
                     "+1-215-555-0100", "(215)555-0100");
  const ApiReply reply = Sign(request, FindDialPlan("US"));
  EXPECT_EQ(Claim(reply, "orig"), R"({"tn":"12155550100"})");
  EXPECT_EQ(Claim(reply, "dest"), R"({"tn":["12155550101","911"]})");
  EXPECT_EQ(Claim(Sign(request), "orig"), R"({"tn":"2155550100"})");
  const ApiReply global = Sign(WithoutSpaces(Request()), FindDialPlan("FR"));
  EXPECT_EQ(Claim(global, "orig"), R"({"tn":"12155550100"})");
}

TEST_F(AtisSigningTest, A32_ANumberWrittenTwiceIsSignedOnce) {
  const ApiReply reply = Sign(
      test::Replaced(Request(), R"(["+1 215 555 0101"])", R"(["12155550101","+1-215-555-0101"])"));
  EXPECT_EQ(Claim(reply, "dest"), R"({"tn":["12155550101"]})");
}

TEST_F(AtisSigningTest, A30_UriOfANumberIsSignedAsANumber) {
  const auto signed_for = [&](const std::string& dest) {
    return Claim(Sign(test::Replaced(Request(), R"({"tn":["+1 215 555 0101"]})", dest)), "dest");
  };
  const std::string number = R"({"tn":["12155550101"]})";
  EXPECT_EQ(signed_for(R"({"uri":["tel:+1-215-555-0101"]})"), number);
  EXPECT_EQ(signed_for(R"({"uri":["sip:+12155550101@example.org;user=phone"]})"), number);
  EXPECT_EQ(signed_for(R"({"tn":["12155550101"],"uri":["sip:bob@example.org"]})"),
            R"({"tn":["12155550101"],"uri":["sip:bob@example.org"]})");
}

TEST_F(AtisSigningTest, E4_Exceptions) {
  EXPECT_THAT(AtisSigning(nullptr, Request(), nullptr).body, testing::HasSubstr("SVC4003"));
  EXPECT_EQ(AtisSigning(nullptr, Request(), nullptr).status, 404);
  struct Row {
    std::string body;
    std::string_view id;
    std::string_view variables;
  };
  const Row rows[] = {
      {"", "SVC4000", ""},
      {"{", "SVC4006", ""},
      {"{}", "SVC4001", R"(["signingRequest"])"},
      {R"({"signingRequest":{}})", "SVC4001", R"(["attest"])"},
      {Request(), "SVC4005", R"(["dest.tn","not a telephone number"])"},  // spaces (E-5)
      {WithoutSpaces(Request("", "D")), "SVC4005", R"(["attest","not A, B or C"])"},
      {test::Replaced(WithoutSpaces(Request()), "de305d54", "xx305d54"), "SVC4005",
       R"(["origid","not a UUID"])"},
      {test::Replaced(WithoutSpaces(Request()), "\"iat\":", "\"iat\":-"), "SVC4005", "[\"iat\","},
      {WithoutSpaces(Request(R"(,"ppt":"rcd")")), "SVC4005", R"(["ppt",)"},
      {WithoutSpaces(Request(R"(,"ppt":"div")")), "SVC4001", R"(["div"])"},
      {WithoutSpaces(Request(R"(,"ppt":"div","div":{"tn":"12155550102","hi":5})")), "SVC4005",
       R"(["div",)"},
      {WithoutSpaces(Request(R"(,"ppt":"rph","rph":{"auth":[5]})")), "SVC4005", R"(["rph",)"},
      {WithoutSpaces(Request(R"(,"ppt":"rph","rph":{"auth":["ets.0"]},"sph":"psap-callback")")),
       "SVC4005", R"(["sph",)"},
      {WithoutSpaces(Request(R"(,"ppt":"rph","rph":{"auth":["esnet.0"]},"sph":5)")), "SVC4005",
       R"(["sph",)"},
      {test::Replaced(WithoutSpaces(Request()), R"({"tn":["+1.215.555.0101"]})",
                      R"({"tn":["12155550101"],"uri":["sip:)" + std::string(20'000, 'a') +
                          R"(@example.org"]})"),
       "SVC4005", ""},
  };
  for (const Row& row : rows) {
    const ApiReply reply = Sign(row.body);
    EXPECT_EQ(reply.status, 400) << row.body;
    EXPECT_THAT(reply.body, testing::HasSubstr(row.id)) << row.body;
    EXPECT_THAT(reply.body, testing::HasSubstr(row.variables)) << row.body;
  }
}

}  // namespace
}  // namespace callvet
