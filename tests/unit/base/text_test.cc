// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <array>
#include <limits>

#include "support/result_matchers.h"

namespace callvet {
namespace {

Result<sys_seconds> Time(std::string_view text) {
  return ParseTime(ExactBytes(text).view());
}

TEST(Text, CaseIsOfAsciiOnly) {
  EXPECT_EQ(ToLower("AZaz09[@\xC4\xDC"), "azaz09[@\xC4\xDC");
  EXPECT_TRUE(EqualsIgnoreCase("Es256", "eS256"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_FALSE(EqualsIgnoreCase("ES256", "ES25"));
  EXPECT_FALSE(EqualsIgnoreCase("ES25", "ES256"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
}

TEST(Text, AllOfATextAreGoodOrOneAnywhereIsNot) {
  const auto is_good = [](uint8_t byte) { return (byte >= 0x20) & (byte != 0x7F); };
  for (size_t size = 0; size < 50; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(AllOf(ExactBytes(text).view(), is_good)) << size;
    for (size_t at = 0; at < size; ++at) {
      text[at] = '\n';
      EXPECT_FALSE(AllOf(ExactBytes(text).view(), is_good)) << at << " of " << size;
      text[at] = '\xFF';
      EXPECT_TRUE(AllOf(ExactBytes(text).view(), is_good)) << at << " of " << size;
    }
  }
}

TEST(Text, ASetHasAllOfATextOrMissesOneAnywhere) {
  constexpr CharSet kSet = CharSet::LettersDigitsAnd("-");
  for (size_t size = 0; size <= 35; ++size) {
    std::string text(size, '-');
    EXPECT_TRUE(kSet.HasAll(ExactBytes(text).view())) << size;
    for (size_t at = 0; at < size; ++at) {
      for (const char foreign : {'\0', '.', '\x7F', '\xE9'}) {
        text[at] = foreign;
        EXPECT_FALSE(kSet.HasAll(ExactBytes(text).view())) << at << " of " << size;
      }
      text[at] = 'a';
    }
  }
}

TEST(Text, TrimTakesSpacesAndTabs) {
  EXPECT_EQ(Trim(" \ta b\t "), "a b");
  EXPECT_EQ(Trim(" \t"), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\ra\n"), "\ra\n");
  EXPECT_EQ(TrimLines(" \r\n a\r b \n\r\t"), "a\r b");
  EXPECT_EQ(TrimLines("\r\n"), "");
}

TEST(Text, QuoteIsPrintable) {
  EXPECT_EQ(Quote("abc"), "\"abc\"");
  EXPECT_EQ(Quote("a\"\\b"), "\"a\\\"\\\\b\"");
  EXPECT_EQ(Quote(std::string_view("\x1B[2J\0\x7F\xC3\xA9\r\n", 10)),
            "\"\\x1b[2J\\x00\\x7f\\xc3\\xa9\\x0d\\x0a\"");
  EXPECT_EQ(Quote(""), "\"\"");
}

TEST(Text, QuoteCutsAfterMax) {
  EXPECT_EQ(Quote("abcd", 4), "\"abcd\"");
  EXPECT_EQ(Quote("abcde", 4), "\"abcd\"...");
  EXPECT_EQ(Quote("a", 0), "\"\"...");
  EXPECT_LE(Quote(std::string(1000000, '\x01')).size(), 80U * 4 + 10);
  for (int byte = 0; byte < 256; ++byte) {
    for (const char c : Quote(std::string(3, static_cast<char>(byte)))) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7F) << byte;
    }
  }
}

TEST(Text, Hex) {
  EXPECT_EQ(ToHex(std::string_view("\x00\x0F\xA0\xFF", 4)), "000fa0ff");
  EXPECT_EQ(ToHex(""), "");
}

TEST(ParseNumber, NeverGivesMoreThanMax) {
  for (uint64_t max = 0; max < 130; ++max) {
    for (uint64_t value = 0; value < 200; ++value) {
      const auto number = ParseNumber(ExactBytes(std::to_string(value)).view(), max);
      if (value <= max) {
        ASSERT_THAT(number, Succeeds()) << value << " of " << max;
        EXPECT_EQ(*number, value);
      } else {
        EXPECT_THAT(number, FailsWith(Reason::kParameterInvalid)) << value << " of " << max;
      }
    }
  }
}

TEST(ParseNumber, LimitsOf64Bits) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  const auto number = ParseNumber("18446744073709551615", kMax);
  ASSERT_THAT(number, Succeeds());
  EXPECT_EQ(*number, kMax);
  for (const std::string_view text :
       {"18446744073709551616", "18446744073709551620", "18446744073709551625",
        "99999999999999999999", "184467440737095516150"}) {
    EXPECT_THAT(ParseNumber(text, kMax), FailsWith(Reason::kParameterInvalid)) << text;
  }
  EXPECT_THAT(ParseNumber("00000000000000000000000000007", 7), Succeeds());
}

TEST(ParseNumber, OnlyDigits) {
  for (const std::string_view text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "/", ":", "\xB2", "1\n"}) {
    EXPECT_THAT(ParseNumber(ExactBytes(text).view(), 1000), FailsWith(Reason::kParameterInvalid))
        << text;
  }
}

TEST(ParseTime, BothForms) {
  const struct {
    std::string_view text;
    int64_t seconds;
  } cases[] = {{"0", 0},
               {"1656534336", 1656534336},
               {"253402300799", 253402300799},
               {"1970-01-01T00:00:00Z", 0},
               {"2022-06-29T20:25:36Z", 1656534336},
               {"2022-06-29t20:25:36z", 1656534336},
               {"2022-06-29 20:25:36Z", 1656534336},
               {"2022-06-30T04:25:36+08:00", 1656534336},
               {"2022-06-29T14:55:36-05:30", 1656534336},
               {"2022-06-29T20:25:36.999999Z", 1656534336},
               {"2024-02-29T00:00:00Z", 1709164800},
               {"9999-12-31T23:59:59Z", 253402300799}};
  for (const auto& [text, seconds] : cases) {
    const auto time = Time(text);
    ASSERT_THAT(time, Succeeds()) << text;
    EXPECT_EQ(time->time_since_epoch().count(), seconds) << text;
  }
}

TEST(ParseTime, OtherTexts_AreInvalid) {
  for (const std::string_view text : {"",
                                      "now",
                                      "-1",
                                      "253402300800",
                                      "99999999999999999999",
                                      "2022-06-29",
                                      "2022-06-29T20:25:36",
                                      "2022-06-29T20:25Z",
                                      "2022-6-29T20:25:36Z",
                                      "2022-02-30T00:00:00Z",
                                      "2023-02-29T00:00:00Z",
                                      "2022-13-01T00:00:00Z",
                                      "2022-00-01T00:00:00Z",
                                      "2022-01-00T00:00:00Z",
                                      "2022-01-01T24:00:00Z",
                                      "2022-01-01T00:60:00Z",
                                      "2022-01-01T00:00:61Z",
                                      "2022-01-01T00:00:00.Z",
                                      "2022-01-01T00:00:00+24:00",
                                      "2022-01-01T00:00:00+0800",
                                      "2022-01-01T00:00:00Zx",
                                      " 2022-01-01T00:00:00Z",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+00:01",
                                      "9999-12-31T23:59:59-00:01",
                                      "2022-01-01T00:00:0"}) {
    EXPECT_THAT(Time(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
}

TEST(AppendPadded, WritesWhatPrintfWrites) {
  for (const int number : {0, 1, 9, 10, 99, 100, 2026, 9999, 10'000, -1, -12, -999, -32'767,
                           std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    for (const int width : {0, 1, 2, 4, 12}) {
      std::array<char, 32> expected{};
      (void)std::snprintf(expected.data(), expected.size(), "x%0*d", width, number);
      std::string text = "x";
      AppendPadded(number, static_cast<size_t>(width), text);
      EXPECT_EQ(text, expected.data());
    }
  }
}

TEST(ParseTime, ReadsWhatFormatTimeWrites) {
  for (int64_t seconds = 0; seconds < 253402300799; seconds += 1234567891) {
    const sys_seconds time{std::chrono::seconds(seconds)};
    const auto read = Time(FormatTime(time));
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(*read, time);
  }
  EXPECT_EQ(FormatTime(sys_seconds(std::chrono::seconds(1656534336))), "2022-06-29T20:25:36Z");
}

TEST(Text, NearestWord) {
  constexpr std::array<std::string_view, 3> kWords = {"intercept", "tag", "observe"};
  EXPECT_EQ(NearestWord("intercpt", kWords), "intercept");
  EXPECT_EQ(NearestWord("Tag", kWords), "tag");
  EXPECT_EQ(NearestWord("obsrv", kWords), "observe");
  EXPECT_EQ(NearestWord("something", kWords), "");
  EXPECT_EQ(NearestWord(std::string(100, 'x'), kWords), "");
  EXPECT_EQ(NearestWord("x", {}), "");
}

}  // namespace
}  // namespace callvet
