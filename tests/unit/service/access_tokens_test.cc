// SPDX-License-Identifier: MIT
#include "service/access_tokens.h"

#include "pki/sha256.h"
#include "support/result_matchers.h"

namespace callvet::service {
namespace {

TEST(AccessTokens, FindsByHashOnly) {
  auto token = AccessToken::Make("sbc", Sha256Hex("secret"), {"verify", "sign"});
  ASSERT_THAT(token, Succeeds());
  const AccessTokens tokens({*token});
  ASSERT_NE(tokens.Find("Bearer secret"), nullptr);
  EXPECT_EQ(tokens.Find("bearer  secret ")->name, "sbc");
  EXPECT_THAT(tokens.Find("Bearer secret")->scopes,
              testing::ElementsAre(Scope::kVerify, Scope::kSign));
  for (const std::string_view wrong :
       {"Bearer secre", "Bearer secret1", "secret", "Basic secret", "Bearer ", "Bearer", ""}) {
    EXPECT_EQ(tokens.Find(wrong), nullptr) << wrong;
  }
  EXPECT_EQ(tokens.Find(std::nullopt), nullptr);
  EXPECT_EQ(tokens.Find("Bearer " + Sha256Hex("secret")), nullptr);  // the hash is no token
  EXPECT_EQ(AccessTokens().Find("Bearer secret"), nullptr);
}

TEST(AccessTokens, WhatIsRefused) {
  const std::string hash = Sha256Hex("x");
  EXPECT_THAT(AccessToken::Make("", hash, {"verify"}), FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(AccessToken::Make("a", hash.substr(1), {"verify"}),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(AccessToken::Make("a", "g" + hash.substr(1), {"verify"}),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(AccessToken::Make("a", hash, {}), FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(AccessToken::Make("a", hash, {"public"}), FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(AccessToken::Make("a", hash, {"root"}), FailsWith(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace callvet::service
