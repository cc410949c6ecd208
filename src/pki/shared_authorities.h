// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "callvet/result.h"
#include "pki/certificate.h"

namespace callvet {

/// The CA certificates that are in use, by their bytes. Most bundles come with an intermediate that
/// many others came with: it is decoded once and kept once, and who signed it is found out once.
/// Whether anybody trusts it is not asked: it is the same certificate in any bundle. It keeps none
/// alive: what nobody else holds any more is forgotten. Thread-safe; no cryptography under the
/// lock.
class SharedAuthorities {
 public:
  /// A certificate of exactly the bytes `der` that somebody still holds, else
  /// Certificate::ParseDer(der). End-entity certificates are not shared: few come twice.
  Result<Certificate> Decode(std::string_view der);

  /// How many places are taken: fewer than twice as many as were in use at one time, and 64.
  [[nodiscard]] size_t size() const;

 private:
  [[nodiscard]] std::optional<Certificate> Find(const std::string& sha256,
                                                std::string_view der) const;
  void MakeRoom();

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const Certificate::Data>> places_;  // by SHA-256
  size_t full_ = 0;  // size at which places that nobody uses are given up
};

}  // namespace callvet
