// SPDX-License-Identifier: MIT
#include "callvet/telephone_number.h"

#include <random>

#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::string_view text;
  std::string_view canonical;
};

std::string Canonical(std::string_view text, std::string_view country) {
  const auto number = TelephoneNumber::Parse(ExactBytes(text).view(), FindDialPlan(country));
  return number ? number->canonical() : std::string(Info(number.error().reason).id);
}

template <size_t N>
void ExpectRows(const Row (&rows)[N], std::string_view country) {
  for (const auto& [text, canonical] : rows) EXPECT_EQ(Canonical(text, country), canonical) << text;
}

TEST(TelephoneNumber, A31_VisualSeparatorsAreDropped) {
  ExpectRows({{"12155550100", "12155550100"},
              {"+12155550100", "12155550100"},
              {"+1-215-555-0100", "12155550100"},
              {"+1 (215) 555.0100", "12155550100"},
              {" +1 215/555-0100\t", "12155550100"},
              {"*67", "*67"},
              {"#31#5550100", "#31#5550100"},
              {"0", "0"}},
             "");
}

TEST(TelephoneNumber, A31_WhatIsNoNumber_IsInvalid) {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "+"sv,
                                      "-"sv,
                                      "()"sv,
                                      "alice"sv,
                                      "1-800-EXAMPLE"sv,
                                      "1215555o100"sv,
                                      "++12155550100"sv,
                                      "12155550100+"sv,
                                      "1,2"sv,
                                      "1@2"sv,
                                      "<1>"sv,
                                      "\"1\""sv,
                                      "1\0"sv,
                                      "1\n2"sv,
                                      "\xD9\xA1"sv,
                                      ";phone-context=+1"sv,
                                      "%2B1"sv,
                                      "tel:+12155550100"sv,
                                      "1=2"sv}) {
    for (const DialPlan* plan :
         {static_cast<const DialPlan*>(nullptr), FindDialPlan("US"), FindDialPlan("CN")}) {
      EXPECT_THAT(TelephoneNumber::Parse(ExactBytes(text).view(), plan),
                  FailsWith(Reason::kParameterInvalid))
          << text;
    }
  }
}

TEST(TelephoneNumber, A33_ParametersAreCutOff) {
  ExpectRows({{"+12155550100;verstat=TN-Validation-Passed", "12155550100"},
              {"+12155550100;npdi;rn=+12155550199", "12155550100"},
              {"+12155550100;cic=+10288", "12155550100"},
              {"2155550100;phone-context=+1", "12155550100"},
              {"2155550100;npdi;Phone-Context = +1 ;x", "12155550100"},
              {"2155550100;phone-context=+1-215", "12152155550100"},
              {"+442079460000;phone-context=+1", "442079460000"},
              {"2155550100;phone-context=example.org", "2155550100"},
              {"2155550100;xphone-context=+1", "2155550100"},
              {"2155550100;", "2155550100"},
              {"2155550100;;;=", "2155550100"}},
             "");
  EXPECT_EQ(Canonical("2155550100;phone-context=example.org", "US"), "12155550100");
}

TEST(TelephoneNumber, A33_PhoneContextThatIsNoPrefix_IsInvalid) {
  for (const std::string_view text : {"2155550100;phone-context=+", "2155550100;phone-context=+x",
                                      "2155550100;phone-context=+1;x=alice;phone-context=+2a",
                                      "2155550100;phone-context=+1;Phone-Context=+1",
                                      "+12155550100;phone-context=a;phone-context=b"}) {
    EXPECT_THAT(TelephoneNumber::Parse(text, nullptr), FailsWith(Reason::kParameterInvalid))
        << text;
  }
  const std::string longest = "5550100;phone-context=+1" + std::string(126, '-');
  EXPECT_THAT(TelephoneNumber::Parse(longest, nullptr), Succeeds());
  EXPECT_THAT(TelephoneNumber::Parse(longest + "-", nullptr), FailsWith(Reason::kParameterInvalid));
}

