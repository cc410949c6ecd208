// SPDX-License-Identifier: MIT
// What the benchmarks measure with: processor time of the thread, medians, and what anyone writes
// with OpenSSL.
#pragma once

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "pki/es256.h"
#include "pki/openssl_ptr.h"

namespace callvet {

inline double ThreadSeconds() {
  timespec time{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The time of verify(item) for each of `count` items, from `begin` on and around. All must be
/// good.
template <class Item, class Verify>
double SecondsEach(const std::vector<Item>& all, size_t begin, size_t count, Verify verify) {
  const double start = ThreadSeconds();
  bool good = true;
  for (size_t i = 0; i < count; ++i) good &= verify(all[(begin + i) % all.size()]);
  const double time = ThreadSeconds() - start;
  if (!good) {
    std::fprintf(stderr, "a good call or signature was refused\n");
    std::abort();
  }
  return time / static_cast<double>(count);
}

inline double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

inline void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  (void)sched_setaffinity(0, sizeof(set), &set);
}

/// How many times as much two threads do as one, each on a processor of its own: verify(item) as in
/// SecondsEach, which both call at the same time.
template <class Item, class Verify>
double GainOfTwoThreads(const std::vector<Item>& all, size_t count, Verify verify) {
  PinTo(0);
  const double alone = SecondsEach(all, 0, count, verify);
  double first = 0;
  double second = 0;
  std::atomic<int> ready{0};
  const auto run = [&](int processor, double& each) {
    PinTo(processor);
    for (++ready; ready.load() < 2;) {
    }
    each = SecondsEach(all, 0, count, verify);
  };
  std::thread other([&] { run(1, second); });
  run(0, first);
  other.join();
  return alone / first + alone / second;
}

inline std::string DerOf(const Es256Signature& signature) {
  const EcdsaSigPtr sig(ECDSA_SIG_new());
  const uint8_t* bytes = signature.bytes().data();
  ECDSA_SIG_set0(sig.get(), BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  std::string der(80, '\0');
  auto* end = reinterpret_cast<unsigned char*>(der.data());
  der.resize(static_cast<size_t>(i2d_ECDSA_SIG(sig.get(), &end)));
  return der;
}

// What anyone writes with OpenSSL: a fresh context, the signature already in DER.
inline bool VerifyByOpenSsl(const Es256PublicKey& key, std::string_view der,
                            std::string_view input) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.evp()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()),
                          der.size(), reinterpret_cast<const unsigned char*>(input.data()),
                          input.size()) == 1;
}

}  // namespace callvet
