// SPDX-License-Identifier: MIT
#include "syntax/sip_message.h"

#include "base/text.h"
#include "callvet/identity_header.h"
#include "support/result_matchers.h"
#include "syntax/unfold.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Result<SipMessage> ParseSip(std::string_view text) {
  return SipMessage::Parse(ExactBytes(text).view());
}

// The message that the captures below show, with CRLF.
const std::vector<std::string_view> kLines = {
    "INVITE sip:+12355550101@example.org;user=phone SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
    "From: \"Alice\" <sip:+12155550100@example.org>;tag=1",
    "To: <sip:+12355550101@example.org>",
    "Date: Fri, 25 Sep 2015 19:12:25 GMT",
    "Identity: eyJh.eyJi.c2ln;info=<https://cert.example.org/p.pem>",
    " ;alg=ES256;ppt=shaken",
    "Content-Type: application/sdp",
    "Content-Length: 30",
    "",
    "v=0",
    "a=fingerprint:md5 0A:1b"};

std::string Wire(std::string_view before_line, std::string_view line_end) {
  std::string text;
  for (const std::string_view line : kLines) text.append(before_line).append(line).append(line_end);
  return text;
}

void ExpectTheMessage(const Result<SipMessage>& message) {
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->method, "INVITE");
  EXPECT_EQ(message->request_uri, "sip:+12355550101@example.org;user=phone");
  EXPECT_THAT(message->All("from"), ElementsAre("\"Alice\" <sip:+12155550100@example.org>;tag=1"));
  EXPECT_THAT(message->All("date"), ElementsAre("Fri, 25 Sep 2015 19:12:25 GMT"));
  ASSERT_EQ(message->All("identity").size(), 1U);
  EXPECT_EQ(Unfold(message->All("identity")[0]).value(),
            "eyJh.eyJi.c2ln;info=<https://cert.example.org/p.pem> ;alg=ES256;ppt=shaken");
  EXPECT_EQ(message->headers.size(), 6U) << "Via is not kept";
  EXPECT_THAT(message->SdpFingerprints(), ElementsAre(MediaKey{"md5", "0A1b"}));
}

TEST(SipMessage, FromTheWire) {
  const auto message = ParseSip(Wire("", "\r\n"));
  ExpectTheMessage(message);
  EXPECT_EQ(message->body, "v=0\r\na=fingerprint:md5 0A:1b\r\n");
}

TEST(SipMessage, LinesMayEndInLf) {
  ExpectTheMessage(ParseSip(Wire("", "\n")));
}

TEST(SipMessage, ACommonIndentationIsRemoved) {
  for (const std::string_view indent : {" ", "\t", "    ", "\t  "}) {
    for (const std::string_view line_end : {"\n", "\r\n"}) {
      const auto message = ParseSip("the capture:\n" + Wire(indent, line_end));
      ExpectTheMessage(message);
      EXPECT_EQ(message->body, "v=0\r\na=fingerprint:md5 0A:1b\r\n");
    }
  }
}

TEST(SipMessage, NgrepByline) {
  ExpectTheMessage(
      ParseSip("interface: eth0\nfilter: port 5060\n####\n"
               "U 2026/11/21 08:00:00.000000 192.0.2.1:5060 -> 192.0.2.2:5060 #1\n" +
               Wire("", ".\n") +
               "\n####\nU 192.0.2.2:5060 -> 192.0.2.1:5060\nSIP/2.0 200 OK.\n\n"
               "a=fingerprint:md5 FF:FF.\n"));
}

TEST(SipMessage, WiresharkText) {
  ExpectTheMessage(ParseSip("Session Initiation Protocol (INVITE)\n" + Wire("    ", "\\r\\n\n")));
  ExpectTheMessage(ParseSip(Wire("", "\\r\\n\r\n")));
}

TEST(SipMessage, TcpdumpAscii) {
  const std::string_view lower = "E..\xAB@.@.....\xC0\x01.......5060......"sv;
  ExpectTheMessage(ParseSip("08:00:00.000000 IP 192.0.2.1.5060 > 192.0.2.2.5060: SIP: INVITE\n" +
                            std::string(lower) + Wire("", "\n")));
  ExpectTheMessage(ParseSip("08:00:00.000000 IP 192.0.2.1.5060 > 192.0.2.2.5060\n" +
                            std::string(lower) + Wire("", "\r\n")));
}

