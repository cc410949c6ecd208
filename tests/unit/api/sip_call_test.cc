// SPDX-License-Identifier: MIT
#include "api/sip_call.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

constexpr std::string_view kFrom = "From: <sip:+12155550199@example.org>;tag=1\r\n";
constexpr std::string_view kTo = "To: <sip:+12155550101@example.org>\r\n";

Result<CallRequest> Read(const std::string& headers, std::string_view body = "",
                         std::string_view request_line = "INVITE sip:x@example.org SIP/2.0") {
  auto message =
      SipMessage::Parse(std::string(request_line) + "\r\n" + headers + "\r\n" + std::string(body));
  if (!message) return message.error();
  return CallFromSip(*message);
}

std::string Both(std::string_view extra) {
  return std::string(kFrom) + std::string(kTo) + std::string(extra);
}

TEST(CallFromSip, D3_AssertedIdentityBeforeFrom) {
  const auto call =
      Read(Both("P-Asserted-Identity: \"A, B\" <sip:+12155550100@example.org>,\r\n"
                " <tel:+12155550100>\r\n"));
  ASSERT_THAT(call, Succeeds());
  EXPECT_THAT(call->orig, testing::ElementsAre("\"A, B\" <sip:+12155550100@example.org>",
                                               "<tel:+12155550100>"));
  const auto from = Read(Both(""));
  ASSERT_THAT(from, Succeeds());
  EXPECT_THAT(from->orig, testing::ElementsAre("<sip:+12155550199@example.org>;tag=1"));
  EXPECT_THAT(from->dest, testing::ElementsAre("<sip:+12155550101@example.org>"));
}

TEST(CallFromSip, Rfc3325_MoreAssertedIdentitiesThanOneOfAKind) {
  for (const std::string_view asserted :
       {"<tel:+19995550000>,<tel:+12155550100>", "<sip:a@example.org>,<sip:b@example.org>",
        "<tel:+19995550000>,<sip:a@example.org>,<sip:+12155550100@example.org>"}) {
    EXPECT_THAT(Read(Both("P-Asserted-Identity: " + std::string(asserted) + "\r\n")),
                FailsWith(Reason::kSipMessageInvalid))
        << asserted;
  }
  EXPECT_THAT(Read(Both("P-Asserted-Identity: <tel:+1>\r\nP-Asserted-Identity: <tel:+2>\r\n")),
              FailsWith(Reason::kSipMessageInvalid));
}

// Twice in another spelling, or of another host: nobody could show another number.
TEST(CallFromSip, Rfc3325_TheSameNumberTwiceIsOneIdentity) {
  const auto asserted = [](const std::string& first, const std::string& second) {
    return Read(
        Both("P-Asserted-Identity: " + first + "\r\nP-Asserted-Identity: " + second + "\r\n"));
  };
  for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
           {"<sip:+12155550100@a.example.org>", "<sip:+12155550100@a.example.org>"},
           {"<sip:+12155550100@a.example.org;user=phone>",
            "\"A\" <sip:+12155550100@b.example.org>"},
           {"<sip:+1-215-555-0100@a.example.org;user=phone>",
            "<sips:%2B12155550100@a.example.org>"},
           {"<tel:+1-215-555-0100>", "<tel:+12155550100;cpc=ordinary>"}}) {
    const auto call = asserted(first, second);
    ASSERT_THAT(call, Succeeds()) << second;
    EXPECT_THAT(call->orig, testing::ElementsAre(first)) << second;
  }
  const auto both = asserted("<sip:+12155550100@a.example.org>,<tel:+12155550100>",
                             "<tel:+1-215-555-0100>,<sip:+12155550100@b.example.org>");
  ASSERT_THAT(both, Succeeds());
  EXPECT_EQ(both->orig.size(), 2U);
  // Another number, or what may be another one.
  for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
           {"<sip:+12155550100@example.org>", "<sip:+12155550101@example.org>"},
           {"<tel:+12155550100>", "<tel:12155550100;phone-context=example.org>"},
           {"<sip:+12155550100@example.org>", "<sip:12155550100@example.org;user=phone>"},
           {"<sip:alice@a.example.org>", "<sip:alice@b.example.org>"}}) {
    EXPECT_THAT(asserted(first, second), FailsWith(Reason::kSipMessageInvalid)) << second;
  }
}

