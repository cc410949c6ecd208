// SPDX-License-Identifier: MIT
#include "issue/der_writer.h"

#include "base/byte_reader.h"
#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

TEST(DerWriter, WritesMinimalLengths) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{0x7F}, size_t{0x80}, size_t{0xFF},
                            size_t{0x100}, size_t{0xFFFF}}) {
    const std::string element = DerElement(der::kSequence, std::string(size, 'x'));
    const std::vector<uint8_t> bytes(element.begin(), element.end());
    ByteReader reader(bytes, Reason::kInternalError);
    const auto contents = reader.Read(der::kSequence);
    ASSERT_THAT(contents, Succeeds()) << size;
    EXPECT_EQ(contents->size(), size);
    EXPECT_TRUE(reader.AtEnd());
  }
  EXPECT_EQ(ToHex(DerElement(0x04, std::string(0x10000, 'x')).substr(0, 5)), "0483010000");
}

TEST(DerWriter, WritesIntegersMinimallyAndPositive) {
  EXPECT_EQ(ToHex(DerInteger(0)), "020100");
  EXPECT_EQ(ToHex(DerInteger(127)), "02017f");
  EXPECT_EQ(ToHex(DerInteger(128)), "02020080");
  EXPECT_EQ(ToHex(DerInteger(UINT64_MAX)), "020900ffffffffffffffff");
}

TEST(DerWriter, WritesOids) {
  const auto oid = DerOid("2.16.840.1.114569.1.1.4");
  ASSERT_THAT(oid, Succeeds());
  EXPECT_EQ(ToHex(*oid), "060a6086480186ff09010104");
  for (const char* bad : {"", "commonName", "1", "1.2.x", "3.1.1"}) {
    EXPECT_THAT(DerOid(bad), FailsWith(Reason::kParameterInvalid)) << bad;
  }
}

TEST(DerWriter, RefusesWhatIsNoUri) {
  EXPECT_THAT(DerUriName("https://a.example/crl"), Succeeds());
  for (const char* bad : {"", "https://a example", "https://a\n", "https://\xC3\xA4"}) {
    EXPECT_THAT(DerUriName(bad), FailsWith(Reason::kParameterInvalid)) << bad;
  }
}

}  // namespace
}  // namespace callvet