TEST(SipMessage, A4_CompactNamesBecomeLong) {
  const auto message = ParseSip(
      "INVITE sip:x@example.org SIP/2.0\r\ny: a.b.c\r\nY: d.e.f\r\nf: "
      "<sip:+12155550100@example.org>\r\n"
      "T: <sip:+12355550101@example.org>\r\nI: 1\r\nm: <sip:a@192.0.2.1>\r\nc: "
      "application/sdp\r\nl: 0\r\n"
      "v: SIP/2.0/UDP 192.0.2.1\r\nk: x\r\ns: x\r\nz: x\r\n\r\n");
  ASSERT_THAT(message, Succeeds());
  EXPECT_THAT(message->All("identity"), ElementsAre("a.b.c", "d.e.f"));
  for (const std::string_view name : {"from", "to", "call-id", "content-type", "content-length"}) {
    EXPECT_EQ(message->All(name).size(), 1U) << name;
  }
  EXPECT_EQ(message->headers.size(), 7U);
}

TEST(SipMessage, WhatIsNotKeptIsReadAllTheSame) {
  const std::string begin = "INVITE sip:x@example.org SIP/2.0\r\nFrom: 1\r\n";
  const auto message = ParseSip(begin + "Via: a\r\n b\r\nTo: 2\r\n 3\r\nSubject: c\r\n\r\n");
  ASSERT_THAT(message, Succeeds());
  EXPECT_THAT(message->All("from"), ElementsAre("1")) << "the second line is Via's";
  EXPECT_THAT(message->All("to"), ElementsAre("2\r\n 3"));
  EXPECT_THAT(ParseSip(begin + "V ia: a\r\n\r\n"), FailsWith(Reason::kSipMessageInvalid));
  EXPECT_THAT(ParseSip(begin + "Via a\r\n\r\n"), FailsWith(Reason::kSipMessageInvalid));
  EXPECT_THAT(ParseSip(begin + "Via: a\rb\r\n\r\n"), FailsWith(Reason::kSipMessageInvalid));
  std::string many = begin;
  for (size_t i = 1; i < SipMessage::kMaxHeaders; ++i) many += "v: a\r\n";
  EXPECT_THAT(ParseSip(many + "\r\n"), Succeeds());
  EXPECT_THAT(ParseSip(many + "v: a\r\n\r\n"), FailsWith(Reason::kSipMessageInvalid));
}

TEST(SipMessage, NamesAreOfAnyCaseWithWhiteSpaceBeforeTheColon) {
  const auto message =
      ParseSip("INVITE sip:x@example.org SIP/2.0\r\nIDENTITY \t:  a.b.c \r\niDeNtItY:\r\n\r\n");
  ASSERT_THAT(message, Succeeds());
  EXPECT_THAT(message->All("identity"), ElementsAre("a.b.c", ""));
}

TEST(SipMessage, A5_SeveralHeadersKeepTheirOrder) {
  const auto message = ParseSip(
      "INVITE sip:x@example.org SIP/2.0\nIdentity: a.b.c\nFrom: 1\ny: d.e.f\nFrom: 2\nIdentity: "
      "g.h.i\n\n");
  ASSERT_THAT(message, Succeeds());
  EXPECT_THAT(message->All("identity"), ElementsAre("a.b.c", "d.e.f", "g.h.i"));
  EXPECT_THAT(message->All("from"), ElementsAre("1", "2"));
}

TEST(SipMessage, A1_AnIdentityFoldedInsideItsTokenStaysBroken) {
  const auto message = ParseSip(
      "INVITE sip:x@example.org SIP/2.0\r\nIdentity: eyJh.ey\r\n          "
      "Ji.c2ln;info=<x:y>\r\n\r\n");
  ASSERT_THAT(message, Succeeds());
  ASSERT_EQ(message->All("identity").size(), 1U);
  EXPECT_THAT(IdentityHeader::Parse(message->All("identity")[0]),
              FailsWith(Reason::kIdentityMalformed));
}

TEST(SipMessage, AnIdentityThatContinuesWithoutWhiteSpace_IsInvalid) {
  EXPECT_THAT(ParseSip("INVITE sip:x@example.org SIP/2.0\nIdentity: eyJh.eyJi\n.c2ln;info=<x>\n\n"),
              FailsWith(Reason::kSipMessageInvalid));
}

TEST(SipMessage, AnEmptyLineEndsTheHeaders) {
  const auto message = ParseSip(
      "INVITE sip:x@example.org SIP/2.0\r\nIdentity: a.b.c\r\n\r\nFrom: <sip:x@example.org>\r\n");
  ASSERT_THAT(message, Succeeds());
  EXPECT_THAT(message->All("from"), IsEmpty());
  EXPECT_EQ(message->body, "From: <sip:x@example.org>\r\n");
}

TEST(SipMessage, HeadersMayEndWithTheText) {
  for (const std::string_view text :
       {"INVITE sip:x@example.org SIP/2.0"sv, "INVITE sip:x@example.org SIP/2.0\r\n"sv,
        "INVITE sip:x@example.org SIP/2.0\r\nFrom: 1"sv}) {
    const auto message = ParseSip(text);
    ASSERT_THAT(message, Succeeds()) << text;
    EXPECT_EQ(message->body, "");
  }
}

