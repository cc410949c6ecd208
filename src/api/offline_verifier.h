// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/assembly.h"
#include "api/evidence_config.h"
#include "api/handed_certificates.h"
#include "api/pool_config.h"
#include "callvet/policy.h"
#include "callvet/rotation.h"
#include "callvet/verifier.h"
#include "repository/trust_keeper.h"
#include "rotation/flagged_pools.h"

namespace callvet {

/// What a verifier inside somebody else's process is configured to be. The text is that of `serve`
/// (src/cli/README.md); the sections that only a server has are allowed and left alone.
struct EmbeddedConfig {
  VerifierSetup verifier;
  std::chrono::milliseconds deadline{2000};  // of a fetch
  std::filesystem::path policy;              // "": none is named
  std::optional<EvidenceConfig> evidence;    // nothing: none is kept
  std::optional<PoolConfig> pools;           // nothing: calls are not counted by their sources
};

/// Fails with kConfigInvalid, the detail naming the member. Pure.
Result<EmbeddedConfig> ParseEmbeddedConfig(std::string_view text,
                                           const std::filesystem::path& directory);
/// The same of a file. Fails also with kFileUnreadable.
Result<EmbeddedConfig> ReadEmbeddedConfig(const std::filesystem::path& file);

/// A verifier with policy that opens no connection: files are read by Make and Reload alone, and
/// Judge does no I/O at all. Certificates are handed over, unless the configuration names files of
/// certificates; a trust list and CRLs to download count as the state directory has them, where
/// somebody else keeps them current. Thread-safe; starts no threads.
class OfflineVerifier {
  struct Parts;

 public:
  explicit OfflineVerifier(Parts parts);  // for Make alone: nobody else has Parts

  /// `policy_text` is for where `config` names no policy file; both are refused. "" is the
  /// strictest policy. Fails if a file that is named cannot be used. A downloaded list or CRL that
  /// is not there yet does not fail it.
  static Result<std::unique_ptr<OfflineVerifier>> Make(const EmbeddedConfig& config,
                                                       const std::string& policy_text,
                                                       const CertificateCacheOptions& cache);

  /// What a judgement rests on beside the call: the rest of its CallEvidence.
  struct Basis {
    std::shared_ptr<const VerifierOptions> options;
    VerificationMaterial material;
    std::string policy;
    std::string trust_list;
  };
  struct Judgement {
    Verdict verdict;
    Disposition disposition;
    std::vector<std::string> certificates;  // x5u of those at hand that led to a signer
    std::vector<std::string> missing;       // of certificates that are not at hand
    std::vector<std::string> stale;         // of such as should be fetched anew
    std::optional<Basis> basis;             // if the configuration says that evidence is kept
    std::optional<CountedCall> counted;     // if it says that calls are counted by their sources
  };
  /// At the present time, or `at`. Never passes on an error or exception.
  [[nodiscard]] Judgement Judge(const CallRequest& call, const std::string& trunk,
                                std::optional<sys_seconds> at) const noexcept;
  /// What Judge says of each of `calls` at the present time, in their order, with the trunk of the
  /// same index: signatures of several calls are verified together (Verifier::VerifyBatch), but for
  /// those whose evidence is kept. Throws std::bad_alloc if there is no memory for all.
  [[nodiscard]] std::vector<Judgement> JudgeBatch(std::span<const CallRequest> calls,
                                                  std::span<const std::string> trunks) const;
  /// What becomes of a request that cannot be read.
  [[nodiscard]] Judgement JudgeUnreadable(const Failure& failure,
                                          const std::string& trunk) const noexcept;
  /// What becomes of a call that cannot be taken because of `reason`, such as kEvidenceNotKept: the
  /// policy says with which answer it is rejected, whatever its mode. An emergency call goes on.
  [[nodiscard]] Judgement Refuse(const CallRequest& call, const std::string& trunk,
                                 Reason reason) const noexcept;

  /// Reads the files of trust and of the policy anew. If any cannot be used, nothing changes; so if
  /// the policy is of another country than before, since calls are verified by its dialling rules.
  Result<void> Reload();

  [[nodiscard]] HandedCertificates& certificates() const { return *certificates_; }
  /// Whether certificates come from files, so that none is ever missing.
  [[nodiscard]] bool has_files() const { return has_files_; }
  /// What is flagged from now on, instead of what was: calls of these sources have it told to the
  /// policy.
  void SetFlags(const std::vector<FlaggedPool>& pools);
  /// Whether judgements have a basis.
  [[nodiscard]] bool keeps_evidence() const { return evidence_ == Evidence::kKept; }
  /// What verifies signatures, and how much of it with tables.
  [[nodiscard]] Es256Statistics engine() const { return engine_->statistics(); }
  /// Why no call can pass now, or nothing.
  [[nodiscard]] std::optional<Failure> NotReady() const;

 private:
  enum class Evidence : uint8_t { kNone, kKept };
  struct PolicyInUse {
    std::shared_ptr<const Policy> policy;
    std::string name;        // see CallEvidence::policy
    std::string trust_list;  // read together with it
  };
  [[nodiscard]] Judgement Judged(const CallRequest& call, const std::string& trunk,
                                 std::optional<sys_seconds> at, Verdict verdict,
                                 VerificationMaterial material) const noexcept;
  [[nodiscard]] std::optional<CountedCall> CountedOf(const CallRequest& call,
                                                     const Verdict& verdict,
                                                     const std::string& trunk) const;
  static Result<PolicyInUse> ReadPolicy(const std::filesystem::path& file, const std::string& text);
  [[nodiscard]] PolicyInUse policy() const;
  [[nodiscard]] std::shared_ptr<const FlaggedPools> flags() const;
  [[nodiscard]] std::string TrustListName() const;
  [[nodiscard]] Basis BasisOf(VerificationMaterial material, PolicyInUse used) const;
  [[nodiscard]] Verdict VerdictAt(const CallRequest& call, sys_seconds at,
                                  VerificationMaterial& material) const;

  VerifierOptions options_;
  std::shared_ptr<const VerifierOptions> shared_options_;  // the same, for evidence
  Evidence evidence_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<HandedCertificates> certificates_;
  bool has_files_;
  std::shared_ptr<const CertificateSource> source_;
  std::shared_ptr<const Es256Engine> engine_;
  std::shared_ptr<TrustKeeper> keeper_;
  Verifier verifier_;
  std::filesystem::path policy_file_;
  std::string policy_text_;
  mutable std::mutex policy_mutex_;
  PolicyInUse policy_;
  enum class Pools : uint8_t { kNone, kCounted } pools_;
  std::shared_ptr<const FlaggedPools> flagged_;  // under policy_mutex_; nullptr: nothing is
};

}  // namespace callvet
