// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "callvet/certificate_source.h"
#include "repository/certificate_repository.h"

namespace callvet {

/// A CertificateRepository of which only so many calls may wait at a time: a call whose certificate
/// or TNAuthList is at hand never waits, and one that would be one too many gets kFetchBusy at once
/// (or the stale copy, if there is one). So a slow certificate server can take no more threads than
/// the limit. Thread-safe.
class WaitingRoom final : public CertificateSource {
 public:
  /// `on_wait` (may be empty) is told how long each call waited; it must be thread-safe.
  WaitingRoom(std::shared_ptr<const CertificateRepository> repository, size_t max_waiting,
              std::function<void(std::chrono::microseconds)> on_wait);

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;
  [[nodiscard]] bool IsAtHand(std::string_view x5u) const override;
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override;
  void AddTo(std::string_view x5u, Footprint& footprint) const override {
    repository_->AddTo(x5u, footprint);
  }

  struct Statistics {
    size_t waiting = 0;    // now
    uint64_t refused = 0;  // since the start
  };
  [[nodiscard]] Statistics GetStatistics() const;

 private:
  class Seat;
  std::shared_ptr<const CertificateRepository> repository_;
  size_t max_waiting_;
  std::function<void(std::chrono::microseconds)> on_wait_;
  mutable std::atomic<size_t> waiting_{0};
  mutable std::atomic<uint64_t> refused_{0};
};

}  // namespace callvet
