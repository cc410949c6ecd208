// SPDX-License-Identifier: MIT
#include "callvet/tn_auth_list.h"

#include <chrono>
#include <random>
#include <set>

#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using ::testing::ElementsAre;
using Range = TnAuthList::Range;

std::string Bytes(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

Result<TnAuthList> ParseBytes(std::string_view der) {
  const ExactBytes bytes(der);
  return TnAuthList::Parse(
      {reinterpret_cast<const uint8_t*>(bytes.view().data()), bytes.view().size()});
}

Result<TnAuthList> ParseTnAuthList(std::string_view hex) {
  return ParseBytes(Bytes(hex));
}

TnAuthList List(std::vector<std::string> spcs, std::vector<Range> ranges) {
  return TnAuthList::Make(std::move(spcs), std::move(ranges)).value();
}

TnAuthList Numbers(std::vector<Range> ranges) {
  return List({}, std::move(ranges));
}

TEST(TnAuthList, B2_SpcOfExplicitTag) {
  const auto list = ParseTnAuthList("30 08 A0 06 16 04 31 32 33 34");
  ASSERT_THAT(list, Succeeds());
  EXPECT_THAT(list->spcs(), ElementsAre("1234"));
  EXPECT_TRUE(list->ranges().empty());
  EXPECT_EQ(ToHex(list->Encode()), "3008a006160431323334");
}

TEST(TnAuthList, B1_AllKindsOfEntriesInAnyOrder) {
  const auto list = ParseTnAuthList(
      "30 24 A2 05 16 03 39 31 31"
      "A1 0E 30 0C 16 06 35 35 35 30 31 30 02 02 00 C8"
      "A0 04 16 02 41 42"
      "A2 05 16 03 2A 32 23");
  ASSERT_THAT(list, Succeeds());
  EXPECT_THAT(list->spcs(), ElementsAre("AB"));
  EXPECT_THAT(list->ranges(), ElementsAre(Range{"911", 1}, Range{"555010", 200}, Range{"*2#", 1}));
}

TEST(TnAuthList, B2_ImplicitTags_AreMalformed) {
  EXPECT_THAT(ParseTnAuthList("30 06 80 04 31 32 33 34"), FailsWith(Reason::kTnAuthListMalformed));
  EXPECT_THAT(ParseTnAuthList("30 06 82 04 31 32 33 34"), FailsWith(Reason::kTnAuthListMalformed));
  EXPECT_THAT(ParseTnAuthList("30 0B A1 09 16 04 35 35 35 30 02 01 05"),
              FailsWith(Reason::kTnAuthListMalformed));
}

TEST(TnAuthList, B2_MalformedListsOfProduction_AreMalformed) {
  for (const std::string_view hex : {"3008a006163535384a",
                                     "300613043632374b",
                                     "3000",
                                     "3004a0021600",
                                     "",
                                     "30",
                                     "3008",
                                     "1619687474703a2f2f",
                                     "3005a00316",
                                     "3008a0061604313233",
                                     "3006160431323334",
                                     "3008a006130431323334",
                                     "3008a0060c0431323334",
                                     "a006160431323334",
                                     "3108a006160431323334",
                                     "3008a006160431323334 00",
                                     "300aa0061604313233340500",
                                     "3009a00716043132333400",
                                     "3080a0061604313233340000",
                                     "308108a006160431323334",
                                     "3008a006160431 323334 3005a003160131",
                                     "3008a006360431323334",
                                     "3008a306160431323334",
                                     "300abf2006160431323334"}) {
    EXPECT_THAT(ParseTnAuthList(hex), FailsWith(Reason::kTnAuthListMalformed)) << hex;
  }
}

TEST(TnAuthList, B1_NumbersOutsideTheType_AreMalformed) {
  for (const std::string_view number :
       {"", "1234567890123456", "+1215", "12a", "12 3", "1-2", "é"}) {
    const std::string ia5 =
        std::string("\x16") + static_cast<char>(number.size()) + std::string(number);
    const std::string one = std::string("\xA2") + static_cast<char>(ia5.size()) + ia5;
    EXPECT_THAT(ParseBytes(std::string("\x30") + static_cast<char>(one.size()) + one),
                FailsWith(Reason::kTnAuthListMalformed))
        << number;
    EXPECT_THAT(TnAuthList::Make({}, {{std::string(number), 1}}),
                FailsWith(Reason::kTnAuthListMalformed))
        << number;
    EXPECT_THAT(TnAuthList::Make({}, {{std::string(number), 2}}),
                FailsWith(Reason::kTnAuthListMalformed))
        << number;
  }
  EXPECT_THAT(TnAuthList::Make({}, {{"123456789012345", 1}}), Succeeds());
}

TEST(TnAuthList, B1_SpcsOutsideTheType_AreMalformed) {
  for (const std::string& spc : {std::string(), std::string("12 4"), std::string("1\x00 4", 4),
                                 std::string("\xC3\xA9"), std::string(65, 'A')}) {
    EXPECT_THAT(TnAuthList::Make({spc}, {}), FailsWith(Reason::kTnAuthListMalformed));
  }
  EXPECT_THAT(TnAuthList::Make({}, {}), FailsWith(Reason::kTnAuthListMalformed));
}

TEST(TnAuthList, B1_CountsBelowTwoAndOtherIntegers_AreMalformed) {
  const auto with_count = [](std::string_view integer) {
    std::string range = Bytes("16 04 35 35 35 30") + Bytes(integer);
    range = std::string("\x30") + static_cast<char>(range.size()) + range;
    range = std::string("\xA1") + static_cast<char>(range.size()) + range;
    return ParseBytes(std::string("\x30") + static_cast<char>(range.size()) + range);
  };
  EXPECT_THAT(with_count("02 01 02"), Succeeds());
  for (const std::string_view integer :
       {"02 01 00", "02 01 01", "02 01 FF", "02 02 00 02", "02 00", "", "16 01 32",
        "02 09 01 00 00 00 00 00 00 00 00", "02 08 7F FF FF FF FF FF FF FF", "02 01"}) {
    EXPECT_THAT(with_count(integer), FailsWith(Reason::kTnAuthListMalformed)) << integer;
  }
  // The type is extensible, with whole DER elements only.
  EXPECT_THAT(with_count("02 01 02 0C 01 41 05 00"), Succeeds());
  for (const std::string_view more :
       {"02 01 02 0C", "02 01 02 0C 02 41", "02 01 02 00 00", "02 01 02 1F 21 00"}) {
    EXPECT_THAT(with_count(more), FailsWith(Reason::kTnAuthListMalformed)) << more;
  }
}

TEST(TnAuthList, B3_RangesThatRollOver_AreMalformed) {
  // RFC 8226 9: start + count < 10^D; its own example of a bad one is 10 with the count 91.
  EXPECT_THAT(TnAuthList::Make({}, {{"10", 89}}), Succeeds());
  for (const Range& range :
       {Range{"10", 90}, Range{"10", 91}, Range{"99", 2}, Range{"00", 100}, Range{"0", 10},
        Range{"999999999999999", 2}, Range{"5550", 0}, Range{"5550", ~uint64_t{0}},
        Range{"5550", uint64_t{1} << 63}, Range{"000000000000000", 1000000000000000}}) {
    EXPECT_THAT(TnAuthList::Make({}, {range}), FailsWith(Reason::kTnAuthListMalformed))
        << range.start << "+" << range.count;
  }
  EXPECT_THAT(TnAuthList::Make({}, {{"000000000000000", 999999999999999}}), Succeeds());
}

TEST(TnAuthList, B3_RangesFromHashOrStar_AreMalformed) {
  for (const std::string& start : {std::string("*"), std::string("#1"), std::string("12*")}) {
    EXPECT_THAT(TnAuthList::Make({}, {{start, 1}}), Succeeds());
    EXPECT_THAT(TnAuthList::Make({}, {{start, 2}}), FailsWith(Reason::kTnAuthListMalformed));
  }
}

TEST(TnAuthList, B3_NumbersAreComparedAtTheirLength) {
  const TnAuthList list = Numbers({{"12155550100", 100}, {"007", 3}, {"911", 1}, {"*2#", 1}});
  for (const std::string_view tn :
       {"12155550100", "12155550150", "12155550199", "007", "009", "911", "*2#"}) {
    EXPECT_TRUE(list.ContainsNumber(ExactBytes(tn).view())) << tn;
  }
  for (const std::string_view tn :
       {"12155550099", "12155550200", "2155550100", "012155550100", "7", "07", "0007", "010", "006",
        "9110", "91", "", "*2", "*2##", "+12155550100", "1215555010*", "99999999999999999999",
        "012155550100000"}) {
    EXPECT_FALSE(list.ContainsNumber(ExactBytes(tn).view())) << tn;
  }
}

TEST(TnAuthList, B6_Authority) {
  EXPECT_TRUE(List({"1234"}, {}).Authorizes("12155550100"));
  EXPECT_TRUE(List({"1234"}, {{"12155550199", 1}}).Authorizes("12155550100"));
  EXPECT_TRUE(Numbers({{"12155550100", 1}}).Authorizes("12155550100"));
  EXPECT_FALSE(Numbers({{"12155550100", 1}}).Authorizes("12155550101"));
  EXPECT_FALSE(TnAuthList().Authorizes("12155550100"));
  EXPECT_TRUE(TnAuthList().empty());
}

TEST(TnAuthList, B6_LaterEntriesCount) {
  // res_stir_shaken reads the first entry only.
  EXPECT_TRUE(Numbers({{"1", 1}, {"2", 1}, {"12155550100", 1}}).Authorizes("12155550100"));
  EXPECT_TRUE(List({}, {{"1", 1}}).Union(List({"1234"}, {})).Authorizes("12155550100"));
}

TEST(TnAuthList, B5_UnionHoldsBoth) {
  const TnAuthList both = List({"1234"}, {{"1", 1}}).Union(List({"5678"}, {{"2", 1}}));
  EXPECT_THAT(both.spcs(), ElementsAre("1234", "5678"));
  EXPECT_THAT(both.ranges(), ElementsAre(Range{"1", 1}, Range{"2", 1}));
}

TEST(TnAuthList, B32_EqualOrSubset) {
  const TnAuthList parent = Numbers({{"12155550100", 100}, {"911", 1}});
  EXPECT_TRUE(parent.Encompasses(parent));
  EXPECT_TRUE(parent.Encompasses(Numbers({{"12155550100", 1}})));
  EXPECT_TRUE(parent.Encompasses(Numbers({{"12155550150", 50}, {"911", 1}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"12155550150", 51}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"12155550099", 2}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"12155550150", 1}, {"912", 1}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"2155550100", 2}})));
  EXPECT_FALSE(TnAuthList().Encompasses(Numbers({{"1", 1}})));
  EXPECT_TRUE(parent.Encompasses(TnAuthList()));
}

