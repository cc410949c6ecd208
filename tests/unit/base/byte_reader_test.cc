// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"

#include <initializer_list>
#include <limits>
#include <vector>

#include "support/result_matchers.h"

namespace callvet {
namespace {

constexpr Reason kReason = Reason::kTnAuthListMalformed;

// Bytes in a block of their exact size.
class Der {
 public:
  Der(std::initializer_list<int> bytes) {
    for (const int byte : bytes) bytes_.push_back(static_cast<uint8_t>(byte));
    bytes_.shrink_to_fit();
  }
  explicit Der(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) { bytes_.shrink_to_fit(); }
  [[nodiscard]] ByteReader Reader() const { return {bytes_, kReason}; }

 private:
  std::vector<uint8_t> bytes_;
};

TEST(ByteReader, ReadsOneElementAfterTheOther) {
  const Der der{0x16, 0x02, 'a', 'b', 0x02, 0x01, 0x05};
  ByteReader reader = der.Reader();
  EXPECT_EQ(reader.PeekTag(), der::kIa5String);
  const auto text = reader.Read(der::kIa5String);
  ASSERT_THAT(text, Succeeds());
  ASSERT_EQ(text->size(), 2U);
  EXPECT_EQ((*text)[1], 'b');
  EXPECT_THAT(reader.ExpectEnd(), FailsWith(kReason));
  const auto number = reader.ReadUnsigned();
  ASSERT_THAT(number, Succeeds());
  EXPECT_EQ(*number, 5U);
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_EQ(reader.PeekTag(), 0);
  EXPECT_THAT(reader.ExpectEnd(), Succeeds());
  EXPECT_THAT(reader.Read(der::kIa5String), FailsWith(kReason));
}

TEST(ByteReader, FailuresCarryTheReasonOfTheConstructor) {
  ByteReader reader({}, Reason::kClaimConstraintsMalformed);
  EXPECT_THAT(reader.Read(der::kSequence), FailsWith(Reason::kClaimConstraintsMalformed));
  EXPECT_THAT(reader.Enter(der::kSequence), FailsWith(Reason::kClaimConstraintsMalformed));
  EXPECT_THAT(reader.ReadUnsigned(), FailsWith(Reason::kClaimConstraintsMalformed));
}

TEST(ByteReader, ElementsThatAreCutShort_AreRefusedAndNotOverRead) {
  for (const Der& der : {Der{0x16}, Der{0x16, 0x01}, Der{0x16, 0x03, 'a', 'b'}, Der{0x16, 0x81},
                         Der{0x16, 0x81, 0x80}, Der{0x16, 0x82, 0x01}, Der{0x16, 0x83, 0x01, 0x00},
                         Der{0x16, 0x82, 0xFF, 0xFF, 'a'}}) {
    ByteReader reader = der.Reader();
    EXPECT_THAT(reader.Read(der::kIa5String), FailsWith(kReason));
  }
}

TEST(ByteReader, LengthFormsThatAreNotDer_AreRefused) {
  // Indefinite, not minimal, too many bytes, reserved.
  for (const Der& der : {Der{0x16, 0x80, 'a', 0x00, 0x00}, Der{0x16, 0x81, 0x01, 'a'},
                         Der{0x16, 0x82, 0x00, 0x01, 'a'},
                         Der{0x16, 0x84, 0x00, 0x00, 0x00, 0x01, 'a'}, Der{0x16, 0xFF, 'a'}}) {
    ByteReader reader = der.Reader();
    EXPECT_THAT(reader.Read(der::kIa5String), FailsWith(kReason));
  }
  std::vector<uint8_t> padded = {0x16, 0x82, 0x00, 0xC8};
  padded.resize(4 + 200, 'a');
  const Der overlong(padded);
  ByteReader reader = overlong.Reader();
  EXPECT_THAT(reader.Read(der::kIa5String), FailsWith(kReason));
}

TEST(ByteReader, LongLengthsAreRead) {
  for (const size_t size : {size_t{127}, size_t{128}, size_t{255}, size_t{256}, size_t{65535},
                            size_t{65536}, size_t{200000}}) {
    std::vector<uint8_t> bytes = {0x16};
    if (size < 0x80) {
      bytes.push_back(static_cast<uint8_t>(size));
    } else if (size < 0x100) {
      bytes.insert(bytes.end(), {0x81, static_cast<uint8_t>(size)});
    } else if (size < 0x10000) {
      bytes.insert(bytes.end(),
                   {0x82, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size & 0xFF)});
    } else {
      bytes.insert(bytes.end(),
                   {0x83, static_cast<uint8_t>(size >> 16),
                    static_cast<uint8_t>((size >> 8) & 0xFF), static_cast<uint8_t>(size & 0xFF)});
    }
    bytes.resize(bytes.size() + size, 'a');
    const Der der(std::move(bytes));
    ByteReader reader = der.Reader();
    const auto contents = reader.Read(der::kIa5String);
    ASSERT_THAT(contents, Succeeds()) << size;
    EXPECT_EQ(contents->size(), size);
    EXPECT_TRUE(reader.AtEnd());
  }
}

TEST(ByteReader, TagsOfSeveralBytesAndTagZero_AreRefused) {
  const Der several{0xBF, 0x21, 0x00};
  ByteReader reader = several.Reader();
  EXPECT_THAT(reader.Read(reader.PeekTag()), FailsWith(kReason));
  const Der zero{0x00, 0x00};
  ByteReader other = zero.Reader();
  EXPECT_THAT(other.Read(other.PeekTag()), FailsWith(kReason));
}

TEST(ByteReader, AnotherTag_IsRefusedAndNothingIsConsumed) {
  const Der der{0x16, 0x01, 'a'};
  ByteReader reader = der.Reader();
  EXPECT_THAT(reader.Read(der::kUtf8String), FailsWith(kReason));
  EXPECT_THAT(reader.Read(der::kIa5String), Succeeds());
}

TEST(ByteReader, Integers) {
  const struct {
    Der der;
    uint64_t value;
  } good[] = {{{0x02, 0x01, 0x00}, 0},
              {{0x02, 0x01, 0x7F}, 127},
              {{0x02, 0x02, 0x00, 0x80}, 128},
              {{0x02, 0x02, 0x01, 0x00}, 256},
              {{0x02, 0x08, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
               std::numeric_limits<int64_t>::max()}};
  for (const auto& [der, value] : good) {
    ByteReader reader = der.Reader();
    const auto number = reader.ReadUnsigned();
    ASSERT_THAT(number, Succeeds()) << value;
    EXPECT_EQ(*number, value);
  }
  for (const Der& der :
       {Der{0x02, 0x00}, Der{0x02, 0x01, 0x80}, Der{0x02, 0x01, 0xFF}, Der{0x02, 0x02, 0x00, 0x7F},
        Der{0x02, 0x02, 0x00, 0x00}, Der{0x02, 0x09, 0x00, 0xFF, 0, 0, 0, 0, 0, 0, 0},
        Der{0x02, 0x08, 0x80, 0, 0, 0, 0, 0, 0, 0}, Der{0x0A, 0x01, 0x01}}) {
    ByteReader reader = der.Reader();
    EXPECT_THAT(reader.ReadUnsigned(), FailsWith(kReason));
  }
}

TEST(ByteReader, EnterStaysInsideItsElement) {
  const Der der{0x30, 0x03, 0x16, 0x02, 'a', 'b'};  // the inner element is longer than the outer
  ByteReader reader = der.Reader();
  auto inner = reader.Enter(der::kSequence);
  ASSERT_THAT(inner, Succeeds());
  EXPECT_THAT(inner->Read(der::kIa5String), FailsWith(kReason));
  EXPECT_FALSE(reader.AtEnd());
}

}  // namespace
}  // namespace callvet
