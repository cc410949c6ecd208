// SPDX-License-Identifier: MIT
#include "api/call_verification.h"

#include "unit/api/api_lab.h"

namespace callvet {
namespace {

using test::ApiLab;

class CallVerificationTest : public testing::Test {
 protected:
  std::string Identity() {
    return lab_.Token(test::kHeader, test::Payload()) + ";info=<" + std::string(test::kX5u) +
           ">;alg=ES256;ppt=shaken";
  }
  static JsonValue Parsed(const ApiReply& reply) {
    auto json = ReadJson(reply.body);
    EXPECT_THAT(json, Succeeds()) << reply.body;
    return json ? *json : JsonValue();
  }
  static std::string Text(const JsonValue& json, std::string_view name) {
    const JsonValue* value = json.Find(name);
    return value != nullptr && value->AsString() != nullptr ? *value->AsString() : "";
  }
  ApiReply Judge(const JsonMembers& members) {
    return JudgeCall(lab_.core(), nullptr, WriteJson(members), Deadline());
  }
  ApiLab lab_;
};

TEST_F(CallVerificationTest, Parts) {
  const ApiReply reply = Judge({{"id", "7"},
                                {"identity", Identity()},
                                {"from", "<sip:+12155550100@example.org>;tag=1"},
                                {"to", "tel:+12155550101"},
                                {"trunk", "t1"},
                                {"certificates", true}});
  EXPECT_EQ(reply.status, 200);
  const JsonValue json = Parsed(reply);
  EXPECT_EQ(Text(json, "id"), "7");
  EXPECT_EQ(Text(json, "verstat"), "TN-Validation-Passed");
  EXPECT_EQ(Text(json, "reason"), "verified");
  ASSERT_NE(json.Find("verdict"), nullptr);
  EXPECT_EQ(Text(*json.Find("verdict"), "reason"), "verified");
  ASSERT_NE(json.Find("certificates"), nullptr);
  EXPECT_EQ(json.Find("certificates")->AsArray()->size(), 2U);
  ASSERT_EQ(reply.calls.size(), 1U);
  EXPECT_EQ(reply.calls[0].trunk, "t1");
}

TEST_F(CallVerificationTest, D3_AssertedIdentityBeforeFrom) {
  const JsonValue json = Parsed(Judge({{"identity", Identity()},
                                       {"p_asserted_identity", "tel:+12155550100"},
                                       {"from", "sip:anonymous@example.org"},
                                       {"to", "12155550101"}}));
  EXPECT_EQ(Text(json, "reason"), "verified");
}

TEST_F(CallVerificationTest, SipMessageAndPastedText) {
  const std::string sip =
      "INVITE sip:+12155550101@example.org SIP/2.0\r\n"
      "From: <sip:+12155550100@example.org>;tag=1\r\n"
      "To: <sip:+12155550101@example.org>\r\n"
      "y: " +
      Identity() + "\r\n\r\n";
  EXPECT_EQ(Text(Parsed(Judge({{"sip", sip}})), "reason"), "verified");
  EXPECT_EQ(Text(Parsed(Judge({{"text", sip}})), "reason"), "verified");
  EXPECT_EQ(Text(Parsed(Judge({{"sip", sip}, {"from", "12155550199"}})), "reason"),
            "orig-mismatch");
  const std::string token = lab_.Token(test::kHeader, test::Payload());
  EXPECT_EQ(Text(Parsed(Judge({{"text", token}, {"from", "12155550100"}, {"to", "12155550101"}})),
                 "reason"),
            "verified");
  EXPECT_EQ(Text(Parsed(Judge({{"from", "12155550100"}, {"to", "12155550101"}})), "reason"),
            "no-identity");
}

// A person pastes a whole dialogue; a SIP element hands over one message.
TEST_F(CallVerificationTest, PastedTextMayHoldMoreOfTheSameCall) {
  const std::string tail =
      " sip:+12155550101@example.org SIP/2.0\r\n"
      "From: <sip:+12155550100@example.org>;tag=1\r\n"
      "To: <sip:+12155550101@example.org>\r\n"
      "Call-ID: 1@example.org\r\n"
      "Content-Length: 0\r\n";
  const std::string invite = "INVITE" + tail + "Identity: " + Identity() + "\r\n\r\n";
  const std::string ack = "ACK" + tail + "\r\n";
  for (const std::string& more : {ack, invite, invite + ack}) {
    EXPECT_EQ(Text(Parsed(Judge({{"text", invite + more}})), "reason"), "verified");
  }
  const std::string other = test::Replaced(invite, "Call-ID: 1", "Call-ID: 2");
  EXPECT_EQ(Judge({{"text", invite + other}}).status, 400);
  // Which of two INVITEs was meant nobody knows.
  for (const auto& [was, is] :
       {std::pair("<sip:+12155550100@", "<sip:+12155559999@"), std::pair("Identity", "X-Identity"),
        std::pair("Call-ID: 1", "Call-ID: 2@example.org\r\nCall-ID: 1")}) {
    const std::string differs = test::Replaced(invite, was, is);
    EXPECT_EQ(Judge({{"text", invite + differs}}).status, 400) << is;
    EXPECT_EQ(Judge({{"text", differs + invite}}).status, 400) << is;
  }
}

TEST_F(CallVerificationTest, PastedPartiesWithoutTheirRequestLineAreNotPassedOver) {
  const std::string text =
      "From: <sip:+12155550100@example.org>;tag=1\n"
      "To: <sip:+12155550101@example.org>\n"
      "Identity: " +
      Identity();
  const ApiReply reply = Judge({{"text", text}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, testing::HasSubstr("request line"));
  EXPECT_EQ(Judge({{"text", text}, {"to", "+12155550101"}}).status, 400);
  EXPECT_EQ(Text(Parsed(Judge({{"text", text}, {"from", "+12155550100"}, {"to", "+12155550101"}})),
                 "reason"),
            "verified");
}

TEST_F(CallVerificationTest, NullOfAMemberIsAbsent) {
  const JsonValue null;
  EXPECT_EQ(Text(Parsed(Judge({{"from", null},
                               {"to", null},
                               {"sip", null},
                               {"at", null},
                               {"trunk", null},
                               {"certificates", null},
                               {"sdp_fingerprints", null},
                               {"identity", null}})),
                 "reason"),
            "no-identity");
}

// What is in the member is what would be in the message: only `text` takes what a person pasted.
TEST_F(CallVerificationTest, A2_IdentityMemberIsTheBodyOfAHeader) {
  const std::string token = lab_.Token(test::kHeader, test::Payload());
  struct Row {
    std::string value;
    std::string_view reason;
  };
  const Row rows[] = {
      {Identity(), "verified"},
      {Identity() + "\r\n", "verified"},
      {token, "info-missing"},
      {"Identity: " + Identity(), "identity-malformed"},
      {"Identity: " + token, "identity-malformed"},
      {"Subject: x\r\nIdentity: " + Identity(), "identity-malformed"},
      {Identity() + "\r\nSubject: x", "identity-malformed"},
      {"", "no-identity"},  // of a script that found none
  };
  for (const Row& row : rows) {
    for (const JsonValue& identity : {JsonValue(row.value), JsonValue(JsonArray{row.value})}) {
      const JsonMembers call = {
          {"identity", identity}, {"from", "+12155550100"}, {"to", "+12155550101"}};
      EXPECT_EQ(Text(Parsed(Judge(call)), "reason"), row.reason) << row.value;
    }
  }
  for (const std::string& value : {token, Identity()}) {
    const JsonMembers whole = {{"sip",
                                "INVITE sip:+12155550101@example.org SIP/2.0\r\n"
                                "From: <sip:+12155550100@example.org>;tag=1\r\n"
                                "To: <sip:+12155550101@example.org>\r\nIdentity: " +
                                    value + "\r\n\r\n"}};
    const JsonMembers parts = {
        {"identity", value}, {"from", "+12155550100"}, {"to", "+12155550101"}};
    EXPECT_EQ(Text(Parsed(Judge(whole)), "reason"), Text(Parsed(Judge(parts)), "reason")) << value;
  }
  const JsonMembers replaced = {
      {"text", token}, {"identity", token}, {"from", "+12155550100"}, {"to", "+12155550101"}};
  EXPECT_EQ(Text(Parsed(Judge(replaced)), "reason"), "info-missing");
}

// One call, told by its parts and as a message, is judged the same.
TEST_F(CallVerificationTest, H2_FromBesideAnAssertedIdentityIsJudgedToo) {
  const LoadedPolicy loaded = ParsePolicy(R"({"country": "US", "number_plans": ["NANP"]})", ".");
  ASSERT_NE(loaded.policy, nullptr);
  const auto judged = [&](const JsonMembers& members) {
    return JudgeCall(lab_.core(), loaded.policy.get(), WriteJson(members), Deadline());
  };
  const auto action = [&](const JsonMembers& members) {
    return Text(*Parsed(judged(members)).Find("disposition"), "action");
  };
  for (const auto& [from, expected] : {std::pair("<sip:+19995550177@example.org>", "reject"),
                                       std::pair("<sip:alice@example.org>", "pass")}) {
    const std::string asserted = "<sip:+12155550100@example.org>";
    const JsonMembers parts = {{"identity", Identity()},
                               {"from", from},
                               {"p_asserted_identity", asserted},
                               {"to", "<sip:+12155550101@example.org>"}};
    EXPECT_EQ(action(parts), expected) << from;
    const JsonMembers whole = {
        {"sip", "INVITE sip:+12155550101@example.org SIP/2.0\r\nFrom: " + std::string(from) +
                    ";tag=1\r\nTo: <sip:+12155550101@example.org>\r\n"
                    "P-Asserted-Identity: " +
                    asserted + "\r\nIdentity: " + Identity() + "\r\n\r\n"}};
    EXPECT_EQ(action(whole), expected) << from;
  }
}

// A blank Request-URI is what a script says that found none.
TEST_F(CallVerificationTest, H4_ABlankRequestUriIsNotGiven) {
  const LoadedPolicy loaded = ParsePolicy(R"({"country": "CN"})", ".");
  ASSERT_NE(loaded.policy, nullptr);
  for (const std::string uri : {"", " ", "\r\n"}) {
    const JsonMembers call = {{"from", "+8613800138000"}, {"to", "110"}, {"request_uri", uri}};
    const JsonValue answer =
        Parsed(JudgeCall(lab_.core(), loaded.policy.get(), WriteJson(call), Deadline()));
    EXPECT_EQ(Text(*answer.Find("disposition"), "action"), "tag") << uri;
    const JsonMembers beside = {
        {"sip",
         "INVITE tel:+12155550199 SIP/2.0\r\nFrom: <sip:+12155550100@example.org>;tag=1\r\n"
         "To: <sip:+12155550101@example.org>\r\nIdentity: " +
             Identity() + "\r\n\r\n"},
        {"request_uri", uri}};
    EXPECT_EQ(Text(Parsed(Judge(beside)), "reason"), "dest-mismatch") << uri;
  }
}

// A member beside a message replaces its own header, and hides no other one.
TEST_F(CallVerificationTest, D3_MembersBesideAMessageReplaceTheirOwnHeaderOnly) {
  const auto message = [&](const std::string& headers) {
    return JsonMembers{{"sip",
                        "INVITE sip:+12155550101@example.org SIP/2.0\r\n"
                        "From: <sip:+12155550188@example.org>;tag=1\r\n"
                        "To: <sip:+12155550101@example.org>\r\n" +
                            headers + "Identity: " + Identity() + "\r\n\r\n"}};
  };
  const std::string good = "<sip:+12155550100@example.org>";
  const std::string asserted = "P-Asserted-Identity: <sip:+12155550188@example.org>\r\n";
  struct Row {
    std::string headers;
    JsonMembers members;
    std::string_view reason;
  };
  const Row rows[] = {
      {asserted, {}, "orig-mismatch"},
      {asserted, {{"from", good}}, "orig-mismatch"},
      {asserted, {{"from", good}, {"p_asserted_identity", JsonArray{}}}, "orig-mismatch"},
      {asserted, {{"from", good}, {"p_asserted_identity", ""}}, "orig-mismatch"},
      {asserted, {{"p_asserted_identity", good}}, "verified"},
      {asserted,
       {{"from", good}, {"p_asserted_identity", "<sip:anonymous@anonymous.invalid>"}},
       "verified"},
      {"P-Asserted-Identity: " + good + "\r\n",
       {{"p_asserted_identity", "<sip:anonymous@anonymous.invalid>"}},
       "orig-mismatch"},
      {"", {{"from", good}}, "verified"},
      {"P-Asserted-Identity: " + good + "\r\n", {{"from", "12155550199"}}, "verified"},
      {"P-Asserted-Identity: " + good + "\r\n", {{"to", "12155550199"}}, "dest-mismatch"},
      {"P-Asserted-Identity: " + good + "\r\n",
       {{"request_uri", "tel:+12155550199"}},
       "dest-mismatch"},
      {"P-Asserted-Identity: " + good + "\r\nDate: Thu, 15 Jan 2026 11:00:00 GMT\r\n",
       {{"from", good}, {"to", "12155550101"}, {"priority", "urgent"}},
       "date-stale"},
      {"P-Asserted-Identity: " + good + "\r\n", {{"identity", JsonArray{}}}, "verified"},
  };
  for (const Row& row : rows) {
    JsonMembers members = message(row.headers);
    members.insert(members.end(), row.members.begin(), row.members.end());
    EXPECT_EQ(Text(Parsed(Judge(members)), "reason"), row.reason) << WriteJson(members);
  }
}

TEST_F(CallVerificationTest, D3_TwoValuesOfOneHeader) {
  JsonMembers call = {{"identity", Identity()}, {"to", "12155550101"}};
  call.emplace_back("p_asserted_identity",
                    "<sip:+12155550100@example.org;user=phone>,\r\n <tel:+12155550100>");
  EXPECT_EQ(Text(Parsed(Judge(call)), "reason"), "verified");
}

TEST_F(CallVerificationTest, D3_TheSameIdentityTwiceCountsOnce) {
  JsonMembers call = {{"identity", Identity()}, {"to", "12155550101"}};
  call.emplace_back("p_asserted_identity",
                    "<sip:+12155550100@example.org>, <sip:+12155550100@example.org>");
  EXPECT_EQ(Text(Parsed(Judge(call)), "reason"), "verified");
}

// Else one could be shown and the other be compared.
TEST_F(CallVerificationTest, D3_MoreCallersThanOneAreRefused) {
  for (const char* name : {"p_asserted_identity", "from"}) {
    JsonMembers call = {{"identity", Identity()}, {"to", "12155550101"}};
    call.emplace_back(
        name, JsonArray{"<sip:+18005551212@example.org>", "<sip:+12155550100@example.org>"});
    const ApiReply reply = Judge(call);
    EXPECT_EQ(reply.status, 400) << name;
    EXPECT_EQ(Text(*Parsed(reply).Find("error"), "reason"), "parameter-invalid") << name;
  }
}

TEST_F(CallVerificationTest, MessageWithACarriageReturnInALineIsRefused) {
  const std::string sip =
      "INVITE sip:+12155550101@example.org SIP/2.0\r\n"
      "From: <sip:+12155550100@example.org>;tag=1\r\n"
      "Subject: a\rP-Asserted-Identity: <sip:+18005551212@example.org>\r\n"
      "To: <sip:+12155550101@example.org>\r\nIdentity: " +
      Identity() + "\r\n\r\n";
  const ApiReply reply = Judge({{"sip", sip}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Text(*Parsed(reply).Find("error"), "reason"), "sip-message-invalid");
}

TEST_F(CallVerificationTest, AtAnotherTime) {
  JsonMembers call = {{"identity", Identity()}, {"from", "12155550100"}, {"to", "12155550101"}};
  call.emplace_back("at", ApiLab::now() + 61);
  EXPECT_EQ(Text(Parsed(Judge(call)), "reason"), "iat-stale");
  call.back().second = JsonValue("2026-01-15T12:00:30Z");
  EXPECT_EQ(Text(Parsed(Judge(call)), "reason"), "verified");
}

TEST_F(CallVerificationTest, DispositionOfAPolicy) {
  const LoadedPolicy loaded = ParsePolicy("{}", ".");
  ASSERT_NE(loaded.policy, nullptr);
  const JsonMembers unsigned_call = {{"from", "12155550100"}, {"to", "12155550101"}};
  const ApiReply reply =
      JudgeCall(lab_.core(), loaded.policy.get(), WriteJson(unsigned_call), Deadline());
  const JsonValue json = Parsed(reply);
  ASSERT_NE(json.Find("disposition"), nullptr);
  EXPECT_EQ(Text(*json.Find("disposition"), "action"), "reject");
  EXPECT_EQ(reply.calls[0].disposition, "reject");
  const ApiReply signed_call =
      JudgeCall(lab_.core(), loaded.policy.get(),
                WriteJson(JsonMembers{
                    {"identity", Identity()}, {"from", "+12155550100"}, {"to", "+12155550101"}}),
                Deadline());
  EXPECT_EQ(signed_call.calls[0].disposition, "pass") << signed_call.body;
}

TEST_F(CallVerificationTest, WhatIsWrongWithARequest) {
  struct Row {
    std::string body;
    Reason reason;
  };
  const Row rows[] = {
      {"", Reason::kBodyInvalid},
      {"{", Reason::kBodyInvalid},
      {"[]", Reason::kParameterInvalid},
      {R"({"form":"1"})", Reason::kParameterInvalid},
      {R"({"from":1})", Reason::kParameterInvalid},
      {R"({"time":"yesterday"})", Reason::kParameterInvalid},
      {R"({"at":-1})", Reason::kParameterInvalid},
      {R"({"at":0})", Reason::kParameterInvalid},
      {R"({"sip":"BYE"})", Reason::kSipMessageInvalid},
      {R"({"sdp_fingerprints":[{"alg":1}]})", Reason::kParameterInvalid},
  };
  for (const Row& row : rows) {
    const ApiReply reply = JudgeCall(lab_.core(), nullptr, row.body, Deadline());
    EXPECT_EQ(reply.status, 400) << row.body;
    EXPECT_EQ(Text(*Parsed(reply).Find("error"), "reason"), Info(row.reason).id) << row.body;
  }
}

TEST_F(CallVerificationTest, BatchAnswersEachLine) {
  CallBatch batch(lab_.shared_core(), nullptr);
  const JsonMembers call = {
      {"identity", Identity()}, {"from", "12155550100"}, {"to", "12155550101"}};
  JsonMembers past = call;
  past.emplace_back("at", ApiLab::now() + 61);
  JsonMembers other = call;
  other[1] = {"from", "12155550199"};
  other.emplace_back("id", "other");
  const std::vector<std::string> lines = {WriteJson(call), WriteJson(past), "{", WriteJson(other),
                                          WriteJson(call)};
  const auto replies = batch.Judge(lines, std::chrono::seconds(5));
  ASSERT_EQ(replies.size(), 5U);
  EXPECT_EQ(Text(Parsed(replies[0]), "reason"), "verified");
  EXPECT_EQ(Text(Parsed(replies[1]), "reason"), "iat-stale");
  EXPECT_EQ(Text(*Parsed(replies[2]).Find("error"), "reason"), "body-invalid");
  EXPECT_EQ(Text(Parsed(replies[3]), "reason"), "orig-mismatch");
  EXPECT_EQ(Text(Parsed(replies[3]), "id"), "other");
  EXPECT_EQ(Text(Parsed(replies[4]), "reason"), "verified");
  for (const size_t i : {0U, 1U, 3U, 4U}) {
    EXPECT_EQ(replies[i].body, JudgeCall(lab_.core(), nullptr, lines[i], Deadline()).body);
  }
  EXPECT_TRUE(batch.Judge({}, std::chrono::seconds(5)).empty());
}

TEST_F(CallVerificationTest, BatchErrorsHaveTheIdOfTheirLine) {
  CallBatch batch(lab_.shared_core(), nullptr);
  const std::vector<std::string> lines = {R"({"id":"a","zzz":1})", R"({"id":5})", R"(["id"])",
                                          R"({"id":"b)"};
  const auto replies = batch.Judge(lines, std::chrono::seconds(5));
  ASSERT_EQ(replies.size(), 4U);
  EXPECT_THAT(replies[0].body, testing::StartsWith(R"({"id":"a","error":{"reason":)"));
  for (const size_t i : {1U, 2U, 3U}) {
    EXPECT_THAT(replies[i].body, testing::StartsWith(R"({"error":{"reason":)"));
  }
}

TEST_F(CallVerificationTest, Decode) {
  const ApiReply reply = DecodeText(WriteJson(JsonMembers{{"text", Identity()}}), test::kNow);
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, testing::HasSubstr("12155550100"));
  EXPECT_EQ(DecodeText(R"({"text":""})", test::kNow).status, 400);
  EXPECT_EQ(DecodeText("x", test::kNow).status, 400);
}

}  // namespace
}  // namespace callvet
