// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/prefetch.h"

namespace callvet {

/// Where in memory that stood which some work read, so that all of it can be asked for at once when
/// the same work is to be done again, and not piece by piece, as each names the next. Hints and
/// nothing else: the addresses are not read through, so what stood there may be gone. A value;
/// bounded: what is too much is left out.
class Footprint {
 public:
  void Add(const void* begin, size_t bytes) {
    const auto first = reinterpret_cast<uintptr_t>(begin);
    for (uintptr_t line = first & ~(kLine - 1); line < first + bytes && lines_ < kMostLines;
         line += kLine) {
      AddLine(line);
    }
  }
  template <class T>
  void Add(const T& object) {
    Add(&object, sizeof(object));
  }

  /// Has the processor fetch some more of it, from where the last call ended (first 0), and does
  /// not wait. Returns where it ended: a processor does not wait for all at once.
  [[nodiscard]] size_t Prefetch(size_t begin) const {
    size_t asked = 0;
    size_t i = begin;
    for (; i < count_ && asked < kAtOnce; ++i) {
      uintptr_t line = runs_[i] & ~(kLine - 1);
      asked += Lines(runs_[i]);
      for (uintptr_t left = Lines(runs_[i]); left > 0; --left, line += kLine) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): a hint to the processor, which may be wrong
        callvet::Prefetch(reinterpret_cast<const void*>(line));
      }
    }
    return i;
  }

  /// How many cache lines it is.
  [[nodiscard]] size_t lines() const { return lines_; }

 private:
  static constexpr uintptr_t kLine = 64;
  static constexpr size_t kAtOnce = 12;
  // Whose certificate it is chooses how long its lists are.
  static constexpr size_t kMostLines = 64;

  // Neighbours are one run: the address of the first, and in the bits below how many more there
  // are.
  static uintptr_t Lines(uintptr_t run) { return (run & (kLine - 1)) + 1; }

  void AddLine(uintptr_t line) {
    const auto holds = [line](uintptr_t run) {
      return line - (run & ~(kLine - 1)) < Lines(run) * kLine;
    };
    const auto end = runs_.begin() + count_;
    if (std::any_of(runs_.begin(), end, holds)) return;
    if (count_ > 0) {
      uintptr_t& last = runs_[count_ - 1];
      if ((last & ~(kLine - 1)) + Lines(last) * kLine == line && Lines(last) < kLine) {
        ++last;
        ++lines_;
        return;
      }
    }
    if (count_ == runs_.size()) return;
    runs_[count_++] = line;
    ++lines_;
  }

  std::array<uintptr_t, 31> runs_{};
  uint32_t count_ = 0;
  uint32_t lines_ = 0;
};

}  // namespace callvet
