// SPDX-License-Identifier: MIT
#include "syntax/extension_claims.h"

#include "base/base64url.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

JsonValue Json(std::string_view text) {
  return ReadJson(text).value();
}

TEST(ContentDigest, F21_BothAlphabetsWithAndWithoutPadding) {
  const std::string bytes(32, '\xfb');
  const ContentDigest digest{DigestAlgorithm::kSha256, bytes};
  const std::string url = EncodeBase64Url(bytes);
  ASSERT_NE(url.find('-'), std::string::npos);
  for (const std::string& text :
       {"sha256-" + url, "sha256-" + url + "=", digest.ToText(), "sha256-" + EncodeBase64(bytes)}) {
    const auto read = ContentDigest::Parse(text, Reason::kRcdInvalid);
    ASSERT_THAT(read, Succeeds()) << text;
    EXPECT_EQ(*read, digest);
  }
}

TEST(ContentDigest, F21_WhatIsNone) {
  const std::string base64 = EncodeBase64(std::string(32, 'x'));
  for (const std::string& text :
       {std::string(), std::string("sha256"), std::string("sha256-"), "sha1-" + base64,
        "SHA256-" + base64, "sha384-" + base64, "sha256-" + base64 + "=", "sha256-A" + base64,
        "sha256- " + base64}) {
    EXPECT_THAT(ContentDigest::Parse(text, Reason::kMsgiInvalid), FailsWith(Reason::kMsgiInvalid))
        << text;
  }
}

TEST(FindPointer, Rfc6901) {
  const JsonValue document = Json(
      R"({"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"jcd":["vcard",[["fn",{},"text","x"]]],"a~2b":1,"a~":1})");
  const auto find = [&](std::string_view pointer) {
    const JsonValue* value = FindPointer(document, pointer);
    return value == nullptr ? "nothing" : CanonicalJson(*value);
  };
  EXPECT_EQ(find("/foo/0"), "\"bar\"");
  EXPECT_EQ(find("/"), "0");
  EXPECT_EQ(find("/a~1b"), "1");
  EXPECT_EQ(find("/m~0n"), "8");
  EXPECT_EQ(find("/jcd/1/0/3"), "\"x\"");
  EXPECT_EQ(find(""), CanonicalJson(document));
  for (const std::string_view none : {"foo", "/foo/2", "/foo/00", "/foo/-", "/foo/-1", "/foo/0/1",
                                      "/bar", "/foo/18446744073709551616", "/a~2b", "/a~"}) {
    EXPECT_EQ(find(none), "nothing") << none;
  }
}

TEST(RphClaim, F10_ValuesInLowerCase) {
  const auto claim = RphClaim::Read(Json(R"({"rph":{"auth":["ETS.0","wps.1"]}})"));
  ASSERT_THAT(claim, Succeeds());
  EXPECT_THAT(claim->auth, testing::ElementsAre("ets.0", "wps.1"));
  for (const std::string_view value : {"", ".", "a.", ".a", "a.b.c", "a b.c", "a,b.c"}) {
    EXPECT_THAT(ReadResourceValue(value), FailsWith(Reason::kRphInvalid)) << value;
  }
}

TEST(ExtensionClaims, ByType) {
  const auto check = [](std::string_view payload, std::string_view ppt) {
    const auto result = CheckExtensionClaims(Json(payload), ppt);
    return result ? Reason::kNone : result.error().reason;
  };
  EXPECT_EQ(check("{}", ""), Reason::kNone);
  EXPECT_EQ(check("{}", "shaken"), Reason::kNone);
  EXPECT_EQ(check("{}", "div"), Reason::kDivClaimMissing);
  EXPECT_EQ(check(R"({"div":{"tn":"1"}})", "div"), Reason::kNone);
  EXPECT_EQ(check(R"({"div":{"tn":"1"}})", "div-o"), Reason::kDivOptInvalid);
  EXPECT_EQ(check(R"({"div":{"tn":"1"},"opt":"a.b.c"})", "div-o"), Reason::kNone);
  EXPECT_EQ(check("{}", "rph"), Reason::kRphMissing);
  EXPECT_EQ(check("{}", "rcd"), Reason::kRcdMissing);
  EXPECT_EQ(check("{}", "msg"), Reason::kMsgiMissing);
}

}  // namespace
}  // namespace callvet
