// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "api/offline_verifier.h"
#include "callvet/callvet.h"
#include "capi/options.h"

namespace callvet::capi {

using Counter = std::atomic<uint64_t>;

inline void Count(Counter& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace callvet::capi

struct callvet_verifier {
  std::unique_ptr<callvet::OfflineVerifier> verifier;
  callvet::capi::Log log;
  callvet::capi::Counter verified{0}, unsigned_calls{0}, refused{0}, undecided{0}, unreadable{0};
  callvet::capi::Counter rejected{0}, tagged{0}, need_certificate{0}, reloads{0};

  void CountVerdict(const callvet_verdict& verdict) {
    switch (verdict.reason_class) {
      case CALLVET_VERIFIED:
        callvet::capi::Count(verified);
        break;
      case CALLVET_UNSIGNED:
        callvet::capi::Count(unsigned_calls);
        break;
      case CALLVET_REFUSED:
        callvet::capi::Count(refused);
        break;
      case CALLVET_UNDECIDED:
      case CALLVET_POLICY:
        callvet::capi::Count(undecided);
        break;
      case CALLVET_INPUT:
        callvet::capi::Count(unreadable);
        break;
    }
    if (verdict.action == CALLVET_REJECT) callvet::capi::Count(rejected);
    if (verdict.action == CALLVET_TAG) callvet::capi::Count(tagged);
  }
};
