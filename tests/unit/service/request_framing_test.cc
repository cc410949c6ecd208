// SPDX-License-Identifier: MIT
#include "service/request_framing.h"

#include "support/result_matchers.h"

namespace callvet::service {
namespace {

using Framed = std::variant<FramedHead, Incomplete, BadRequest>;

Framed Frame(std::string_view bytes, const FramingLimits& limits = {}) {
  return FrameHead(ExactBytes(bytes).view(), limits);
}

int StatusOf(const Framed& framed) {
  if (const auto* bad = std::get_if<BadRequest>(&framed)) return bad->status;
  return std::holds_alternative<Incomplete>(framed) ? 0 : 200;
}

TEST(FrameHead, GoodRequest) {
  const std::string whole =
      "\r\nPOST /v1/calls?x HTTP/1.1\r\nHost: a\r\nContent-Length:  5 \r\nX-A:\r\n\r\nhello";
  const Framed framed = Frame(whole);
  const auto* head = std::get_if<FramedHead>(&framed);
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1/calls?x");
  EXPECT_EQ(head->content_length, 5U);
  EXPECT_EQ(head->body, FramedHead::Body::kLength);
  EXPECT_EQ(head->persistence, FramedHead::Persistence::kKeepAlive);
  EXPECT_THAT(head->headers,
              testing::ElementsAre(testing::Pair("host", "a"), testing::Pair("content-length", "5"),
                                   testing::Pair("x-a", "")));
  EXPECT_EQ(head->bytes, whole.find("hello"));
}

TEST(FrameHead, EveryPrefixIsIncomplete) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(StatusOf(Frame(whole.substr(0, size))), 0) << size;
  }
  EXPECT_EQ(StatusOf(Frame(whole)), 200);
}

TEST(FrameHead, Persistence) {
  const auto persistence = [](std::string_view bytes) {
    const Framed framed = Frame(bytes);
    return std::get<FramedHead>(framed).persistence;
  };
  using P = FramedHead::Persistence;
  EXPECT_EQ(persistence("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n"), P::kClose);
  EXPECT_EQ(persistence("GET / HTTP/1.0\r\n\r\n"), P::kClose);
  EXPECT_EQ(persistence("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), P::kKeepAlive);
}

TEST(FrameHead, WhatIsRefused) {
  struct Row {
    std::string bytes;
    int status;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\n\n", 400},
      {"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\n\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n\r\n", 505},
      {"GET / FTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24), 400},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"\x16\x03\x01", 400},
      {"GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a'), 431},
      {"GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(StatusOf(Frame(row.bytes)), row.status) << row.bytes.substr(0, 80);
  }
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  EXPECT_EQ(StatusOf(Frame(many + "\r\n")), 431);
}

TEST(FrameHead, HostAndContentTypeStandOnce) {
  const auto status = [](const std::string& version, const std::string& headers) {
    return StatusOf(Frame("GET / HTTP/" + version + "\r\n" + headers + "\r\n"));
  };
  EXPECT_EQ(status("1.1", ""), 400);
  EXPECT_EQ(status("1.0", ""), 200);
  for (const std::string version : {"1.0", "1.1"}) {
    EXPECT_EQ(status(version, "Host:\r\n"), 200);
    EXPECT_EQ(status(version, "Host: a\r\nhost: a\r\n"), 400);
    EXPECT_EQ(status(version, "Host: a\r\nContent-Type: b\r\n"), 200);
    EXPECT_EQ(status(version, "Host: a\r\nContent-Type: b\r\nContent-Type: b\r\n"), 400);
  }
}

// Who is refused is still answered in his form, with his id.
TEST(FrameHead, WhatIsRefusedHasWhatCouldBeRead) {
  const auto head = [](const std::string& bytes) {
    const Framed framed = Frame(bytes);
    const auto* bad = std::get_if<BadRequest>(&framed);
    return bad != nullptr ? bad->head : FramedHead();
  };
  const FramedHead late =
      head("POST /x HTTP/1.1\r\nContent-Length: -1\r\n a\r\nX-RequestID: 7\r\n\r\n");
  EXPECT_EQ(late.target, "/x");
  EXPECT_THAT(late.headers, testing::Contains(testing::Pair("x-requestid", "7")));
  EXPECT_EQ(head("POST /x HTTP/9.1\r\nX-RequestID: 7\r\n\r\n").headers.size(), 0U);
}

// Fed byte by byte, as slow as it can come.
std::pair<bool, std::string> Dechunk(std::string_view bytes) {
  ChunkDecoder decoder;
  std::string input;
  std::string output;
  for (const char byte : bytes) {
    input += byte;
    if (!decoder.Decode(input, output, 1000)) return {false, output};
  }
  return {decoder.done(), output};
}

TEST(ChunkDecoder, GoodBodies) {
  EXPECT_EQ(Dechunk("5\r\nhello\r\n0\r\n\r\n"), std::pair(true, std::string("hello")));
  EXPECT_EQ(Dechunk("1;x=y\r\na\r\nA\r\n0123456789\r\n0\r\nT: r\r\n\r\n"),
            std::pair(true, std::string("a0123456789")));
  EXPECT_EQ(Dechunk("5\r\nhel"), std::pair(false, std::string("hel")));
}

TEST(ChunkDecoder, BrokenBodies) {
  for (const std::string& bytes :
       {std::string("zz\r\n"), std::string("\r\n"), std::string("-1\r\n"),
        std::string("1\r\nab\r\n"), std::string("123456789\r\n"), std::string(100, '1')}) {
    ChunkDecoder decoder;
    std::string input = bytes;
    std::string output;
    EXPECT_FALSE(decoder.Decode(input, output, 1000)) << bytes;
  }
}

TEST(ChunkDecoder, GivesNoMoreThanAskedFor) {
  ChunkDecoder decoder;
  std::string input = "ff\r\n" + std::string(255, 'a') + "\r\n0\r\n\r\n";
  std::string output;
  EXPECT_TRUE(decoder.Decode(input, output, 100));
  EXPECT_EQ(output.size(), 100U);
  while (!decoder.done()) EXPECT_TRUE(decoder.Decode(input, output, 100));
  EXPECT_EQ(output.size(), 255U);
}

}  // namespace
}  // namespace callvet::service
