// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>

#include "fuzz.h"
#include "pki/sha256.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace callvet::fuzz {

/// Changes what is in the last frame (src/evidence/record_frames.h), whose check sum then fits.
/// Inputs without frames, and one in four of the others, are changed as libFuzzer does.
inline size_t MutateLastFrame(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  // Its check is of SHA-256, which is read whatever the frame had before.
  constexpr std::string_view kMark =
      "\xF7"
      "cvF";
  constexpr size_t kHead = kMark.size() + 12;
  std::string bytes(Text(data, size));
  const size_t at = bytes.rfind(kMark.substr(0, 3));
  if (at == std::string::npos || size - at <= kHead || seed % 4 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::string payload = bytes.substr(at + kHead);
  const size_t before = payload.size();
  payload.resize(before + 64);
  payload.resize(
      LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(payload.data()), before, payload.size()));
  const auto digest = Sha256(payload);
  if (!digest) return size;
  bytes.resize(at);
  bytes.append(kMark);
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((payload.size() >> static_cast<unsigned>(shift)) & 0xFFU));
  }
  bytes.append(reinterpret_cast<const char*>(digest->data()), 8).append(payload);
  if (bytes.size() > max_size) return size;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

}  // namespace callvet::fuzz
