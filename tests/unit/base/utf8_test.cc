// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <string>

#include "support/result_matchers.h"

namespace callvet {
namespace {

TEST(Utf8, OnlyShortestFormsOfCharactersAreValid) {
  for (const char* good : {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(ExactBytes(good).view())) << good;
  }
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "a\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82"}) {
    EXPECT_FALSE(IsUtf8(ExactBytes(bad).view())) << bad;
  }
  EXPECT_EQ(ReadCodePoint("\xE2\x82\xAC").value, 0x20ACU);
  EXPECT_EQ(ReadCodePoint("\xFFz").size, 1U);
}

}  // namespace
}  // namespace callvet