// tgrp, trunk-context, npdi, rn and verstat together are long (RFC 4904, RFC 4694).
TEST(TelephoneNumber, A33_ParametersMayBeLong) {
  const std::string more = ";tgrp=" + std::string(300, 'a');
  EXPECT_EQ(Canonical("+12155550100" + more, ""), "12155550100");
  EXPECT_EQ(Canonical("5550199;phone-context=+1999" + more, ""), "19995550199");
  EXPECT_EQ(Canonical("5550199" + more + ";phone-context=+1999", ""), "19995550199");
}

TEST(TelephoneNumber, A32_ServiceCodesOfACountry_StayAsTheyAre) {
  ExpectRows({{"911;phone-context=+1", "911"},
              {"112;phone-context=+44", "112"},
              {"110;phone-context=+86", "110"},
              {"7042;phone-context=+1-914-555", "19145557042"},
              {"0100;phone-context=+1", "10100"}},
             "");
  for (const std::string_view country : {"US", "GB", "CN"}) {
    EXPECT_EQ(Canonical("911;phone-context=+1", country), "911") << country;
    EXPECT_EQ(Canonical("110;phone-context=+86", country), "110") << country;
  }
  EXPECT_FALSE(TelephoneNumber::Parse("911;phone-context=+1", nullptr).value().global());
}

// Where 0 and the number are as long as another national number, too.
TEST(TelephoneNumber, M2_TheTrunkPrefixIsNoPartOfANumberInTheContextOfItsCountry) {
  struct Written {
    std::string_view text;
    std::string_view country;
    std::string_view canonical;
  };
  for (const Written& row : {Written{"030123456;phone-context=+49", "DE", "4930123456"},
                             {"01058880100;phone-context=+86", "CN", "861058880100"},
                             {"0755-1234567;phone-context=+86", "CN", "867551234567"},
                             {"0312345678;phone-context=+81", "JP", "81312345678"},
                             {"01 6771234;phone-context=+353", "IE", "35316771234"},
                             {"020 7946000;phone-context=+44", "GB", "44207946000"},
                             {"30123456;phone-context=+49", "DE", "4930123456"},
                             {"06 12345678;phone-context=+39", "IT", "390612345678"},
                             {"030123456;phone-context=+49", "FR", "49030123456"}}) {
    EXPECT_EQ(Canonical(row.text, row.country), row.canonical) << row.text;
  }
}

TEST(TelephoneNumber, A33_ThePrefixForDiallingIsNoPartOfANumberInItsCountry) {
  ExpectRows({{"02079460000;phone-context=+44", "442079460000"},
              {"2079460000;phone-context=+44", "442079460000"},
              {"02155550100;phone-context=+1", "102155550100"}},
             "GB");
}

TEST(TelephoneNumber, A12_ATnClaimHasNoParameters) {
  for (const std::string_view text : {"12155550100;phone-context=+44", "12155550100;npdi",
                                      "12155550100;", "12155550100;<x>\"\x01"}) {
    EXPECT_THAT(TelephoneNumber::ParseClaim(text, nullptr), FailsWith(Reason::kParameterInvalid))
        << text;
    EXPECT_THAT(TelephoneNumber::ParseClaim(text, FindDialPlan("US")),
                FailsWith(Reason::kParameterInvalid))
        << text;
  }
}

TEST(TelephoneNumber, A35_OneToFifteenDigits) {
  EXPECT_EQ(Canonical("123456789012345", ""), "123456789012345");
  EXPECT_EQ(Canonical("+123456789012345", "US"), "123456789012345");
  for (const std::string_view text :
       {"1234567890123456", "+1234567890123456", "23456789012345;phone-context=+86"}) {
    EXPECT_THAT(TelephoneNumber::Parse(text, nullptr), FailsWith(Reason::kParameterInvalid))
        << text;
  }
  EXPECT_THAT(TelephoneNumber::Parse(std::string(128, '-') + "1", nullptr),
              FailsWith(Reason::kParameterInvalid));
  EXPECT_THAT(TelephoneNumber::Parse(std::string(127, '-') + "1", nullptr), Succeeds());
}

