// SPDX-License-Identifier: MIT
#include "syntax/party.h"

#include <random>

#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;

const DialPlan* Us() {
  return FindDialPlan("US");
}
const DialPlan* Cn() {
  return FindDialPlan("CN");
}

Result<Party> ParseParty(std::string_view text, const DialPlan* plan = nullptr) {
  return Party::Parse(ExactBytes(text).view(), plan);
}

std::string Spec(std::string_view text) {
  const ExactBytes bytes(text);
  const auto spec = AddrSpec(bytes.view());
  return spec ? std::string(*spec) : "failed";
}

TEST(AddrSpec, UriOfANameAddr) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"<sip:alice@example.org>", "sip:alice@example.org"},
      {"<sip:alice@example.org>;tag=1", "sip:alice@example.org"},
      {"Alice B <sip:alice@example.org;user=phone> ; tag=x", "sip:alice@example.org;user=phone"},
      {"\"Alice\" <sip:alice@example.org>", "sip:alice@example.org"},
      {"\"<sip:mallory@example.net>\" <sip:alice@example.org>", "sip:alice@example.org"},
      {"\"a\\\"<sip:mallory@example.net>\"<sip:alice@example.org>", "sip:alice@example.org"},
      {"\"a\\\\\" <sip:alice@example.org>", "sip:alice@example.org"},
      {"\"\"<tel:+12155550100;ext=2>", "tel:+12155550100;ext=2"},
      {" sip:alice@example.org ;tag=1", "sip:alice@example.org"},
      {"sip:alice@example.org", "sip:alice@example.org"},
      {"<sip:alice,b@example.org>;a=\"b, \\\"c\";d", "sip:alice,b@example.org"},
      {"sip:alice,b@example.org;tag=1", "sip:alice,b@example.org"},
      {"sip:+12155550100;verstat=No-TN-Validation@example.org;tag=1",
       "sip:+12155550100;verstat=No-TN-Validation@example.org"},
      {"sip:example.org;tag=1", "sip:example.org"},
      {"AT&T <sip:alice@example.org>", "sip:alice@example.org"},
      {"Bob (home) <sip:alice@example.org>", "sip:alice@example.org"},
      {"=?UTF-8?B?Qm9i?= <sip:alice@example.org>;tag=1", "sip:alice@example.org"},
      {"<sip:alice@example.org>;x=\"<sip:b@c>\"", "sip:alice@example.org"}};
  for (const auto& [text, spec] : cases) EXPECT_EQ(Spec(text), spec) << text;
}

// RFC 3966: it belongs to the number. Behind the host some heed it and some do not.
TEST(Party, A32_AContextBehindTheHostMakesNoOtherNumber) {
  for (const auto& [text, plan, canonical] :
       {std::tuple("<sip:2079460000@b;phone-context=+1;user=phone>", Us(), "12079460000"),
        {"<sip:+12079460000@b;phone-context=+1>", nullptr, "12079460000"},
        {"<sip:911@b;phone-context=+1;user=phone>", nullptr, "911"},
        {"<sip:057112345678@b;user=phone;phone-context=+86>", Cn(), "8657112345678"},
        {"<sip:5550101@b;phone-context=example.org>", nullptr, "5550101"}}) {
    const auto party = ParseParty(text, plan);
    ASSERT_THAT(party, Succeeds()) << text;
    EXPECT_EQ(party->canonical(), canonical);
  }
  for (const char* text : {"<sip:2079460000@b;phone-context=+44;user=phone>",
                           "<sip:911@b;user=phone;phone-context=+1310555>",
                           "<sip:911@b;user=phone;PHONE-context=%2B1310555>"}) {
    EXPECT_THAT(ParseParty(text, Us()), FailsWith(Reason::kParameterInvalid)) << text;
  }
}

TEST(AddrSpec, OtherTexts_AreInvalid) {
  for (const std::string_view text :
       {"\"Alice",
        "\"Alice\\\"",
        "\"Alice\" sip:alice@example.org",
        "\"Alice\"",
        "<sip:alice@example.org",
        "Alice <",
        "\"a\" b <sip:alice@example.org>",
        "x \"<sip:mallory@example.net>\" <sip:alice@example.org>",
        "<sip:mallory@example.net> <sip:alice@example.org>",
        "<sip:mallory@example.net>, <sip:alice@example.org>",
        "<sip:alice@example.org>tag=1",
        "<sip:alice@example.org>;tag=1, <sip:mallory@example.net>",
        "<sip:alice@example.org>;tag=1,sip:mallory@example.net",
        "<sip:alice@example.org>;tag=1 <sip:mallory@example.net>",
        "<sip:alice@example.org>;<sip:mallory@example.net>",
        "<sip:alice@example.org>;x=1<sip:mallory@example.net>",
        "Smith, A <sip:alice@example.org>",
        "a@b <sip:alice@example.org>",
        "sip:a <sip:alice@example.org>",
        "<sip:alice@example.org>;a=\"b",
        "<sip:alice@example.org>;a=\"b\\\",c\",<sip:mallory@example.net>",
        "sip:alice@example.org;tag=1, sip:mallory@example.net",
        "sip:alice@example.org, sip:mallory@example.net",
        "sip:alice@example.org,sip:mallory@example.net;tag=1"}) {
    EXPECT_THAT(AddrSpec(ExactBytes(text).view()), FailsWith(Reason::kParameterInvalid)) << text;
  }
}