TEST(SipMessage, HeaderLinesWithoutAName_AreInvalid) {
  for (const std::string_view line :
       {"no colon", ": x", " \t: x", "a b: x", "<a>: x", "a\"b: x", "\xC3\xA9: x", "\x01: x"}) {
    EXPECT_THAT(ParseSip("INVITE sip:x@example.org SIP/2.0\r\nFrom: 1\r\n" +
                         std::string(line[0] == ' ' ? line.substr(2) : line) + "\r\n\r\n"),
                FailsWith(Reason::kSipMessageInvalid))
        << line;
  }
  EXPECT_THAT(ParseSip("INVITE sip:x@example.org SIP/2.0\r\n folded: x\r\n\r\n"),
              FailsWith(Reason::kSipMessageInvalid));
}

// What people paste that is nearly a request: it is said what is wrong with it.
TEST(SipMessage, WhatIsNearlyARequest_IsToldWhatItIs) {
  const auto why = [](const std::string& text) {
    const auto message = ParseSip(text);
    return message ? std::string("none") : message.error().detail;
  };
  EXPECT_THAT(why("SIP/2.0 302 Moved Temporarily\r\nVia: SIP/2.0/UDP a\r\nIdentity: a.b.c\r\n\r\n"),
              testing::HasSubstr("a SIP response"));
  EXPECT_THAT(why("> INVITE sip:a@b SIP/2.0\n> Via: SIP/2.0/UDP a\n> From: <sip:c@d>\n"),
              testing::HasSubstr("followed by no header field but by \"> Via: SIP/2.0/UDP a\""));
  EXPECT_THAT(why("INVITE sip:a@b SIP/2.0\n\nVia: SIP/2.0/UDP a\n\nFrom: <sip:c@d>\n"),
              testing::HasSubstr("no empty lines between them"));
  EXPECT_THAT(why(R"(INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n)"),
              testing::HasSubstr("its line ends are written as"));
  EXPECT_THAT(why("INVITE sip:a@b SIP/2.0\r\nIdentity: eyJ\r\nabc.d.e\r\n\r\n"),
              testing::HasSubstr("the Identity header in front of it"));
  EXPECT_THAT(why("INVITE sip:a@b SIP/2.0\r\nIdentity: eyJ\r\nVia: a\r\nabc\r\n\r\n"),
              testing::Not(testing::HasSubstr("the Identity header in front of it")));
  EXPECT_THAT(why("hello"), testing::HasSubstr("no line of the form"));
}

TEST(SipMessage, TextWithoutARequest_IsInvalid) {
  for (const std::string_view text :
       {""sv, "\r\n"sv, "hello"sv, "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"sv,
        "INVITE sip:x@example.org\r\n"sv, "INVITE sip:x@example.org SIP/3.0\r\n"sv,
        "INVITE sip:x@example.org HTTP/1.1\r\n"sv, "INVITE SIP/2.0\r\n"sv, "INVITE x SIP/2.0\r\n"sv,
        "INVITE sip:a b@example.org SIP/2.0\r\n"sv, "invite sip:x@example.org SIP/2.0\r\n"sv,
        "GET http://example.org/ HTTP/1.1\r\n\r\n"sv, "\0\0\0"sv, "{\"identity\":\"a.b.c\"}"sv}) {
    EXPECT_THAT(ParseSip(text), FailsWith(Reason::kSipMessageInvalid)) << text;
  }
}

TEST(SipMessage, A56_OtherMethodsCarryIdentityToo) {
  for (const std::string_view method :
       {"INVITE", "MESSAGE", "UPDATE", "SUBSCRIBE", "NOTIFY", "OPTIONS"}) {
    const auto message = ParseSip(std::string(method) + " sip:x@example.org SIP/2.0\r\n\r\n");
    ASSERT_THAT(message, Succeeds()) << method;
    EXPECT_EQ(message->method, method);
  }
}

TEST(SipMessage, WhatCapturesPutInFrontOfARequest) {
  for (const std::string_view prefix :
       {"E....4@.:................p..", "E..:..", "  ",
        "Nov 25 08:00:00 sbc[12]: received: ", "> 192.0.2.1:5060 "}) {
    const auto message =
        ParseSip(std::string(prefix) + "INVITE sip:x@example.org SIP/2.0  \r\r\nFrom: 1\r\n");
    ASSERT_THAT(message, Succeeds()) << prefix;
    EXPECT_EQ(message->request_uri, "sip:x@example.org");
  }
  EXPECT_THAT(ParseSip("Subject: INVITE sip:x@example.org SIP/2.0\r\nFrom: 1\r\n"),
              FailsWith(Reason::kSipMessageInvalid));
}