TEST(TelephoneNumber, GlobalAndDigitsAreOfWhatWasReceived) {
  const auto number = TelephoneNumber::Parse("+1 (215) 555-0100", FindDialPlan("US"));
  ASSERT_THAT(number, Succeeds());
  EXPECT_TRUE(number->global());
  EXPECT_EQ(number->digits(), "12155550100");
  const auto local = TelephoneNumber::Parse("(215) 555-0100", FindDialPlan("US"));
  ASSERT_THAT(local, Succeeds());
  EXPECT_FALSE(local->global());
  EXPECT_EQ(local->digits(), "2155550100");
  EXPECT_EQ(local->canonical(), "12155550100");
  EXPECT_TRUE(TelephoneNumber::Parse("2155550100;phone-context=+1", nullptr).value().global());
  EXPECT_FALSE(
      TelephoneNumber::Parse("5550100;phone-context=example.org", nullptr).value().global());
}

TEST(TelephoneNumber, A32_NorthAmerica) {
  ExpectRows({{"2155550100", "12155550100"},
              {"12155550100", "12155550100"},
              {"+12155550100", "12155550100"},
              {"01112155550100", "12155550100"},
              {"011442079460000", "442079460000"},
              {"+442079460000", "442079460000"},
              {"442079460000", "442079460000"},
              {"911", "911"},
              {"+1911", "1911"},
              {"5550100", "5550100"},
              {"0", "0"},
              {"*67", "*67"},
              {"*672155550100", "*672155550100"}},
             "US");
}

TEST(TelephoneNumber, A32_NationalAndInternationalPrefixes) {
  EXPECT_EQ(Canonical("02079460000", "GB"), "442079460000");
  EXPECT_EQ(Canonical("00442079460000", "GB"), "442079460000");
  EXPECT_EQ(Canonical("442079460000", "GB"), "442079460000");
  EXPECT_EQ(Canonical("0012155550100", "GB"), "12155550100");
  EXPECT_EQ(Canonical("999", "GB"), "999");
  EXPECT_EQ(Canonical("0611111111", "FR"), "33611111111");
  EXPECT_EQ(Canonical("0015550100", "FR"), "15550100");
  EXPECT_EQ(Canonical("001112155550100", "AU"), "12155550100");
  EXPECT_EQ(Canonical("01012155550100", "JP"), "12155550100");
  EXPECT_EQ(Canonical("0612345678", "IT"), "390612345678");  // the 0 is part of the number
  EXPECT_EQ(Canonical("3912345678", "IT"), "393912345678");  // a mobile, not +39 and 12345678
  EXPECT_EQ(Canonical("+393912345678", "IT"), "393912345678");
  EXPECT_EQ(Canonical("393912345678", "IT"), "393912345678");
  EXPECT_EQ(Canonical("3906123456", "IT"), "3906123456");
  EXPECT_EQ(Canonical("+3912345678", "IT"), "3912345678");
  EXPECT_EQ(Canonical("+390612345678", "IT"), "390612345678");
  EXPECT_EQ(Canonical("612345678", "ES"), "34612345678");
  EXPECT_EQ(Canonical("9123456789", "IN"), "919123456789");
  EXPECT_EQ(Canonical("919123456789", "IN"), "919123456789");
  EXPECT_EQ(Canonical("65912345", "SG"), "6565912345");
  EXPECT_EQ(Canonical("00112155550100", "HK"), "12155550100");
  EXPECT_EQ(Canonical("55912345678", "BR"), "5555912345678");
}