TEST(Party, A30_NumbersAndUris) {
  const struct {
    std::string_view text;
    std::string_view tn;   // empty: none
    std::string_view uri;  // empty: none
  } cases[] = {
      {"+12155550100", "12155550100", ""},
      {"(215) 555-0100", "12155550100", ""},
      {"tel:+12155550100", "12155550100", ""},
      {"TEL:+1-215-555-0100;verstat=TN-Validation-Passed", "12155550100", ""},
      {"<tel:2155550100;phone-context=+1>;x=y", "12155550100", ""},
      {"tel:2155550100;phone-context=+1", "12155550100", ""},
      {"<sip:+12155550100@example.org;user=phone>;tag=1", "12155550100", ""},
      {"<sip:%2B12155550100@example.org;user=phone>", "12155550100", ""},
      {"<sip:+12155550100;npdi;rn=+12155550199@example.org;user=phone>", "12155550100", ""},
      {"<sip:+12155550100@example.org>", "12155550100", "sip:+12155550100@example.org"},
      {"\"Alice\" <sip:2155550100:pw@Example.org:5060>", "12155550100",
       "sip:2155550100@example.org"},
      {"<sip:911@example.org>", "911", "sip:911@example.org"},
      {"<sip:*31%23@example.org>", "*31#", "sip:*31#@example.org"},
      {"sip:Alice@example.org;tag=1", "", "sip:alice@example.org"},
      {"<sip:anonymous@anonymous.invalid>;tag=1", "", "sip:anonymous@anonymous.invalid"},
      {"<sips:alice@example.org>", "", "sips:alice@example.org"},
      {"<sip:example.org>", "", "sip:example.org"},
      {"<sip:+12155550100%40evil@example.org>", "", "sip:+12155550100%40evil@example.org"},
      {"\"+12155550199\" <sip:alice@example.org>", "", "sip:alice@example.org"}};
  for (const auto& [text, tn, uri] : cases) {
    const auto party = ParseParty(text, Us());
    ASSERT_THAT(party, Succeeds()) << text;
    EXPECT_EQ(party->tn() ? party->tn()->canonical() : "", tn) << text;
    EXPECT_EQ(party->uri().value_or(""), uri) << text;
    EXPECT_EQ(party->canonical(), tn.empty() ? uri : tn);
    EXPECT_EQ(party->as_received(), text);
  }
}

// The same text behind a space is never read as a plain one.
void ExpectReadAlike(const std::string& text, const DialPlan* plan) {
  const auto plain = ParseParty(text, plan);
  const auto other = ParseParty(" " + text, plan);
  ASSERT_EQ(plain.has_value(), other.has_value()) << text;
  if (!plain) return;
  ASSERT_EQ(plain->tn().has_value(), other->tn().has_value()) << text;
  EXPECT_EQ(plain->uri(), other->uri()) << text;
  EXPECT_EQ(plain->as_received(), text);
  if (!plain->tn()) return;
  EXPECT_EQ(plain->tn()->canonical(), other->tn()->canonical()) << text;
  EXPECT_EQ(plain->tn()->digits(), other->tn()->digits()) << text;
  EXPECT_EQ(plain->tn()->global(), other->tn()->global()) << text;
  EXPECT_EQ(plain->tn()->local(), other->tn()->local()) << text;
}

