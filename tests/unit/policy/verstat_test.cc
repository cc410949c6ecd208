// SPDX-License-Identifier: MIT
#include "callvet/verstat.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

struct StripCase {
  std::string_view before;
  std::string_view after;
};

TEST(Verstat, D11_AnyIncomingVerstatIsStripped) {
  const std::vector<StripCase> cases = {
      {"<sip:+12155550100;verstat=TN-Validation-Passed@example.org;user=phone>",
       "<sip:+12155550100@example.org;user=phone>"},
      {"<sip:+12155550100@example.org;verstat=TN-Validation-Passed;user=phone>;tag=1",
       "<sip:+12155550100@example.org;user=phone>;tag=1"},
      {"\"A <b>\" <tel:+12155550100;verstat=TN-Validation-Passed-A>",
       "\"A <b>\" <tel:+12155550100>"},
      {"tel:+12155550100;VERSTAT=x;npdi", "tel:+12155550100;npdi"},
      {"<sip:+12155550100;npdi;%76erstat=x@example.org>", "<sip:+12155550100;npdi@example.org>"},
      {"<sip:+12155550100%3Bverstat=TN-Validation-Passed@example.org>",
       "<sip:+12155550100@example.org>"},
      {"<sip:+12155550100;verstat@example.org>", "<sip:+12155550100@example.org>"},
      {"<sip:+12155550100:verstat=TN-Validation-Passed@example.org>",
       "<sip:+12155550100@example.org>"},
      {"<sip:+12155550100%3Averstat%3DTN-Validation-Passed@example.org>",
       "<sip:+12155550100@example.org>"},
      {"<sip:+12155550100%3Bverstat%3DTN-Validation-Passed@example.org>",
       "<sip:+12155550100@example.org>"},
      {"<sip:+12155550100:pw@[2001:db8::1]:5060;transport=tcp>;tag=a:b",
       "<sip:+12155550100:pw@[2001:db8::1]:5060;transport=tcp>;tag=a:b"},
      {"<sip:+12155550100;verstat=a;verstat=b@example.org;verstat=c>;verstat=d;tag=1",
       "<sip:+12155550100@example.org>;tag=1"},
      {"<sip:+12155550100@example.org;verstat=x?subject=y>",
       "<sip:+12155550100@example.org?subject=y>"},
      {"sip:+12155550100@example.org;verstat=x", "sip:+12155550100@example.org"},
      {"<sip:alice@example.org>", "<sip:alice@example.org>"},
      {"<sip:example.org;verstat=x>", "<sip:example.org>"},
      {"\"verstat=1;verstat=2\" <sip:a@example.org>", "<sip:a@example.org>"},
      {"\"a;Ver\\stat%3dTN-Validation-Passed\" <sip:a@example.org>;tag=1",
       "<sip:a@example.org>;tag=1"},
      {"\"%76erstat\"<sip:a@example.org>", "<sip:a@example.org>"},
      {"\"vers tat\" <sip:a@example.org>", "\"vers tat\" <sip:a@example.org>"},
      {"<sip:a@example.org?b=c&verstat=x&d=e>", "<sip:a@example.org?b=c&d=e>"},
      {"<sip:a@example.org?verstat=x&b=c>", "<sip:a@example.org?b=c>"},
      {"<sip:a@example.org?verstat=x&VERSTAT=y>", "<sip:a@example.org>"},
      {"<sip:a@example.org?verstat=x%26b=c%26%76erstat=y&d=e>", "<sip:a@example.org?b=c&d=e>"},
      {"<sip:a@example.org;b=c&verstat>", "<sip:a@example.org;b=c>"},
      {"<sip:+12155550100,verstat=TN-Validation-Passed@example.org>",
       "<sip:+12155550100@example.org>"},
      {"<sip:+12155550100&verstat=TN-Validation-Passed;npdi@example.org>",
       "<sip:+12155550100;npdi@example.org>"},
      {"<sip:+12155550100%2cverstat=x%26VERSTAT%3Dy@example.org>",
       "<sip:+12155550100@example.org>"},
      {"<sip:a,b&c@example.org?d=e,f&g=h>", "<sip:a,b&c@example.org?d=e,f&g=h>"},
      {"<sip:x;verstat%00x=TN-Validation-Passed@example.org>", "<sip:x@example.org>"},
      {"<sip:x;ver%09stat%00=y;a%00verstat=b@example.org>", "<sip:x;a%00verstat=b@example.org>"},
      {std::string_view("<sip:x;verstat\0=TN-Validation-Passed@example.org>", 49),
       "<sip:x@example.org>"},
      // What has it between quotes goes as a whole: else a quote would be left open.
      {"<sip:a@example.org>;x=\"<sip:q;verstat=TN-Validation-Passed@z>\"", "<sip:a@example.org>"},
      {"<sip:a@example.org>;b=\"c;d\";x=\"q\\\";verstat=1;e\";tag=1",
       "<sip:a@example.org>;b=\"c;d\";tag=1"},
      {"sip:a@example.org;x=\"<sip:q;verstat=1@z>\";tag=1", "sip:a@example.org;tag=1"},
      {"<sip:a;x=\"b;verstat=1\";npdi@example.org>", "<sip:a;npdi@example.org>"},
      {"<sip:a@example.org>;x=\"b;verstat=1;tag=1", "<sip:a@example.org>"},
      {"<sip:a@example.org>;x=\"b;c;tag=1", "<sip:a@example.org>;x=\"b;c;tag=1"},
      {" \tsip:a@example.org;verstat=x", " \tsip:a@example.org"},
      // Blanks within the brackets belong to nothing.
      {"\"A\" < \tsip:a@example.org;verstat=x\t >;tag=1", "\"A\" <sip:a@example.org>;tag=1"},
      {"\"verstat\" < sip:a@example.org>", "<sip:a@example.org>"},
      {"<SIPS:a@example.org;verstat=x>", "<SIPS:a@example.org>"},
      {"<sip:a@example.org;%7verstat=x>", "<sip:a@example.org;%7verstat=x>"},
      {"<sip:a@example.org;%g6erstat=x>", "<sip:a@example.org;%g6erstat=x>"},
      {"<sip:a@example.org;%7>", "<sip:a@example.org;%7>"},
      {"\"a \\\" <\" <sip:a@example.org;verstat=x>", "\"a \\\" <\" <sip:a@example.org>"},
      {"a\\b <sip:a@example.org;verstat=x>", "a\\b <sip:a@example.org>"},
  };
  for (const StripCase& c : cases) {
    const ExactBytes bytes(c.before);
    EXPECT_EQ(StripVerstat(bytes.view()).value(), c.after);
  }
}

