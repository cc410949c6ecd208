// SPDX-License-Identifier: MIT
#include "evidence/packed_id.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace callvet::test {
namespace {

constexpr std::string_view kUuid = "01890a5d-ac96-774b-bcce-b302099a8057";

TEST(PackedId, AUuidComesBackAsItWas) {
  const std::string packed = PackUuid(kUuid);
  ASSERT_EQ(packed.size(), 16U);
  EXPECT_EQ(packed.substr(0, 6), "\x01\x89\x0a\x5d\xac\x96");
  EXPECT_EQ(UnpackUuid(packed), kUuid);
}

// What somebody wrote into a store by hand.
TEST(PackedId, OtherBytesAreTheirDigits) {
  EXPECT_EQ(UnpackUuid(""), "");
  EXPECT_EQ(UnpackUuid("\x01\xAB"), "01ab");
  EXPECT_EQ(UnpackUuid(PackUuid(kUuid) + '\0'), "01890a5dac96774bbcceb302099a805700");
}

TEST(PackedId, EveryByteIsItsDigits) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = UnpackUuid(std::string(16, static_cast<char>(byte)));
    std::string digits = text.substr(0, 2);
    EXPECT_EQ(std::stoi(digits, nullptr, 16), byte);
    EXPECT_EQ(PackUuid(text), std::string(16, static_cast<char>(byte))) << text;
  }
}

TEST(PackedId, OnlyALowerCaseUuidIsPacked) {
  for (size_t i = 0; i < kUuid.size(); ++i) {
    for (const char c : {'g', 'A', 'F', '/', ':', '@', '`', ' ', '\0', '\xFF', '-', '0'}) {
      std::string text(kUuid);
      const bool is_dash = text[i] == '-';
      text[i] = c;
      EXPECT_EQ(PackUuid(text).empty(), c == '0' ? is_dash : c != '-' || !is_dash) << i << c;
    }
  }
  EXPECT_EQ(PackUuid(kUuid.substr(1)), "");
  EXPECT_EQ(PackUuid(std::string(kUuid) + "0"), "");
  EXPECT_EQ(PackUuid(""), "");
}

TEST(PackedId, HexadecimalOfEitherCaseIsRead) {
  for (int byte = 0; byte < 256; ++byte) {
    constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
    const auto high = static_cast<size_t>(byte / 16);
    const auto low = static_cast<size_t>(byte % 16);
    const std::string hex = {kDigits[high], kDigits[16 + low]};
    EXPECT_EQ(BytesOfHex(hex).value(), std::string(1, static_cast<char>(byte))) << hex;
  }
  EXPECT_EQ(BytesOfHex("").value(), "");
  for (const char* none : {"0", "0g", "g0", "0/", ":0", "\xFF\xFF", " 0", "0x"}) {
    EXPECT_THAT(BytesOfHex(none), FailsWith(Reason::kParameterInvalid)) << none;
  }
}

}  // namespace
}  // namespace callvet::test
