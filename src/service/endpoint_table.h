// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "service/access_tokens.h"

namespace callvet::service {

enum class EndpointId : uint8_t {
  kAtisVerification,
  kAtisSigning,
  kCalls,
  kBatch,
  kDecode,
  kSamples,
  kTrust,
  kTraffic,
  kMetrics,
  kReload,
  kHealth,
  kReady,
};

/// How errors of an endpoint are written.
enum class ErrorForm : uint8_t { kAtis, kOwn };

struct Endpoint {
  EndpointId id;
  std::string_view method;
  std::string_view path;
  Scope scope;
  ErrorForm errors;
};

/// Everything that is served but the files of the page. openapi.json describes the same; a test
/// compares them.
inline constexpr auto kEndpoints = std::to_array<Endpoint>({
    {EndpointId::kAtisVerification, "POST", "/stir/v1/verification", Scope::kVerify,
     ErrorForm::kAtis},
    {EndpointId::kAtisSigning, "POST", "/stir/v1/signing", Scope::kSign, ErrorForm::kAtis},
    {EndpointId::kCalls, "POST", "/v1/calls", Scope::kVerify, ErrorForm::kOwn},
    {EndpointId::kBatch, "POST", "/v1/calls:batch", Scope::kVerify, ErrorForm::kOwn},
    {EndpointId::kDecode, "POST", "/v1/decode", Scope::kVerify, ErrorForm::kOwn},
    {EndpointId::kSamples, "GET", "/v1/samples", Scope::kVerify, ErrorForm::kOwn},
    {EndpointId::kTrust, "GET", "/v1/trust", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kTraffic, "GET", "/v1/traffic", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kMetrics, "GET", "/metrics", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kReload, "POST", "/admin/reload", Scope::kAdmin, ErrorForm::kOwn},
    {EndpointId::kHealth, "GET", "/healthz", Scope::kPublic, ErrorForm::kOwn},
    {EndpointId::kReady, "GET", "/readyz", Scope::kPublic, ErrorForm::kOwn},
});

}  // namespace callvet::service