// Nothing that begins another header is written; a folded value is put on one line.
TEST(Verstat, D11_LineBreaks) {
  EXPECT_EQ(StripVerstat("\"A\"\r\n <sip:a@example.org>\r\n\t;tag=1;verstat=x").value(),
            "\"A\" <sip:a@example.org> ;tag=1");
  for (const std::string_view bad :
       {"<sip:a@example.org>\r\nX: y", "<sip:a@example.org>;b=\"\nX: y\"", "a\rb <sip:a@h>"}) {
    EXPECT_THAT(StripVerstat(bad), FailsWith(Reason::kParameterInvalid)) << bad;
    EXPECT_THAT(WriteVerstat(bad, {"No-TN-Validation"}), FailsWith(Reason::kParameterInvalid));
  }
}

TEST(Verstat, NoUri) {
  for (const std::string_view bad :
       {"", "garbage", "<sip:a@example.org", "<mailto:a@example.org>"}) {
    EXPECT_THAT(StripVerstat(ExactBytes(bad).view()), FailsWith(Reason::kParameterInvalid)) << bad;
  }
}

struct WriteCase {
  std::string_view before;
  VerstatMark::Place place;
  std::string_view after;
};

TEST(Verstat, D9_D11_UserPartOrUriParameter) {
  constexpr auto kUser = VerstatMark::Place::kUserPart;
  constexpr auto kUri = VerstatMark::Place::kUriParameter;
  const std::vector<WriteCase> cases = {
      {"<sip:+12155550100@example.org;user=phone>;tag=1", kUser,
       "<sip:+12155550100;verstat=V@example.org;user=phone>;tag=1"},
      {"<sip:+12155550100@example.org;user=phone>;tag=1", kUri,
       "<sip:+12155550100@example.org;user=phone;verstat=V>;tag=1"},
      {"<tel:+12155550100>", kUser, "<tel:+12155550100;verstat=V>"},
      {"<tel:+12155550100>", kUri, "<tel:+12155550100;verstat=V>"},
      {"tel:+12155550100", kUser, "<tel:+12155550100;verstat=V>"},
      {"sip:+12155550100@example.org;tag=1", kUser,
       "<sip:+12155550100;verstat=V@example.org>;tag=1"},
      {"sip:+12155550100@example.org;tag=1", kUri,
       "<sip:+12155550100@example.org;verstat=V>;tag=1"},
      {"<sip:+12155550100;verstat=forged@example.org>", kUri,
       "<sip:+12155550100@example.org;verstat=V>"},
      {"<sip:+12155550100@example.org?subject=x>", kUri,
       "<sip:+12155550100@example.org;verstat=V?subject=x>"},
      {"sip:+12155550100@example.org", kUri, "<sip:+12155550100@example.org;verstat=V>"},
      {"<sip:example.org>", kUser, "<sip:example.org;verstat=V>"},  // there is no user part
      {"< sip:+12155550100@example.org>", kUser, "<sip:+12155550100;verstat=V@example.org>"},
      {"<\ttel:+12155550100 >", kUser, "<tel:+12155550100;verstat=V>"},
      // In front of the password, which may have no ';' (RFC 3261 25.1).
      {"<sip:+12155550100:pw@example.org>", kUser, "<sip:+12155550100;verstat=V:pw@example.org>"},
      {"sips:+12155550100;npdi:p:w@example.org;tag=1", kUser,
       "<sips:+12155550100;npdi;verstat=V:p:w@example.org>;tag=1"},
      {"<sip:+12155550100:pw@example.org>", kUri, "<sip:+12155550100:pw@example.org;verstat=V>"},
  };
  for (const WriteCase& c : cases) {
    EXPECT_EQ(WriteVerstat(c.before, {"V", VerstatMark::Header::kFrom, c.place}).value(), c.after)
        << c.before;
  }
  for (const std::string_view bad : {"", "a b", "a;b", "a\r\nVia: x", "a>"}) {
    EXPECT_THAT(WriteVerstat("<sip:a@example.org>", {std::string(bad)}),
                FailsWith(Reason::kParameterInvalid));
  }
}

