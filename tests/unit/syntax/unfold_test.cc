// SPDX-License-Identifier: MIT
#include "syntax/unfold.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;

std::string Unfolded(std::string_view value) {
  const auto line = Unfold(ExactBytes(value).view());
  return line ? *line : "failed";
}

TEST(Unfold, LineBreaksWithWhiteSpaceBecomeOneSpace) {
  EXPECT_EQ(Unfolded("a\r\n b"), "a b");
  EXPECT_EQ(Unfolded("a \t\r\n \t b"), "a b");
  EXPECT_EQ(Unfolded("a\n\tb"), "a b");
  EXPECT_EQ(Unfolded("a\r b"), "a b");
  EXPECT_EQ(Unfolded("a\r\n b\r\n  c\n d"), "a b c d");
  EXPECT_EQ(Unfolded("\r\n a"), "a");
}

TEST(Unfold, OtherTextIsKept) {
  EXPECT_EQ(Unfolded(""), "");
  EXPECT_EQ(Unfolded(" \t "), "");
  EXPECT_EQ(Unfolded("a  b\tc"), "a  b\tc");
  EXPECT_EQ(Unfolded("\xC3\xA9"), "\xC3\xA9");
}

TEST(Unfold, LineBreaksAtTheEndAreDropped) {
  for (const std::string_view value : {"a\r\n", "a\n", "a\r", "a \r\n ", "a\r\n\r\n"}) {
    EXPECT_EQ(Unfolded(value), "a");
  }
}

TEST(Unfold, OtherLineBreaks_AreMalformed) {
  for (const std::string_view value :
       {"a\r\nb", "a\nb", "a\rb", "a\r\n\r\n b", "a\n\n b", "\r\na", "\na", "a\r\r\n b"}) {
    EXPECT_THAT(Unfold(ExactBytes(value).view()), FailsWith(Reason::kIdentityMalformed));
  }
}

TEST(Unfold, ControlCharacters_AreMalformed) {
  for (int byte = 0; byte < 0x80; ++byte) {
    if ((byte >= 0x20 && byte != 0x7F) || byte == '\t' || byte == '\r' || byte == '\n') continue;
    const std::string value = {'a', static_cast<char>(byte), 'b'};
    EXPECT_THAT(Unfold(value), FailsWith(Reason::kIdentityMalformed)) << byte;
  }
  EXPECT_THAT(Unfold("a\0"sv), FailsWith(Reason::kIdentityMalformed));
}

}  // namespace
}  // namespace callvet
