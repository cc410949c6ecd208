// SPDX-License-Identifier: MIT
#pragma once

namespace callvet {

/// Asks the processor for the cache line of `address`, which may be anything, and does not wait. A
/// processor waits for some twenty lines at a time, and may forget what it is asked for beyond
/// that.
inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  // A function that does nothing but prefetch has no effect that g++ knows of, and a call of it is
  // left out; of this one it knows nothing.
  asm volatile("");
}

}  // namespace callvet