// E.164: a number is dialled abroad behind the international prefix, and in none of these plans
// does one begin with it at home, not even where it may be as short as prefix, country code and
// 112.
TEST(TelephoneNumber, A32_NoNationalNumberBeginsLikeACallAbroad) {
  for (const auto& [number, country] : {std::pair("0049112", "DE"),
                                        {"0049110", "DE"},
                                        {"00491234", "DE"},
                                        {"00353112", "IE"},
                                        {"0039112", "IT"},
                                        {"00391234", "IT"},
                                        {"001852112", "HK"}}) {
    EXPECT_EQ(Canonical(number, country), number) << country;
  }
  EXPECT_EQ(Canonical("004930123456", "DE"), "4930123456");
  EXPECT_EQ(Canonical("030123456", "DE"), "4930123456");
}

// A code stays as it is (RFC 8224 8.3), also where a subscriber's number may be as short.
TEST(TelephoneNumber, A32_CodesOfSixDigitsAreNoSubscribers) {
  for (const char* number : {"116117", "+49116117", "0049116117", "49116117"}) {
    EXPECT_EQ(Canonical(number, "DE"), "116117") << number;
  }
  EXPECT_EQ(Canonical("118000", "DE"), "118000");
  EXPECT_EQ(Canonical("11833", "DE"), "11833");
  EXPECT_EQ(Canonical("116000", "IT"), "116000");
  EXPECT_EQ(Canonical("030116117", "DE"), "4930116117");
  EXPECT_EQ(Canonical("116118", "FR"), "116118");
}

TEST(TelephoneNumber, H20_ChinaGeographicAndMobile) {
  ExpectRows({{"+8613800005550", "8613800005550"},
              {"8613800005550", "8613800005550"},
              {"008613800005550", "8613800005550"},
              {"13800005550", "8613800005550"},
              {"013800005550", "8613800005550"},
              {"01065550100", "861065550100"},
              {"+861065550100", "861065550100"},
              {"861065550100", "861065550100"},
              {"0086 10 6555 0100", "861065550100"},
              {"021-55550100", "862155550100"},
              {"0755-55550100", "8675555550100"},
              {"075555550100", "8675555550100"},
              {"0951-2345678", "869512345678"},
              {"+869512345678", "869512345678"},
              {"+12155550100", "12155550100"},
              {"0012155550100", "12155550100"}},
             "CN");
}

TEST(TelephoneNumber, H20_ChinaCarrierPrefixes) {
  ExpectRows({{"1795113800005550", "8613800005550"},
              {"17909013800005550", "8613800005550"},
              {"1795101065550100", "861065550100"},
              {"12593075555550100", "8675555550100"},
              {"179090012155550100", "12155550100"},
              {"17951008613800005550", "8613800005550"},
              {"17951000055", "8617951000055"}},  // eleven digits: a mobile number
             "CN");
}

// What is dialled within the country has no place behind its code, and is written there all the
// same.
TEST(TelephoneNumber, H20_ChinaPrefixesBehindTheCountryCode) {
  for (const std::string country : {"+86", "0086", "86"}) {
    for (const auto& [behind, canonical] :
         {std::pair<std::string, std::string>{"01058880100", "861058880100"},
          {"057188888888", "8657188888888"},
          {"013800138000", "8613800138000"},
          {"1795113800138000", "8613800138000"},
          {"17951013800138000", "8613800138000"},
          {"17909057188888888", "8657188888888"},
          {"04008108888", "4008108888"},
          {"09512345678", "869512345678"},
          {"17951138001", "8617951138001"},  // eleven digits: a mobile number
          {"13800138000", "8613800138000"}}) {
      EXPECT_EQ(Canonical(country + behind, "CN"), canonical) << country << behind;
    }
  }
  ExpectRows({{"057188888888;phone-context=+86", "8657188888888"},
              {"1795113800138000;phone-context=+86", "8613800138000"},
              // No possible number is left: nothing is taken off.
              {"+8600138001380", "8600138001380"},
              {"+86095588", "86095588"},
              {"+8617951", "8617951"},
              {"+860138", "860138"},
              // Other countries keep theirs.
              {"+8520212345678", "8520212345678"},
              {"+4402079460000", "4402079460000"}},
             "CN");
  ExpectRows({{"+4402079460000", "4402079460000"}, {"+8601058880100", "8601058880100"}}, "GB");
  EXPECT_EQ(Canonical("+8601058880100", ""), "8601058880100");
}

