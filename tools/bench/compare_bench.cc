// SPDX-License-Identifier: MIT
// What each stage of a call costs, and what Debian's other verifiers cost, as a ratio of rates to
// EVP_DigestVerify of the same token: all in one process, in turns, on one processor. Processor
// time of the whole process, since one of the others has threads.
//   callvet_compare_bench [--compare]    --compare: the others too
#include <malloc.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "api/verification_core.h"
#include "call_rig.h"
#include "callvet/identity_header.h"
#include "peers.h"
#include "pki/chain_cache.h"
#include "pki/shared_authorities.h"
#include "repository/certificate_repository.h"

namespace callvet {
namespace {

constexpr int kRounds = 41;
constexpr double kSlice = 0.004;  // seconds of each contender in a round
constexpr size_t kBatch = 64;

// What `once` does with call number i; false ends the program.
struct Contender {
  std::string name;
  std::string target;  // of the ratio; "": none
  std::function<bool(size_t)> once;
  size_t calls = 1;  // that one `once` judges
  std::vector<double> ratios = {};
  std::vector<double> seconds = {};
};

double ProcessSeconds() {
  timespec time{};
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double RunFor(const Contender& contender, double seconds, size_t& at) {
  const double start = ProcessSeconds();
  double now = start;
  size_t count = 0;
  for (; now < start + seconds; now = ProcessSeconds(), ++count) {
    for (size_t i = 0; i < 4; ++i) {
      if (contender.once(at++)) continue;
      std::fprintf(stderr, "%s refused a good call\n", contender.name.c_str());
      std::exit(1);
    }
  }
  return (now - start) / static_cast<double>(4 * count * contender.calls);
}

void Compare(const Contender& evp, std::vector<Contender>& contenders) {
  size_t at = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (Contender& contender : contenders) {
      const double before = RunFor(evp, kSlice / 2, at);
      const double own = RunFor(contender, kSlice, at);
      const double after = RunFor(evp, kSlice / 2, at);
      contender.seconds.push_back(own);
      contender.ratios.push_back((before + after) / 2 / own);
    }
  }
}

// Everything but the signature.
class TrustingEngine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& /*key*/, std::string_view /*input*/,
                                    const Es256Signature& /*signature*/) const override {
    return {};
  }
};

std::shared_ptr<const Es256Engine> HotEngine(Es256Kind kind) {
  Es256EngineOptions options;
  options.kind = kind;
  options.promote_after = 1;
  auto made = MakeEs256Engine(options);
  if (!made) std::abort();
  return *made;
}

class Stages {
 public:
  explicit Stages(const Rig& rig) : rig_(rig) {
    VerifierOptions options = rig.call.options;
    verifier_ = rig.MakeVerifier(options, engine_);
    trusting_ = rig.MakeVerifier(options, std::make_shared<TrustingEngine>());
    by_openssl_ = rig.MakeVerifier(options, std::make_shared<OpenSslEs256Engine>());
    for (const SignedCall& one : rig.calls) {
      headers_.push_back(*IdentityHeader::Parse(one.request.identities[0]));
      signatures_.push_back(
          *Es256Signature::Parse(*DecodeBase64Url(headers_.back().signature_part())));
      verdicts_.push_back(verifier_->Verify(one.request, Deadline()));
      requests_.push_back(one.request);
    }
  }

  [[nodiscard]] Contender Evp() const {
    return {"EVP_DigestVerify", "", [this](size_t i) {
              const SignedCall& one = Call(i);
              return VerifyByOpenSsl(*one.key, one.der, one.input);
            }};
  }

  [[nodiscard]] std::vector<Contender> All() const {
    const bool ifma = IsSupported(Es256Kind::kIfma);
    return {
        {"Identity header read", "",
         [this](size_t i) {
           return IdentityHeader::Parse(Call(i).request.identities[0]).has_value();
         }},
        {"claims read", "",
         [this](size_t i) {
           return Claims::Parse(headers_[i % headers_.size()].payload_part(), "shaken").has_value();
         }},
        {"signature (" + std::string(engine_->statistics().path) + ")", ifma ? "15" : "6.5",
         [this](size_t i) {
           const SignedCall& one = Call(i);
           return engine_->Verify(*one.key, one.input, signatures_[i % signatures_.size()])
               .has_value();
         }},
        {"policy", "",
         [this](size_t i) {
           return DecisionPasses(*rig_.policy, Call(i), verdicts_[i % verdicts_.size()]);
         }},
        {"verdict without the signature", "",
         [this](size_t i) { return trusting_->Verify(Call(i).request, Deadline()).passed(); }},
        {"verdict", "",
         [this](size_t i) { return verifier_->Verify(Call(i).request, Deadline()).passed(); }},
        {"verdict and policy", ifma ? "8" : "4.5",
         [this](size_t i) { return VerdictPasses(*verifier_, *rig_.policy, Call(i)); }},
        {"the same in batches", ifma ? "12" : "5", [this](size_t i) { return Batch(i); }, kBatch},
        {"the same, engine openssl", "",
         [this](size_t i) { return VerdictPasses(*by_openssl_, *rig_.policy, Call(i)); }},
    };
  }

