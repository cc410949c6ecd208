// SPDX-License-Identifier: MIT
#include "pki/pem.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

TEST(Pem, WritesLinesOf64CharactersAndReadsThemBack) {
  const std::string der(49, '\0');
  const std::string pem = WritePem("X", der);
  EXPECT_EQ(pem, "-----BEGIN X-----\n" + std::string(64, 'A') + "\nAA==\n-----END X-----\n");
  const auto blocks = ReadPemBlocks(pem, Reason::kCertificateMalformed);
  ASSERT_THAT(blocks, Succeeds());
  ASSERT_EQ(blocks->size(), 1U);
  EXPECT_EQ(blocks->front().label, "X");
  EXPECT_EQ(blocks->front().der, der);
}

TEST(Pem, AByteOrderMarkIsNoPartOfTheFirstBlock) {
  const auto blocks =
      ReadPemBlocks("\xEF\xBB\xBF" + WritePem("X", "abc"), Reason::kCertificateMalformed);
  ASSERT_THAT(blocks, Succeeds());
  EXPECT_EQ(blocks->size(), 1U);
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

TEST(Pem, EachFileOfSeveralMayBeginWithAByteOrderMark) {
  for (const std::string_view between : {"", "\n", "some text\n\n"}) {
    std::string text;
    for (const char* der : {"abc", "def", "ghi"}) {
      text.append(between).append(kByteOrderMark).append(WritePem("X", der));
    }
    const auto blocks = ReadPemBlocks(text, Reason::kCertificateMalformed);
    ASSERT_THAT(blocks, Succeeds()) << between;
    ASSERT_EQ(blocks->size(), 3U) << between;
    EXPECT_EQ(blocks->back().der, "ghi");
  }
}

std::string WithLineEnds(std::string_view text, std::string_view end) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string(end) : std::string(1, c);
  return out;
}

TEST(Pem, LinesEndWithCrLfOrCrOrLf) {  // RFC 7468 3
  const std::string der(200, 'x');
  const std::string pem = WritePem("X", der);
  std::string mixed = "text\n";
  for (const std::string_view end : {"\n", "\r\n", "\r", "\r\r\n"}) {
    const std::string text = WithLineEnds(pem, end);
    mixed += text;
    for (const std::string& input : {text + text, WithLineEnds("text\n\n", end) + text + text}) {
      const auto blocks = ReadPemBlocks(input, Reason::kCertificateMalformed);
      ASSERT_THAT(blocks, Succeeds()) << testing::PrintToString(end);
      ASSERT_EQ(blocks->size(), 2U);
      EXPECT_EQ(blocks->back().der, der);
    }
  }
  const auto blocks = ReadPemBlocks(mixed, Reason::kCertificateMalformed);
  ASSERT_THAT(blocks, Succeeds());
  EXPECT_EQ(blocks->size(), 4U);
}

TEST(Pem, LaxFormsAreRead) {  // RFC 7468 3, laxtextualmsg
  const std::string begin = "-----BEGIN X-----";
  const std::string end = "-----END X-----";
  for (const std::string& text :
       {begin + "\n\nYWJj\n\n\nZGVm\n\n" + end + "\n", begin + " \nYWJj \nZGVm\t\n" + end + "  \n",
        "  " + begin + "\n  YWJj\n\tZGVm\n  " + end, begin + "\nYW Jj\tZG\vVm\n" + end,
        begin + "YWJjZGVm" + end, begin + " YWJj\nZGVm " + end + " ", begin + "\nYWJjZGVm" + end,
        begin + "\r\n\r\nYWJj\r\n\r\nZGVm\r\n" + end + "\r\n",
        "text\n\n \n" + begin + "\nYWJjZGV\nm\n" + end + "\ntext"}) {
    for (const std::string& input : {text, text + "\n" + text, text + "\n\n \n" + text + "\n"}) {
      const auto blocks = ReadPemBlocks(input, Reason::kCertificateMalformed);
      ASSERT_THAT(blocks, Succeeds()) << input;
      ASSERT_EQ(blocks->size(), input == text ? 1U : 2U) << input;
      EXPECT_EQ(blocks->back().der, "abcdef") << input;
    }
  }
  const auto joined = ReadPemBlocks(
      begin + "\nYWJj\n" + end + begin + "\nZGVm\n" + end + " " + begin + "Z2hp" + end,
      Reason::kCertificateMalformed);
  ASSERT_THAT(joined, Succeeds());
  ASSERT_EQ(joined->size(), 3U);
  EXPECT_EQ(joined->at(1).der, "def");
  EXPECT_EQ(joined->at(2).der, "ghi");
}

TEST(Pem, OneLongLineIsRead) {
  for (const size_t size : {49U, 190U, 191U, 200U, 5000U}) {
    const std::string der(size, 'x');
    std::string text = WritePem("X", der);
    std::string one_line;
    for (const char c : text) one_line += c == '\n' ? "" : std::string(1, c);
    const auto blocks = ReadPemBlocks(one_line + "\n" + text, Reason::kCertificateMalformed);
    ASSERT_THAT(blocks, Succeeds()) << size;
    ASSERT_EQ(blocks->size(), 2U);
    EXPECT_EQ(blocks->front().der, der);
  }
}

TEST(Pem, HeaderFieldsAreNoData) {  // RFC 1421 4.6
  const auto blocks = ReadPemBlocks(
      "-----BEGIN X-----\nA-Field: 4,b\nOther: c\n\nYWJj\n-----END X-----\n" + WritePem("X", "d"),
      Reason::kCertificateMalformed);
  ASSERT_THAT(blocks, Succeeds());
  ASSERT_EQ(blocks->size(), 2U);
  EXPECT_EQ(blocks->front().der, "abc");
}

TEST(Pem, WhatIsBrokenStaysBroken) {
  const std::string good = WritePem("X", "abc");
  for (const char* bad :
       {"-----BEGIN X------\nYWJj\n-----END X-----\n",
        "-----BEGIN X-----\nYWJj\n-----END X------\n",
        "-----BEGIN X-----\nYWJj\n-----END X----- text\n",
        "-----BEGIN X-----\nYWJj\n-----END Y-----\n", "-----BEGIN X-----\nYWJj\n----END X-----\n",
        "-----BEGIN X----- (1)\nYWJj\n-----END X-----\n", "  -----BEGIN X\nYWJj\n-----END X-----\n",
        "-----BEGINX-----\nYWJj\n-----END X-----\n",
        "-----BEGIN X-----\nYWJj-----BEGIN X-----\nYWJj\n-----END X-----\n",
        "-----BEGIN X----------END X-----\n", "-----BEGIN X-----\nYWJj\nYW=\n-----END X-----\n"}) {
    for (const std::string& text : {bad + good, good + bad, good + bad + good}) {
      EXPECT_THAT(ReadPemBlocks(text, Reason::kCertificateMalformed),
                  FailsWith(Reason::kCertificateMalformed))
          << text;
    }
  }
}

TEST(Pem, ABlockThatCannotBeReadIsNoneThatIsMissing) {
  const std::string good = WritePem("X", "abc");
  for (const std::string_view end : {"\n", "\r"}) {
    for (const char* bad :
         {"-----BEGIN X----\nYWJj\n-----END X-----\n", "-----BEGIN X-----\nYWJj\n",
          "-----BEGIN X-----\nYW*j\n-----END X-----\n"}) {
      EXPECT_THAT(ReadPemBlocks(WithLineEnds(good + bad, end), Reason::kCertificateMalformed),
                  FailsWith(Reason::kCertificateMalformed))
          << bad;
    }
  }
}

}  // namespace
}  // namespace callvet
