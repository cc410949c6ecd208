// SPDX-License-Identifier: MIT
#include "repository/http_response.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

using Next = HttpResponse::Next;

// Feeds `lines` until told to stop; the failure, or nothing.
std::optional<Reason> Feed(HttpResponse& response, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (response.AddHeaderLine(ExactBytes(line + "\r\n").view()) == Next::kStop) {
      return response.failure() ? std::optional(response.failure()->reason)
                                : Reason::kInternalError;
    }
  }
  return std::nullopt;
}

std::optional<Reason> Answer(const std::vector<std::string>& lines) {
  HttpResponse response{ResponseLimits{}};
  return Feed(response, lines);
}

TEST(HttpResponse, AsManyHeaderLinesAndBytesAsTheLimitsSay) {
  const std::vector<std::string> lines = {"HTTP/1.1 200 OK", "A: b", "C: d", ""};
  ResponseLimits limits;
  limits.max_header_lines = lines.size();
  limits.max_header_bytes = 0;
  for (const std::string& line : lines) limits.max_header_bytes += line.size() + 2;
  HttpResponse exact(limits);
  EXPECT_EQ(Feed(exact, lines), std::nullopt);
  --limits.max_header_lines;
  HttpResponse too_many(limits);
  EXPECT_EQ(Feed(too_many, lines), Reason::kFetchTooLarge);
  ++limits.max_header_lines;
  --limits.max_header_bytes;
  HttpResponse too_long(limits);
  EXPECT_EQ(Feed(too_long, lines), Reason::kFetchTooLarge);
}

TEST(HttpResponse, KeepsWhatFreshnessNeeds) {
  HttpResponse response{ResponseLimits{}};
  EXPECT_EQ(Feed(response,
                 {
                     "HTTP/1.1 103 Early Hints",
                     "Age: 7",
                     "",
                     "HTTP/1.1 200 OK",
                     "content-type:  text/plain ",
                     "Cache-Control: max-age=1",
                     "Cache-Control: public",
                     "Expires: e",
                     "Expires: f",
                     "Date: d",
                     "",
                 }),
            std::nullopt);
  EXPECT_TRUE(response.headers_complete());
  EXPECT_EQ(response.AddBody("ab"), Next::kContinue);
  EXPECT_EQ(response.AddBody("cd"), Next::kContinue);
  const FetchedDocument document = response.TakeDocument();
  EXPECT_EQ(document.body, "abcd");
  EXPECT_EQ(document.content_type, "text/plain");
  EXPECT_EQ(document.cache_control, "max-age=1, public");
  EXPECT_EQ(document.expires, "e");
  EXPECT_EQ(document.date, "d");
  EXPECT_EQ(document.age, std::nullopt);
}

TEST(HttpResponse, JudgesTheStatus) {
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", ""}), std::nullopt);
  EXPECT_EQ(Answer({"HTTP/1.1 204 No Content", ""}), std::nullopt);
  for (const char* status : {"300", "301", "302", "303", "304", "307", "308"}) {
    EXPECT_EQ(Answer({"HTTP/1.1 " + std::string(status), "Location: https://x/", ""}),
              Reason::kFetchRedirect);
  }
  for (const char* status : {"206", "400", "401", "404", "500", "999", "000", "abc", ""}) {
    EXPECT_EQ(Answer({"HTTP/1.1 " + std::string(status), ""}), Reason::kFetchHttpStatus) << status;
  }
}

TEST(HttpResponse, KeepsToItsBudgets) {
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", "X: " + std::string(20000, 'a')}), Reason::kFetchTooLarge);
  std::vector<std::string> lines = {"HTTP/1.1 200 OK"};
  lines.resize(101, "A: b");
  EXPECT_EQ(Answer(lines), Reason::kFetchTooLarge);
  std::vector<std::string> interim;
  for (int i = 0; i < 60; ++i) interim.insert(interim.end(), {"HTTP/1.1 100 Continue", ""});
  EXPECT_EQ(Answer(interim), Reason::kFetchTooLarge);

  HttpResponse response(ResponseLimits{10, 1000, 10});
  EXPECT_EQ(response.AddBody("0123456789"), Next::kContinue);
  EXPECT_EQ(response.AddBody(""), Next::kContinue);
  EXPECT_EQ(response.AddBody("x"), Next::kStop);
  EXPECT_EQ(response.failure()->reason, Reason::kFetchTooLarge);
  EXPECT_EQ(response.AddBody(""), Next::kStop);  // and stays stopped
  EXPECT_EQ(response.body_bytes(), 10U);
}

TEST(HttpResponse, RefusesABodyThatIsKnownToBeTooLarge) {
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", "Content-Length: 65536", ""}), std::nullopt);
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", "Content-Length: 65537", ""}), Reason::kFetchTooLarge);
  EXPECT_EQ(Answer({"HTTP/1.1 404 No", "Content-Length: 65537", ""}), Reason::kFetchHttpStatus);
}

TEST(HttpResponse, RefusesLengthsThatDiffer) {
  const std::string length = "Content-Length: 5";
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", length, length, ""}), std::nullopt);
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", length, "content-length: 6", ""}),
            Reason::kFetchTransferFailed);
}

TEST(HttpResponse, RefusesEncodedBodies) {
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", "Content-Encoding: identity", ""}), std::nullopt);
  for (const char* encoding : {"gzip", "br", "identity, gzip", "x\x01"}) {
    EXPECT_EQ(Answer({"HTTP/1.1 200 OK", "Content-Encoding: " + std::string(encoding), ""}),
              Reason::kFetchTransferFailed);
  }
}

TEST(HttpResponse, SurvivesOddLines) {
  EXPECT_EQ(Answer({"HTTP/1.1 200 OK", "no colon", ":", ": v", "HTTP/x: y", ""}), std::nullopt);
  EXPECT_EQ(Answer({"", ""}), Reason::kFetchHttpStatus);
}

}  // namespace
}  // namespace callvet
