// SPDX-License-Identifier: MIT
#include "capi/convert.h"

#include "callvet/reason.h"

namespace callvet::capi {
namespace {

template <size_t N>
void CopyText(std::string_view text, char (&target)[N]) {
  size_t size = std::min(text.size(), N - 1);
  // Not in the middle of a character.
  while (size < text.size() && size > 0 && (text[size] & '\xC0') == '\x80') --size;
  std::memcpy(target, text.data(), size);
  target[size] = '\0';
}

}  // namespace

std::vector<std::string> Strings(callvet_texts texts) {
  std::vector<std::string> strings;
  for (size_t i = 0; texts.items != nullptr && i < texts.count; ++i) {
    strings.emplace_back(View(texts.items[i]));
  }
  return strings;
}

void WriteError(const Failure& failure, callvet_error* error) {
  callvet_error filled{};
  CopyText(Info(failure.reason).id, filled.reason);
  CopyText(failure.detail, filled.detail);
  WriteStruct(filled, error);
}

int Failed(const Failure& failure, callvet_error* error) {
  WriteError(failure, error);
  return CALLVET_FAILED;
}

int Invalid(const char* why, callvet_error* error) {
  callvet_error filled{};
  CopyText(Info(Reason::kParameterInvalid).id, filled.reason);
  CopyText(why, filled.detail);
  WriteStruct(filled, error);
  return CALLVET_INVALID;
}

}  // namespace callvet::capi
