// SPDX-License-Identifier: MIT
#include "api/atis_verification.h"

#include "api/request_error.h"
#include "unit/api/api_lab.h"

namespace callvet {
namespace {

using test::ApiLab;
using test::kHeader;
using test::Payload;
using test::Replaced;

constexpr std::string_view kParameters =
    ";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken";

class AtisVerificationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<ApiLab>(); }
  static void TearDownTestSuite() { lab_.reset(); }

  static std::string Identity(std::string_view header, const std::string& payload) {
    return lab_->Token(header, payload) + std::string(kParameters);
  }
  static std::string Good() { return Identity(kHeader, Payload()); }

  static std::string Request(const std::string& identity, int64_t age = 0,
                             const std::string& from = "12155550100",
                             const std::string& to = R"(["12155550101"])") {
    return R"({"verificationRequest":{"from":{"tn":")" + from + R"("},"to":{"tn":)" + to +
           R"(},"time":)" + std::to_string(ApiLab::now() - age) + R"(,"identity":)" +
           WriteJson(JsonValue(identity)) + "}}";
  }
  static ApiReply Post(const std::string& body) {
    return AtisVerification(lab_->core(), body, Deadline());
  }
  static void ExpectBody(const std::string& request, const std::string& body) {
    const ApiReply reply = Post(request);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, body) << request;
  }
  static std::string Failed(int code, std::string_view text, std::string_view description,
                            std::string_view verstat = "No-TN-Validation") {
    return R"({"verificationResponse":{"reasoncode":)" + std::to_string(code) +
           R"(,"reasontext":")" + std::string(text) + R"(","reasondesc":")" +
           std::string(description) + R"(","verstat":")" + std::string(verstat) + "\"}}";
  }

  static std::unique_ptr<ApiLab> lab_;
};

std::unique_ptr<ApiLab> AtisVerificationTest::lab_;

constexpr std::string_view kPassed =
    R"({"verificationResponse":{"verstat":"TN-Validation-Passed"}})";
constexpr std::string_view kHeaderText = "Invalid Identity Header";
constexpr std::string_view kInfoText = "Bad identity Info";
constexpr std::string_view kCredentialText = "Unsupported credential";
constexpr std::string_view kStaleText = "Stale Date";

TEST_F(AtisVerificationTest, E3_Passed) {
  ExpectBody(Request(Good()), std::string(kPassed));
}

TEST_F(AtisVerificationTest, E5_SeparatorsAndPlusAreNoDifference) {
  ExpectBody(Request(Good(), 0, "+1-215-555-0100", R"(["+1(215)555.0101"])"), std::string(kPassed));
}

// A-30, A-36: a URI that is a number counts as that number, and one that is none as that URI.
TEST_F(AtisVerificationTest, E9_UrisOfToAreComparedToo) {
  const std::string mismatch =
      Failed(438, kHeaderText,
             "'dest' claim from PASSporT payload doesn't match the received in the verification "
             "request claim.");
  const std::string dest = R"({"tn":["12155550101"]})";
  const std::string both = R"({"tn":["12155550101"],"uri":["sip:bob@example.org"]})";
  struct Row {
    std::string to;
    std::string dest;
    bool passes;
  };
  const Row rows[] = {
      {R"({"uri":["tel:+1-215-555-0101"]})", dest, true},
      {R"({"uri":"tel:+12155550101"})", dest, true},
      {R"({"uri":["sip:+12155550101@example.org;user=phone"]})", dest, true},
      {R"({"uri":["sip:+12155550101@example.org"]})", dest, true},
      {R"({"tn":["12155550101"],"uri":["tel:+12155550101"]})", dest, true},
      {R"({"tn":["12155550101"],"uri":["tel:+12155550199"]})", dest, false},
      {R"({"tn":["12155550101"],"uri":["sip:+12155550199@example.org;user=phone"]})", dest, false},
      {R"({"tn":["12155550101"],"uri":["sip:bob@example.org"]})", dest, false},
      {R"({"tn":["12155550101"],"uri":["tel:nobody"]})", dest, false},
      {R"({"uri":["tel:+12155550199"]})", dest, false},
      {R"({"uri":["sip:bob@example.org"]})", dest, false},
      {R"({"tn":["12155550101"],"uri":["sip:bob@EXAMPLE.org;transport=tcp"]})", both, true},
      {R"({"uri":["tel:+12155550101","sip:bob@example.org"]})", both, true},
      {R"({"uri":["sip:bob@example.org"]})", both, false},
      {R"({"tn":["12155550101"]})", both, false},
      {R"({"tn":["12155550101"],"uri":["sip:carol@example.org"]})", both, false},
      {R"({"tn":["12155550101"],"uri":["sip:bob@example.org","sip:carol@example.org"]})", both,
       false},
      // A user part that is written like a number may be meant as a URI.
      {R"({"tn":["12155550101"],"uri":["sip:+12155550199@example.org"]})",
       R"({"tn":["12155550101"],"uri":["sip:+12155550199@example.org"]})", true},
      {R"({"tn":["12155550101"],"uri":["tel:+12155550199"]})",
       R"({"tn":["12155550101"],"uri":["sip:+12155550199@example.org"]})", false},
  };
  for (const Row& row : rows) {
    const std::string identity = Identity(kHeader, Replaced(Payload(), dest, row.dest));
    const std::string request = Replaced(Request(identity), R"({"tn":["12155550101"]})", row.to);
    SCOPED_TRACE(row.dest);
    ExpectBody(request, row.passes ? std::string(kPassed) : mismatch);
  }
}

