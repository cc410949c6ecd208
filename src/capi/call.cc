// SPDX-License-Identifier: MIT
#include "capi/call.h"

#include <string>
#include <string_view>
#include <utility>

#include "api/sip_call.h"
#include "capi/convert.h"
#include "syntax/sip_message.h"

namespace callvet::capi {
namespace {

Result<CallRequest> FromMessage(std::string_view text) {
  if (text.empty()) return CallRequest();
  const auto message = SipMessage::ParseMessage(text);
  if (!message) return message.error();
  return CallFromSip(*message);
}

void Replace(callvet_texts texts, std::vector<std::string>& target) {
  if (texts.count > 0) target = Strings(texts);
}

void Replace(callvet_text text, std::optional<std::string>& target) {
  if (text.size > 0) target = std::string(View(text));
}

void ReplaceFields(const callvet_call& call, CallRequest& request) {
  Replace(call.identities, request.identities);
  Replace(call.orig, request.orig);
  if (call.dest.count > 0) request.target.reset();
  Replace(call.dest, request.dest);
  Replace(call.from, request.from);
  Replace(call.date, request.date);
  Replace(call.target, request.target);
  Replace(call.priority, request.priority);
  Replace(call.resource_priority, request.resource_priority);
}

}  // namespace

Result<CallRequest> RequestOf(const callvet_call& call) {
  auto request = FromMessage(View(call.message));
  if (!request) return request;
  request->details = Details::kOfFailures;  // others are not handed out
  std::vector<std::string> caller = std::move(request->orig);
  ReplaceFields(call, *request);
  // As strict as of a message.
  auto shown = CallerBeside(Strings(call.orig), request->from, std::move(caller));
  if (!shown) return shown.error();
  request->orig = std::move(*shown);
  return request;
}

CallRequest WhatIsThere(const callvet_call& call) {
  CallRequest request;
  if (const auto message = SipMessage::ParseMessage(View(call.message))) {
    request.identities = message->All("identity");
    request.orig = message->All("p-asserted-identity");
    for (std::string& from : message->All("from")) request.orig.push_back(std::move(from));
    request.dest = message->All("to");
    request.target = message->request_uri;
  }
  ReplaceFields(call, request);
  return request;
}

std::string CallIdOf(const callvet_call& call) {
  if (call.call_id.size > 0) return std::string(View(call.call_id));
  const auto message = SipMessage::ParseMessage(View(call.message));
  if (!message) return {};
  return callvet::CallIdOf(*message);
}

}  // namespace callvet::capi
