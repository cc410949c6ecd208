// SPDX-License-Identifier: MIT
#include <initializer_list>

#include "pki/certificate.h"
#include "repository/https_fetcher.h"
#include "unit/repository/fetcher_fixture.h"

// Servers that misbehave in every way that C-21 and peers' defects name: each fetch ends within its
// deadline, with a Reason of its own, and takes no more than its limits.

namespace callvet {
namespace {

using test::HostileServer;
using test::Peer;

// The most that a server may get rid of before the fetcher hangs up: what the sockets buffer.
constexpr size_t kMaxTaken = size_t{16} * 1024 * 1024;

// What a fetch from a plain server with `script` gives; by https the script meets the handshake.
Result<FetchedDocument> FetchFrom(const HostileServer::Script& script,
                                  const std::string& scheme = "http",
                                  milliseconds deadline = kPatience) {
  const HostileServer server(script);
  auto result = FetchOnce(LabOptions(server.port()), UrlOf(scheme, server.port()), deadline);
  EXPECT_LT(server.bytes_written(), kMaxTaken);
  return result;
}

// The same for a server that makes the fetch run into its deadline.
Result<FetchedDocument> HangFrom(const HostileServer::Script& script,
                                 const std::string& scheme = "http") {
  return FetchFrom(script, scheme, kDeadline);
}

// What a server that answers with these bytes, and closes, gives.
Result<FetchedDocument> Answered(const std::string& answer) {
  return FetchFrom([answer](Peer& peer) {
    peer.ReadRequest();
    peer.Write(answer);
  });
}

// What the reader of certificates makes of it.
Result<CertificateBundle> Parsed(const Result<FetchedDocument>& document) {
  if (!document) return document.error();
  return ParseBundle(document->body);
}

std::string WithLength(const std::string& body) {
  return std::string(kOk) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Sends `head`, then `piece` for ever, with a pause after each.
HostileServer::Script Endless(const std::string& head, const std::string& piece,
                              milliseconds pause = milliseconds(0)) {
  return [head, piece, pause](Peer& peer) {
    peer.ReadRequest();
    if (!peer.Write(head)) return;
    while (peer.Write(piece) && (pause.count() == 0 || peer.Sleep(pause))) {
    }
  };
}

// ----- Slow

TEST(HostileAnswers, SlowDripOfTheBody) {
  EXPECT_THAT(
      HangFrom(Endless(std::string(kOk) + "Content-Length: 60000\r\n\r\n", "x", milliseconds(20))),
      FailsWith(Reason::kFetchTimeout));
}

TEST(HostileAnswers, SlowDripOfHeaders) {
  EXPECT_THAT(HangFrom(Endless(kOk, "A: b\r\n", milliseconds(20))),
              FailsWith(Reason::kFetchTimeout));
}

TEST(HostileAnswers, SlowDripOfOneHeaderLine) {
  EXPECT_THAT(HangFrom(Endless("HTTP/1.1 200 O", "K", milliseconds(20))),
              FailsWith(Reason::kFetchTimeout));
}

TEST(HostileAnswers, LowSpeedEndsBeforeTheDeadline) {
  const HostileServer server(Endless(std::string(kOk) + "\r\n", "x", milliseconds(100)));
  HttpsFetcherOptions options = LabOptions(server.port());
  options.total_timeout = std::chrono::minutes(5);
  options.low_speed_time = std::chrono::seconds(1);
  const auto fetcher = HttpsFetcher::Make(options);
  ASSERT_THAT(fetcher, Succeeds());
  EXPECT_THAT(fetcher->Fetch(UrlOf("http", server.port()), UrlUse::kX5u, Deadline()),
              FailsWith(Reason::kFetchTimeout));
}

TEST(HostileAnswers, Silence) {
  const auto silent = [](Peer& peer) { peer.Sleep(kHang * 2); };
  EXPECT_THAT(HangFrom(silent), FailsWith(Reason::kFetchTimeout));
  EXPECT_THAT(HangFrom(silent, "https"), FailsWith(Reason::kFetchTimeout));
}

// ----- Endless

TEST(HostileAnswers, EndlessHeaders) {
  EXPECT_THAT(FetchFrom(Endless(kOk, "A: b\r\n")), FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, EndlessHeaderLine) {
  EXPECT_THAT(FetchFrom(Endless(std::string(kOk) + "A: ", std::string(4096, 'a'))),
              FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, EndlessFoldedHeader) {
  EXPECT_THAT(FetchFrom(Endless(std::string(kOk) + "A: b\r\n", " c\r\n")),
              FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, EndlessInterimAnswers) {
  EXPECT_THAT(FetchFrom(Endless("", "HTTP/1.1 100 Continue\r\n\r\n")),
              FailsWith(Reason::kFetchTooLarge));
  EXPECT_THAT(FetchFrom(Endless("", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n")),
              FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, EndlessBody) {
  const std::string piece(4096, 'x');
  EXPECT_THAT(FetchFrom(Endless(std::string(kOk) + "\r\n", piece)),
              FailsWith(Reason::kFetchTooLarge));
  EXPECT_THAT(FetchFrom(Endless(std::string(kOk) + "Transfer-Encoding: chunked\r\n\r\n",
                                "1000\r\n" + piece + "\r\n")),
              FailsWith(Reason::kFetchTooLarge));
  EXPECT_THAT(FetchFrom(Endless(std::string(kOk) + "Content-Length: 99999999999\r\n\r\n", piece)),
              FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, EndlessTrailers) {
  EXPECT_THAT(
      FetchFrom(Endless(std::string(kOk) + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n")),
      FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, ALargeBodyJustInsideAndOutside) {
  EXPECT_THAT(Answered(WithLength(std::string(65536, 'x'))), Succeeds());
  EXPECT_THAT(Answered(WithLength(std::string(65537, 'x'))), FailsWith(Reason::kFetchTooLarge));
}

// 1 MiB of zeros.
std::string GzipBomb() {
  return std::string(
             "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1\x31\x01\0\0\0\xc2\xa0\xf5\x4f\x6d\x08"
             "\x5f\xa0",
             25) +
         std::string(1016, '\0') + std::string("\x3e\x03\x1c\xea\x38\xa7\0\0\x10\0", 10);
}

TEST(HostileAnswers, GzipBombs) {
  const std::string bomb = GzipBomb();
  EXPECT_THAT(Answered(std::string(kOk) + "Content-Encoding: gzip\r\n\r\n" + bomb),
              FailsWith(Reason::kFetchTransferFailed));
  // libcurl decodes this one: the decoded bytes count.
  EXPECT_THAT(Answered(std::string(kOk) + "Transfer-Encoding: gzip\r\n\r\n" + bomb),
              FailsWith(Reason::kFetchTooLarge));
}

TEST(HostileAnswers, GzipThatIsNone) {
  EXPECT_THAT(Answered(std::string(kOk) + "Transfer-Encoding: gzip\r\n\r\nno gzip at all"),
              FailsWith(Reason::kFetchTransferFailed));
}

// ----- Wrong

TEST(HostileAnswers, ContentLengthTooLong) {
  EXPECT_THAT(Answered(std::string(kOk) + "Content-Length: 100\r\n\r\nhello"),
              FailsWith(Reason::kFetchTransferFailed));
}

TEST(HostileAnswers, ContentLengthTooShort) {
  const auto pem = test::IssueRoot().pem;
  const auto cut = Answered(std::string(kOk) + "Content-Length: 100\r\n\r\n" + pem);
  ASSERT_THAT(cut, Succeeds());  // HTTP says that this is all
  EXPECT_EQ(cut->body, pem.substr(0, 100));
  EXPECT_FALSE(Parsed(cut).has_value());
}

TEST(HostileAnswers, ContentLengthThatIsNone) {
  for (const char* length : {"-1", "abc", "99999999999999999999999999"}) {
    const auto result = Answered(std::string(kOk) + "Content-Length: " + length + "\r\n\r\nhello");
    EXPECT_TRUE(result || result.error().reason == Reason::kFetchTransferFailed ||
                result.error().reason == Reason::kFetchTooLarge)
        << length;
  }
}

TEST(HostileAnswers, ChunksThatAreNone) {
  for (const char* chunks :
       {"zz\r\n", "-1\r\nx", "5\r\nhelloXX", "5\r\nhel", "FFFFFFFFFFFFFFFFFF\r\nx"}) {
    EXPECT_THAT(Answered(std::string(kOk) + "Transfer-Encoding: chunked\r\n\r\n" + chunks),
                FailsWith(Reason::kFetchTransferFailed))
        << chunks;
  }
}

TEST(HostileAnswers, Garbage) {
  std::string noise;
  for (int i = 0; i < 3000; ++i) noise += static_cast<char>(i * 7919 % 251);
  EXPECT_THAT(Answered(noise), FailsWith(Reason::kFetchTransferFailed));
  EXPECT_THAT(Answered("HTTP/7.9 banana\r\n\r\n"), FailsWith(Reason::kFetchTransferFailed));
  EXPECT_THAT(FetchFrom(
                  [noise](Peer& peer) {
                    peer.Write(noise);
                    peer.Sleep(milliseconds(100));
                  },
                  "https"),
              FailsWith(Reason::kFetchTlsFailed));
  EXPECT_THAT(Parsed(Answered(WithLength(noise))), FailsWith(Reason::kCertificateUnreadable));
}

TEST(HostileAnswers, Http09) {
  EXPECT_THAT(Answered("<html>hello</html>"), FailsWith(Reason::kFetchTransferFailed));
  EXPECT_THAT(Answered(test::IssueRoot().pem), FailsWith(Reason::kFetchTransferFailed));
}

TEST(HostileAnswers, PlainHttpWhereTlsShouldBe) {
  EXPECT_THAT(
      FetchFrom([](Peer& peer) { peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n"); }, "https"),
      FailsWith(Reason::kFetchTlsFailed));
}

TEST(HostileAnswers, EmptyBody) {
  EXPECT_THAT(Parsed(Answered(WithLength(""))), FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(Parsed(Answered("HTTP/1.1 204 No Content\r\n\r\n")),
              FailsWith(Reason::kCertificateUnreadable));
}

TEST(HostileAnswers, Html) {
  EXPECT_THAT(Parsed(Answered(WithLength("<!DOCTYPE html><html><body>Log in</body></html>"))),
              FailsWith(Reason::kCertificateUnreadable));
}

TEST(HostileAnswers, ChainOfAHundredCertificates) {
  const auto root = test::IssueRoot();
  std::string pem;
  for (int i = 0; i < 100; ++i) pem += root.pem;
  ASSERT_LT(pem.size(), 65536U);
  EXPECT_THAT(Parsed(Answered(WithLength(pem))), FailsWith(Reason::kChainTooLong));
}

// ----- Status

TEST(HostileAnswers, Redirects) {
  const HostileServer target([](Peer& peer) { peer.ReadRequest(); });
  for (const char* status : {"301", "302", "303", "307", "308"}) {
    EXPECT_THAT(Answered("HTTP/1.1 " + std::string(status) + " Moved\r\nLocation: " +
                         UrlOf("http", target.port()) + "\r\nContent-Length: 0\r\n\r\n"),
                FailsWith(Reason::kFetchRedirect))
        << status;
  }
  EXPECT_EQ(target.connections(), 0U);
}

TEST(HostileAnswers, OtherStatuses) {
  for (const char* status : {"400", "401", "403", "404", "407", "418", "500", "503", "600"}) {
    EXPECT_THAT(Answered("HTTP/1.1 " + std::string(status) + " No\r\n\r\n"),
                FailsWith(Reason::kFetchHttpStatus))
        << status;
  }
}

// An error is an error at once, whatever its body would be.
TEST(HostileAnswers, ErrorsWithEndlessBodies) {
  EXPECT_THAT(FetchFrom(Endless("HTTP/1.1 404 No\r\n\r\n", std::string(4096, 'x'))),
              FailsWith(Reason::kFetchHttpStatus));
  EXPECT_THAT(FetchFrom(Endless("HTTP/1.1 302 No\r\nLocation: /\r\n\r\n", "x", milliseconds(50))),
              FailsWith(Reason::kFetchRedirect));
}

TEST(HostileAnswers, SwitchesProtocolsUnasked) {
  const auto result = Answered("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nhello");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().reason, Reason::kFetchTransferFailed);
}

// ----- Closed at each phase

TEST(HostileAnswers, ClosedAtEachPhase) {
  const auto close = [](Peer& /*peer*/) {};
  const auto reset = [](Peer& peer) { peer.ResetOnClose(); };
  EXPECT_THAT(FetchFrom(close), FailsWith(Reason::kFetchTransferFailed));
  // Who looks only behind the reset never saw a connection.
  EXPECT_THAT(FetchFrom(reset), testing::AnyOf(FailsWith(Reason::kFetchTransferFailed),
                                               FailsWith(Reason::kFetchConnectFailed)));
  EXPECT_THAT(FetchFrom(close, "https"), FailsWith(Reason::kFetchTlsFailed));
  EXPECT_THAT(FetchFrom(reset, "https"), testing::AnyOf(FailsWith(Reason::kFetchTlsFailed),
                                                        FailsWith(Reason::kFetchConnectFailed)));
  for (const std::string& part :
       {std::string(), std::string("HTT"), std::string("HTTP/1.1 200 OK"), std::string(kOk),
        std::string(kOk) + "Content-Len", std::string(kOk) + "Content-Length: 10\r\n\r\n",
        std::string(kOk) + "Content-Length: 10\r\n\r\nhello"}) {
    EXPECT_THAT(Answered(part), FailsWith(Reason::kFetchTransferFailed)) << part;
    EXPECT_THAT(FetchFrom([part](Peer& peer) {
                  peer.ReadRequest();
                  peer.Write(part);
                  peer.ResetOnClose();
                }),
                FailsWith(Reason::kFetchTransferFailed))
        << part;
  }
}

// The same inside TLS, where libcurl writes and reads through OpenSSL: no SIGPIPE either.
TEST(HostileAnswers, ClosedInsideTls) {
  const auto root = test::IssueRoot();
  const TemporaryFile ca_file(root.pem);
  const test::TlsSpec tls{test::Issue(test::ServerSpec("DNS:good.test"), root)};
  for (const std::string& part :
       {std::string(), std::string(kOk), std::string(kOk) + "Content-Length: 10\r\n\r\nhello"}) {
    for (const bool reset : {false, true}) {
      const HostileServer server(
          [&](Peer& peer) {
            if (reset) peer.ResetOnClose();
            if (!part.empty()) peer.ReadRequest();
            peer.Write(part);
          },
          tls);
      HttpsFetcherOptions options = LabOptions(server.port());
      options.ca_file = ca_file.path();
      EXPECT_THAT(FetchOnce(options, UrlOf("https", server.port())),
                  FailsWith(Reason::kFetchTransferFailed))
          << part;
    }
  }
}

}  // namespace
}  // namespace callvet
