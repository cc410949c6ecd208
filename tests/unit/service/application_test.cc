// SPDX-License-Identifier: MIT
#include "service/application.h"

#include <stdexcept>

#include "base/file.h"
#include "pki/sha256.h"
#include "support/temporary_directory.h"

namespace callvet::service {
namespace {

// The answer says "see the log".
TEST(Application, WhatIsThrownIsInTheLog) {
  const test::TemporaryDirectory directory;
  LogSetup setup;
  setup.target = (directory.path() / "access.log").string();
  const auto log = AccessLog::Make(setup);
  ASSERT_THAT(log, Succeeds());
  Application application(
      std::make_shared<SystemClock>(), std::make_shared<Traffic>(), *log,
      {[]() -> Result<std::vector<std::string>> { throw std::runtime_error("no more spoons"); },
       [] { return ConnectionStatistics{}; }, [] { return false; }});
  ApplicationState state;
  state.tokens = AccessTokens({*AccessToken::Make("lab", Sha256Hex("lab"), {"admin"})});
  state.rate = std::make_shared<RateLimiter>(RateLimiter::Limits{});
  application.Replace(std::make_shared<const ApplicationState>(std::move(state)));
  HttpRequest request;
  request.method = "POST";
  request.path = "/admin/reload";
  request.headers = {{"authorization", "Bearer lab"}, {"x-requestid", "here-1"}};
  const HttpReply reply = application.Answer(request);
  EXPECT_EQ(reply.status, 500) << reply.body;
  EXPECT_THAT(reply.body, testing::Not(testing::HasSubstr("spoons")));
  (*log)->Flush();
  EXPECT_THAT(ReadFile(setup.target).value_or(""),
              testing::HasSubstr(R"("event":"internal-error","detail":"here-1: no more spoons"})"));
}

}  // namespace
}  // namespace callvet::service