TEST(TnAuthList, B32_RangeSplitOverSeveralEntries) {
  const TnAuthList parent =
      Numbers({{"12155550150", 25}, {"12155550100", 30}, {"12155550175", 1}, {"12155550120", 30}});
  EXPECT_TRUE(parent.Encompasses(Numbers({{"12155550100", 76}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"12155550100", 77}})));
  EXPECT_FALSE(Numbers({{"12155550100", 10}, {"12155550111", 10}})
                   .Encompasses(Numbers({{"12155550100", 21}})));
  // A short range between long ones must not end the search.
  EXPECT_TRUE(
      Numbers({{"100", 100}, {"110", 2}, {"200", 100}}).Encompasses(Numbers({{"150", 100}})));
}

TEST(TnAuthList, B32_Spcs) {
  EXPECT_TRUE(List({"1234"}, {}).Encompasses(Numbers({{"12155550100", 10}, {"*2", 1}})));
  EXPECT_TRUE(List({"1234", "5678"}, {}).Encompasses(List({"5678"}, {})));
  EXPECT_FALSE(List({"1234"}, {}).Encompasses(List({"5678"}, {})));
  EXPECT_FALSE(List({"1234"}, {}).Encompasses(List({"1234", "5678"}, {})));
  EXPECT_FALSE(List({"997E"}, {}).Encompasses(List({"997e"}, {})));
  EXPECT_FALSE(Numbers({{"12155550100", 100}}).Encompasses(List({"1234"}, {})));
}