TEST_F(AtisVerificationTest, Heartbeat_WithoutIdentityIsNoTnValidation) {
  ExpectBody(R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":["12155550101"]},)"
             R"("time":1}})",
             R"({"verificationResponse":{"verstat":"No-TN-Validation"}})");
}

TEST_F(AtisVerificationTest, E3_TimeOfTheRequest) {
  const std::string stale = Failed(403, kStaleText, "Received 'time' value is not fresh.");
  ExpectBody(Request(Good(), 61), stale);
  ExpectBody(Request(Good(), -61), stale);  // A-50
  ExpectBody(Request(Good(), 60), std::string(kPassed));
  ExpectBody(Request("garbage", 61), stale);
}

// Each row of E.3 that depends on the token: what differs from the good one, and the answer.
struct TokenRow {
  std::string_view name;
  std::string_view header_from;
  std::string_view header_to;
  std::string_view payload_from;
  std::string_view payload_to;
  int code;
  std::string_view text;
  std::string_view description;
};

constexpr TokenRow kTokenRows[] = {
    {"E9_ppt", R"("ppt":"shaken",)", "", "", "", 436, kInfoText,
     "Missing 'ppt' claim in the PASSporT header."},
    {"E9_typ", R"("typ":"passport",)", "", "", "", 436, kInfoText,
     "Missing 'typ' claim in the PASSporT header."},
    {"E9_alg", R"("alg":"ES256",)", "", "", "", 436, kInfoText,
     "Missing 'alg' claim in the PASSporT header."},
    {"E9_x5u", R"(,"x5u":"https://cert.example.org/p.pem")", "", "", "", 436, kInfoText,
     "Missing 'x5u' claim in the PASSporT header."},
    {"E9_pptBeforeTyp", R"("ppt":"shaken","typ":"passport",)", "", "", "", 436, kInfoText,
     "Missing 'ppt' claim in the PASSporT header."},
    {"E11", R"("passport")", R"("JWT")", "", "", 437, kCredentialText,
     "'typ' from PASSporT header is not 'passport'."},
    {"E12", "ES256", "RS256", "", "", 437, kCredentialText,
     "'alg' from PASSporT header is not 'ES256'."},
    {"E10", "p.pem", "q.pem", "", "", 436, kInfoText,
     "'x5u' from PASSporT header doesn't match the 'info' parameter of identity header value."},
    {"E11_BeforeE10", R"("passport","x5u":"https://cert.example.org/p.pem")",
     R"("JWT","x5u":"https://cert.example.org/q.pem")", "", "", 437, kCredentialText,
     "'typ' from PASSporT header is not 'passport'."},
    {"E13", R"("shaken")", R"("div")", "", "", 438, kHeaderText,
     "'ppt' from PASSporT header is not 'shaken'."},
    {"E14_dest", "", "", R"("dest":{"tn":["12155550101"]},)", "", 438, kHeaderText,
     "Missing 'dest' mandatory claim in PASSporT payload"},
    {"E14_orig", "", "", R"("orig":{"tn":"12155550100"},)", "", 438, kHeaderText,
     "Missing 'orig' mandatory claim in PASSporT payload"},
    {"E14_attest", "", "", R"("attest":"A",)", "", 438, kHeaderText,
     "Missing 'attest' mandatory claim in PASSporT payload"},
    {"E14_origid", "", "", R"(,"origid":"de305d54-75b4-431b-adb2-eb6b9e546014")", "", 438,
     kHeaderText, "Missing 'origid' mandatory claim in PASSporT payload"},
    {"E14_iat", "", "", R"("iat":1768478400,)", "", 438, kHeaderText,
     "Missing 'iat' mandatory claim in PASSporT payload"},
    {"E15_old", "", "", "1768478400", "1768478339", 403, kStaleText,
     "'iat' from PASSporT payload is not fresh."},
    {"E15_future", "", "", "1768478400", "1768478461", 403, kStaleText,
     "'iat' from PASSporT payload is not fresh."},
    {"E19", "", "", R"("A")", R"("D")", 438, kHeaderText,
     "'attest' claim in PASSporT is not valid."},
    {"E16_orig", "", "", R"("tn":"12155550100")", R"("tn":"12155550199")", 438, kHeaderText,
     "'orig' claim from PASSporT payload doesn't match the received in the verification request "
     "claim."},
    {"E16_dest", "", "", R"(["12155550101"])", R"(["12155550188"])", 438, kHeaderText,
     "'dest' claim from PASSporT payload doesn't match the received in the verification request "
     "claim."},
    {"E9_DestIsTheWholeSet", "", "", R"(["12155550101"])", R"(["12155550101","12155550188"])", 438,
     kHeaderText,
     "'dest' claim from PASSporT payload doesn't match the received in the verification request "
     "claim."},
    {"E19_BeforeE16", "", "", R"("A","dest":{"tn":["12155550101"]})",
     R"("D","dest":{"tn":["12155550188"]})", 438, kHeaderText,
     "'attest' claim in PASSporT is not valid."},
};

