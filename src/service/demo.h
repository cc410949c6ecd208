// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "callvet/result.h"
#include "issue/private_key.h"
#include "service/config.h"

namespace callvet::service {

/// A throw-away carrier in a folder of its own, and calls of it, so that a service has something to
/// show: for `callvet serve --demo` and for trying things out. Never for real calls.
class Demo {
 public:
  /// Makes keys and certificates in `folder`, which exists. Fails like IssueCertificate and
  /// WriteFile.
  static Result<Demo> Make(const std::filesystem::path& folder, sys_seconds now);

  /// A configuration that trusts the demo's root, has a random token with the scope read-evidence
  /// (see token()), and lets anyone verify on loopback.
  [[nodiscard]] ServiceConfig Config() const;
  [[nodiscard]] const std::string& token() const { return token_; }

  /// Fresh calls, each with `name`, `text` (an INVITE), genuine and spoofed: [{"name", "text"}].
  [[nodiscard]] Result<JsonArray> Samples(sys_seconds now) const;

  /// The body of a POST /v1/calls: call number `n` of a made-up day, genuine more often than not.
  [[nodiscard]] Result<std::string> Call(uint64_t n, sys_seconds now) const;

 private:
  Demo(std::filesystem::path folder, PrivateKey carrier, PrivateKey stranger, std::string token)
      : folder_(std::move(folder)),
        carrier_(std::move(carrier)),
        stranger_(std::move(stranger)),
        token_(std::move(token)) {}

  struct Spec {
    const PrivateKey* key;
    std::string shown;  // the caller that the call shows
    std::string called;
    std::string signed_orig;
    std::string attest;
    sys_seconds iat;
  };
  static Result<std::string> Invite(const Spec& spec, sys_seconds now);

  std::filesystem::path folder_;
  PrivateKey carrier_;
  PrivateKey stranger_;  // whose certificate nobody vouches for
  std::string token_;
};

}  // namespace callvet::service
