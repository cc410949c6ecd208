// SPDX-License-Identifier: MIT
#include "issue/tn_auth_list_text.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

using Range = TnAuthList::Range;

TEST(TnRangeText, ReadsEachForm) {
  const std::pair<std::string_view, Range> cases[] = {
      {"12155550000", {"12155550000", 1}},
      {"+12155550000", {"12155550000", 1}},
      {"12155550000+10000", {"12155550000", 10000}},
      {"12155550000 +10000", {"12155550000", 10000}},
      {"+12155550000+10000", {"12155550000", 10000}},
      {"12155550000-12155559999", {"12155550000", 10000}},
      {" 12155550000 - 12155559999 ", {"12155550000", 10000}},
      {"12155550000-12155550000", {"12155550000", 1}},
      {"12155550000+1", {"12155550000", 1}},
      {"0012-0019", {"0012", 8}},
      {"*69", {"*69", 1}},
      {"123456789012345", {"123456789012345", 1}},
  };
  for (const auto& [text, range] : cases) {
    const auto read = ParseTnRangeText(ExactBytes(text).view());
    ASSERT_THAT(read, Succeeds()) << text;
    EXPECT_EQ(*read, range) << text;
  }
}

TEST(TnRangeText, RefusesOtherText) {
  for (const std::string_view text : {"",
                                      " ",
                                      "+",
                                      "-",
                                      "12a",
                                      "1215555-",
                                      "1215555+",
                                      "12155550000+0",
                                      "12155550000-12155549999",
                                      "12155550000-9999",
                                      "12155550000--1",
                                      "12155550000+-1",
                                      "12155550000+99999999999",
                                      "12155550000+18446744073709551617",
                                      "*69+5",
                                      "*69-*70",
                                      "1234567890123456",
                                      "1+2+3",
                                      "99+2",
                                      "215-555-0000"}) {
    EXPECT_THAT(ParseTnRangeText(ExactBytes(text).view()), FailsWith(Reason::kParameterInvalid))
        << text;
  }
}

TEST(TnAuthListText, TellsSpcsFromNumbers) {
  const auto list = ParseTnAuthListText(
      "997E, 8093,spc:12345, SPC ABCDE, tn:1234, 911, 12155550000+10000,709j,TN:12155550000");
  ASSERT_THAT(list, Succeeds());
  EXPECT_EQ(list->spcs(), (std::vector<std::string>{"997E", "8093", "12345", "ABCDE", "709J"}));
  EXPECT_EQ(
      list->ranges(),
      (std::vector<Range>{{"1234", 1}, {"911", 1}, {"12155550000", 10000}, {"12155550000", 1}}));
}

TEST(TnAuthListText, ReadsWhatToTextWrites) {
  const auto list = TnAuthList::Make({"997E", "8093"}, {{"12155550000", 10000}, {"911", 1}});
  ASSERT_THAT(list, Succeeds());
  const auto again = ParseTnAuthListText(list->ToText());
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(*again, *list);
}

TEST(TnAuthListText, RefusesOtherText) {
  for (const std::string_view text : {"", ",", "997E,", ",997E", "spc:", "spc:9-7", "tn:",
                                      "tn:997E", "99 7E", "spc:spc:997E", "997E;12155550000"}) {
    EXPECT_THAT(ParseTnAuthListText(ExactBytes(text).view()), FailsWith(Reason::kParameterInvalid))
        << text;
  }
}

}  // namespace
}  // namespace callvet
