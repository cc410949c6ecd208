// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "api/sip_call.h"
#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

// From the wire a body without Content-Length has its length.
uint64_t LengthOf(const SipMessage& message) {
  return message.content_length.value_or(message.body.size());
}

bool Same(const SipMessage& one, const SipMessage& other) {
  return one.method == other.method && one.request_uri == other.request_uri &&
         one.body == other.body && LengthOf(one) == LengthOf(other) &&
         std::equal(
             one.headers.begin(), one.headers.end(), other.headers.begin(), other.headers.end(),
             [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; });
}

std::string Written(const SipMessage& message) {
  std::string text = message.method + " " + message.request_uri + " SIP/2.0\r\n";
  for (const auto& [name, value] : message.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n" + message.body;
}

// Of a message that can be read: what stands behind its request line up to a ':'.
std::string_view FirstHeaderName(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  text.remove_prefix(std::min(text.find('\n'), text.size()));
  return text.substr(0, text.find(':'));
}

// The reader of captures sees the message that the reader of the wire sees, unless it prefers a
// call that follows, or what follows the request line is nothing that it takes for header fields.
void RequireOneReading(const SipMessage& wire, std::string_view text) {
  if (wire.headers.empty() || FirstHeaderName(text).find("..") != std::string::npos) return;
  const auto captured = SipMessage::Parse(text);
  fuzz::Require(captured.has_value(), "what is a message is one in a capture");
  const bool is_call = wire.method == "INVITE" || wire.method == "MESSAGE";
  const bool other_call = captured->method == "INVITE" || captured->method == "MESSAGE";
  if (!is_call && other_call) return;
  fuzz::Require(Same(wire, *captured), "and the same one");
}

bool IsOneLine(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

// One caller, by P-Asserted-Identity or else From; one called.
void RequireOneCaller(const SipMessage& message, const CallRequest& call) {
  fuzz::Require(call.orig.size() <= 2 && call.dest.size() <= 1, "one caller, one called");
  if (message.All("p-asserted-identity").empty()) {
    fuzz::Require(call.orig.size() == message.All("from").size(), "the caller is From");
  }
  fuzz::Require(std::all_of(call.orig.begin(), call.orig.end(), IsOneLine) &&
                    std::all_of(call.dest.begin(), call.dest.end(), IsOneLine) &&
                    IsOneLine(call.date.value_or("")),
                "on one line each");
  fuzz::Require(call.identities == message.All("identity"), "no Identity header is left out");
  fuzz::Require(call.message_body.has_value() == (message.method == "MESSAGE"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  for (const auto& message : {SipMessage::Parse(text), SipMessage::ParseMessage(text)}) {
    const auto call = message ? CallFromSip(*message) : message.error();
    if (!call) continue;
    fuzz::Reached();
    RequireOneCaller(*message, *call);
  }
  const auto wire = SipMessage::ParseMessage(text);
  if (!wire) return 0;
  RequireOneReading(*wire, text);
  const auto again = SipMessage::ParseMessage(Written(*wire));
  fuzz::Require(again && Same(*wire, *again), "what was read can be written, and is the same");
  return 0;
}
