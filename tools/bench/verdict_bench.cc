// SPDX-License-Identifier: MIT
// The whole verdict and decision of a call, from the strings that a SIP element has, against
// EVP_DigestVerify of the same signature alone: in turns in one process on one processor. "ratio"
// is the median, over the rounds, of the ratio of rates.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/base64url.h"
#include "call_fixture.h"
#include "callvet/policy.h"
#include "measure.h"
#include "pki/fast_es256.h"

namespace callvet {
namespace {

constexpr int kRounds = 15;
constexpr size_t kCallsPerRound = 256;

// A call, its token's parts as OpenSSL takes them, and the key.
struct SignedCall {
  CallRequest request;
  std::string input;
  std::string der;
  const Es256PublicKey* key = nullptr;
};

// Gives each x5u its own bundle, as a warm cache does.
class ManySigners final : public CertificateSource {
 public:
  std::map<std::string, std::shared_ptr<const CertificateBundle>, std::less<>> bundles;

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& /*deadline*/) const override {
    const auto found = bundles.find(x5u);
    if (found == bundles.end()) return Fail(Reason::kCertificateNotAvailable, "no such signer");
    return found->second;
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view /*url*/,
                                                 const Deadline& /*deadline*/) const override {
    return Fail(Reason::kTnAuthListNotAvailable, "none");
  }
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
    call.store = test::StoreOf({.anchors = {call.root}});
    keys.reserve(signers);
    const size_t each = signers == 1 ? 512 : 4;
    for (size_t i = 0; i < signers; ++i) {
      test::CertSpec spec = test::LeafSpec();
      call.UseLeaf(spec);
      const std::string x5u = "https://cert.example.org/signers/" + std::to_string(i) + ".pem";
      source->bundles[x5u] = std::make_shared<const CertificateBundle>(call.bundle);
      keys.push_back(*Es256PublicKey::FromEvp(call.leaf.key.get()));
      for (size_t n = 0; n < each; ++n) calls.push_back(Sign(x5u, n));
    }
    std::shuffle(calls.begin(), calls.end(), std::mt19937(1));
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
    return std::make_unique<Verifier>(verifier, call.store, source,
                                      std::make_shared<FixedClock>(call.now), *engine);
  }
};

bool VerdictPasses(const Verifier& verifier, const Policy& policy, const SignedCall& one) {
  const Verdict verdict = verifier.Verify(one.request, Deadline());
  PolicyCall call;
  call.orig = one.request.orig;
  call.dest = one.request.dest;
  call.identities = one.request.identities;
  call.details = Details::kOfFailures;
  return verdict.passed() && Decide(policy, call, verdict).action == Action::kPass;
}

template <class Verify>
double SecondsEach(const std::vector<SignedCall>& all, size_t begin, size_t count, Verify verify) {
  const double start = ThreadSeconds();
  bool good = true;
  for (size_t i = 0; i < count; ++i) good &= verify(all[(begin + i) % all.size()]);
  const double time = ThreadSeconds() - start;
  if (!good) {
    std::fprintf(stderr, "a good call was refused\n");
    std::abort();
  }
  return time / static_cast<double>(count);
}

void WholeVerdict(benchmark::State& state) {
  PinTo(0);
  const Rig rig(static_cast<size_t>(state.range(1)));
  Es256EngineOptions options;
  options.kind = static_cast<Es256Kind>(state.range(0));
  options.table_bytes = size_t{1} << 30;
  const auto verifier = rig.MakeVerifier(options);
  if (verifier == nullptr) return state.SkipWithError("not supported by this processor");
  const auto ours = [&](const SignedCall& one) {
    return VerdictPasses(*verifier, *rig.policy, one);
  };
  const auto theirs = [](const SignedCall& one) {
    return VerifyByOpenSsl(*one.key, one.der, one.input);
  };
  (void)SecondsEach(rig.calls, 0, rig.calls.size(), ours);  // chains and tables are made
  std::vector<double> ratios;
  std::vector<double> own;
  std::vector<double> evp;
  size_t at = 0;
  for (auto _ : state) {
    for (int round = 0; round < kRounds; ++round, at += kCallsPerRound) {
      const double before = SecondsEach(rig.calls, at, kCallsPerRound / 4, theirs);
      own.push_back(SecondsEach(rig.calls, at, kCallsPerRound, ours));
      const double after = SecondsEach(rig.calls, at, kCallsPerRound / 4, theirs);
      evp.push_back((before + after) / 2);
      ratios.push_back(evp.back() / own.back());
    }
  }
  state.counters["ratio"] = Median(ratios);
  state.counters["us"] = Median(own) * 1e6;
  state.counters["evp_us"] = Median(evp) * 1e6;
  state.counters["best_us"] = *std::min_element(own.begin(), own.end()) * 1e6;
}
BENCHMARK(WholeVerdict)
    ->ArgNames({"engine", "signers"})
    ->Args({static_cast<int64_t>(Es256Kind::kAdx), 1})
    ->Args({static_cast<int64_t>(Es256Kind::kAdx), 4096})
    ->Args({static_cast<int64_t>(Es256Kind::kPortable), 1})
    ->Args({static_cast<int64_t>(Es256Kind::kOpenSsl), 1})
    ->Iterations(2)
    ->Unit(benchmark::kMillisecond);

// Both threads on one verifier, one signer and one chain: the worst case for what they share.
void TwoThreads(benchmark::State& state) {
  const Rig rig(1);
  const auto verifier = rig.MakeVerifier(Es256EngineOptions());
  const auto ours = [&](const SignedCall& one) {
    return VerdictPasses(*verifier, *rig.policy, one);
  };
  std::vector<double> gains;
  for (auto _ : state) {
    for (int round = 0; round < kRounds; ++round) {
      PinTo(0);
      const double alone = SecondsEach(rig.calls, 0, 2000, ours);
      double first = 0;
      double second = 0;
      std::atomic<int> ready{0};
      const auto run = [&](int processor, double& each) {
        PinTo(processor);
        for (++ready; ready.load() < 2;) {
        }
        each = SecondsEach(rig.calls, 0, 2000, ours);
      };
      std::thread other([&] { run(1, second); });
      run(0, first);
      other.join();
      gains.push_back(alone / first + alone / second);
    }
  }
  state.counters["gain"] = Median(gains);
}
BENCHMARK(TwoThreads)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace callvet

BENCHMARK_MAIN();