TEST(Party, A30_PlainTextsAreReadLikeAnyOther) {
  const std::string texts[] = {"<sip:+12155550100@gw.example.org:5060;user=phone>;tag=a-1._",
                               "<sip:+12155550100@example.org>;tag=",
                               "sip:12155550100@192.0.2.1",
                               "<sip:110@h>",
                               "sip:+8657112345678@gw:5060",
                               "<sip:12@h:>",
                               "+12155550100",
                               "861058880150"};
  const std::string pieces = "<>;:@+\"\\ ,?%=.-_~*#()[]019aZtgsipuerhon";
  std::mt19937 random(1);
  const auto below = [&](size_t end) { return random() % end; };
  for (const std::string& text : texts) {
    for (const DialPlan* plan : {static_cast<const DialPlan*>(nullptr), Us(), Cn()}) {
      ExpectReadAlike(text, plan);
      for (int round = 0; round < 3000; ++round) {
        std::string changed = text;
        for (size_t n = below(3) + 1; n > 0; --n) {
          const size_t at = below(changed.size() + 1);
          const size_t removed = below(3);
          const std::string added(below(2), pieces[below(pieces.size())]);
          changed.replace(at, removed, added);
        }
        ExpectReadAlike(changed, plan);
      }
    }
  }
}

TEST(Party, A30_OtherTexts_AreInvalid) {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "alice"sv,
                                      "alice@example.org"sv,
                                      "tel:"sv,
                                      "tel:alice"sv,
                                      "tel:+12345678901234567"sv,
                                      "<tel:alice>"sv,
                                      "<sip:alice@example.org;user=phone>"sv,
                                      "<sip:example.org;user=phone>"sv,
                                      "<sip:+12345678901234567@example.org;user=phone>"sv,
                                      "<>"sv,
                                      "<sip:>"sv,
                                      "\"Alice\""sv,
                                      "<http://example.org/>"sv,
                                      "<urn:service:>"sv,
                                      "<urn:isbn:0451450523>"sv,
                                      "sip:alice@"sv,
                                      "+12155550100\0"sv,
                                      "\"x\" +12155550100"sv,
                                      "<+12155550100>"sv}) {
    EXPECT_THAT(ParseParty(text, Us()), FailsWith(Reason::kParameterInvalid)) << text;
  }
}

TEST(Party, F12_ServiceUrnIsAnIdentity) {
  const auto party = ParseParty("<urn:service:SOS.police>", nullptr);
  ASSERT_THAT(party, Succeeds());
  EXPECT_EQ(party->canonical(), "urn:service:sos.police");
  EXPECT_TRUE(party->MatchesUri("urn:service:sos.police"));
  EXPECT_FALSE(party->MatchesUri("urn:service:sos"));
  EXPECT_FALSE(party->MatchesTn("911", nullptr));
}

TEST(Party, A36_BothSidesAreCanonicalised) {
  // res_stir_shaken canonicalises one side only, vermouth none.
  const std::string_view forms[] = {"+12155550100",    "12155550100",    "2155550100",
                                    "+1-215-555-0100", "(215) 555-0100", "01112155550100"};
  for (const std::string_view party : forms) {
    for (const std::string_view claim : forms) {
      EXPECT_TRUE(ParseParty(party, Us())->MatchesTn(claim, Us())) << party << " and " << claim;
    }
    EXPECT_FALSE(ParseParty(party, Us())->MatchesTn("12155550101", Us())) << party;
    EXPECT_FALSE(ParseParty(party, Us())->MatchesTn("2155550101", Us())) << party;
  }
}