TEST_F(AtisVerificationTest, E3_RowsOfTheToken) {
  for (const TokenRow& row : kTokenRows) {
    SCOPED_TRACE(row.name);
    const std::string header = Replaced(std::string(kHeader), row.header_from, row.header_to);
    const std::string payload = Replaced(Payload(), row.payload_from, row.payload_to);
    ExpectBody(Request(Identity(header, payload)), Failed(row.code, row.text, row.description));
  }
}

// iat is held against `time` too, and not against the clock alone: before E19, E16 and E8.
TEST_F(AtisVerificationTest, E15_D5_IatIsHeldAgainstTime) {
  const std::string stale = Failed(403, kStaleText, "'iat' from PASSporT payload is not fresh.");
  const auto issued = [](int64_t ahead) {
    return Replaced(Payload(), std::to_string(ApiLab::now()),
                    std::to_string(ApiLab::now() + ahead));
  };
  ExpectBody(Request(Identity(kHeader, issued(10)), 50), std::string(kPassed));
  ExpectBody(Request(Identity(kHeader, issued(11)), 50), stale);
  ExpectBody(Request(Identity(kHeader, issued(50)), 50), stale);
  ExpectBody(Request(Identity(kHeader, issued(-50)), -10), std::string(kPassed));
  ExpectBody(Request(Identity(kHeader, issued(-50)), -11), stale);
  const std::string bad_attest = Replaced(issued(50), "\"A\"", "\"D\"");
  ExpectBody(Request(Identity(kHeader, bad_attest), 50), stale);
  ExpectBody(Request(Identity(kHeader, issued(50)), 50, "12155550199"), stale);
  const std::string no_attest = Replaced(issued(50), R"("attest":"A",)", "");
  ExpectBody(Request(Identity(kHeader, no_attest), 50),
             Failed(438, kHeaderText, "Missing 'attest' mandatory claim in PASSporT payload"));
  const auto core = lab_->MakeCore("root.pem", "");
  EXPECT_EQ(AtisVerification(*core, Request(Identity(kHeader, issued(50)), 50), Deadline()).body,
            stale);
}

