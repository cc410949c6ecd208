// SPDX-License-Identifier: MIT
// HttpsFetcher::Send: what a login needs, under the same guard as every fetch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetcher_fixture.h"

namespace callvet {
namespace {

using test::HostileServer;
using test::Peer;

class HttpExchangeTest : public testing::Test {
 protected:
  Result<std::string> Send(const HttpExchange& exchange, uint16_t port) const {
    HttpsFetcherOptions options = LabOptions(port);
    options.ca_file = ca_file_.path();
    return HttpsFetcher::Make(options)->Send(exchange, Deadline::After(kPatience));
  }
  static HttpExchange Login(uint16_t port) {
    return {.method = HttpExchange::Method::kPost,
            .url = UrlOf("https", port),
            .headers = {{"Content-Type", "application/json"}, {"Authorization", "tok-1"}},
            .body = R"({"userId":"u","password":"p"})",
            .max_response_bytes = 16};
  }

  test::TestCert root_ = test::IssueRoot();
  TemporaryFile ca_file_{root_.pem};
  test::TlsSpec tls_{test::Issue(test::ServerSpec("DNS:good.test"), root_)};
};

TEST_F(HttpExchangeTest, C30_PostsItsBodyAndHeaders) {
  HostileServer server(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Write(std::string(kOk) + "Content-Length: 2\r\n\r\nhi");
      },
      tls_);
  const auto answer = Send(Login(server.port()), server.port());
  ASSERT_THAT(answer, Succeeds());
  EXPECT_EQ(*answer, "hi");
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string request = server.requests()[0];
  EXPECT_TRUE(request.starts_with("POST /chain.pem HTTP/1.1\r\n")) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"userId\":\"u\",\"password\":\"p\"}")) << request;
  EXPECT_NE(request.find("\r\nContent-Type: application/json\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nAuthorization: tok-1\r\n"), std::string::npos) << request;
  EXPECT_EQ(request.find("Expect:"), std::string::npos) << request;
}

TEST_F(HttpExchangeTest, C30_SecretsDoNotFollowARedirect) {
  const HostileServer other([](Peer& peer) { peer.ReadRequest(); }, tls_);
  const std::string target = UrlOf("https", other.port());
  for (const char* status : {"301", "302", "303", "307", "308"}) {
    const HostileServer server(
        [&](Peer& peer) {
          peer.ReadRequest();
          peer.Write(std::string("HTTP/1.1 ") + status + " x\r\nLocation: " + target +
                     "\r\nContent-Length: 0\r\n\r\n");
        },
        tls_);
    EXPECT_THAT(Send(Login(server.port()), server.port()), FailsWith(Reason::kFetchRedirect));
  }
  EXPECT_EQ(other.connections(), 0U);
}

TEST_F(HttpExchangeTest, AnswerKeepsToItsOwnLimit) {
  for (const auto& [length, good] : {std::pair(16, true), {17, false}}) {
    const HostileServer server(
        [length = length](Peer& peer) {
          peer.ReadRequest();
          peer.Write(std::string(kOk) + "Connection: close\r\n\r\n" +
                     std::string(static_cast<size_t>(length), 'x'));
        },
        tls_);
    const auto answer = Send(Login(server.port()), server.port());
    EXPECT_EQ(answer ? Reason::kNone : answer.error().reason,
              good ? Reason::kNone : Reason::kFetchTooLarge);
  }
}

TEST_F(HttpExchangeTest, IsGuardedLikeEveryFetch) {
  const HostileServer server([](Peer& peer) { peer.ReadRequest(); }, tls_);
  HttpExchange exchange = Login(server.port());
  HttpsFetcherOptions options = LabOptions(server.port());
  options.private_addresses = PrivateAddresses::kRefuse;
  EXPECT_THAT(HttpsFetcher::Make(options)->Send(exchange, Deadline()),
              FailsWith(Reason::kFetchAddressRefused));
  exchange.headers.emplace_back("X", "a\r\nHost: other");
  EXPECT_THAT(Send(exchange, server.port()), FailsWith(Reason::kConfigInvalid));
  exchange.url = "https://user@good.test/x";
  exchange.headers.clear();
  EXPECT_THAT(Send(exchange, server.port()), FailsWith(Reason::kInfoInvalid));
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpExchangeTest, NothingIsSentToAStranger) {
  const auto stranger =
      test::Issue(test::ServerSpec("DNS:good.test"), test::IssueRoot("/CN=Other"));
  const HostileServer server([](Peer& peer) { peer.ReadRequest(); }, test::TlsSpec{stranger});
  EXPECT_THAT(Send(Login(server.port()), server.port()), FailsWith(Reason::kFetchTlsFailed));
  EXPECT_TRUE(server.requests().empty() || server.requests()[0].empty());
}

}  // namespace
}  // namespace callvet
