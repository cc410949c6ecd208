// SPDX-License-Identifier: MIT
#include "capi/options.h"

#include <algorithm>

#include "api/verifier_config.h"
#include "capi/convert.h"

namespace callvet::capi {
namespace {

Result<EmbeddedConfig> Read(const callvet_options& options) {
  const std::string_view file = View(options.config_file);
  const std::string_view text = View(options.config);
  if (!file.empty() && !text.empty()) {
    return Fail(Reason::kParameterInvalid, "config_file and config are both given");
  }
  if (!file.empty()) return ReadEmbeddedConfig(std::filesystem::path(file));
  const std::filesystem::path directory(View(options.directory));
  return ParseEmbeddedConfig(text.empty() ? "{}" : text, directory);
}

}  // namespace

Result<EmbeddedConfig> ConfigOf(const callvet_options& options) {
  auto config = Read(options);
  if (config && options.max_certificates > 0) {
    size_t& chains = config->verifier.options.max_cached_chains;
    chains = std::min<size_t>(chains, options.max_certificates);
  }
  return config;
}

CertificateCacheOptions CacheOptionsOf(const callvet_options& options) {
  CertificateCacheOptions cache;
  if (options.max_certificates > 0) cache.max_entries = options.max_certificates;
  if (options.max_certificate_bytes > 0) cache.max_bytes = options.max_certificate_bytes;
  return cache;
}

void Log::Write(callvet_log_level level, std::string_view text) const {
  if (function_ == nullptr) return;
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  function_(context_, level, Text(line));
}

void Log::WriteInsecureSettings(const VerifierSetup& setup) const {
  for (const std::string& setting : InsecureVerifierSettings(setup)) {
    Write(CALLVET_LOG_WARNING, setting);
  }
}

}  // namespace callvet::capi