// What stands in front of a request, behind a message's end or inside it is of somebody's choosing.
TEST(SipMessage, TheAttackersTextIsNoRequest) {
  const std::string invite = "INVITE sip:good@example.org SIP/2.0\r\n";
  const std::string rest = "From: g\r\nTo: g\r\nContent-Length: 0\r\n\r\n";
  for (const std::string& text :
       {"INVITE sip:evil@example.org;x=" + invite + rest,
        "INVITE sip:evil@example.org SIP/2.0 " + invite + rest,
        "invite sip:evil@example.org SIP/2.0\r\nX-1: " + invite + rest, "X-1: " + invite + rest}) {
    EXPECT_THAT(ParseSip(text), FailsWith(Reason::kSipMessageInvalid)) << text;
  }
  for (const std::string& text :
       {"UPDATE sip:u@example.org SIP/2.0\r\nFrom: evil\r\nX-H1: " + invite + rest,
        "REFER sip:u@example.org SIP/2.0\r\nX-1: " + invite + rest,
        "UPDATE sip:u@example.org SIP/2.0\r\nFrom: evil\r\nContent-Type: "
        "message/sipfrag\r\n\r\n" +
            invite + rest}) {
    const auto message = ParseSip(text);
    ASSERT_THAT(message, Succeeds()) << text;
    EXPECT_NE(message->method, "INVITE") << text;
  }
}

// Somebody else may take a lone CR for a line's end.
TEST(SipMessage, ACrWithinAHeaderLine_IsInvalid) {
  for (const std::string header : {"X: a\rP-Asserted-Identity: <tel:+12155550199>\r\n",
                                   "X: a\r\n b\rFrom: x\r\n", "X: a\r b\r\n"}) {
    EXPECT_THAT(ParseSip("INVITE sip:a@example.org SIP/2.0\r\nFrom: g\r\n" + header +
                         "Content-Length: 0\r\n\r\n"),
                FailsWith(Reason::kSipMessageInvalid))
        << header;
  }
}

// From the wire nothing was lost: a request without Content-Length has the body that came with it.
TEST(SipMessage, A16_AMessageFromTheWireWithoutLengthHasNoBody) {
  const std::string head = "INVITE sip:a@example.org SIP/2.0\r\nFrom: g\r\nTo: g\r\n\r\n";
  EXPECT_EQ(SipMessage::ParseMessage(head).value().content_length, 0U);
  EXPECT_EQ(SipMessage::ParseMessage(head + "v=0\r\n").value().content_length, 5U);
  EXPECT_EQ(ParseSip(head).value().content_length, std::nullopt);
}

// The summary lines of tools show the request line once more.
TEST(SipMessage, SummaryLinesAreNoRequests) {
  const std::string message = "INVITE sip:x@example.org SIP/2.0\nFrom: 1\nContent-Length: 0\n\n";
  for (const std::string& text :
       {"08:00:00.000000 IP 192.0.2.1.5060 > 192.0.2.2.5060: SIP: INVITE sip:x@example.org "
        "SIP/2.0\nE....4@.:................p.." +
            message,
        "192.0.2.1 -> 192.0.2.2: INVITE sip:x@example.org SIP/2.0\n\n" + message}) {
    const auto read = ParseSip(text);
    ASSERT_THAT(read, Succeeds()) << text;
    EXPECT_EQ(read->All("from"), std::vector<std::string>{"1"});
    EXPECT_EQ(read->other_requests, 0U);
  }
}

// From the wire there is one message, at the beginning.
TEST(SipMessage, AMessageFromTheWire) {
  const std::string update =
      "UPDATE sip:u@example.org SIP/2.0\r\nFrom: u\r\nContent-Length: 2\r\n\r\nab";
  const std::string invite = "INVITE sip:i@example.org sip/2.0\r\nFrom: i\r\n\r\n";
  const auto message = SipMessage::ParseMessage("\r\n\r\n" + update + invite);
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->method, "UPDATE");
  EXPECT_EQ(message->body, "ab");
  EXPECT_THAT(SipMessage::ParseMessage(invite), Succeeds());
  for (const std::string& text :
       {"x " + invite, " " + invite, "SIP/2.0 200 OK\r\n\r\n" + invite, std::string(),
        std::string("INVITE sip:i@example.org SIP/2.0.\r\nFrom: i.\r\n")}) {
    EXPECT_THAT(SipMessage::ParseMessage(text), FailsWith(Reason::kSipMessageInvalid)) << text;
  }
}