TEST_F(AtisVerificationTest, E3_RowsOfTheHeaderValue) {
  const std::string token = lab_->Token(kHeader, Payload());
  const std::string signature = token.substr(token.rfind('.') + 1);
  const std::string info = ";info=<https://cert.example.org/p.pem>";
  ExpectBody(Request(".." + signature + info + ";alg=ES256"),
             Failed(438, kHeaderText,
                    "Identity header in compact form instead of required by SHAKEN spec full "
                    "form."));  // E4
  ExpectBody(Request(token + info + ";ppt=div"),
             Failed(438, kHeaderText,
                    "Identity header is received with 'ppt' parameter value that is not "
                    "'shaken'."));  // E5
  ExpectBody(Request(token + ";alg=ES256;ppt=shaken"),
             Failed(436, kInfoText, "Missing 'info' parameter in the 'identity'."));  // E6
  for (const std::string_view bad :
       {"http://cert.example.org/p.pem", "https://cert.example.org:81/p.pem",
        "https://u@cert.example.org/p.pem", "https://cert.example.org/p.pem?x", "p.pem"}) {
    ExpectBody(Request(token + ";info=<" + std::string(bad) + ">;ppt=shaken"),
               Failed(436, kInfoText, "Invalid 'info' URI."));  // E7
  }
  ExpectBody(Request(token + ";info=https://cert.example.org/p.pem;ppt=shaken"),
             Failed(436, kInfoText, "Invalid 'info' URI."));
}

// What is remembered of a header that passed is what it says, never that it is good for the next.
TEST_F(AtisVerificationTest, AHeaderThatPassedIsStillHeldAgainstTheCall) {
  ExpectBody(Request(Good()), std::string(kPassed));
  const auto& known = lab_->core().known_headers();
  const std::string token = lab_->Token(kHeader, Payload());
  ASSERT_NE(known.Find(token.substr(0, token.find('.'))), nullptr);
  ExpectBody(Request(Good()), std::string(kPassed));
  ExpectBody(Request(token + ";info=<https://cert.example.org/q.pem>;ppt=shaken"),
             Failed(436, kInfoText,
                    "'x5u' from PASSporT header doesn't match the 'info' parameter of identity "
                    "header value."));
  ExpectBody(Request(token + ";info=https://cert.example.org/p.pem;ppt=shaken"),
             Failed(436, kInfoText, "Invalid 'info' URI."));
  ExpectBody(Request(token + ";info=<https://cert.example.org/p.pem>;ppt=div"),
             Failed(438, kHeaderText,
                    "Identity header is received with 'ppt' parameter value that is not "
                    "'shaken'."));
}

TEST_F(AtisVerificationTest, AHeaderThatDidNotPassIsNotRemembered) {
  const auto core = lab_->MakeCore("root.pem", "");
  const std::string identity = Good();
  EXPECT_NE(AtisVerification(*core, Request(identity), Deadline()).body, kPassed);
  EXPECT_EQ(core->known_headers().Find(identity.substr(0, identity.find('.'))), nullptr);
}

TEST_F(AtisVerificationTest, E8_CertificateCannotBeHad) {
  const auto core = lab_->MakeCore("root.pem", "");
  const ApiReply reply = AtisVerification(*core, Request(Good()), Deadline());
  EXPECT_EQ(reply.body, Failed(436, kInfoText, "Failed to dereference 'info' URI."));
}

TEST_F(AtisVerificationTest, E16_BeforeE8) {
  const auto core = lab_->MakeCore("root.pem", "");
  const ApiReply reply = AtisVerification(*core, Request(Good(), 0, "12155550199"), Deadline());
  EXPECT_EQ(reply.body,
            Failed(438, kHeaderText,
                   "'orig' claim from PASSporT payload doesn't match the received in the "
                   "verification request claim."));
}

TEST_F(AtisVerificationTest, E17_ChainOfAStranger) {
  const ApiLab stranger;
  lab_->Write("stranger.pem", stranger.hierarchy().root.pem);
  const auto core = lab_->MakeCore("stranger.pem", "chain.pem");
  const ApiReply reply = AtisVerification(*core, Request(Good()), Deadline());
  EXPECT_EQ(reply.body,
            Failed(437, kCredentialText, "Failed to authenticate CA.", "TN-Validation-Failed"));
}

TEST_F(AtisVerificationTest, E18_SignatureOfOtherContent) {
  const std::string other = lab_->Token(kHeader, Replaced(Payload(), "\"A\"", "\"B\""));
  const std::string token = lab_->Token(kHeader, Payload());
  const std::string mixed = token.substr(0, token.rfind('.')) + other.substr(other.rfind('.'));
  ExpectBody(Request(mixed + std::string(kParameters)),
             Failed(438, kHeaderText, "Signature validation failed.", "TN-Validation-Failed"));
}