TEST(TnAuthList, B32_HashAndStarNumbersAreTheirOwn) {
  const TnAuthList parent = Numbers({{"*2", 1}, {"10", 20}});
  EXPECT_TRUE(parent.Encompasses(Numbers({{"*2", 1}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"*3", 1}})));
  EXPECT_FALSE(parent.Encompasses(Numbers({{"#2", 1}})));
}

// A list as the set of its numbers.
std::set<std::string> NumbersOf(const std::vector<Range>& ranges) {
  std::set<std::string> numbers;
  for (const Range& range : ranges) {
    const int first = std::stoi(range.start);
    for (int i = 0; i < static_cast<int>(range.count); ++i) {
      std::string number = std::to_string(first + i);
      number.insert(0, range.start.size() - number.size(), '0');
      numbers.insert(number);
    }
  }
  return numbers;
}

TEST(TnAuthList, B32_AgreesWithSetsOfNumbers) {
  std::mt19937 random(9060);
  const auto any_ranges = [&](size_t max) {
    std::vector<Range> ranges;
    const size_t count = 1 + random() % max;
    while (ranges.size() < count) {
      std::string start;
      const size_t length = 1 + random() % 2;
      while (start.size() < length) start += static_cast<char>('0' + random() % 10);
      Range range{start, 1 + random() % (length == 1 ? 4 : 25)};
      if (TnAuthList::Make({}, {range})) ranges.push_back(range);
    }
    return ranges;
  };
  size_t encompassed = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto parent = any_ranges(12);
    const auto child = any_ranges(2);
    const auto parent_set = NumbersOf(parent);
    const auto child_set = NumbersOf(child);
    const TnAuthList list = Numbers(parent);
    const bool subset =
        std::includes(parent_set.begin(), parent_set.end(), child_set.begin(), child_set.end());
    encompassed += subset ? 1 : 0;
    ASSERT_EQ(list.Encompasses(Numbers(child)), subset)
        << list.ToText() << " / " << Numbers(child).ToText();
    for (int n = 0; n < 10; ++n) {
      const std::string number = std::to_string(random() % 110);
      ASSERT_EQ(list.ContainsNumber(number), parent_set.count(number) == 1) << number;
    }
  }
  EXPECT_GT(encompassed, 1000U);
}

