// SPDX-License-Identifier: MIT
#include "callvet/verifier.h"

#include <array>
#include <cstddef>
#include <memory_resource>
#include <new>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/short_memory.h"
#include "pki/chain_cache.h"
#include "verify/call.h"
#include "verify/certificate_checks.h"
#include "verify/current_trust_store.h"
#include "verify/judgement.h"
#include "verify/known_headers.h"
#include "verify/noting_source.h"

namespace callvet {
namespace {

std::shared_ptr<ChainCache> MakeChainCache(size_t max_chains) {
  if (max_chains == 0) return nullptr;
  ChainCacheOptions options;
  options.max_chains = max_chains;
  options.max_failures = max_chains / 16 + 1;
  return std::make_shared<ChainCache>(options);
}

// All Identity header values of the call, those that a front end merged taken apart. One more
// than `max` at the most, so that the caller sees that there are too many.
std::pmr::vector<std::string_view> IdentityValues(const CallRequest& call, size_t max,
                                                  std::pmr::memory_resource* memory) {
  std::pmr::vector<std::string_view> values(memory);
  for (const std::string& body : call.identities) {
    if (call.token_form == CallRequest::TokenForm::kBareToken ||
        body.find(',') == std::string::npos) {
      values.push_back(body);
    } else {
      const auto of_body = SplitHeaderValues(body);
      values.insert(values.end(), of_body.begin(), of_body.end());
    }
    if (values.size() > max) break;
  }
  return values;
}

// Up to `Most` things that are not moved, the last of which may be taken away. An array of
// std::optional would do, but GCC zeroes those from end to end: 33 KB for eight calls.
template <class T, size_t Most>
class FixedStack {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): places_ is memory, not values
  FixedStack() = default;
  FixedStack(const FixedStack&) = delete;
  FixedStack& operator=(const FixedStack&) = delete;
  ~FixedStack() {
    while (size_ > 0) Pop();
  }

  // Fewer than `Most` are there.
  template <class... Arguments>
  T& Push(Arguments&&... arguments) {
    T* const added = new (&places_[size_]) T(std::forward<Arguments>(arguments)...);
    ++size_;
    return *added;
  }
  void Pop() { (*this)[--size_].~T(); }

  [[nodiscard]] size_t size() const { return size_; }
  T& operator[](size_t index) { return *std::launder(reinterpret_cast<T*>(&places_[index])); }

 private:
  struct Place {
    alignas(T) std::array<std::byte, sizeof(T)> bytes;
  };
  std::array<Place, Most> places_;
  size_t size_ = 0;
};

// Of a batch: so many signatures are verified at once.
constexpr size_t kSignaturesTogether = 8;

}  // namespace

Verifier::Verifier(VerifierOptions options, const std::shared_ptr<const TrustStore>& trust_store,
                   std::shared_ptr<const CertificateSource> source,
                   std::shared_ptr<const Clock> clock, std::shared_ptr<const Es256Engine> engine,
                   std::shared_ptr<const ContentSource> content)
    : options_(std::move(options)),
      trust_store_(std::make_shared<CurrentTrustStore>(trust_store)),
      source_(std::move(source)),
      clock_(std::move(clock)),
      engine_(std::move(engine)),
      content_(std::move(content)),
      chain_cache_(MakeChainCache(options_.max_cached_chains)),
      known_headers_(std::make_shared<KnownHeaders>()) {}

struct Verifier::Sources {
  std::shared_ptr<const TrustStore> trust_store;
  const CertificateSource& certificates;
  const ContentSource* content;
};

// A call that is being judged: up to its signatures, and, when those are verified, to the end.
class Verifier::Judging {
 public:
  // All are borrowed.
  Judging(const Verifier& verifier, const CallRequest& request, const Sources& sources,
          const Deadline& deadline)
      : verifier_(verifier),
        request_(request),
        sources_(sources),
        deadline_(deadline),
        context_{sources.trust_store, sources.certificates,
                 *verifier.engine_,   verifier.chain_cache_.get(),
                 deadline_,           deadline_} {}
  Judging(const Judging&) = delete;
  Judging& operator=(const Judging&) = delete;

  // Appends the signatures that are to be verified.
  void Begin(std::pmr::vector<Es256Job>& jobs) noexcept {
    first_job_ = jobs.size();
    try {
      JudgeToSignatures(jobs);
    } catch (...) {
      jobs.resize(first_job_);
      judgement_.reset();
      verdict_ = Verdict();
    }
    own_jobs_ = jobs.size() - first_job_;
    if (WaitsBehindSignatures()) left_ = deadline_.Left();
  }

  [[nodiscard]] bool HasJobs() const { return own_jobs_ > 0; }

  // `jobs` are as Begin left them and more, with their results. What other calls took since then is
  // not this one's time.
  Verdict Complete(std::span<const Es256Job> jobs) noexcept {
    if (!judgement_) return std::move(verdict_);
    if (WaitsBehindSignatures()) deadline_ = Deadline::After(left_);
    try {
      return std::move(*judgement_).Complete(jobs.subspan(first_job_, own_jobs_));
    } catch (...) {
      return Verdict();
    }
  }

 private:
  // Only what rich call data names is waited for then: nobody else needs to know the time.
  [[nodiscard]] bool WaitsBehindSignatures() const { return sources_.content != nullptr; }

