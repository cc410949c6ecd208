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

}  // namespace
}  // namespace callvet
