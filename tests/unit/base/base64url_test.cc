// SPDX-License-Identifier: MIT
#include "base/base64url.h"

#include <optional>
#include <string>
#include <vector>

#include "support/result_matchers.h"

namespace callvet {
namespace {

using ::testing::HasSubstr;
using ::testing::StrEq;

Result<std::string> Decode(std::string_view text) {
  return DecodeBase64Url(ExactBytes(text).view());
}

std::optional<std::string> DecodeInto(std::string_view text, size_t room) {
  std::vector<char> bytes(room);
  const auto decoded = DecodeBase64Url(ExactBytes(text).view(), bytes);
  return decoded ? std::optional(std::string(*decoded)) : std::nullopt;
}

struct Pair {
  std::string_view bytes;
  std::string_view text;
};

TEST(Base64Url, A7_VectorsOfRfc4648WithoutPadding) {
  const Pair pairs[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xBF", "-_-_"}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(EncodeBase64Url(bytes), text);
    const auto decoded = Decode(text);
    ASSERT_THAT(decoded, Succeeds()) << text;
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Url, A7_IntoGivenRoom_IsTheSameOrNothing) {
  for (const std::string_view text : {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "-_-_", "A", "Zh", "Zm9",
                                      "Zm9v=", "Z!", "Zm9vYmFyZm9v"}) {
    const auto decoded = Decode(text);
    const auto into = DecodeInto(text, 16);
    EXPECT_EQ(into.has_value(), decoded.has_value()) << text;
    EXPECT_EQ(into.value_or(""), decoded.value_or("")) << text;
  }
  EXPECT_EQ(DecodeInto("Zm9vYmFy", 10), "foobar");
  EXPECT_EQ(DecodeInto("Zm9vYmFy", 9), std::nullopt);
  EXPECT_EQ(DecodeInto("", 0), std::nullopt);
}

TEST(Base64Url, A7_OneCharacterLeftOver_IsInvalid) {
  // OpenSIPS frees twice on such a length.
  for (const std::string_view text : {"A", "AAAAA", "AAAAAAAAA"}) {
    EXPECT_THAT(Decode(text), FailsWith(Reason::kBase64Invalid)) << text;
  }
}

TEST(Base64Url, A7_Padding_IsInvalid) {
  for (const std::string_view text : {"Zg==", "Zm8=", "Zm9v=", "=", "==", "===="}) {
    EXPECT_THAT(Decode(text), FailsWith(Reason::kBase64Invalid)) << text;
  }
}

TEST(Base64Url, A7_BitsThatBelongToNoByte_AreInvalid) {
  for (const std::string_view text : {"Zh", "Zv", "Zm9", "Zm_", "AB", "AAB"}) {
    EXPECT_THAT(Decode(text), FailsWith(Reason::kBase64Invalid)) << text;
  }
}

TEST(Base64Url, A7_EveryForeignByteAtEveryPosition_IsInvalid) {
  // Other readers skip foreign characters, or index a table with a signed char.
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (kAlphabet.find(c) != std::string_view::npos) continue;
    for (const std::string_view good : {"Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"}) {
      for (size_t at = 0; at < good.size(); ++at) {
        std::string text(good);
        text[at] = c;
        const auto decoded = Decode(text);
        ASSERT_THAT(decoded, FailsWith(Reason::kBase64Invalid)) << byte << " in " << good;
        EXPECT_THAT(decoded.error().detail, HasSubstr(" position " + std::to_string(at + 1) + " "));
      }
    }
  }
}

TEST(Base64Url, A7_EveryAcceptedTextIsTheOnlyOneOfItsBytes) {
  constexpr std::string_view kSome = "AQgwxZ09-_";
  size_t accepted = 0;
  for (const char a : kSome) {
    for (const char b : kSome) {
      for (const char c : kSome) {
        for (const std::string& text :
             {std::string{a, b}, std::string{a, b, c}, std::string{a, b, c, a}}) {
          const auto decoded = Decode(text);
          if (!decoded) continue;
          ++accepted;
          EXPECT_EQ(EncodeBase64Url(*decoded), text);
        }
      }
    }
  }
  EXPECT_GT(accepted, 1000U);
}

TEST(Base64Url, AllBytesRoundTripAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const auto decoded = Decode(EncodeBase64Url(bytes));
    ASSERT_THAT(decoded, Succeeds());
    EXPECT_EQ(*decoded, bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Base64, PaddingIsOptionalButWhole) {
  for (const std::string_view text : {"Zg==", "Zg"}) {
    const auto decoded = DecodeBase64(ExactBytes(text).view());
    ASSERT_THAT(decoded, Succeeds()) << text;
    EXPECT_EQ(*decoded, "f");
  }
  for (const std::string_view text :
       {"Zg=", "Zg===", "=", "==", "===", "====", "Zh==", "-_-_", "Zm9v\n", "Zg==Zg==", "Z==="}) {
    EXPECT_THAT(DecodeBase64(ExactBytes(text).view()), FailsWith(Reason::kBase64Invalid)) << text;
  }
  EXPECT_THAT(EncodeBase64("\xFB\xFF\xBF\xFF"), StrEq("+/+//w=="));
}

}  // namespace
}  // namespace callvet