 private:
  [[nodiscard]] const SignedCall& Call(size_t i) const { return rig_.calls[i % rig_.calls.size()]; }
  [[nodiscard]] bool Batch(size_t i) const {
    const size_t begin = i * kBatch % requests_.size();
    const auto verdicts = verifier_->VerifyBatch(
        std::span(requests_).subspan(begin, std::min(kBatch, requests_.size() - begin)),
        std::chrono::seconds(1));
    bool good = true;
    for (size_t k = 0; k < verdicts.size(); ++k) {
      good &= DecisionPasses(*rig_.policy, rig_.calls[begin + k], verdicts[k]);
    }
    return good;
  }

  const Rig& rig_;
  std::shared_ptr<const Es256Engine> engine_ = HotEngine(Es256Kind::kAuto);
  std::unique_ptr<Verifier> verifier_, trusting_, by_openssl_;
  std::vector<IdentityHeader> headers_;
  std::vector<Es256Signature> signatures_;
  std::vector<Verdict> verdicts_;
  std::vector<CallRequest> requests_;
};

void Print(const std::vector<Contender>& contenders) {
  std::printf(
      "| stage | ratio to EVP_DigestVerify | target | \xC2\xB5s, median | best |\n"
      "|---|---|---|---|---|\n");
  for (const Contender& one : contenders) {
    std::printf("| %s | %.2f | %s | %.1f | %.1f |\n", one.name.c_str(), Median(one.ratios),
                one.target.c_str(), Median(one.seconds) * 1e6,
                *std::min_element(one.seconds.begin(), one.seconds.end()) * 1e6);
  }
  std::fflush(stdout);
}

// From the bytes of a download to the first verdict: nothing is known of signer and key.
void PrintColdCertificate(const Rig& rig, const char* what, const CertificateDecoder& decode) {
  const std::string pem = test::PemOf({rig.call.leaf, rig.call.ca});
  const SignedCall& one = rig.calls.front();
  std::vector<double> reading;
  std::vector<double> all;
  const auto engine = std::make_shared<OpenSslEs256Engine>();  // as for a key without a table
  for (int i = 0; i < 200; ++i) {
    auto source = std::make_shared<test::CountingSource>();
    const Verifier cold(rig.call.options, rig.call.store, source,
                        std::make_shared<FixedClock>(rig.call.now), engine);
    const double start = ProcessSeconds();
    auto bundle = ParseBundle(pem, kMaxBundleCertificates, decode);
    source->bundle = std::make_shared<const CertificateBundle>(std::move(*bundle));
    reading.push_back(ProcessSeconds() - start);
    const bool passed = cold.Verify(one.request, Deadline()).passed();
    all.push_back(ProcessSeconds() - start);
    if (!passed) std::exit(1);
  }
  std::printf(
      "cold certificate, bytes to first verdict, %s: %.0f \xC2\xB5s, of these %.0f reading it; "
      "best %.0f (target: 1000)\n",
      what, Median(all) * 1e6, Median(reading) * 1e6,
      *std::min_element(all.begin(), all.end()) * 1e6);
}