TEST_F(AtisVerificationTest, E8_UndecodableTokenIs438) {
  for (const std::string& identity : {std::string("garbage"), "a.b.c" + std::string(kParameters),
                                      Good() + "," + Good(), Good() + std::string(9000, 'x')}) {
    const ApiReply reply = Post(Request(identity));
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body,
                testing::HasSubstr(R"("reasoncode":438,"reasontext":"Invalid Identity Header")"));
    EXPECT_THAT(reply.body, testing::HasSubstr(R"("verstat":"No-TN-Validation")"));
  }
}

TEST_F(AtisVerificationTest, WhatIsNoPassNeverSaysPassed) {
  for (const ReasonInfo& info : AllReasons()) {
    const AtisOutcome outcome = AtisOutcomeOf(info.reason);
    if (info.reason == Reason::kNone) continue;
    EXPECT_NE(outcome.verstat, "TN-Validation-Passed") << info.id;
    if (outcome.code) {
      EXPECT_TRUE(*outcome.code == 403 || (*outcome.code >= 436 && *outcome.code <= 438))
          << info.id;
      EXPECT_FALSE(outcome.description.empty()) << info.id;
      EXPECT_EQ(outcome.description.find("''"), std::string::npos) << info.id;
    }
  }
}

TEST_F(AtisVerificationTest, SummaryForLogsAndCounters) {
  const ApiReply reply = Post(Request(Good()));
  ASSERT_EQ(reply.calls.size(), 1U);
  EXPECT_EQ(reply.calls[0].reason, Reason::kNone);
  EXPECT_EQ(reply.calls[0].attest, "A");
  EXPECT_EQ(reply.calls[0].signer, "818H");
  EXPECT_EQ(reply.calls[0].orig, "12155550100");
  EXPECT_EQ(reply.calls[0].dest, "12155550101");
}

std::string Exception(std::string_view kind, std::string_view id, std::string_view text,
                      std::string_view variables) {
  std::string body = R"({"requestError":{")" + std::string(kind) + R"(":{"messageId":")" +
                     std::string(id) + R"(","text":")" + std::string(text) + "\"";
  if (!variables.empty()) body += R"(,"variables":)" + std::string(variables);
  return body + "}}}";
}

// E.4, the rows that the body decides.
TEST_F(AtisVerificationTest, E4_Exceptions) {
  struct Row {
    std::string body;
    std::string answer;
  };
  const std::string missing = "Missing mandatory parameter '%1'";
  const std::string invalid = "Invalid '%1' parameter value: %2";
  const std::string kService = "serviceException";
  const auto request = [](const std::string& members) {
    return R"({"verificationRequest":{)" + members + "}}";
  };
  const std::string from = R"("from":{"tn":"1"})";
  const std::string to = R"(,"to":{"tn":["1"]})";
  const std::string time = R"(,"time":1)";
  const Row rows[] = {
      {"", Exception(kService, "SVC4000", "Missing request body", "")},
      {" \r\n", Exception(kService, "SVC4000", "Missing request body", "")},
      {"{", Exception(kService, "SVC4006", "Failed to parse received message body: %1",
                      R"(["invalid JSON body"])")},
      {"[]", Exception(kService, "SVC4006", "Failed to parse received message body: %1",
                       R"(["invalid JSON body"])")},
      {R"({"a":1,"a":1})",
       Exception(kService, "SVC4006", "Failed to parse received message body: %1",
                 R"(["invalid JSON body"])")},
      {"{}", Exception(kService, "SVC4001", missing, R"(["verificationRequest"])")},
      {request(""), Exception(kService, "SVC4001", missing, R"(["from"])")},
      {request(from + time), Exception(kService, "SVC4001", missing, R"(["to"])")},
      {request(from + to), Exception(kService, "SVC4001", missing, R"(["time"])")},
      {request(R"("from":{})" + to + time),
       Exception(kService, "SVC4001", missing, R"(["from.tn"])")},
      {request(R"("from":{"tn":5})" + to),  // E1 before E2
       Exception(kService, "SVC4001", missing, R"(["time"])")},
      {request(R"("from":{"tn":5})" + to + time),
       Exception(kService, "SVC4005", invalid, R"(["from.tn","not a string"])")},
      {request(R"("from":{"tn":"12a"})" + to + time),
       Exception(kService, "SVC4005", invalid, R"(["from.tn","not a telephone number"])")},
      {request(R"("from":{"tn":["1"]})" + to + time),
       Exception(kService, "SVC4005", invalid, R"(["from.tn","not a string"])")},
      {request(from + R"(,"to":{"tn":[]})" + time),
       Exception(kService, "SVC4005", invalid, R"(["to.tn","empty"])")},
      {request(from + to + R"(,"time":"1")"),
       Exception(kService, "SVC4005", invalid,
                 R"(["time","not a whole number of seconds since 1970"])")},
      {request(from + to + R"(,"time":1.5)"),
       Exception(kService, "SVC4005", invalid,
                 R"(["time","not a whole number of seconds since 1970"])")},
      {request(from + to + time + R"(,"identity":"")"),
       Exception(kService, "SVC4005", invalid, R"(["identity","empty"])")},
      {request(from + to + time + R"(,"identity":7)"),
       Exception(kService, "SVC4005", invalid, R"(["identity","not a string"])")},
  };
  for (const Row& row : rows) {
    const ApiReply reply = Post(row.body);
    EXPECT_EQ(reply.status, 400) << row.body;
    EXPECT_EQ(reply.body, row.answer) << row.body;
    EXPECT_TRUE(reply.calls.empty()) << row.body;
  }
}