// Some elements take a lone CR for the end of a line, so a header could be hidden from us.
TEST(SipMessage, AMessageFromTheWireHasOneKindOfLineEnd) {
  const auto parse = [](std::string_view text) {
    return SipMessage::ParseMessage(ExactBytes(text).view());
  };
  const std::string line = "INVITE sip:i@example.org SIP/2.0";
  for (const std::string& text :
       {line + "\r\nFrom: i\rP-Asserted-Identity: x\r\n\r\n",
        line + "\r\nFrom: i\r\r\nTo: x\r\n\r\n", line + "\r\nFrom: i\r\n\r\r\n",
        line + "\r\nFrom: i\r\n\nTo: x\r\n\r\n", line + "\r\nFrom: i\nTo: x\r\n\r\n",
        line + "\nFrom: i\r\n\r\n", line + "\r\nFrom: i\r", line + "\rFrom: i\r\n\r\n",
        line + "\r\r\nFrom: i\r\n\r\n"}) {
    EXPECT_THAT(parse(text), FailsWith(Reason::kSipMessageInvalid)) << Quote(text);
  }
  EXPECT_THAT(ParseSip(line + "\r\r\nFrom: i\nTo: x\r\n\r\n"), Succeeds());  // captures may
  EXPECT_THAT(parse(line + "\nFrom: i\n\nbody\r"), Succeeds());
  EXPECT_THAT(parse(line + "\r\nFrom: i\r\n\r\na\rb\n\r\r\nc"), Succeeds());
}

// A capture begins with what registered the phone; the call is what is asked about.
TEST(SipMessage, TheFirstCallAmongOtherRequests) {
  const std::string options =
      "OPTIONS sip:o@example.org SIP/2.0\r\nFrom: o\r\nContent-Length: 0\r\n\r\n";
  const std::string invite = "INVITE sip:i@example.org SIP/2.0\r\nFrom: i\r\nl: 5\r\n\r\nv=0\r\n";
  const auto message = ParseSip(options + invite + options + invite);
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->method, "INVITE");
  EXPECT_EQ(message->All("from"), std::vector<std::string>{"i"});
  EXPECT_EQ(message->other_requests, 3U);
  EXPECT_EQ(ParseSip(options)->method, "OPTIONS");
  EXPECT_EQ(ParseSip(options)->other_requests, 0U);
  EXPECT_THAT(ParseSip("INVITE sip:i@example.org SIP/2.0\r\n\r\nFrom: i\r\n"),
              FailsWith(Reason::kSipMessageInvalid))
      << "every second line is empty";
}

// RFC 3261 20.14: over UDP Content-Length may be missing, and a capture goes on behind an ACK.
TEST(SipMessage, ARequestWithoutLengthDoesNotSwallowTheCallBehindIt) {
  const std::string ack = "ACK sip:a@example.org SIP/2.0\r\nFrom: a\r\n\r\n";
  const std::string invite = "INVITE sip:i@example.org SIP/2.0\r\nFrom: i\r\n\r\nv=0\r\n";
  const auto message = ParseSip(ack + invite);
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->method, "INVITE");
  EXPECT_EQ(message->body, "v=0\r\n");
  EXPECT_EQ(message->other_requests, 1U);
}

TEST(SipMessage, TheVersionHasNoCase) {
  for (const std::string_view version : {"sip/2.0", "Sip/2.0", "sip/2.0.", "SIP/2.0\\r\\n"}) {
    EXPECT_THAT(ParseSip("INVITE sip:x@example.org " + std::string(version) + "\nFrom: 1\n"),
                Succeeds())
        << version;
  }
}

TEST(SipMessage, TheFirstRequestIsRead) {
  const auto message = ParseSip(
      "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\nINVITE sip:a@example.org SIP/2.0\r\nFrom: a\r\n"
      "Content-Length: 0\r\n\r\nINVITE sip:b@example.org SIP/2.0\r\nFrom: b\r\n\r\n");
  ASSERT_THAT(message, Succeeds());
  EXPECT_EQ(message->request_uri, "sip:a@example.org");
  EXPECT_THAT(message->All("from"), ElementsAre("a"));
  EXPECT_EQ(message->body, "");
}

TEST(SipMessage, ContentLengthCutsTheBodyWhenThatMuchIsThere) {
  const auto body = [](std::string_view length) {
    const auto message =
        ParseSip("INVITE sip:x@example.org SIP/2.0\r\nContent-Length: " + std::string(length) +
                 "\r\n\r\n0123456789");
    return message ? message->body : "failed";
  };
  EXPECT_EQ(body("0"), "");
  EXPECT_EQ(body("4"), "0123");
  EXPECT_EQ(body("10"), "0123456789");
  EXPECT_EQ(body("11"), "0123456789");
  EXPECT_EQ(body("99999999999999999999999"), "0123456789");
  EXPECT_EQ(body("-1"), "failed");
  EXPECT_EQ(body("x"), "failed");
}

