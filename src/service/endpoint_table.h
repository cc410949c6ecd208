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
  kEvidence,
  kEvidenceSearch,
  kEvidenceRecord,
  kEvidenceExport,
  kPools,
  kPoolRelease,
  kFileComplaint,
  kComplaints,
  kComplaint,
  kReport,
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
    {EndpointId::kEvidence, "GET", "/v1/evidence", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kEvidenceSearch, "POST", "/v1/evidence:search", Scope::kReadEvidence,
     ErrorForm::kOwn},
    {EndpointId::kEvidenceRecord, "GET", "/v1/evidence/{id}", Scope::kReadEvidence,
     ErrorForm::kOwn},
    {EndpointId::kEvidenceExport, "GET", "/v1/evidence/{id}/export", Scope::kReadEvidence,
     ErrorForm::kOwn},
    {EndpointId::kPools, "GET", "/v1/pools", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kPoolRelease, "POST", "/v1/pools/release", Scope::kAdmin, ErrorForm::kOwn},
    {EndpointId::kFileComplaint, "POST", "/v1/complaints", Scope::kFileComplaints, ErrorForm::kOwn},
    {EndpointId::kComplaints, "GET", "/v1/complaints", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kComplaint, "GET", "/v1/complaints/{id}", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kReport, "GET", "/v1/report", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kMetrics, "GET", "/metrics", Scope::kReadEvidence, ErrorForm::kOwn},
    {EndpointId::kReload, "POST", "/admin/reload", Scope::kAdmin, ErrorForm::kOwn},
    {EndpointId::kHealth, "GET", "/healthz", Scope::kPublic, ErrorForm::kOwn},
    {EndpointId::kReady, "GET", "/readyz", Scope::kPublic, ErrorForm::kOwn},
});

/// Whether `path` is one of `pattern`, in which "{id}" stands for one segment.
constexpr bool MatchesPath(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kId = "{id}";
  const size_t at = pattern.find(kId);
  if (at == std::string_view::npos) return pattern == path;
  const std::string_view behind = pattern.substr(at + kId.size());
  if (path.size() <= at + behind.size() || path.substr(0, at) != pattern.substr(0, at)) {
    return false;
  }
  const std::string_view rest = path.substr(at);
  return rest.substr(rest.size() - behind.size()) == behind &&
         rest.substr(0, rest.size() - behind.size()).find('/') == std::string_view::npos;
}

/// The segment that "{id}" of `pattern` stands for in `path`, which matches.
constexpr std::string_view IdInPath(std::string_view pattern, std::string_view path) {
  const size_t at = pattern.find("{id}");
  const size_t behind = pattern.size() - at - 4;
  return path.substr(at, path.size() - at - behind);
}

}  // namespace callvet::service
