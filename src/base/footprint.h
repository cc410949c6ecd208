// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace callvet {

/// Where in memory that stood which some work read, so that all of it can be asked for at once when
/// the same work is to be done again, and not piece by piece, as each names the next. Hints and
/// nothing else: the addresses are not read through, so what stood there may be gone. A value;
/// bounded: what is too much is left out.
class Footprint {
 public:
  void Add(const void* begin, size_t bytes) {
    constexpr uintptr_t kLine = 64;
    const auto first = reinterpret_cast<uintptr_t>(begin);
    for (uintptr_t line = first & ~(kLine - 1); line < first + bytes; line += kLine) {
      if (count_ == lines_.size()) return;
      lines_[count_++] = line;
    }
  }
  template <class T>
  void Add(const T& object) {
    Add(&object, sizeof(object));
  }

  /// Has the processor fetch it all, and does not wait.
  void Prefetch() const {
    for (size_t i = 0; i < count_; ++i) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): a hint to the processor, which may be wrong
      __builtin_prefetch(reinterpret_cast<const void*>(lines_[i]));
    }
  }

  [[nodiscard]] size_t lines() const { return count_; }

 private:
  std::array<uintptr_t, 48> lines_{};
  size_t count_ = 0;
};

}  // namespace callvet