TEST(SipMessage, A8_SizeAndNumberOfHeadersAreLimited) {
  const std::string begin = "INVITE sip:x@example.org SIP/2.0\r\n";
  std::string many = begin;
  for (size_t i = 0; i < SipMessage::kMaxHeaders; ++i) many += "a: b\r\n";
  EXPECT_THAT(ParseSip(many + "\r\n"), Succeeds());
  EXPECT_THAT(ParseSip(many + "a: b\r\n\r\n"), FailsWith(Reason::kSipMessageInvalid));
  const std::string whole =
      begin + "\r\n" + std::string(SipMessage::kMaxBytes - begin.size() - 2, 'x');
  EXPECT_THAT(ParseSip(whole), Succeeds());
  EXPECT_THAT(ParseSip(whole + "x"), FailsWith(Reason::kSipMessageInvalid));
  EXPECT_THAT(ParseSip(std::string(SipMessage::kMaxBytes, '\n')),
              FailsWith(Reason::kSipMessageInvalid));
}

TEST(SipMessage, DifferingContentLengths_AreInvalid) {
  const std::string begin = "INVITE sip:x@example.org SIP/2.0\r\nContent-Length: 4\r\n";
  EXPECT_THAT(ParseSip(begin + "l: 0\r\n\r\n0123"), FailsWith(Reason::kSipMessageInvalid));
  EXPECT_THAT(ParseSip(begin + "l: 4\r\n\r\n0123"), Succeeds());
}

// RFC 3261 7.3.1 and 18.3: what a recipient cuts off must not be what was signed.
TEST(SipMessage, ContentLength_IsReadAsRecipientsDo_OrTheMessageIsInvalid) {
  const std::string begin = "MESSAGE sip:x@example.org SIP/2.0\r\nFrom: f\r\n";
  for (const std::string_view folded :
       {"Content-Length:\r\n 2\r\n", "l:\r\n\t2\r\n", "l: 2\r\n \r\n", "l: 2\r\nl:\r\n 2\r\n"}) {
    for (const auto& read : {SipMessage::Parse, SipMessage::ParseMessage}) {
      const auto message = read(begin + std::string(folded) + "\r\nab, and more");
      ASSERT_THAT(message, Succeeds()) << folded;
      EXPECT_EQ(message->body, "ab") << folded;
      EXPECT_EQ(message->content_length, 2U) << folded;
    }
  }
  for (const std::string_view odd : {"+2", "2;x=1", "0 2", "", "-2", "0x2", "2,2", "2\r\n 2"}) {
    for (const auto& read : {SipMessage::Parse, SipMessage::ParseMessage}) {
      EXPECT_THAT(read(begin + "Content-Length: " + std::string(odd) + "\r\n\r\nab, and more"),
                  FailsWith(Reason::kSipMessageInvalid))
          << odd;
    }
  }
  // A folded length of a request before the call.
  const auto second = SipMessage::Parse(
      "OPTIONS sip:o@example.org SIP/2.0\r\nFrom: o\r\nContent-Length:\r\n 0\r\n\r\n"
      "INVITE sip:b@example.org SIP/2.0\r\nFrom: b\r\n\r\n");
  ASSERT_THAT(second, Succeeds());
  EXPECT_EQ(second->method, "INVITE");
}

TEST(SipMessage, ABodyThatWasCutShort) {
  const std::string begin = "MESSAGE sip:x@example.org SIP/2.0\r\nFrom: f\r\nContent-Length: ";
  for (const std::string_view length : {"8", "99999999999999999999999"}) {
    const std::string text = begin + std::string(length) + "\r\n\r\nab\r\nc";
    EXPECT_THAT(SipMessage::ParseMessage(text), FailsWith(Reason::kSipMessageInvalid)) << length;
    EXPECT_THAT(SipMessage::Parse(text), Succeeds()) << "a capture may have lost bytes";
  }
  EXPECT_THAT(SipMessage::ParseMessage(begin + "8\r\n\r\nab\ncd\n"), Succeeds())
      << "only the CRs are missing";
  EXPECT_THAT(SipMessage::ParseMessage(begin + "8\r\n\r\n"), Succeeds()) << "the headers alone";
}