// RFC 3261 25.1: what stands before '<' is a name of tokens, not another URI.
TEST(Party, A42_UriInFrontOfTheAngleBracket_IsInvalid) {
  for (const std::string_view text :
       {"sip:+19995550000@h;foo=<sip:+12155550100@h>", "sip:+19995550000@h <sip:+12155550100@h>",
        "a;b <sip:+12155550100@h>", "a@b <sip:+12155550100@h>"}) {
    EXPECT_THAT(ParseParty(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
  EXPECT_THAT(ParseParty("Alice B. O'Neil <sip:+12155550100@h>"), Succeeds());
}

TEST(Party, H20_ChineseFormsMatch) {
  const std::string_view forms[] = {"+8613800005550", "8613800005550", "008613800005550",
                                    "13800005550",    "013800005550",  "1795113800005550"};
  const std::string_view claims[] = {"+8613800005550", "8613800005550", "008613800005550",
                                     "013800005550"};
  for (const std::string_view party : forms) {
    for (const std::string_view claim : claims) {
      EXPECT_TRUE(ParseParty(party, Cn())->MatchesTn(claim, Cn())) << party << " and " << claim;
    }
    // Eleven digits in a token are the American number that they say.
    EXPECT_FALSE(ParseParty(party, Cn())->MatchesTn("13800005550", Cn())) << party;
  }
  EXPECT_TRUE(ParseParty("+13800005550", Cn())->MatchesTn("13800005550", Cn()));
  EXPECT_TRUE(ParseParty("+8695588", Cn())->MatchesTn("95588", Cn()));
  EXPECT_TRUE(ParseParty("95588", Cn())->MatchesTn("+8695588", Cn()));
  EXPECT_FALSE(ParseParty("+861065550100", Cn())->MatchesTn("+1065550100", Cn()));
}

TEST(Party, A36_WithoutAPlanOnlyTheDigitsCount) {
  EXPECT_TRUE(ParseParty("+12155550100")->MatchesTn("12155550100", nullptr));
  EXPECT_FALSE(ParseParty("+12155550100")->MatchesTn("2155550100", nullptr));
  EXPECT_FALSE(ParseParty("2155550100")->MatchesTn("12155550100", nullptr));
}

TEST(Party, A36_AForeignNumberInATokenIsItself) {
  // Ten digits of Singapore's E.164 form look like a national number of the US plan.
  EXPECT_TRUE(ParseParty("+6555550100", Us())->MatchesTn("6555550100", Us()));
  EXPECT_TRUE(ParseParty("+12155550100", Cn())->MatchesTn("12155550100", Cn()));
}

TEST(Party, A36_ANumberInAnyWritingMatchesItself) {
  std::mt19937 random(8224);
  for (const DialPlan& plan : AllDialPlans()) {
    for (int i = 0; i < 2000; ++i) {
      std::string digits;
      const size_t length = 1 + random() % 14;
      while (digits.size() < length) digits += static_cast<char>('0' + random() % 10);
      const bool claims_may_be_national =
          plan.national_claims == DialPlan::NationalClaims::kAccepted || digits[0] == '0';
      const auto bare = ParseParty(digits, &plan);
      if (bare && (claims_may_be_national || bare->canonical() == digits)) {
        EXPECT_TRUE(bare->MatchesTn(digits, &plan)) << plan.iso << digits;
      }
      const auto global = ParseParty("+" + digits, &plan);
      ASSERT_THAT(global, Succeeds());
      EXPECT_TRUE(global->MatchesTn("+" + digits, &plan)) << plan.iso << digits;
      EXPECT_TRUE(global->MatchesTn(digits, &plan)) << plan.iso << digits;
    }
  }
}

TEST(Party, A36_NumbersAndUrisNeverMatchEachOther) {
  const auto number = ParseParty("<sip:+12155550100@example.org;user=phone>");
  ASSERT_THAT(number, Succeeds());
  EXPECT_FALSE(number->MatchesUri("sip:+12155550100@example.org"));
  EXPECT_FALSE(number->MatchesUri("tel:+12155550100"));
  const auto uri = ParseParty("<sip:alice@example.org>");
  ASSERT_THAT(uri, Succeeds());
  EXPECT_FALSE(uri->MatchesTn("alice", nullptr));
  EXPECT_FALSE(uri->MatchesTn("sip:alice@example.org", nullptr));
  EXPECT_FALSE(uri->MatchesTn("", nullptr));
}

TEST(Party, A34_UrisMatchInTheirCanonicalForm) {
  const auto party = ParseParty("\"A\" <sip:Alice:pw@Example.org:5060;transport=tcp?x=y>;tag=1");
  ASSERT_THAT(party, Succeeds());
  for (const std::string_view claim :
       {"sip:alice@example.org", "SIP:ALICE@EXAMPLE.ORG", "sip:%61lice@example.org:5061;x=y"}) {
    EXPECT_TRUE(party->MatchesUri(claim)) << claim;
  }
  for (const std::string_view claim :
       {"sips:alice@example.org", "sip:bob@example.org", "sip:alice@example.net", "sip:example.org",
        "sip:alice%3Bx@example.org", "sip:alice%40example.org@example.net", "alice@example.org", "",
        "tel:+12155550100"}) {
    EXPECT_FALSE(party->MatchesUri(claim)) << claim;
  }
}

TEST(Party, A34_UriClaims) {
  EXPECT_EQ(CanonicalUriClaim("SIP:Alice@Example.org:5060;x").value(), "sip:alice@example.org");
  for (const std::string_view claim :
       {"", "alice", "tel:+12155550100", "http://example.org/", "sip:"}) {
    EXPECT_THAT(CanonicalUriClaim(ExactBytes(claim).view()), FailsWith(Reason::kParameterInvalid))
        << claim;
  }
}

TEST(Party, EverySingleByteChangeIsReadOrRefused) {
  const std::string text = "\"A\\\"\" <sip:+1215555;x@h:1;user=phone>;tag=1";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const auto party = ParseParty(changed, Us());
      if (party) {
        EXPECT_FALSE(party->canonical().empty());
        EXPECT_TRUE(party->tn() || party->uri());
      } else {
        EXPECT_THAT(party, FailsWith(Reason::kParameterInvalid));
      }
    }
    (void)ParseParty(text.substr(0, at));
    (void)ParseParty(text.substr(at));
  }
}

}  // namespace
}  // namespace callvet