// They assert nothing, so the caller is the one of From.
// RFC 3323 4.1.1.3: who asserts "anonymous" asserts nobody, and the caller is From.
TEST(CallFromSip, D3_AssertedIdentitiesThatNameNobodyAreNone) {
  for (const std::string_view nobody :
       {"<sip:anonymous@anonymous.invalid>", "\"Anonymous\" <sip:Anonymous@host;user=phone>",
        "Anonymous <sips:anonymous@10.0.0.1:5061;transport=tls>", "sip:anonymous@anonymous.invalid",
        "<sip:unavailable@unknown.invalid>", "<sip:10.0.0.1>", "<sip:192.168.100.200:5060>",
        "<sip:[2001:db8::1]:5060;lr>", "<sip:10.0.0.1>, <sip:10.0.0.1>"}) {
    const auto call = Read(Both("P-Asserted-Identity: " + std::string(nobody) + "\r\n"));
    ASSERT_THAT(call, Succeeds()) << nobody;
    EXPECT_THAT(call->orig, testing::ElementsAre("<sip:+12155550199@example.org>;tag=1")) << nobody;
  }
}

TEST(CallFromSip, D3_NobodyHidesNoNameBesideIt) {
  const std::string nobody = "<sip:anonymous@anonymous.invalid>";
  const std::string named = "\"+19995550199\" " + nobody;
  for (const std::string& both :
       {nobody + ", " + named, named + ", " + nobody, nobody + "\r\nP-Asserted-Identity: " + named,
        nobody + ", " + nobody + ";x=+19995550199"}) {
    EXPECT_THAT(Read(Both("P-Asserted-Identity: " + both + "\r\n")),
                FailsWith(Reason::kSipMessageInvalid))
        << both;
  }
}

// A handset could show any of these: they are compared with orig.
TEST(CallFromSip, D3_AssertedIdentitiesThatCouldNameSomebody) {
  for (const std::string_view somebody :
       {"<sip:trunk1@10.0.0.1>",
        "<sip:+19995550199>",
        "<sip:19995550199>",
        "<sip:9995550199@h>",
        "<tel:anonymous>",
        "<sip:anonymous@19995550199>",
        "<sip:anonymous1@anonymous.invalid>",
        "<http://10.0.0.1>",
        "<sip:anonymous@h;x=+19995550199>",
        "<sip:1995.550.199>",
        "<sip:110>",
        "<sip:955-88>",
        "<sip:955.88>",
        "<sip:01.42.68.53.00>",
        "<sip:1-999-555-01-99>",
        "<sip:199.955.501.99>",
        "<sip:anonymous@955.88>",
        "<sip:anonymous@110>",
        "<sip:anonymous:19995550199@h>",
        "<sip:anonymous@h?X=+19995550199>",
        "<sip:anonymous@h?P-Asserted-Identity=%3Ctel:+19995550199%3E>",
        "<sip:anonymous@h;tel=1-999-555-019-9>",
        "<sip:anonymous@h;x=%31%39%39>",
        "<sip:anonymous@h;phone-context=%2B199>",
        "<sip:anonymous@h;verstat=TN-Validation-Passed>",
        "<sip:anonymous@h>;x=\"<tel:+19995550199>\"",
        "<sip:bank.example.com>",
        "<sip:bank>",
        "\"+19995550199\" <sip:anonymous@anonymous.invalid>",
        "\"Bank\" <sip:10.0.0.1>",
        "<sip:10.0.0.1:>",
        "<sip:10.0.0.1:19995550199>",
        "<sip:anonymous@[19995550199]>"}) {
    const auto call = Read(Both("P-Asserted-Identity: " + std::string(somebody) + "\r\n"));
    ASSERT_THAT(call, Succeeds()) << somebody;
    EXPECT_THAT(call->orig, testing::ElementsAre(std::string(somebody)));
  }
}

TEST(CallFromSip, D3_EmptyAssertedIdentitiesAreNone) {
  for (const std::string_view empty : {"", " ", ",", " , ,"}) {
    const auto call = Read(Both("P-Asserted-Identity: " + std::string(empty) + "\r\n"));
    ASSERT_THAT(call, Succeeds()) << empty;
    EXPECT_THAT(call->orig, testing::ElementsAre("<sip:+12155550199@example.org>;tag=1")) << empty;
  }
  const auto call =
      Read(Both("P-Asserted-Identity: \r\nP-Asserted-Identity: ,<tel:+12155550100>\r\n"));
  ASSERT_THAT(call, Succeeds());
  EXPECT_THAT(call->orig, testing::ElementsAre("<tel:+12155550100>"));
}