// A file of which the CRs were lost says so itself: with them it has as many bytes as
// Content-Length says.
TEST(SipMessage, F30_ABodyThatLostItsCrs_HasThemBack) {
  const auto text = [](std::string_view length, std::string_view body) {
    return "MESSAGE sip:x@example.org SIP/2.0\nFrom: f\nContent-Length: " + std::string(length) +
           "\n\n" + std::string(body);
  };
  const auto body = [&](std::string_view length, std::string_view sent) {
    return ParseSip(text(length, sent)).value().body;
  };
  EXPECT_EQ(body("14", "Hello\nWorld\n"), "Hello\r\nWorld\r\n");
  EXPECT_EQ(body("14", "Hello\nWorld\n\n"), "Hello\r\nWorld\r\n");
  EXPECT_EQ(body("12", "Hello\nWorld"), "Hello\r\nWorld");
  EXPECT_EQ(body("12", "a\nb\nc\nd\n"), "a\r\nb\r\nc\r\nd\r\n");
  for (const std::string& next :
       {text("0", ""), "\n" + text("0", ""), std::string("SIP/2.0 200 OK\nFrom: f\n\n")}) {
    EXPECT_EQ(body("14", "Hello\nWorld\n" + next), "Hello\r\nWorld\r\n") << next;
  }
  const auto two = ParseSip(text("12", "a\nb\nc\nd\n") + text("3", "z\n")).value();
  EXPECT_EQ(two.other_calls, 1U);
  EXPECT_EQ(two.body, "a\r\nb\r\nc\r\nd\r\n");
}

// Whatever may have been sent as it stands is left so; and from the wire nothing was lost.
TEST(SipMessage, F30_ABodyOfBareLfs_IsLeftSo) {
  const std::string begin = "MESSAGE sip:x@example.org SIP/2.0\nFrom: f\nContent-Length: ";
  const auto body = [&](const std::string& rest) { return ParseSip(begin + rest).value().body; };
  EXPECT_EQ(body("12\n\nHello\nWorld\n"), "Hello\nWorld\n");
  EXPECT_EQ(body("14\n\nHello\nWorld\nab"), "Hello\nWorld\nab");
  EXPECT_EQ(body("14\n\nHello\nWorld\n\n\n"), "Hello\nWorld\n\n\n");
  EXPECT_EQ(body("15\n\nHello\nWorld\n"), "Hello\nWorld\n");
  EXPECT_EQ(body("14\r\n\nHello\nWorld\n"), "Hello\nWorld\n");
  EXPECT_EQ(body("14\n\nHello\r\nWorld\n"), "Hello\r\nWorld\n");
  EXPECT_EQ(SipMessage::ParseMessage(begin + "14\n\nHello\nWorld\n").value().body,
            "Hello\nWorld\n");
}

std::vector<MediaKey> KeysOf(std::string_view headers, std::string_view body) {
  return ParseSip("INVITE sip:x@example.org SIP/2.0\r\n" + std::string(headers) + "\r\n" +
                  std::string(body))
      .value()
      .SdpFingerprints();
}

TEST(SipMessage, A16_FingerprintsOfTheSdp) {
  EXPECT_THAT(KeysOf("c: application/sdp\r\n",
                     "v=0\r\na=fingerprint:sha-256 AB:cd:01\r\nA=FINGERPRINT:md5  00:FF \r\n"
                     " a=fingerprint:md5 01\r\na=fingerprints:x 1\r\na=fingerprint:\r\n"),
              ElementsAre(MediaKey{"sha-256", "ABcd01"}, MediaKey{"", ""}));
}

TEST(SipMessage, A16_WhatIsSdp) {
  const std::string sdp = "v=0\r\na=fingerprint:md5 01\r\n";
  const MediaKey key{"md5", "01"};
  EXPECT_THAT(KeysOf("", sdp), ElementsAre(key));
  EXPECT_THAT(KeysOf("Content-Type: Application/SDP;x=y\r\n", sdp), ElementsAre(key));
  EXPECT_THAT(KeysOf("Content-Type: text/plain\r\n", sdp), ElementsAre());
  EXPECT_THAT(KeysOf("c: application/sdp\r\ne: gzip\r\n", sdp), ElementsAre());
  // Of another disposition it describes another session (RFC 3261 20.11, RFC 3959).
  EXPECT_THAT(
      KeysOf("c: application/sdp\r\nContent-Disposition: Session;handling=required\r\n", sdp),
      ElementsAre(key));
  EXPECT_THAT(KeysOf("c: application/sdp\r\nContent-Disposition: early-session\r\n", sdp),
              ElementsAre());
  EXPECT_THAT(KeysOf("c: application/sdp\r\nContent-Disposition: render\r\n", sdp), ElementsAre());
}