TEST(RequestHead, E4_ExceptionsOfTheHead) {
  struct Row {
    RequestHead head;
    int status;
    std::string body;
  };
  const Row rows[] = {
      {{"GET", "application/json", std::nullopt, "1"},
       405,
       Exception("policyException", "POL4050", "Method not allowed", "")},
      {{"POST", "application/json", std::nullopt, std::nullopt},
       411,
       Exception("serviceException", "SVC4007", "Missing mandatory Content-Length header", "")},
      {{"POST", "text/plain", std::nullopt, "1"},
       415,
       Exception("serviceException", "SVC4004", "Unsupported request body type, expected '%1'",
                 R"(["application/json"])")},
      {{"POST", std::nullopt, std::nullopt, "1"},
       415,
       Exception("serviceException", "SVC4004", "Unsupported request body type, expected '%1'",
                 R"(["application/json"])")},
      {{"POST", "application/json", std::nullopt, "1", "gzip"},
       415,
       Exception("serviceException", "SVC4004", "Unsupported request body type, expected '%1'",
                 R"(["application/json"])")},
      {{"POST", "application/json", "text/xml", "1", "identity"},
       406,
       Exception("serviceException", "SVC4002",
                 "Requested response body type '%1' is not supported", R"(["text/xml"])")},
      {{"POST", "application/json", "application/json;q=0", "1"},
       406,
       Exception("serviceException", "SVC4002",
                 "Requested response body type '%1' is not supported",
                 R"(["application/json;q=0"])")},
  };
  for (const Row& row : rows) {
    const auto error = CheckRequestHead(row.head);
    ASSERT_TRUE(error.has_value()) << row.body;
    const ApiReply reply = RequestErrorReply(*error);
    EXPECT_EQ(reply.status, row.status);
    EXPECT_EQ(reply.body, row.body);
  }
  EXPECT_EQ(RequestErrorReply({Reason::kResourceNotFound, {}}).status, 404);
  EXPECT_EQ(RequestErrorReply({Reason::kResourceNotFound, {}}).body,
            Exception("serviceException", "SVC4003", "Requested resource was not found", ""));
  EXPECT_EQ(RequestErrorReply({Reason::kInternalError, {}}).status, 500);
  EXPECT_EQ(
      RequestErrorReply({Reason::kInternalError, {}}).body,
      Exception("policyException", "POL5000", "Internal Server Error. Please try again later", ""));
}

TEST(RequestHead, E2_GoodHeads) {
  for (const std::string_view accept : {"*/*", "application/json", "application/*;q=0.5",
                                        "text/xml, application/json;q=0.1", "", " , "}) {
    EXPECT_FALSE(
        CheckRequestHead({"POST", "Application/JSON; charset=utf-8", accept, "5"}).has_value())
        << accept;
  }
}

// ----- 3GPP Ms (E.5)

