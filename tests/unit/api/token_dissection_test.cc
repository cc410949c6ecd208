// SPDX-License-Identifier: MIT
#include "api/token_dissection.h"

#include "base/base64url.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kHeader =
    R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/a.pem"})";
constexpr std::string_view kPayload =
    R"({"attest":"A","dest":{"tn":["12155550101"]},"iat":1700000000,"orig":{"tn":"12155550100"},)"
    R"("origid":"123e4567-e89b-12d3-a456-426655440000"})";
constexpr std::string_view kParameters =
    ";info=<https://cert.example.org/a.pem>;alg=ES256;ppt=shaken";

std::string Token(std::string_view header, std::string_view payload) {
  return EncodeBase64Url(header) + "." + EncodeBase64Url(payload) + "." +
         EncodeBase64Url(std::string(64, '\1'));
}

std::string With(std::string_view text, std::string_view old, std::string_view now) {
  std::string changed(text);
  const size_t at = changed.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return changed.replace(at, old.size(), now);
}

// "part: reason" of each problem.
std::vector<std::string> Problems(std::string_view text) {
  std::vector<std::string> problems;
  for (const auto& problem : DissectToken(text).problems) {
    problems.push_back(problem.part + ": " + std::string(Info(problem.failure.reason).id));
  }
  return problems;
}

std::vector<std::string> OfHeader(std::string_view old, std::string_view now) {
  return Problems(Token(With(kHeader, old, now), kPayload) + std::string(kParameters));
}

std::vector<std::string> OfPayload(std::string_view old, std::string_view now) {
  return Problems(Token(kHeader, With(kPayload, old, now)) + std::string(kParameters));
}

std::vector<std::string> OfParameters(std::string_view old, std::string_view now) {
  return Problems(Token(kHeader, kPayload) + With(kParameters, old, now));
}

TEST(TokenDissection, AGoodTokenHasNoProblem) {
  EXPECT_THAT(Problems(Token(kHeader, kPayload) + std::string(kParameters)), IsEmpty());
  EXPECT_THAT(Problems(Token(kHeader, kPayload)), IsEmpty());
  EXPECT_THAT(Problems(".." + EncodeBase64Url(std::string(64, '\1')) +
                       ";info=<https://cert.example.org/a.pem>"),
              IsEmpty());
}

TEST(TokenDissection, A10_HeaderAndParameters) {
  EXPECT_THAT(OfHeader("ES256", "none"), ElementsAre("header: alg-unsupported"));
  EXPECT_THAT(OfHeader("\"passport", "\"JWT"), ElementsAre("header: typ-invalid"));
  EXPECT_THAT(OfHeader("a.pem", "b.pem"), ElementsAre("header: x5u-differs-from-info"));
  EXPECT_THAT(OfHeader(R"("ppt":"shaken",)", ""), ElementsAre("header: ppt-missing"));
  EXPECT_THAT(OfParameters("ES256", "RS256"), ElementsAre("header: alg-unsupported"));
  EXPECT_THAT(OfParameters("=shaken", "=div"), ElementsAre("header: ppt-mismatch"));
}

TEST(TokenDissection, A2_Info) {
  EXPECT_THAT(OfParameters("https://cert.example.org/a.pem", "cert"),
              ElementsAre("identity: info-invalid", "header: x5u-differs-from-info"));
  EXPECT_THAT(OfParameters("<https://cert.example.org/a.pem>", "https://cert.example.org/a.pem"),
              ElementsAre("identity: info-invalid"));
  EXPECT_THAT(OfParameters(";info=<https://cert.example.org/a.pem>", ""),
              ElementsAre("identity: info-missing"));
}

TEST(TokenDissection, C7_ClaimsOfShaken) {
  EXPECT_THAT(OfPayload(R"("A")", R"("Z")"), ElementsAre("payload: attest-invalid"));
  EXPECT_THAT(OfPayload("123e4567-", "x"), ElementsAre("payload: origid-invalid"));
  EXPECT_THAT(OfPayload(R"({"tn":"12155550100"})", R"({"uri":"sip:a@example.org"})"),
              ElementsAre("payload: orig-invalid"));
  EXPECT_THAT(OfPayload(R"("iat":1700000000,)", ""), ElementsAre("payload: iat-missing"));
}

TEST(TokenDissection, A52_AShakenPassportHasNoCompactForm) {
  EXPECT_THAT(Problems(".." + EncodeBase64Url(std::string(64, '\1')) + std::string(kParameters)),
              ElementsAre("identity: compact-form-not-allowed"));
}

// Whoever calls whom and when is not the token's fault.
TEST(TokenDissection, ATypeThatIsNotKnownIsNoProblem) {
  EXPECT_THAT(Problems(Token(With(kHeader, "shaken", "foo"), kPayload) +
                       With(kParameters, "shaken", "foo")),
              IsEmpty());
}

}  // namespace
}  // namespace callvet