// Both with a CRL whose signature is known, as of any but a new one.
void PrintColdCertificates(const Rig& rig) {
  PrintColdCertificate(rig, "its CA never seen either", Certificate::ParseDer);
  SharedAuthorities shared;
  const auto held = shared.Decode(rig.call.ca.der);
  PrintColdCertificate(rig, "its CA known by others",
                       [&](std::string_view der) { return shared.Decode(der); });
}

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// Gives leaf number i and its CA for the URL that ends with i.
class ManyCertificates final : public Fetcher {
 public:
  ManyCertificates(size_t count, size_t cas) : root_(test::IssueRoot()) {
    std::vector<test::TestCert> authorities;
    for (size_t i = 0; i < cas; ++i) {
      authorities.push_back(
          test::Issue(test::CaSpec("/C=US/O=Test CA/CN=SHAKEN CA " + std::to_string(i)), root_));
    }
    for (size_t i = 0; i < count; ++i) {
      const test::TestCert& ca = authorities[i % cas];
      bodies_.push_back(test::PemOf({test::Issue(test::LeafSpec(), ca), ca}));
    }
  }
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view url, UrlUse /*use*/,
                                              const Deadline& /*deadline*/) const override {
    FetchedDocument document;
    document.body = bodies_[std::stoul(std::string(url.substr(url.rfind('/') + 1)))];
    return document;
  }
  [[nodiscard]] std::shared_ptr<const TrustStore> Store() const {
    return test::StoreOf({.anchors = {root_}});
  }

 private:
  test::TestCert root_;
  std::vector<std::string> bodies_;
};

// What 10,000 certificates take, decoded and with their chains verified, in the process's memory.
void PrintMemory(size_t cas) {
  constexpr size_t kCount = 10'000;
  const auto fetcher = std::make_shared<const ManyCertificates>(kCount, cas);
  const auto store = fetcher->Store();
  (void)malloc_trim(0);  // what the making left free must not hide what is kept
  const size_t before = ResidentBytes();
  const CertificateRepository repository({}, fetcher, std::make_shared<FixedClock>(test::kNow),
                                         nullptr);
  ChainCache chains;
  for (size_t i = 0; i < kCount; ++i) {
    const auto bundle = repository.Get("https://cert.example.org/" + std::to_string(i), Deadline());
    if (!bundle || !*chains.Verify(**bundle, store, test::kNow)) std::exit(1);
  }
  const auto mebibytes = [](size_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::printf(
      "%zu certificates of %zu CAs cached, with their chains: %.0f MiB resident (target: 200), by "
      "the estimate %.0f\n",
      static_cast<size_t>(repository.Statistics().memory_entries), cas,
      mebibytes(ResidentBytes() - before), mebibytes(repository.Statistics().memory_bytes));
}

// A verifier of the service's kind, with its largest tables, and 100 anchors to read.
void PrintStart() {
  const auto folder =
      std::filesystem::temp_directory_path() / ("callvet-compare-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  CoreSetup setup;
  for (int i = 0; i < 100; ++i) {
    const auto path = folder / (std::to_string(i) + ".pem");
    std::ofstream(path) << test::IssueRoot("/C=US/O=Test CA/CN=Root " + std::to_string(i)).pem;
    setup.verifier.trust.anchors.push_back(path);
  }
  setup.verifier.clock = std::make_shared<FixedClock>(test::kNow);
  setup.verifier.downloads.emplace();
  std::vector<double> seconds;
  for (int i = 0; i < 9; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto core = VerificationCore::Make(setup);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (!core || (*core)->NotReady()) std::exit(1);
  }
  std::filesystem::remove_all(folder);
  std::printf("start to ready with 100 anchors: %.0f ms (target: 1000)\n", Median(seconds) * 1e3);
}

void AddPeers(const Rig& rig, std::vector<Contender>& contenders) {
  const test::TestCert& leaf = rig.call.leaf;
  const std::string x5u = rig.X5uOf(0);
  for (Peer& peer : PeersFor({rig.calls.front().request.identities[0], x5u, leaf.key.PublicPem(),
                              leaf.pem, rig.call.ca.pem, leaf.key})) {
    if (peer.skipped.empty()) {
      contenders.push_back(
          {peer.name, "", [once = std::move(peer.once)](size_t) { return once(); }});
    } else {
      std::printf("%s: not measured: %s\n", peer.name.c_str(), peer.skipped.c_str());
    }
  }
}

int Run(bool with_peers) {
  PinTo(0);
  const Rig rig(1);
  const Stages stages(rig);
  auto contenders = stages.All();
  if (with_peers) AddPeers(rig, contenders);
  Compare(stages.Evp(), contenders);
  Print(contenders);
  PrintColdCertificates(rig);
  PrintStart();
  for (const size_t cas : {10, 10'000}) PrintMemory(cas);
  return 0;
}

}  // namespace
}  // namespace callvet

int main(int argc, char** argv) {
  const bool with_peers = argc > 1 && std::strcmp(argv[1], "--compare") == 0;
  return callvet::Run(with_peers);
}