TEST_F(AtisVerificationTest, E22_MsFormIsRecognisedByItsMembers) {
  const std::string request =
      R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":"12155550101"},"time":)" +
      std::to_string(ApiLab::now()) + R"(,"identityHeader":)" + WriteJson(JsonValue(Good())) + "}}";
  const ApiReply reply = Post(request);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body,
            R"({"verificationResponse":{"verstatValue":"TN-Validation-Passed","verifyResults":[)"
            R"({"verifyResult":{"ppt":"shaken","status":"pass","validClaims":)" +
                Payload() + "}}]}}");
  const ApiReply heartbeat =
      Post(R"({"verificationRequest":{"from":{"tn":"1"},"to":{"tn":"2"},"time":1}})");
  EXPECT_EQ(heartbeat.body, R"({"verificationResponse":{"verstatValue":"No-TN-Validation"}})");
}

// What a client has no value for it may write as null.
TEST_F(AtisVerificationTest, E6_NullOfAnOptionalMemberIsAbsent) {
  const std::string head = R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":)";
  const std::string time = R"(},"time":)" + std::to_string(ApiLab::now());
  ExpectBody(head + R"(["12155550101"])" + time + R"(,"identity":null}})",
             R"({"verificationResponse":{"verstat":"No-TN-Validation"}})");
  const std::string good = WriteJson(JsonValue(Good()));
  ExpectBody(Replaced(Request(Good()), R"("identity":)",
                      R"("identityHeader":null,"dest":null,"identityHeaders":null,"identity":)"),
             std::string(kPassed));
  const std::string ms = head + R"("12155550101")" + time;
  EXPECT_THAT(Post(ms +
                   R"(,"dest":null,"identityHeaders":null,"protectedHeaders":null,)"
                   R"("identity":null,"identityHeader":)" +
                   good + "}}")
                  .body,
              testing::HasSubstr(R"("verstatValue":"TN-Validation-Passed")"));
  EXPECT_EQ(Post(Replaced(Request(Good()), R"({"tn":"12155550100"})", "null")).status, 400);
}

TEST_F(AtisVerificationTest, E6_UnknownMembersDoNotMakeARequestMs) {
  const std::string bad = lab_->Token(kHeader, Payload()).substr(0, 300) + std::string(kParameters);
  for (const std::string_view extra :
       {R"("dest":{"tn":["12155550199"]},)", R"("dest":5,)", R"("protectedHeaders":["x: y"],)",
        R"("identityHeaders":[],)", R"("identityHeader":"x",)"}) {
    const auto with = [&](const std::string& request) {
      return Replaced(request, R"("time":)", std::string(extra) + R"("time":)");
    };
    ExpectBody(with(Request(Good())), std::string(kPassed));
    EXPECT_THAT(Post(with(Request(bad))).body, testing::HasSubstr(R"("reasoncode":)")) << extra;
    EXPECT_EQ(Post(with(Request(""))).status, 400) << extra;
  }
}

TEST_F(AtisVerificationTest, E25_MsDestIsOneNumber) {
  const auto post = [&](const std::string& dest) {
    return Post(
        R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":"12155550101"},"time":)" +
        std::to_string(ApiLab::now()) + R"(,"dest":{"tn":)" + dest + R"(},"identityHeader":)" +
        WriteJson(JsonValue(Good())) + "}}");
  };
  EXPECT_EQ(post(R"("12155550101")").status, 200);
  EXPECT_EQ(post(R"(["12155550101"])").status, 200);
  EXPECT_EQ(post(R"(["12155550101","12155550199"])").status, 400);
  const auto passes = [&](const std::string& dest) {
    return post(dest).body.find("TN-Validation-Passed") != std::string::npos;
  };
  EXPECT_TRUE(passes(R"("+12155550101")"));
  // A tn is a number, however short it is.
  for (const char* other : {R"("5550199")", R"(["12155550199"])", R"("911")", R"(["112"])",
                            R"("95588")", R"("123456")", R"("0101")", R"("5")"}) {
    EXPECT_FALSE(passes(other)) << other;
  }
  for (const char* uri : {"urn:service:sos", "sip:911@psap.example.org", "tel:988"}) {
    const std::string body =
        Post(
            R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":"12155550101"},"time":)" +
            std::to_string(ApiLab::now()) + R"(,"dest":{"uri":")" + uri +
            R"("},"identityHeader":)" + WriteJson(JsonValue(Good())) + "}}")
            .body;
    EXPECT_THAT(body, testing::HasSubstr("No-TN-Validation")) << uri;
  }
}

