// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "api/offline_verifier.h"
#include "callvet/callvet.h"
#include "callvet/result.h"

namespace callvet::capi {

/// The configuration that `options` names. Fails like ReadEmbeddedConfig and ParseEmbeddedConfig,
/// and with kParameterInvalid if both file and text are given.
Result<EmbeddedConfig> ConfigOf(const callvet_options& options);

/// The limits that `options` sets.
CertificateCacheOptions CacheOptionsOf(const callvet_options& options);

/// Where a handle's messages go. A value.
class Log {
 public:
  Log() = default;
  explicit Log(const callvet_options& options)
      : function_(options.log), context_(options.log_context) {}
  void Write(callvet_log_level level, std::string_view text) const;
  /// What weakens `setup`, as warnings.
  void WriteInsecureSettings(const VerifierSetup& setup) const;

 private:
  callvet_log_function function_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace callvet::capi
