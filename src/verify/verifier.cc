// SPDX-License-Identifier: MIT
#include "callvet/verifier.h"

#include <utility>

#include "base/clock.h"
#include "pki/chain_cache.h"
#include "verify/call.h"
#include "verify/certificate_checks.h"
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
std::vector<std::string_view> IdentityValues(const CallRequest& call, size_t max) {
  std::vector<std::string_view> values;
  for (const std::string& body : call.identities) {
    if (call.token_form == CallRequest::TokenForm::kBareToken) {
      values.push_back(body);
    } else {
      for (const std::string_view value : SplitHeaderValues(body)) values.push_back(value);
    }
    if (values.size() > max) break;
  }
  return values;
}

Verdict Fail(Verdict verdict, Reason reason, std::string detail) {
  verdict.reason = reason;
  verdict.detail = std::move(detail);
  return verdict;
}

}  // namespace

Verifier::Verifier(VerifierOptions options, std::shared_ptr<const TrustStore> trust_store,
                   std::shared_ptr<const CertificateSource> source,
                   std::shared_ptr<const Clock> clock, std::shared_ptr<const Es256Engine> engine,
                   std::shared_ptr<const ContentSource> content)
    : options_(std::move(options)),
      trust_store_(std::move(trust_store)),
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
  const Deadline& deadline;
};

Verdict Verifier::Judge(const CallRequest& call, const Sources& sources) const {
  Verdict verdict;
  verdict.judged_at = clock_->Now();
  const auto values = IdentityValues(call, options_.max_identities);
  if (values.empty()) {
    return Fail(std::move(verdict), Reason::kNoIdentity, "the call has no Identity header");
  }
  if (values.size() > options_.max_identities) {
    return Fail(std::move(verdict), Reason::kTooManyIdentityHeaders,
                "more than " + std::to_string(options_.max_identities) + " Identity headers");
  }
  Call read = Call::Read(call, options_, verdict.judged_at);
  read.known_headers = known_headers_.get();
  const CertificateContext context{sources.trust_store, sources.certificates, *engine_,
                                   chain_cache_.get(), sources.deadline};
  return CallJudgement(read, context, sources.content).Judge(values);
}

Verdict Verifier::Verify(const CallRequest& call, const Deadline& deadline) const noexcept {
  try {
    return Judge(call, {trust_store(), *source_, content_.get(), deadline});
  } catch (...) {
    return Verdict();
  }
}

Verdict Verifier::Verify(const CallRequest& call, const Deadline& deadline,
                         VerificationMaterial& material) const noexcept {
  try {
    material = VerificationMaterial();
    material.trust_store = trust_store();
    const NotingSource certificates(*source_, material);
    const NotingContent content(content_.get(), material);
    material.asks_for_content = content_ != nullptr;
    return Judge(call,
                 {material.trust_store, certificates, content_ ? &content : nullptr, deadline});
  } catch (...) {
    return Verdict();
  }
}

std::vector<Verdict> Verifier::VerifyBatch(std::span<const CallRequest> calls,
                                           std::chrono::milliseconds each) const {
  std::vector<Verdict> verdicts(calls.size());  // none of them passes
  const auto store = trust_store();
  for (size_t i = 0; i < calls.size(); ++i) {
    try {
      verdicts[i] = Judge(calls[i], {store, *source_, content_.get(), Deadline::After(each)});
    } catch (...) {
      verdicts[i] = Verdict();
    }
  }
  return verdicts;
}

void Verifier::ReplaceTrustStore(std::shared_ptr<const TrustStore> trust_store) {
  const std::lock_guard lock(trust_store_mutex_);
  trust_store_ = std::move(trust_store);
}

std::shared_ptr<const TrustStore> Verifier::trust_store() const {
  const std::lock_guard lock(trust_store_mutex_);
  return trust_store_;
}

}  // namespace callvet