// Of thirteen digits, as they are dialled and with the country's code.
TEST(TelephoneNumber, H20_ChinaNumbersOfThirteenDigits) {
  for (const std::string national :
       {"1410123456789", "1440123456789", "1441123456789", "1460123456789", "1480123456789"}) {
    for (const std::string prefix : {"", "0", "86", "+86", "0086", "+860", "17951"}) {
      EXPECT_EQ(Canonical(prefix + national, "CN"), "86" + national) << prefix;
    }
  }
  for (const std::string other : {"1420123456789", "1380123456789", "14101234567890"}) {
    EXPECT_EQ(Canonical(other, "CN"), other);
  }
}

TEST(TelephoneNumber, H20_ChinaSharedCostBehindTheNationalPrefix) {
  ExpectRows({{"04008108888", "4008108888"}, {"08008108888", "8008108888"}}, "CN");
  EXPECT_EQ(Canonical("0116117", "DE"), "49116117");
}

TEST(TelephoneNumber, H20_ChinaShortCodesHaveOneFormWithoutCountryCode) {
  for (const std::string_view code :
       {"95588", "95566", "95012345", "96110", "10086", "10000", "110", "119", "120", "122",
        "12110", "12345", "114", "4005550100", "8005550100", "10105555", "95110"}) {
    EXPECT_EQ(Canonical(code, "CN"), code);
    EXPECT_EQ(Canonical("+86" + std::string(code), "CN"), code);
    EXPECT_EQ(Canonical("86" + std::string(code), "CN"), code);
    EXPECT_EQ(Canonical("0086" + std::string(code), "CN"), code);
  }
}

TEST(TelephoneNumber, H20_ChinaFormsThatMeanAnotherNumberWithTheCountryCode) {
  ExpectRows({{"10655501000", "10655501000"},       // bare 106: SMS
              {"+8610655501000", "8610655501000"},  // Beijing, one digit too long, but not SMS
              {"1065550100", "1065550100"},
              {"+861065550100", "861065550100"},
              {"9512345678", "9512345678"},     // bare 951: call centre
              {"09512345678", "869512345678"},  // Ningxia
              {"+869512345678", "869512345678"}},
             "CN");
}

TEST(TelephoneNumber, A32_TheSamePlanOnBothSidesIsStable) {
  // What a plan makes of any input is again a number, and a number with '+' is the same as its
  // digits with the international prefix.
  std::mt19937 random(20261121);
  for (const DialPlan& plan : AllDialPlans()) {
    for (int i = 0; i < 3000; ++i) {
      std::string digits;
      const size_t length = 1 + random() % 14;
      while (digits.size() < length) digits += static_cast<char>('0' + random() % 10);
      const auto number = TelephoneNumber::Parse(digits, &plan);
      if (!number) continue;
      EXPECT_LE(number->canonical().size(), TelephoneNumber::kMaxCanonical);
      EXPECT_FALSE(number->canonical().empty());
      EXPECT_EQ(TelephoneNumber::Parse(digits, &plan)->canonical(), number->canonical());
      const auto global = TelephoneNumber::Parse("+" + digits, &plan);
      ASSERT_THAT(global, Succeeds());
      EXPECT_TRUE(digits.ends_with(global->canonical())) << plan.iso << digits;
      if (length < 7) continue;
      const auto dialled =
          TelephoneNumber::Parse(std::string(plan.international_prefixes.front()) + digits, &plan);
      ASSERT_THAT(dialled, Succeeds());
      EXPECT_EQ(dialled->canonical(), global->canonical()) << plan.iso << digits;
    }
  }
}