TEST(CallFromSip, F4_F10_F12_F30_WhatTheExtensionsNeed) {
  const auto call =
      Read(Both("Resource-Priority: ets.0,\r\n wps.1\r\nResource-Priority: esnet.1\r\n"
                "Priority: psap-callback\r\n"),
           "", "INVITE sip:+12155550102@example.org SIP/2.0");
  ASSERT_THAT(call, Succeeds());
  EXPECT_EQ(call->target, "sip:+12155550102@example.org");
  EXPECT_EQ(call->resource_priority.size(), 2U);
  EXPECT_EQ(call->priority, "psap-callback");
  EXPECT_FALSE(call->message_body);
  const auto twice = Read(Both("Priority: a\r\nPriority: psap-callback\r\n"));
  ASSERT_THAT(twice, Succeeds()) << "F-11: no reason to refuse the call";
  EXPECT_FALSE(twice->priority);
  const auto same = Read(Both("Priority: psap-callback\r\nPriority: psap-callback\r\n"));  // L2
  ASSERT_TRUE(same);
  EXPECT_EQ(same->priority, "psap-callback");
  const auto message = Read(Both("Content-Type: text/plain\r\nContent-Length: 5\r\n"), "Hello...",
                            "MESSAGE sip:+12155550101@example.org SIP/2.0");
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->message_body, "Hello");
}

TEST(CallFromSip, HeadersThatMayOccurOnce) {
  for (const std::string_view twice :
       {"f: <sip:b@example.org>\r\n", "t: <sip:b@example.org>\r\n", "Date: a\r\nDate: b\r\n",
        "Content-Type: text/plain\r\nc: application/sdp\r\n"}) {
    EXPECT_THAT(Read(Both(twice)), FailsWith(Reason::kSipMessageInvalid)) << twice;
  }
}

// A header that looks like a request line must not become the message.
TEST(CallFromSip, EmbeddedRequestLines) {
  const std::string inner =
      "Subject: INVITE sip:a@example.org SIP/2.0\r\nFrom: <sip:+12155550100@example.org>\r\n";
  for (const std::string_view line :
       {"INVITE  sip:x@example.org SIP/2.0", "INVITE\tsip:x@example.org SIP/2.0",
        "INVITE sip:x@example.org SIP/2.0 ", "INVITE sip:x y SIP/2.0"}) {
    EXPECT_THAT(Read(Both(inner), "", line), FailsWith(Reason::kSipMessageInvalid)) << line;
  }
  EXPECT_THAT(
      Read(Both(inner), "", "REFER sip:x@example.org SIP/2.0"),
      FailsWith(Reason::kSipMessageInvalid));  // From occurs twice: the outer message is read
}

// RFC 3261 7.3.1: a line of white space continues the header before it, it does not end the
// headers.
TEST(CallFromSip, LineOfWhiteSpaceIsAFold) {
  const auto call = Read(Both(" \r\nP-Asserted-Identity: <tel:+12155550177>\r\n"));
  ASSERT_THAT(call, Succeeds());
  EXPECT_THAT(call->orig, testing::ElementsAre("<tel:+12155550177>"));
}

TEST(CallFromSip, A16_FingerprintsOfTheSdp) {
  constexpr std::string_view kSdp = "v=0\r\na=fingerprint:SHA-256 02:AB\r\n";
  const auto unreadable = Read(Both("Content-Type: text/plain\r\n"), kSdp);
  ASSERT_THAT(unreadable, Succeeds());
  ASSERT_TRUE(unreadable->sdp_fingerprints);
  EXPECT_THAT(*unreadable->sdp_fingerprints, testing::IsEmpty()) << "so that mky fails";
  const auto call = Read(Both("Content-Type: application/sdp\r\n"), kSdp);
  ASSERT_THAT(call, Succeeds());
  ASSERT_TRUE(call->sdp_fingerprints);
  EXPECT_THAT(*call->sdp_fingerprints, testing::ElementsAre(MediaKey{"SHA-256", "02AB"}));
  EXPECT_FALSE(Read(Both(""))->sdp_fingerprints) << "it may have been cut off";
  EXPECT_FALSE(Read(Both("Content-Length: 9\r\n"))->sdp_fingerprints);
  const auto offerless = Read(Both("Content-Length: 0\r\n"));
  ASSERT_THAT(offerless, Succeeds());
  ASSERT_TRUE(offerless->sdp_fingerprints) << "it has no SDP: an mky fails";
  EXPECT_THAT(*offerless->sdp_fingerprints, testing::IsEmpty());
}

}  // namespace
}  // namespace callvet
