// SPDX-License-Identifier: MIT
#include "evidence/evidence_package.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "evidence/record_frames.h"
#include "frames.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

void RequireSame(const EvidenceRecord& one, const EvidenceRecord& other) {
  fuzz::Require(one.text == other.text && one.id == other.id && one.kind == other.kind &&
                    one.time == other.time && one.keys == other.keys &&
                    one.summary == other.summary,
                "and is the same");
  fuzz::Require(
      std::equal(one.blobs.begin(), one.blobs.end(), other.blobs.begin(), other.blobs.end(),
                 [](const auto& a, const auto& b) {
                   return a->sha256 == b->sha256 && a->bytes == b->bytes;
                 }),
      "and has the same blobs");
}

// By way of a package, as another process hands it over.
void RequirePacked(const EvidenceRecord& record) {
  EvidencePacker packer{EvidenceCodec()};
  const auto package = packer.Pack(record);
  fuzz::Require(package && package->id == record.id, "a record can be packed");
  const auto unpacked = EvidenceUnpacker().Unpack(package->bytes);
  fuzz::Require(unpacked && *unpacked != nullptr, "what is packed can be unpacked");
  RequireSame(record, **unpacked);
}

}  // namespace

// Packages and spill files of another process or an earlier run. What is read can be written, and
// is the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  EvidenceUnpacker unpacker;
  const auto unpacked = unpacker.Unpack(text);
  if (unpacked) {
    fuzz::Reached();
    RequirePacked(**unpacked);
  }
  RecordCursor cursor;
  std::string bytes;
  BlobNames known;
  std::vector<std::shared_ptr<const EvidenceRecord>> records;
  while (auto record = NextRecord(text, cursor)) {
    fuzz::Require(cursor.offset <= size, "inside the bytes");
    AppendRecord(bytes, *record, {}, known);
    records.push_back(std::move(record));
  }
  (void)HasFrame(text, cursor);
  if (records.empty()) return 0;
  fuzz::Reached();
  RecordCursor again;
  for (const auto& record : records) {
    const auto read = NextRecord(bytes, again);
    fuzz::Require(read != nullptr, "what was read can be written");
    RequireSame(*record, *read);
  }
  fuzz::Require(NextRecord(bytes, again) == nullptr && !again.torn && again.damaged == 0 &&
                    !again.lacks_blobs,
                "and is whole");
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return fuzz::MutateLastFrame(data, size, max_size, seed);
}
