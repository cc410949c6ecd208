// SPDX-License-Identifier: MIT
#include "base/plain_json.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace callvet {
namespace {

// The reader that has the last word. No text below has a comment outside of strings.
Result<JsonValue> ReadFully(std::string_view text) {
  auto document = ReadJsonWithComments(text);
  if (!document) return document.error();
  return std::move(document->root);
}

constexpr std::string_view kPayload =
    R"({"attest":"A","dest":{"tn":["12155550101"],"uri":["sip:a@example.org"]},"iat":1790000040,)"
    R"("orig":{"tn":"12155550100"},"origid":"123e4567-e89b-12d3-a456-426655440000","x":[true,false,)"
    R"(null,{},[]]})";

TEST(PlainJson, A19_APassportIsReadWithoutTheOtherReader) {
  for (const std::string_view text :
       {kPayload, std::string_view(" { \"a\" : [ 1 , 0 ] }\r\n\t"), std::string_view("\"text\""),
        std::string_view("999999999999999999"), std::string_view("{}"), std::string_view("[]")}) {
    const auto plain = ReadPlainJson(text, JsonLimits());
    ASSERT_TRUE(plain) << text;
    EXPECT_EQ(*plain, *ReadFully(text)) << text;
  }
}

TEST(PlainJson, A20_WhatIsWrongOrRareIsDeclined) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":1,\"a\":1}",
                                      "{a:1}",
                                      "{1:1}",
                                      "01",
                                      "-1",
                                      "1.0",
                                      "1e3",
                                      "+1",
                                      "1234567890123456789",
                                      "\"\\n\"",
                                      "\"\\u0041\"",
                                      "\"\x7f\"",
                                      "\"a\tb\"",
                                      "\"\xc3\xa4\"",
                                      "\"a",
                                      "tru",
                                      "trueX",
                                      "nul",
                                      "1 2",
                                      "{} {}",
                                      "\xef\xbb\xbf{}",
                                      "// c\n1",
                                      "/* */1"}) {
    EXPECT_FALSE(ReadPlainJson(text, JsonLimits())) << text;
  }
  EXPECT_FALSE(ReadPlainJson(std::string_view("{}\0", 3), JsonLimits()));
}

TEST(PlainJson, A8_LimitsAreThoseOfTheOtherReader) {
  JsonLimits limits;
  limits.max_depth = 2;
  EXPECT_TRUE(ReadPlainJson("[[1]]", limits));
  EXPECT_FALSE(ReadPlainJson("[[[1]]]", limits));
  limits.max_values = 3;
  EXPECT_TRUE(ReadPlainJson("[1,2]", limits));
  EXPECT_FALSE(ReadPlainJson("[1,2,3]", limits));
  limits.max_bytes = 4;
  EXPECT_FALSE(ReadPlainJson("[1,2]", limits));
  const std::string deep = std::string(100'000, '[');
  limits = JsonLimits();
  limits.max_depth = limits.max_values = limits.max_bytes = deep.size();
  EXPECT_FALSE(ReadPlainJson(deep, limits));
}

// Whatever it accepts, the other reader accepts, with the same value.
TEST(PlainJson, A20_NeverAgreesToWhatTheOtherReaderReadsOtherwise) {
  std::mt19937 random(20);
  const std::string_view alphabet = "{}[]\":,0123456789truefalsn\\ \n-+.eE\x7f\xc3/*a";
  size_t accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text(kPayload);
    for (auto n = random() % 3; n != 0; --n) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    // The end of the buffer is the end of the text.
    const auto exact = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), exact.get());
    const auto plain = ReadPlainJson({exact.get(), text.size()}, JsonLimits());
    if (!plain) continue;
    ++accepted;
    const auto full = ReadFully(text);
    ASSERT_TRUE(full) << text;
    ASSERT_EQ(*plain, *full) << text;
  }
  EXPECT_GT(accepted, 10'000u);
}

}  // namespace
}  // namespace callvet
