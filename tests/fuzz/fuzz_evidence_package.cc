// SPDX-License-Identifier: MIT
#include "evidence/evidence_package.h"

#include <algorithm>
#include <set>
#include <string>

#include "evidence/record_frames.h"
#include "fuzz.h"
#include "pki/sha256.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// Packages and spill files of another process or an earlier run. What is read can be written, and
// is the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  EvidenceUnpacker unpacker;
  if (unpacker.Unpack(text)) fuzz::Reached();
  RecordCursor cursor;
  std::string bytes;
  std::set<std::string> known;
  size_t records = 0;
  while (const auto record = NextRecord(text, cursor)) {
    fuzz::Require(cursor.offset <= size, "inside the bytes");
    AppendRecord(bytes, *record, known);
    ++records;
  }
  (void)HasFrame(text, cursor);
  if (records == 0) return 0;
  fuzz::Reached();
  RecordCursor again;
  for (size_t i = 0; i < records; ++i) {
    fuzz::Require(NextRecord(bytes, again) != nullptr, "what was read can be written");
  }
  fuzz::Require(NextRecord(bytes, again) == nullptr && !again.torn && again.damaged == 0,
                "and is whole");
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// Changes what is in the last frame, whose check sum then fits.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  constexpr std::string_view kMark =
      "\xF7"
      "cvF";
  constexpr size_t kHead = kMark.size() + 12;
  std::string bytes(fuzz::Text(data, size));
  const size_t at = bytes.rfind(kMark);
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
  bytes.resize(at + kMark.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((payload.size() >> static_cast<unsigned>(shift)) & 0xFFU));
  }
  bytes.append(reinterpret_cast<const char*>(digest->data()), 8).append(payload);
  if (bytes.size() > max_size) return size;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