TEST(SipMessage, A16_OnlySdpPartsOfAMultipartBody) {
  const std::string sdp = "v=0\r\na=fingerprint:md5 01\r\n";
  const auto keys = [&](const std::string& part_headers, std::string_view boundary = "x") {
    return KeysOf("Content-Type: multipart/mixed;boundary=" + std::string(boundary) + "\r\n",
                  "a=fingerprint:md5 02\r\n--x\r\nContent-Type: text/plain\r\n\r\n"
                  "a=fingerprint:md5 03\r\n--x\r\n" +
                      part_headers + "\r\n" + sdp + "--x--\r\na=fingerprint:md5 04\r\n");
  };
  const MediaKey key{"md5", "01"};
  EXPECT_THAT(keys("Content-Type: application/sdp\r\n"), ElementsAre(key));
  EXPECT_THAT(keys("c: Application/SDP\r\n", "\"x\""), ElementsAre(key));
  EXPECT_THAT(keys("Content-Type: application/sdp\r\nContent-Transfer-Encoding: 8bit\r\n"),
              ElementsAre(key));
  EXPECT_THAT(keys("Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n"),
              ElementsAre());
  EXPECT_THAT(keys("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n"), ElementsAre());
  EXPECT_THAT(keys(""), ElementsAre());
  EXPECT_THAT(keys("Content-Type: application/sdp\r\n", "y"), ElementsAre());
}

TEST(SipMessage, A16_FoldedContentTypes) {
  const std::string sdp = "v=0\r\na=fingerprint:md5 01\r\n";
  const MediaKey key{"md5", "01"};
  EXPECT_THAT(KeysOf("Content-Type:\r\n application/sdp\r\n", sdp), ElementsAre(key));
  EXPECT_THAT(KeysOf("Content-Type: multipart/mixed;\r\n boundary=x\r\n",
                     "--x\r\nContent-Type:\r\n application/sdp;\r\n\tcharset=utf-8\r\n\r\n" + sdp +
                         "--x--\r\n"),
              ElementsAre(key));
}

// What counts is the session's description, and where a recipient could take another one, none.
TEST(SipMessage, A16_SeveralParts) {
  const std::string good = "v=0\r\na=fingerprint:md5 01\r\n";
  const std::string bad = "v=0\r\nm=audio 9 RTP/AVP 0\r\n";
  const std::string sdp = "Content-Type: application/sdp\r\n";
  const auto part = [](const std::string& headers, const std::string& text) {
    return "--x\r\n" + headers + "\r\n" + text;
  };
  const auto keys = [](const std::string& parts, std::string_view type = "mixed;boundary=x") {
    return KeysOf("Content-Type: multipart/" + std::string(type) + "\r\n", parts + "--x--\r\n");
  };
  const MediaKey key{"md5", "01"};
  const std::string other = part("Content-Type: application/isup\r\n", "isup");
  EXPECT_THAT(keys(part(sdp, good) + other), ElementsAre(key));
  EXPECT_THAT(keys(part(sdp + "Content-Disposition: Session;handling=required\r\n", good)),
              ElementsAre(key));
  for (const std::string_view aside : {"render;handling=optional", "icon", "early-session"}) {
    const std::string headers = sdp + "Content-Disposition: " + std::string(aside) + "\r\n";
    EXPECT_THAT(keys(part(headers, good) + part(sdp, bad)), ElementsAre()) << aside;
    EXPECT_THAT(keys(part(headers, bad) + part(sdp, good)), ElementsAre(key)) << aside;
  }
  EXPECT_THAT(keys(part(sdp, good) + part(sdp, bad)), ElementsAre());
  EXPECT_THAT(keys(part(sdp, bad) + part(sdp, good), "alternative;boundary=x"), ElementsAre());
  EXPECT_THAT(keys(part(sdp + "Content-Type: text/plain\r\n", good)), ElementsAre());
  EXPECT_THAT(keys(part(sdp, good) + part("Content-Type: multipart/mixed;boundary=y\r\n",
                                          "--y\r\n" + sdp + "\r\n" + bad + "--y--\r\n")),
              ElementsAre());
  EXPECT_THAT(keys(part(sdp, good), "mixed;z=\"a;boundary=x;b\";boundary=B"), ElementsAre());
  EXPECT_THAT(keys(part(sdp, good), "mixed;boundary=x;boundary=B"), ElementsAre());
}

TEST(SipMessage, EverySingleByteChangeIsReadOrRefused) {
  for (const std::string& text : {Wire("", "\r\n"), "x\n" + Wire("  ", ".\n")}) {
    for (size_t at = 0; at < text.size(); ++at) {
      for (const char byte : {'\0', '\n', '\r', ' ', '\t', ':', '.', '\\', '"', 'x', '\xFF'}) {
        std::string changed = text;
        changed[at] = byte;
        if (const auto message = ParseSip(changed)) {
          (void)message->SdpFingerprints();
          EXPECT_LE(message->body.size(), changed.size() * 2);
        } else {
          EXPECT_THAT(message, FailsWith(Reason::kSipMessageInvalid));
        }
      }
      (void)ParseSip(text.substr(0, at));
      (void)ParseSip(text.substr(at));
    }
  }
}

}  // namespace
}  // namespace callvet