  void JudgeToSignatures(std::pmr::vector<Es256Job>& jobs) {
    verdict_.judged_at = verifier_.clock_->Now();
    const VerifierOptions& options = verifier_.options_;
    ShortMemory<256> memory;
    const auto values = IdentityValues(request_, options.max_identities, memory.resource());
    if (values.empty()) return Fail(Reason::kNoIdentity, "the call has no Identity header");
    if (values.size() > options.max_identities) {
      return Fail(Reason::kTooManyIdentityHeaders,
                  "more than " + std::to_string(options.max_identities) + " Identity headers");
    }
    // What is known of its signer comes while the parties are read.
    const WantedHeader approached =
        verifier_.known_headers_->Approach(values[0].substr(0, values[0].find('.')));
    call_.emplace(request_, options, verdict_.judged_at, parties_.resource());
    call_->known_headers = verifier_.known_headers_.get();
    call_->approached = approached;
    judgement_.emplace(*call_, context_, sources_.content);
    judgement_->Begin(values, jobs);
  }

  void Fail(Reason reason, std::string detail) {
    verdict_.reason = reason;
    verdict_.detail = std::move(detail);
  }

  const Verifier& verifier_;
  const CallRequest& request_;
  const Sources& sources_;
  Deadline deadline_;
  const CertificateContext context_;
  ShortMemory<2 * sizeof(Party)> parties_;  // for a caller and a called party
  std::optional<Call> call_;
  std::optional<CallJudgement> judgement_;  // nothing: the verdict is known
  size_t first_job_ = 0;
  size_t own_jobs_ = 0;
  std::chrono::milliseconds left_{0};
  Verdict verdict_;
};

Verdict Verifier::Judge(const CallRequest& call, const Sources& sources,
                        const Deadline& deadline) const {
  ShortMemory<4 * sizeof(Es256Job)> memory;
  std::pmr::vector<Es256Job> jobs(memory.resource());
  Judging judging(*this, call, sources, deadline);
  judging.Begin(jobs);
  engine_->VerifyMany(jobs);
  return judging.Complete(jobs);
}

Verdict Verifier::Verify(const CallRequest& call, const Deadline& deadline) const noexcept {
  try {
    return Judge(call, {trust_store_->Get(), *source_, content_.get()}, deadline);
  } catch (...) {
    return Verdict();
  }
}

namespace {

// What it says; its lists' memory serves the next call.
void Clear(VerificationMaterial& material) {
  auto& [trust_store, certificates, tn_auth_lists, contents, asks_for_content] = material;
  trust_store = nullptr;
  certificates.clear();
  tn_auth_lists.clear();
  contents.clear();
  asks_for_content = false;
}

}  // namespace

Verdict Verifier::Verify(const CallRequest& call, const Deadline& deadline,
                         VerificationMaterial& material) const noexcept {
  try {
    Clear(material);
    material.trust_store = trust_store_->GetOwner();  // kept longer than the call
    const NotingSource certificates(*source_, material);
    const NotingContent content(content_.get(), material);
    material.asks_for_content = content_ != nullptr;
    return Judge(call, {material.trust_store, certificates, content_ ? &content : nullptr},
                 deadline);
  } catch (...) {
    return Verdict();
  }
}

// A call without a signature to be verified is done at once, so that only those that wait for
// others take a place, of which there is one for each signature.
size_t Verifier::JudgeTogether(std::span<const CallRequest> calls, std::chrono::milliseconds each,
                               const Sources& sources, std::span<Verdict> verdicts) const {
  FixedStack<Judging, kSignaturesTogether> waiting;
  std::array<size_t, kSignaturesTogether> places{};
  ShortMemory<2 * kSignaturesTogether * sizeof(Es256Job)> memory;
  std::pmr::vector<Es256Job> jobs(memory.resource());
  jobs.reserve(kSignaturesTogether);
  size_t taken = 0;
  for (; taken < calls.size() && jobs.size() < kSignaturesTogether; ++taken) {
    Judging& judging = waiting.Push(*this, calls[taken], sources, Deadline::After(each));
    judging.Begin(jobs);
    if (judging.HasJobs()) {
      places[waiting.size() - 1] = taken;
    } else {
      verdicts[taken] = judging.Complete(jobs);
      waiting.Pop();
    }
  }
  engine_->VerifyMany(jobs);
  for (size_t i = 0; i < waiting.size(); ++i) verdicts[places[i]] = waiting[i].Complete(jobs);
  return taken;
}

std::vector<Verdict> Verifier::VerifyBatch(std::span<const CallRequest> calls,
                                           std::chrono::milliseconds each) const {
  std::vector<Verdict> verdicts(calls.size());  // none of them passes
  const Sources sources{trust_store_->Get(), *source_, content_.get()};
  for (size_t done = 0; done < calls.size();) {
    try {
      done += JudgeTogether(calls.subspan(done), each, sources, std::span(verdicts).subspan(done));
    } catch (...) {
      ++done;  // no call was begun; this one keeps its verdict
    }
  }
  return verdicts;
}

void Verifier::ReplaceTrustStore(const std::shared_ptr<const TrustStore>& trust_store) {
  trust_store_->Replace(trust_store);
}

}  // namespace callvet