// (Quadratic work would meet the time limit of the whole program.)
TEST(TnAuthList, A8_TheLargestListsAreHandled) {
  std::vector<Range> ranges;
  for (int i = 0; i < 10000; ++i) ranges.push_back({std::to_string(12155000000 + 3 * i), 2});
  const TnAuthList list = Numbers(ranges);
  EXPECT_TRUE(list.Encompasses(list));
  const auto again = ParseBytes(list.Encode());
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(*again, list);
  ranges.push_back({"1", 1});
  EXPECT_THAT(TnAuthList::Make({}, ranges), FailsWith(Reason::kTnAuthListMalformed));
}

TEST(TnAuthList, EncodedListsAreParsedAgain) {
  std::mt19937 random(8226);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> spcs;
    std::vector<Range> ranges;
    for (size_t i = random() % 40; i > 0; --i) spcs.emplace_back(1 + random() % 64, 'A');
    for (size_t i = random() % 40; i > 0; --i) {
      std::string start;
      for (size_t length = 1 + random() % 15; length > 0; --length)
        start += static_cast<char>('0' + random() % 10);
      const Range range{start, 1 + (uint64_t{1} << (random() % 50)) - 1};
      if (TnAuthList::Make({}, {range})) ranges.push_back(range);
    }
    const auto list = TnAuthList::Make(spcs, ranges);
    if (!list) continue;
    const auto again = ParseBytes(list->Encode());
    ASSERT_THAT(again, Succeeds());
    ASSERT_EQ(*again, *list);
    ASSERT_EQ(again->Encode(), list->Encode());
  }
}

TEST(TnAuthList, EverySingleByteChangeIsReadOrRefused) {
  const std::string der = List({"997E"}, {{"12155550100", 200}, {"911", 1}}).Encode();
  for (size_t at = 0; at < der.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = der;
      changed[at] = static_cast<char>(byte);
      if (const auto list = ParseBytes(changed)) {
        EXPECT_EQ(ParseBytes(list->Encode()).value(), *list);
      } else {
        EXPECT_THAT(list, FailsWith(Reason::kTnAuthListMalformed));
      }
    }
    EXPECT_THAT(ParseBytes(der.substr(0, at)), FailsWith(Reason::kTnAuthListMalformed));
    EXPECT_THAT(ParseBytes(der.substr(at + 1)), FailsWith(Reason::kTnAuthListMalformed));
  }
}

}  // namespace
}  // namespace callvet
