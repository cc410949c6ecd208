// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/callvet.h"
#include "callvet/result.h"

// How values cross the border between C and C++.

namespace callvet::capi {

inline std::string_view View(callvet_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

inline callvet_text Text(std::string_view text) {
  return {text.data(), text.size()};
}

/// The elements of `texts`; none if there is no array.
std::vector<std::string> Strings(callvet_texts texts);

/// The caller's `struct_size` bytes of `source`, the rest as it is in T{}; false if there is no
/// struct, or none with a size. A caller with a larger, newer struct is served: what is unknown
/// here is ignored.
template <class T>
bool ReadStruct(const T* source, T& target) {
  target = T{};
  if (source == nullptr || source->struct_size < sizeof(size_t)) return false;
  std::memcpy(&target, source, std::min(source->struct_size, sizeof(T)));
  return true;
}

/// Writes as much of `source` as the caller's struct has room for; its struct_size stays.
template <class T>
bool WriteStruct(const T& source, T* target) {
  if (target == nullptr || target->struct_size < sizeof(size_t)) return false;
  const size_t size = target->struct_size;
  std::memcpy(target, &source, std::min(size, sizeof(T)));
  target->struct_size = size;
  return true;
}

/// Fills `error`, if there is one, from `failure`; UTF-8 is not cut apart.
void WriteError(const Failure& failure, callvet_error* error);

/// CALLVET_FAILED, saying why.
int Failed(const Failure& failure, callvet_error* error);

/// CALLVET_INVALID, saying why.
int Invalid(const char* why, callvet_error* error);

/// Runs `body`; nothing is thrown across the border.
template <class Body>
int Guard(callvet_error* error, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    WriteError({Reason::kInternalError, {}}, error);
  }
  return CALLVET_INTERNAL;
}

}  // namespace callvet::capi
