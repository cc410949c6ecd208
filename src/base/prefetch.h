// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

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

/// Of all lines of `bytes` bytes from `begin` on.
inline void Prefetch(const void* begin, size_t bytes) {
  const auto* at = static_cast<const char*>(begin);
  for (const char* const end = at + bytes; at < end; at += 64) Prefetch(at);
  if (bytes > 0) Prefetch(static_cast<const char*>(begin) + bytes - 1);
}

/// The same of lines that are to be written, which other processors must give up.
inline void PrefetchToWrite(const void* begin, size_t bytes) {
  const auto* at = static_cast<const char*>(begin);
  for (const char* const end = at + bytes; at < end; at += 64) {
    __builtin_prefetch(at, 1);
    asm volatile("");
  }
}

}  // namespace callvet
