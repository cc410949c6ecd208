// SPDX-License-Identifier: MIT
#include "pki/path_builder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "pki/openssl_ptr.h"
#include "pki/path_validator.h"
#include "pki/x509_fields.h"

namespace callvet {
namespace {

constexpr size_t kMaxJudgedPaths = 16;  // VS choice: revocation of each may cost CRL signatures

enum class CandidateKind : uint8_t { kIntermediate, kAnchor };

struct Candidate {
  const Certificate* certificate = nullptr;
  CandidateKind kind = CandidateKind::kIntermediate;
  int order = 0;  // lower is tried earlier
};

// How far a path came before it failed: the later the stage, the more the failure tells.
int Progress(Reason reason) {
  if (reason == Reason::kChainWeakKey) return 1;
  if (reason == Reason::kChainInvalid) return 2;
  if (reason == Reason::kCertificateExpired || reason == Reason::kCertificateNotYetValid) return 3;
  if (reason == Reason::kCrlNotAvailable || reason == Reason::kCrlStale ||
      reason == Reason::kCrlInvalid) {
    return 4;
  }
  if (reason == Reason::kCertificateRevoked) return 5;
  return 0;
}

bool SameNameAndKey(const Certificate& a, const Certificate& b) {
  if (a == b) return true;
  if (a.subject_der() != b.subject_der()) return false;
  EVP_PKEY* key_a = X509_get0_pubkey(a.x509());
  EVP_PKEY* key_b = X509_get0_pubkey(b.x509());
  return key_a != nullptr && key_b != nullptr && EVP_PKEY_eq(key_a, key_b) == 1;
}

// One search; path_ is the path so far, the target first.
class PathSearch {
 public:
  PathSearch(const PathQuery& query, const PathJudge& judge)
      : query_(query), judge_(judge), signatures_left_(query.limits.max_signatures) {}

  Result<std::vector<Certificate>> Run() {
    path_.push_back(&query_.target);
    if (Extend() == Outcome::kFound) return Path();
    if (best_failure_) return *best_failure_;
    if (out_of_budget_) {
      return Fail(Reason::kChainTooLong,
                  "the search for a path to a trust anchor was given up: too many certificates or "
                  "signatures");
    }
    if (forbidden_key_) return *forbidden_key_;
    return Fail(Reason::kChainUntrusted,
                forged_.empty() ? missing_ : forged_);  // a forger chooses names: say so first
  }

 private:
  enum class Outcome : uint8_t { kFound, kGoOn, kGiveUp };

  [[nodiscard]] std::vector<Certificate> Path() const {
    std::vector<Certificate> path;
    for (const Certificate* step : path_) path.push_back(*step);
    return path;
  }

  // Tries to complete path_ from its last certificate on.
  Outcome Extend() {
    const Certificate& child = *path_.back();
    const std::vector<Candidate> candidates = CandidatesFor(child);
    if (candidates.empty() && missing_.empty()) {
      missing_ = "the issuer " + Quote(child.issuer()) + " of " + Quote(child.subject()) +
                 " is neither a trust anchor nor among the certificates given";
    }
    for (const Candidate& candidate : candidates) {
      if (path_.size() >= query_.limits.max_path) {
        out_of_budget_ = true;
        return Outcome::kGoOn;
      }
      if (signatures_left_ == 0) {
        out_of_budget_ = true;
        return Outcome::kGiveUp;
      }
      if (!Issued(*candidate.certificate, child)) continue;
      path_.push_back(candidate.certificate);
      const Outcome outcome = candidate.kind == CandidateKind::kAnchor ? Judge() : Extend();
      if (outcome == Outcome::kFound) return outcome;
      path_.pop_back();
      if (outcome == Outcome::kGiveUp) return outcome;
    }
    return Outcome::kGoOn;
  }

