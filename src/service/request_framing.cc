// SPDX-License-Identifier: MIT
#include "service/request_framing.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace callvet::service {
namespace {

constexpr std::string_view kCrlf = "\r\n";
constexpr size_t kMaxChunkLine = 64;
constexpr size_t kUsualHeaders = 8;

// RFC 9110 5.6.2.
constexpr CharSet kTokenChars = CharSet::LettersDigitsAnd("!#$%&'*+-.^_`|~");
bool IsToken(std::string_view text) {
  return !text.empty() && kTokenChars.HasAll(text);
}

// RFC 9110 5.5: visible characters, blanks, and bytes above ASCII.
constexpr CharSet kFieldValueChars = CharSet::Where([](char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
});

constexpr CharSet kTargetChars = CharSet::Where([](char c) { return c > 0x20 && c < 0x7f; });
bool IsTarget(std::string_view text) {
  return !text.empty() && kTargetChars.HasAll(text);
}

// Status of what is wrong with the request line, or 0.
int ReadRequestLine(std::string_view line, const FramingLimits& limits, FramedHead& head) {
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return 400;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!IsToken(method) || method.size() > 16 || !IsTarget(target)) return 400;
  if (target.size() > limits.target_bytes) return 414;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.substr(0, 5) == "HTTP/" ? 505 : 400;
  }
  head.method = method;
  head.target = target;
  if (version == "HTTP/1.0") {
    head.version = FramedHead::Version::k10;
    head.persistence = FramedHead::Persistence::kClose;
  }
  return 0;
}

int ReadLength(const std::string& value, FramedHead& head) {
  const auto length = ParseNumber(value, UINT64_MAX / 2);
  if (!length || head.content_length) return 400;
  head.content_length = *length;
  return 0;
}

// What a header means for the framing.
int Interpret(const std::string& name, const std::string& value, FramedHead& head) {
  if (name == "content-length") return ReadLength(value, head);
  if (name == "transfer-encoding") {
    if (head.body == FramedHead::Body::kChunked) return 400;
    if (!EqualsIgnoreCase(value, "chunked")) return 501;
    head.body = FramedHead::Body::kChunked;
  } else if (name == "connection") {
    const std::string lower = ToLower(value);
    if (lower.find("close") != std::string::npos) {
      head.persistence = FramedHead::Persistence::kClose;
    } else if (lower.find("keep-alive") != std::string::npos) {
      head.persistence = FramedHead::Persistence::kKeepAlive;
    }
  } else if (name == "expect" && EqualsIgnoreCase(value, "100-continue")) {
    head.expectation = FramedHead::Expectation::kContinue;
  }
  return 0;
}

int ReadHeader(std::string_view line, FramedHead& head) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return 400;
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!kFieldValueChars.HasAll(value)) return 400;
  head.headers.emplace_back(ToLower(line.substr(0, colon)), std::string(value));
  return Interpret(head.headers.back().first, head.headers.back().second, head);
}

// Both would let two readers find two different ends.
int CheckBody(FramedHead& head) {
  if (head.body == FramedHead::Body::kChunked) {
    return head.content_length || head.version == FramedHead::Version::k10 ? 400 : 0;
  }
  if (head.content_length) head.body = FramedHead::Body::kLength;
  return 0;
}

// Of two, two readers might take two (RFC 9112 3.2).
int CheckSingle(const FramedHead& head) {
  const auto count = [&](std::string_view name) {
    return std::count_if(head.headers.begin(), head.headers.end(),
                         [&](const auto& header) { return header.first == name; });
  };
  const auto hosts = count("host");
  const bool missing = hosts == 0 && head.version == FramedHead::Version::k11;
  return missing || hosts > 1 || count("content-type") > 1 ? 400 : 0;
}

// What the head says as a whole, or 0.
int CheckHead(FramedHead& head) {
  const int status = CheckBody(head);
  return status != 0 ? status : CheckSingle(head);
}

}  // namespace

std::variant<FramedHead, Incomplete, BadRequest> FrameHead(std::string_view bytes,
                                                           const FramingLimits& limits) {
  size_t begin = 0;
  while (bytes.substr(begin, 2) == kCrlf) begin += 2;
  const std::string_view text = bytes.substr(begin);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= limits.head_bytes) return BadRequest{431};
    // A line without CR, or a first byte that begins no method, will never become a request.
    const size_t newline = text.find('\n');
    if (newline == 0 || (newline != std::string_view::npos && text[newline - 1] != '\r')) {
      return BadRequest{400};
    }
    if (!text.empty() && !IsAlpha(text[0]) && text[0] != '\r') return BadRequest{400};
    return Incomplete{};
  }
  if (begin + end + 4 > limits.head_bytes) return BadRequest{431};
  FramedHead head;
  head.bytes = begin + end + 4;
  head.headers.reserve(kUsualHeaders);
  std::string_view rest = text.substr(0, end + 2);
  size_t lines = 0;
  int bad = 0;  // the first thing that is wrong; what else can be read is, for the answer
  while (!rest.empty()) {
    const size_t line_end = rest.find(kCrlf);
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + 2);
    if (lines > limits.headers) return BadRequest{431, std::move(head)};
    int status = 400;
    if (line.find('\n') == std::string_view::npos) {
      status = lines == 0 ? ReadRequestLine(line, limits, head) : ReadHeader(line, head);
    }
    if (lines == 0 && status != 0) return BadRequest{status};
    if (bad == 0) bad = status;
    ++lines;
  }
  if (bad == 0) bad = CheckHead(head);
  if (bad != 0) return BadRequest{bad, std::move(head)};
  return head;
}

bool ChunkDecoder::ReadSize(std::string& input) {
  const size_t end = input.find(kCrlf);
  if (end == std::string::npos) return input.size() <= kMaxChunkLine;
  if (end > kMaxChunkLine) return false;
  // An extension behind ';' is ignored (RFC 9112 7.1.1).
  const std::string_view line = Trim(std::string_view(input).substr(0, end));
  const std::string_view digits = Trim(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > 8) return false;
  uint64_t size = 0;
  for (const char c : digits) {
    if (!IsHexDigit(c)) return false;
    const int digit = IsDigit(c) ? c - '0' : ToLower(c) - 'a' + 10;
    size = size * 16 + static_cast<uint64_t>(digit);
  }
  input.erase(0, end + 2);
  left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kData;
  return true;
}

bool ChunkDecoder::Decode(std::string& input, std::string& output, size_t max) {
  size_t written = 0;
  while (!input.empty() && state_ != State::kDone && written < max) {
    const State before = state_;
    if (state_ == State::kSize) {
      if (!ReadSize(input)) return false;
    } else if (state_ == State::kData) {
      const size_t take = std::min({static_cast<size_t>(left_), input.size(), max - written});
      output.append(input, 0, take);
      input.erase(0, take);
      written += take;
      left_ -= take;
      if (left_ == 0) state_ = State::kDataEnd;
      continue;
    } else if (state_ == State::kDataEnd) {
      if (input.size() < 2) return true;
      if (input.compare(0, 2, kCrlf) != 0) return false;
      input.erase(0, 2);
      state_ = State::kSize;
    } else {
      // Trailers are not used: only their end counts, an empty line.
      const size_t end = input.find(kCrlf);
      if (end == std::string::npos) return input.size() <= kMaxChunkLine;
      if (end > kMaxChunkLine) return false;
      input.erase(0, end + 2);
      if (end == 0) state_ = State::kDone;
      continue;
    }
    if (state_ == before) return true;  // more is needed
  }
  return true;
}

}  // namespace callvet::service
