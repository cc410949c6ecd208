// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/assembly.h"
#include "api/waiting_room.h"
#include "callvet/verifier.h"
#include "repository/trust_keeper.h"
#include "verify/known_headers.h"

namespace callvet {

/// What a long-lived verifier is made of.
struct CoreSetup {
  VerifierSetup verifier;
  size_t max_waiting = 32;  // calls that may wait for certificates at a time
  std::function<void(std::chrono::microseconds)> on_wait;  // see WaitingRoom
};

/// A verifier with what lives longer than one call: its sources of trust, the certificate cache,
/// and their upkeep. Thread-safe; starts no threads: Maintain is called by who owns one.
class VerificationCore {
 public:
  /// Reads everything that `setup` names. Fails like LiveVerifier::Make with StartRule::kOwnFiles.
  /// A trust list or CRL to download that cannot be had does not fail it: NotReady and TrustSources
  /// say so, and Maintain tries again.
  static Result<std::shared_ptr<VerificationCore>> Make(const CoreSetup& setup);

  /// As LiveVerifier::Verify. With `material` (may be nullptr) also what the verdict rests on.
  [[nodiscard]] Verdict Judge(const CallRequest& call, const Deadline& deadline,
                              VerificationMaterial* material = nullptr) const noexcept;

  /// As LiveVerifier::VerifyBatch.
  [[nodiscard]] std::vector<Verdict> JudgeBatch(std::span<const CallRequest> calls,
                                                std::chrono::milliseconds each) const;

  /// Judges calls at past times, one after the other, remembering chains in between. Keeps the
  /// anchors and CRLs of the time when it was made: today's, also for old calls. Not thread-safe.
  class PastJudge {
   public:
    explicit PastJudge(const VerificationCore& core);
    [[nodiscard]] Verdict Judge(const CallRequest& call, sys_seconds at, const Deadline& deadline,
                                VerificationMaterial* material = nullptr) noexcept;

   private:
    class SettableClock;
    std::shared_ptr<SettableClock> clock_;
    Verifier verifier_;
  };

  /// Reads all files of trust anew, and asks for new lists. Fails, and changes nothing, if a file
  /// cannot be used.
  Result<void> ReloadTrust(const Deadline& deadline);

  /// Refreshes certificates, trust list and CRLs as far as they are due.
  void Maintain(const Deadline& deadline);

  /// Why no call can pass now, or nothing: no anchor that counts.
  [[nodiscard]] std::optional<Failure> NotReady() const;

  [[nodiscard]] sys_seconds Now() const { return clock_->Now(); }
  [[nodiscard]] const VerifierOptions& options() const { return *options_; }
  [[nodiscard]] const std::shared_ptr<const VerifierOptions>& shared_options() const {
    return options_;
  }
  [[nodiscard]] std::shared_ptr<const TrustStore> trust() const {
    return live_->trust().snapshot();
  }
  /// The sources of trust as last looked at, those with failures too.
  [[nodiscard]] std::vector<TrustSource> TrustSources() const;
  [[nodiscard]] std::optional<AcceptedTrustList> trust_list() const {
    return live_->trust().trust_list();
  }
  /// JOSE headers of the PASSporTs that passed as ATIS-1000082 wants them: see AtisVerification.
  [[nodiscard]] KnownHeaders& known_headers() const { return *known_headers_; }
  /// nullptr if certificates come from files.
  [[nodiscard]] const std::shared_ptr<const CertificateRepository>& repository() const {
    return live_->repository();
  }
  /// What verifies signatures, and how much of it with tables.
  [[nodiscard]] Es256Statistics engine() const { return live_->engine().statistics(); }
  /// Zeros if certificates come from files.
  [[nodiscard]] WaitingRoom::Statistics waiting() const;
  /// The certificates of `x5u` if they are at hand; never fetches.
  [[nodiscard]] std::shared_ptr<const CertificateBundle> AtHand(std::string_view x5u) const;

 private:
  VerificationCore() = default;
  void KeepReport(const TrustReport& report) const;

  std::shared_ptr<const VerifierOptions> options_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<const WaitingRoom> waiting_room_;  // nullptr if certificates come from files
  std::unique_ptr<LiveVerifier> live_;
  std::unique_ptr<KnownHeaders> known_headers_ = std::make_unique<KnownHeaders>();
  mutable std::mutex sources_mutex_;
  mutable std::vector<TrustSource> sources_;
};

}  // namespace callvet
