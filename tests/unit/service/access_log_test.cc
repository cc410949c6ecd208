// SPDX-License-Identifier: MIT
#include "service/access_log.h"

#include "base/file.h"
#include "support/temporary_directory.h"

namespace callvet::service {
namespace {

// What the log says of a call with this attest.
std::string LineOf(const std::string& attest, LogNumbers numbers) {
  const test::TemporaryDirectory directory;
  LogSetup setup;
  setup.target = (directory.path() / "access.log").string();
  setup.numbers = numbers;
  const auto log = AccessLog::Make(setup);
  EXPECT_THAT(log, Succeeds());
  CallSummary call;
  call.attest = attest;
  (*log)->Write({}, &call);
  (*log)->Flush();
  return ReadFile(setup.target).value_or("");
}

// A signer may write anything there, the caller's number too.
TEST(AccessLog, AnOddAttestIsNotWrittenDownWhereNumbersAreMasked) {
  using testing::HasSubstr;
  for (const char* attest : {"A", "B", "C", ""}) {
    const std::string written = R"("attest":")" + std::string(attest) + "\"";
    EXPECT_THAT(LineOf(attest, LogNumbers::kMasked), HasSubstr(written));
  }
  for (const char* attest : {"Cabbage +12155550100", "a", "AA", " "}) {
    EXPECT_THAT(LineOf(attest, LogNumbers::kMasked), HasSubstr(R"("attest":"?")"));
    EXPECT_THAT(LineOf(attest, LogNumbers::kFull), HasSubstr(attest));
  }
}

}  // namespace
}  // namespace callvet::service
