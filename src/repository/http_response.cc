// SPDX-License-Identifier: MIT
#include "repository/http_response.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {
namespace {

// "HTTP/1.1 200 OK": the three digits; 0 if there are none.
int StatusOf(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  const auto number = ParseNumber(line.substr(space + 1, 3), 999);
  return number ? static_cast<int>(*number) : 0;
}

}  // namespace

HttpResponse::Next HttpResponse::Stop(Reason reason, std::string detail) {
  if (!failure_) failure_ = Fail(reason, std::move(detail));
  return Next::kStop;
}

HttpResponse::Next HttpResponse::AddHeaderLine(std::string_view line) {
  header_bytes_ += line.size();
  ++header_lines_;
  if (header_bytes_ > limits_.max_header_bytes) {
    return Stop(Reason::kFetchTooLarge, "more than " + std::to_string(limits_.max_header_bytes) +
                                            " bytes of header fields");
  }
  if (header_lines_ > limits_.max_header_lines) {
    return Stop(Reason::kFetchTooLarge,
                "more than " + std::to_string(limits_.max_header_lines) + " header lines");
  }
  line = TrimLines(line);
  if (line.empty()) return EndOfHeaders();
  if (line.starts_with("HTTP/") && line.find(':') > line.find(' ')) {
    status_ = StatusOf(line);
    headers_.clear();
    return Next::kContinue;
  }
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view value = line.substr(std::min(colon + 1, line.size()));
  headers_.emplace_back(Trim(line.substr(0, colon)), Trim(value));
  return Next::kContinue;
}

HttpResponse::Next HttpResponse::EndOfHeaders() {
  if (status_ >= 100 && status_ < 200) return Next::kContinue;
  headers_complete_ = true;
  const std::string status = "HTTP status " + std::to_string(status_);
  if (status_ >= 300 && status_ < 400) {
    return Stop(Reason::kFetchRedirect,
                status + ", Location " + Quote(FirstField("Location").value_or(""), 200));
  }
  // A part of a document, which nobody asked for, must not pass for the whole.
  const bool partial = status_ == 206;
  if (status_ < 200 || status_ > 299 || partial) return Stop(Reason::kFetchHttpStatus, status);
  const std::string encoding = Field("Content-Encoding").value_or("identity");
  if (!encoding.empty() && !EqualsIgnoreCase(encoding, "identity")) {
    return Stop(Reason::kFetchTransferFailed,
                "the body is encoded as " + Quote(encoding) + " though nobody asked for it");
  }
  if (LengthsDiffer()) {
    return Stop(Reason::kFetchTransferFailed,
                "Content-Length headers that differ: " + Quote(*Field("Content-Length"), 100));
  }
  // A length that is no number is libcurl's to refuse.
  const auto length = ParseNumber(FirstField("Content-Length").value_or("0"), INT64_MAX);
  if (length && *length > limits_.max_body_bytes) {
    return Stop(Reason::kFetchTooLarge, "Content-Length " + std::to_string(*length));
  }
  return Next::kContinue;
}

HttpResponse::Next HttpResponse::AddBody(std::string_view bytes) {
  if (failure_) return Next::kStop;
  if (bytes.size() > limits_.max_body_bytes - body_.size()) {
    return Stop(Reason::kFetchTooLarge,
                "the body has more than " + std::to_string(limits_.max_body_bytes) + " bytes");
  }
  body_ += bytes;
  return Next::kContinue;
}

std::optional<std::string> HttpResponse::Field(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& [field, value] : headers_) {
    if (!EqualsIgnoreCase(field, name)) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

// RFC 9112 6.3: who sends two lengths may be splitting the answer.
bool HttpResponse::LengthsDiffer() const {
  const auto first = FirstField("Content-Length");
  return std::any_of(headers_.begin(), headers_.end(), [&](const auto& header) {
    return EqualsIgnoreCase(header.first, "Content-Length") && header.second != *first;
  });
}

std::optional<std::string> HttpResponse::FirstField(std::string_view name) const {
  for (const auto& [field, value] : headers_) {
    if (EqualsIgnoreCase(field, name)) return value;
  }
  return std::nullopt;
}

FetchedDocument HttpResponse::TakeDocument() {
  FetchedDocument document;
  document.content_type = FirstField("Content-Type").value_or("");
  document.cache_control = Field("Cache-Control");  // the only one that is a list
  document.expires = FirstField("Expires");
  document.date = FirstField("Date");
  document.age = FirstField("Age");
  document.body = std::exchange(body_, {});
  return document;
}

}  // namespace callvet
