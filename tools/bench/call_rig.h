// SPDX-License-Identifier: MIT
// Calls that pass, and what judges them: for the benchmarks of the whole verdict.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/base64url.h"
#include "call_fixture.h"
#include "callvet/policy.h"
#include "measure.h"
#include "pki/fast_es256.h"
#include "repository/certificate_cache.h"

namespace callvet {

// A call, its token's parts as OpenSSL takes them, and the key.
struct SignedCall {
  CallRequest request;
  std::string input;
  std::string der;
  const Es256PublicKey* key = nullptr;
};

// The cache of the repository, warm: what is not in it is not fetched.
class ManySigners final : public CertificateSource {
 public:
  void Add(const std::string& x5u, const CertificateBundle& bundle) {
    cache_.Insert(x5u,
                  std::make_shared<const CachedCertificates>(CachedCertificates{
                      std::make_shared<const CertificateBundle>(bundle), test::kNow, kEnd, kEnd}),
                  test::kNow);
  }
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& /*deadline*/) const override {
    auto found = cache_.Find(x5u, test::kNow);
    if (found == nullptr) return Fail(Reason::kCertificateNotAvailable, "no such signer");
    return BundleOf(std::move(found));
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view /*url*/,
                                                 const Deadline& /*deadline*/) const override {
    return Fail(Reason::kTnAuthListNotAvailable, "none");
  }
  void AddTo(std::string_view x5u, Footprint& footprint) const override {
    cache_.AddTo(x5u, footprint);
  }

 private:
  static constexpr sys_seconds kEnd = test::kNow + std::chrono::days(1);
  CertificateCache cache_{CertificateCacheOptions()};
};

// `signers` carriers below one CA with a CRL, and calls that they signed.
struct Rig {
  test::TestCall call;
  std::vector<Es256PublicKey> keys;
  std::vector<SignedCall> calls;
  std::shared_ptr<ManySigners> source = std::make_shared<ManySigners>();
  std::shared_ptr<const Policy> policy;

  explicit Rig(size_t signers) {
    const LoadedPolicy loaded = LoadPolicy(CALLVET_SOURCE_DIR "/tools/policy/intercept.json");
    if (loaded.policy == nullptr) std::abort();
    policy = loaded.policy;
    test::CertSpec ca = test::CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
    ca.not_after = test::kNow + std::chrono::days(3650);
    call.ca = test::Issue(ca, call.root);
    call.store = test::StoreOf({.anchors = {call.root}, .crls = {test::MakeCrl({}, call.ca)}});
    keys.reserve(signers);
    const size_t each = signers == 1 ? 512 : 4;
    for (size_t i = 0; i < signers; ++i) {
      test::CertSpec spec = test::LeafSpec();
      spec.not_after = test::kNow + std::chrono::days(3650);
      call.UseLeaf(spec);
      const std::string x5u = X5uOf(i);
      source->Add(x5u, call.bundle);
      keys.push_back(*Es256PublicKey::FromEvp(call.leaf.key.get()));
      for (size_t n = 0; n < each; ++n) calls.push_back(Sign(x5u, n));
    }
    std::shuffle(calls.begin(), calls.end(), std::mt19937(1));
  }

  static std::string X5uOf(size_t signer) {
    return "https://cert.example.org/signers/" + std::to_string(signer) + ".pem";
  }

  SignedCall Sign(const std::string& x5u, size_t number) {
    char tail[13];
    std::snprintf(tail, sizeof(tail), "%012zx", number);
    call.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")" + x5u + "\"}";
    call.payload =
        test::Payload({{"origid", "\"123e4567-e89b-12d3-a456-" + std::string(tail) + "\""}});
    call.parameters = ";info=<" + x5u + ">;alg=ES256;ppt=shaken";
    SignedCall one;
    one.request = call.request;
    one.request.details = Details::kOfFailures;
    one.request.identities = {call.Identity()};
    const std::string token =
        one.request.identities[0].substr(0, one.request.identities[0].find(';'));
    one.input = token.substr(0, token.rfind('.'));
    one.der = DerOf(*Es256Signature::Parse(*DecodeBase64Url(token.substr(token.rfind('.') + 1))));
    one.key = &keys.back();
    return one;
  }

  [[nodiscard]] std::unique_ptr<Verifier> MakeVerifier(Es256EngineOptions options) const {
    options.promote_after = 1;
    auto engine = MakeEs256Engine(options);
    if (!engine) return nullptr;
    VerifierOptions verifier = call.options;
    verifier.max_cached_chains = 10'000;
    return MakeVerifier(verifier, *engine);
  }
  [[nodiscard]] std::unique_ptr<Verifier> MakeVerifier(
      const VerifierOptions& options, std::shared_ptr<const Es256Engine> engine) const {
    return std::make_unique<Verifier>(options, call.store, source,
                                      std::make_shared<FixedClock>(call.now), std::move(engine));
  }
};

inline bool DecisionPasses(const Policy& policy, const SignedCall& one, const Verdict& verdict) {
  PolicyCallView call;
  call.orig = one.request.orig;
  call.dest = one.request.dest;
  call.identities = one.request.identities;
  call.details = Details::kOfFailures;
  return verdict.passed() && Decide(policy, call, verdict).action == Action::kPass;
}

inline bool VerdictPasses(const Verifier& verifier, const Policy& policy, const SignedCall& one) {
  return DecisionPasses(policy, one, verifier.Verify(one.request, Deadline()));
}

}  // namespace callvet
