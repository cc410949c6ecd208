// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace callvet::fuzz {

/// The input as text.
inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the run as a finding unless `holds`; `promise` is what should have been so.
inline void Require(bool holds, const char* promise = "") {
  if (holds) return;
  std::fprintf(stderr, "FINDING: %s\n", promise);
  std::abort();
}

/// Inputs that got as far as the target's point: a call that passed, a file that was read. Seeds
/// that do not would test nothing (replay.cc: --reach).
inline size_t reached = 0;  // NOLINT: libFuzzer's interface leaves no other place
inline void Reached() {
  ++reached;
}

/// The lines of `text`, each a letter and a value.
template <class Take>
void EachLine(std::string_view text, Take take) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) take(line.front(), line.substr(1));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

}  // namespace callvet::fuzz