// Without angle brackets the tag is the header's (RFC 3261 20): inside them there would be no tag.
TEST(Verstat, D11_TheTagOfABareTelUriStaysTheHeaders) {
  const std::vector<WriteCase> cases = {
      {"tel:+12155550100;tag=1", {}, "<tel:+12155550100;verstat=V>;tag=1"},
      {"tel:+12155550100;verstat=forged;TAG=a-b.c%3b1",
       {},
       "<tel:+12155550100;verstat=V>;TAG=a-b.c%3b1"},
      {"tel:5550100;phone-context=+1215;tag=1;isub=2",
       {},
       "<tel:5550100;phone-context=+1215;isub=2;verstat=V>;tag=1"},
      {"tel:+12155550100; tag = 1", {}, "<tel:+12155550100;verstat=V>; tag = 1"},
      {"tel:+12155550100;x=\"a;tag=2\";tag=1",
       {},
       "<tel:+12155550100;x=\"a;tag=2\";verstat=V>;tag=1"},
      {"tel:+12155550100;tagged=1", {}, "<tel:+12155550100;tagged=1;verstat=V>"},
      {"<tel:+12155550100;tag=1>;tag=2", {}, "<tel:+12155550100;tag=1;verstat=V>;tag=2"}};
  for (const WriteCase& c : cases) {
    for (const auto place : {VerstatMark::Place::kUserPart, VerstatMark::Place::kUriParameter}) {
      EXPECT_EQ(WriteVerstat(c.before, {"V", VerstatMark::Header::kFrom, place}).value(), c.after)
          << c.before;
    }
    EXPECT_EQ(StripVerstat(c.after).value().find("verstat"), std::string::npos) << c.after;
  }
}

TEST(Verstat, AValueMayHaveDigits) {
  EXPECT_EQ(WriteVerstat("<sip:a@example.org>", {"Level-2"}).value(),
            "<sip:a;verstat=Level-2@example.org>");
}

// A blank behind '<' makes no other identity of the one that the verifier read.
TEST(Verstat, D9_BlanksInBracketsAreNoPartOfTheIdentity) {
  const VerstatMark mark{"TN-Validation-Passed",
                         VerstatMark::Header::kAssertedIdentity,
                         VerstatMark::Place::kUserPart,
                         {"< sip:+12155550100@example.org >"}};
  EXPECT_EQ(WriteVerstat("< sip:+12155550100@example.org >", mark).value(),
            "<sip:+12155550100;verstat=TN-Validation-Passed@example.org>");
}

// Without angle brackets ";tag=" is the header's and not the URI's: the number is the verified one.
TEST(Verstat, D9_AFromWithoutBracketsIsTheVerifiedIdentity) {
  const VerstatMark mark{"TN-Validation-Passed",
                         VerstatMark::Header::kFrom,
                         VerstatMark::Place::kUserPart,
                         {"sip:+12155550100@example.org;tag=1"}};
  EXPECT_EQ(WriteVerstat("sip:+12155550100@example.org;tag=1", mark).value(),
            "<sip:+12155550100;verstat=TN-Validation-Passed@example.org>;tag=1");
  EXPECT_EQ(WriteVerstat("<sip:+12155550100@example.org>", mark).value(),
            "<sip:+12155550100;verstat=TN-Validation-Passed@example.org>");
  EXPECT_EQ(WriteVerstat("<sip:+12155550199@example.org>;tag=1", mark).value(),
            "<sip:+12155550199;verstat=No-TN-Validation@example.org>;tag=1");
  // What holds no URI was never verified, and is nobody's.
  VerstatMark odd = mark;
  odd.identities = {"garbage", "<sip:+12155550100@example.org"};
  EXPECT_EQ(WriteVerstat("<sip:+12155550100@example.org>", odd).value(),
            "<sip:+12155550100;verstat=No-TN-Validation@example.org>");
}

}  // namespace
}  // namespace callvet
