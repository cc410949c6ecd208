// SPDX-License-Identifier: MIT
#include "api/identity_input.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(IdentityInput, ValuesAndHeaders) {
  EXPECT_THAT(IdentityValuesFromText(" a.b.c;info=<x> \n"), ElementsAre("a.b.c;info=<x>"));
  EXPECT_THAT(IdentityValuesFromText("Identity: a\ny : b\r\n"), ElementsAre("a", "b"));
  EXPECT_THAT(IdentityValuesFromText("IDENTITY:a\r\n b\nSubject: x\n"), ElementsAre("a\r\n b"));
  EXPECT_THAT(IdentityValuesFromText("\xEF\xBB\xBFIdentity: a"), ElementsAre("a"));
  EXPECT_THAT(IdentityValuesFromText(" \r\n"), IsEmpty());
}

TEST(IdentityInput, A5_SeveralValuesInOneLine) {
  EXPECT_THAT(IdentityValuesFromText("Identity: a.b.c;info=<x,y>;b=\",\" ,\r\n ..d;info=<z>,\n"),
              ElementsAre("a.b.c;info=<x,y>;b=\",\"", "..d;info=<z>"));
  EXPECT_THAT(IdentityValuesFromText("a.b.c;info=<x>, d.e.f"),
              ElementsAre("a.b.c;info=<x>", "d.e.f"));
  EXPECT_THAT(IdentityValuesFromText("a,b.c.d;info=<x>"), ElementsAre("a,b.c.d;info=<x>"));
  EXPECT_THAT(IdentityValuesFromText(","), ElementsAre(","));
}

// What is damaged is shown to the parser and not cut off.
TEST(IdentityInput, LinesThatAreNoHeaderStay) {
  EXPECT_THAT(IdentityValuesFromText("Identity: a.b\nc;info=<https://x>\n"),
              ElementsAre("a.b\r\nc;info=<https://x>"));
}

}  // namespace
}  // namespace callvet