  // The certificates that could have issued `child` by their name, the best fitting first.
  [[nodiscard]] std::vector<Candidate> CandidatesFor(const Certificate& child) const {
    std::vector<Candidate> candidates;
    const auto add = [&](const Certificate& issuer, CandidateKind kind) {
      if (issuer.subject_der() != child.issuer_der() || InPath(issuer)) return;
      const bool fits = issuer.is_ca() && CheckIssued(issuer, child) == X509_V_OK;
      candidates.push_back({&issuer, kind, (fits ? 0 : 2) + (issuer.ValidAt(query_.at) ? 0 : 1)});
    };
    for (const Certificate& issuer : query_.anchors) add(issuer, CandidateKind::kAnchor);
    for (const Certificate& issuer : query_.intermediates) {
      add(issuer, CandidateKind::kIntermediate);
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.order < b.order; });
    return candidates;
  }

  [[nodiscard]] bool InPath(const Certificate& certificate) const {
    return std::any_of(path_.begin(), path_.end(),
                       [&](const Certificate* step) { return SameNameAndKey(*step, certificate); });
  }

  // True if `issuer`'s key made the signature of `child`. Each pair costs one signature, once.
  bool Issued(const Certificate& issuer, const Certificate& child) {
    const std::pair<const X509*, const X509*> edge(issuer.x509(), child.x509());
    if (const auto known = edges_.find(edge); known != edges_.end()) return known->second;
    if (X509_get0_pubkey(issuer.x509()) == nullptr || !HasStrongKey(issuer)) {
      forbidden_key_ = Fail(Reason::kChainWeakKey, "the key of the CA " + Quote(issuer.subject()) +
                                                       " is too weak, too large or of a kind that "
                                                       "is not allowed");
      return edges_[edge] = false;
    }
    --signatures_left_;
    const bool issued = child.SignedBy(issuer);
    if (!issued && forged_.empty()) {
      forged_ = Quote(issuer.subject()) + " has the name of the issuer of " +
                Quote(child.subject()) + ", but that signature was not made with its key";
    }
    return edges_[edge] = issued;
  }

  // Judges the complete path_. It counts as so many signatures: lists may be verified for it.
  Outcome Judge() {
    if (judged_ >= kMaxJudgedPaths || signatures_left_ < path_.size()) {
      out_of_budget_ = true;
      return Outcome::kGiveUp;
    }
    ++judged_;
    signatures_left_ -= path_.size();
    const Result<void> verdict = judge_(Path());
    if (verdict) return Outcome::kFound;
    if (!best_failure_ || Progress(verdict.error().reason) > Progress(best_failure_->reason)) {
      best_failure_ = verdict.error();
    }
    return Outcome::kGoOn;
  }

  const PathQuery& query_;
  const PathJudge& judge_;
  std::vector<const Certificate*> path_;
  std::map<std::pair<const X509*, const X509*>, bool> edges_;
  size_t signatures_left_;
  size_t judged_ = 0;
  bool out_of_budget_ = false;
  // What went wrong, for the report when there is no path.
  std::optional<Failure> best_failure_;
  std::optional<Failure> forbidden_key_;
  std::string forged_;
  std::string missing_;
};

// Not itself, nor one that only an anchor of the same name and key could stand for.
bool MayVouch(const Certificate& issuer, const Certificate& child) {
  return issuer.subject_der() == child.issuer_der() &&
         issuer.subject_der() != issuer.issuer_der() && CheckIssued(issuer, child) == X509_V_OK;
}

}  // namespace

Result<std::vector<Certificate>> FindPath(const PathQuery& query, const PathJudge& judge) {
  const ErrorQueueDrain drain;
  return PathSearch(query, judge).Run();
}

sys_seconds EndOf(const CertificateBundle& bundle) {
  std::vector<sys_seconds> ends;  // of each certificate, and of what vouches for it
  for (const Certificate& certificate : bundle) ends.push_back(certificate.not_after());
  // Each round carries the end of an issuer one step down.
  for (size_t round = 1; round < bundle.size(); ++round) {
    for (size_t child = 0; child < bundle.size(); ++child) {
      std::optional<sys_seconds> latest;
      for (size_t issuer = 0; issuer < bundle.size(); ++issuer) {
        if (!MayVouch(bundle[issuer], bundle[child])) continue;
        latest = std::max(latest.value_or(ends[issuer]), ends[issuer]);
      }
      if (latest) ends[child] = std::min(ends[child], *latest);
    }
  }
  return ends[SignerIndex(bundle)];
}

}  // namespace callvet
