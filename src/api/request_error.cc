// SPDX-License-Identifier: MIT
#include "api/request_error.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace callvet {
namespace {

struct Row {
  Reason reason;
  uint16_t status;
  std::string_view message_id;
  std::string_view text;
};

// Conformance E.4.
constexpr auto kRows = std::to_array<Row>({
    {Reason::kBodyMissing, 400, "SVC4000", "Missing request body"},
    {Reason::kParameterMissing, 400, "SVC4001", "Missing mandatory parameter '%1'"},
    {Reason::kResponseTypeUnsupported, 406, "SVC4002",
     "Requested response body type '%1' is not supported"},
    {Reason::kResourceNotFound, 404, "SVC4003", "Requested resource was not found"},
    {Reason::kRequestTypeUnsupported, 415, "SVC4004",
     "Unsupported request body type, expected '%1'"},
    {Reason::kParameterInvalid, 400, "SVC4005", "Invalid '%1' parameter value: %2"},
    {Reason::kBodyInvalid, 400, "SVC4006", "Failed to parse received message body: %1"},
    {Reason::kContentLengthMissing, 411, "SVC4007", "Missing mandatory Content-Length header"},
    {Reason::kMethodNotAllowed, 405, "POL4050", "Method not allowed"},
    {Reason::kInternalError, 500, "POL5000", "Internal Server Error. Please try again later"},
});

const Row& RowOf(Reason reason) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                 [&](const Row& candidate) { return candidate.reason == reason; });
  return row == kRows.end() ? kRows.back() : *row;
}

// The part of a header list in front of its parameters.
std::string_view MediaType(std::string_view text) {
  return Trim(text.substr(0, text.find(';')));
}

// RFC 9110 12.4.2: q=0 means "not this one".
bool QualityIsZero(std::string_view element) {
  const size_t at = element.find(';');
  if (at == std::string_view::npos) return false;
  std::string parameters = ToLower(element.substr(at));
  parameters.erase(std::remove(parameters.begin(), parameters.end(), ' '), parameters.end());
  const size_t q = parameters.find(";q=0");
  if (q == std::string::npos) return false;
  const std::string_view rest = std::string_view(parameters).substr(q + 4);
  const size_t end = rest.find_first_not_of(".0");
  return end == std::string_view::npos || rest[end] == ';';
}

bool AcceptsJson(std::string_view accept) {
  if (accept.find_first_not_of(", \t") == std::string_view::npos) return true;
  while (true) {
    const size_t comma = accept.find(',');
    const std::string_view element = accept.substr(0, comma);
    const std::string type = ToLower(MediaType(element));
    if ((type == "*/*" || type == "application/*" || type == "application/json") &&
        !QualityIsZero(element)) {
      return true;
    }
    if (comma == std::string_view::npos) return false;
    accept.remove_prefix(comma + 1);
  }
}

}  // namespace

ApiReply RequestErrorReply(const RequestError& error) {
  const Row& row = RowOf(error.reason);
  JsonMembers exception = {{"messageId", row.message_id}, {"text", row.text}};
  if (row.text.find('%') != std::string_view::npos) {
    JsonArray variables;
    for (const std::string& variable : error.variables) variables.emplace_back(variable);
    exception.emplace_back("variables", std::move(variables));
  }
  const bool policy = row.message_id.substr(0, 3) == "POL";
  JsonMembers wrapped;
  wrapped.emplace_back(policy ? "policyException" : "serviceException", std::move(exception));
  JsonMembers body;
  body.emplace_back("requestError", std::move(wrapped));
  return JsonReply(row.status, body);
}

bool IsIdentityCoding(std::string_view content_encoding) {
  const std::string_view coding = Trim(content_encoding);
  return coding.empty() || EqualsIgnoreCase(coding, "identity");
}

std::optional<RequestError> CheckRequestHead(const RequestHead& head) {
  if (head.method != "POST") return RequestError{Reason::kMethodNotAllowed, {}};
  if (!head.content_length) return RequestError{Reason::kContentLengthMissing, {}};
  if (!head.content_type || ToLower(MediaType(*head.content_type)) != "application/json" ||
      (head.content_encoding && !IsIdentityCoding(*head.content_encoding))) {
    return RequestError{Reason::kRequestTypeUnsupported, {"application/json"}};
  }
  if (head.accept && !AcceptsJson(*head.accept)) {
    return RequestError{Reason::kResponseTypeUnsupported, {std::string(*head.accept)}};
  }
  return std::nullopt;
}

UnwrappedBody Unwrap(std::string_view body, std::string_view wrapper) {
  if (TrimLines(body).empty()) return {nullptr, RequestError{Reason::kBodyMissing, {}}};
  auto json = ReadJson(body);
  if (!json || !json->IsObject()) {
    return {nullptr, RequestError{Reason::kBodyInvalid, {"invalid JSON body"}}};
  }
  const JsonValue* object = json->Find(wrapper);
  if (object == nullptr) {
    return {nullptr, RequestError{Reason::kParameterMissing, {std::string(wrapper)}}};
  }
  if (!object->IsObject()) {
    return {nullptr,
            RequestError{Reason::kParameterInvalid, {std::string(wrapper), "not an object"}}};
  }
  const auto whole = std::make_shared<const JsonValue>(std::move(*json));
  return {std::shared_ptr<const JsonValue>(whole, whole->Find(wrapper)), std::nullopt};
}

}  // namespace callvet