// Each of `to` is in dest, in both forms; dest may name more than that in the 3GPP form only.
TEST_F(AtisVerificationTest, E9_E22_EachOfToIsInDest) {
  const auto ms = [&](const std::string& to, const std::string& identity) {
    return Post(R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":)" + to +
                R"(},"time":)" + std::to_string(ApiLab::now()) + R"(,"identityHeader":)" +
                WriteJson(JsonValue(identity)) + "}}")
        .body;
  };
  const std::string both = Identity(
      kHeader, Replaced(Payload(), R"(["12155550101"])", R"(["12155550101","12155550102"])"));
  const auto passes = [](const std::string& body) {
    return body.find("TN-Validation-Passed") != std::string::npos;
  };
  for (const auto& [to, identity, is_in_dest, is_dest] :
       {std::tuple(R"(["12155550101","12155550102"])", both, true, true),
        {R"(["+12155550102","1-215-555-0101"])", both, true, true},
        {R"(["12155550102","12155550101","12155550103"])", both, false, false},
        {R"(["12155550101","12155550102"])", Good(), false, false},
        {R"(["12155550102","12155550101"])", Good(), false, false},
        {R"(["12155550101","+12155550101"])", Good(), true, true},
        {R"(["12155550102"])", both, true, false}}) {
    EXPECT_EQ(passes(ms(to, identity)), is_in_dest) << to;
    EXPECT_EQ(passes(Post(Request(identity, 0, "12155550100", to)).body), is_dest) << to;
  }
  EXPECT_THAT(ms(R"(["12155550101","12155550102"])", Good()),
              testing::HasSubstr(R"("reasonCode":438)"));
}

// A request that is refused as a whole does not look like a call without Identity.
TEST_F(AtisVerificationTest, E23_TooManyIdentitiesHaveTheirReason) {
  JsonArray many;
  for (int i = 0; i < 40; ++i) many.emplace_back(Good());
  const ApiReply reply = Post(
      R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":"12155550101"},"time":)" +
      std::to_string(ApiLab::now()) + R"(,"identityHeaders":)" + WriteJson(std::move(many)) + "}}");
  EXPECT_THAT(reply.body,
              testing::HasSubstr(R"({"verifyResult":{"ppt":"shaken","status":"fail",)"
                                 R"("reasonCode":438,"reasonText":"Invalid Identity Header",)"));
}

TEST_F(AtisVerificationTest, A41_OneOfAnUnknownTypeBesideOthersIsIgnored) {
  const std::string unknown =
      lab_->Token(Replaced(std::string(kHeader), "shaken", "foo"), Payload()) +
      ";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=foo";
  const auto post = [&](const std::string& header, const std::string& headers) {
    return Post(
               R"({"verificationRequest":{"from":{"tn":"12155550100"},"to":{"tn":"12155550101"},)" +
               header + R"("identityHeaders":[)" + headers + R"(],"time":)" +
               std::to_string(ApiLab::now()) + "}}")
        .body;
  };
  const std::string quoted = WriteJson(JsonValue(unknown));
  const std::string beside =
      post(R"("identityHeader":)" + WriteJson(JsonValue(Good())) + ",", quoted);
  EXPECT_THAT(beside, testing::HasSubstr("TN-Validation-Passed"));
  EXPECT_THAT(beside, testing::Not(testing::HasSubstr("foo")));
  EXPECT_THAT(post("", quoted), testing::HasSubstr(R"("reasonCode":428)"));
}

TEST_F(AtisVerificationTest, E23_MsFailure) {
  const std::string token = lab_->Token(kHeader, Payload());
  const std::string request =
      R"({"verificationRequest":{"from":{"tn":"12155550199"},"to":{"tn":["12155550101"]},"time":)" +
      std::to_string(ApiLab::now()) + R"(,"identityHeader":)" +
      WriteJson(JsonValue(token + std::string(kParameters))) + "}}";
  const ApiReply reply = Post(request);
  EXPECT_THAT(reply.body,
              testing::HasSubstr(R"({"verstatValue":"No-TN-Validation","verifyResults":[)"
                                 R"({"verifyResult":{"ppt":"shaken","status":"fail",)"
                                 R"("reasonCode":438,"reasonText":"Invalid Identity Header")"));
  EXPECT_THAT(reply.body, testing::HasSubstr(R"("passport":")" + token + "\""));
}

}  // namespace
}  // namespace callvet