TEST(TelephoneNumber, EverySingleByteChangeIsReadOrRefused) {
  const std::string text = "+86 10-6555;phone-context=+1;x";
  for (const std::string_view country : {"", "CN", "US"}) {
    for (size_t at = 0; at < text.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = text;
        changed[at] = static_cast<char>(byte);
        const auto number =
            TelephoneNumber::Parse(ExactBytes(changed).view(), FindDialPlan(country));
        if (number) {
          EXPECT_EQ(number->canonical().find_first_not_of("0123456789#*"), std::string::npos);
        } else {
          EXPECT_THAT(number, FailsWith(Reason::kParameterInvalid));
        }
      }
      (void)TelephoneNumber::Parse(ExactBytes(text.substr(0, at)).view(), FindDialPlan(country));
    }
  }
}

TEST(DialPlan, IsFoundByIsoAndCountryCode) {
  for (const std::string_view name : {"CN", "cn", "86", "+86"}) {
    ASSERT_NE(FindDialPlan(name), nullptr) << name;
    EXPECT_EQ(FindDialPlan(name)->iso, "CN");
  }
  ASSERT_NE(FindDialPlan("1"), nullptr);
  EXPECT_EQ(FindDialPlan("1")->country_code, "1");
  for (const std::string_view name : {"", "+", "XX", "8", "861", "999", "CHN"}) {
    EXPECT_EQ(FindDialPlan(name), nullptr) << name;
  }
}

TEST(DialPlan, PlansAreSortedAndSound) {
  std::string_view last;
  for (const DialPlan& plan : AllDialPlans()) {
    EXPECT_LT(last, plan.iso);
    last = plan.iso;
    EXPECT_FALSE(plan.country_code.empty());
    EXPECT_FALSE(plan.international_prefixes.empty());
    EXPECT_LE(plan.min_national, plan.max_national);
    EXPECT_LE(plan.country_code.size() + plan.max_national, TelephoneNumber::kMaxCanonical);
    const DialPlan* same_code = FindDialPlan(plan.country_code);
    EXPECT_EQ(same_code->national_prefix, plan.national_prefix);
    EXPECT_EQ(same_code->min_national, plan.min_national);
    EXPECT_EQ(same_code->max_national, plan.max_national);
  }
}

// Digits as they stand are read in another way than digits among separators.
TEST(TelephoneNumber, SeparatorsChangeNothing) {
  constexpr std::string_view kNumbers[] = {"+12155550100",
                                           "12155550100",
                                           "2155550100",
                                           "01112155550100",
                                           "911",
                                           "95588",
                                           "8695588",
                                           "+8695588",
                                           "13800138000",
                                           "1795113800138000",
                                           "*67",
                                           "#31#2155550100",
                                           "02071234567",
                                           "00442071234567",
                                           "1234567890123456",
                                           "3912345678",
                                           "0010",
                                           "+"};
  for (const std::string_view country : {"", "US", "CN", "GB", "IT", "HK"}) {
    const DialPlan* plan = FindDialPlan(country);
    for (const std::string_view bare : kNumbers) {
      for (auto* parse : {&TelephoneNumber::Parse, &TelephoneNumber::ParseClaim}) {
        const auto number = parse(ExactBytes(bare).view(), plan);
        const auto separated = parse(std::string(bare) + "-", plan);
        ASSERT_EQ(number.has_value(), separated.has_value()) << bare << " in " << country;
        if (!number) continue;
        EXPECT_EQ(number->canonical(), separated->canonical()) << bare << " in " << country;
        EXPECT_EQ(number->digits(), separated->digits()) << bare << " in " << country;
        EXPECT_EQ(number->global(), separated->global()) << bare << " in " << country;
        EXPECT_EQ(number->local(), separated->local()) << bare << " in " << country;
      }
    }
  }
}

}  // namespace
}  // namespace callvet
