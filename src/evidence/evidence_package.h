// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_id.h"
#include "evidence/record_frames.h"

// How the evidence of a call gets from the process that judged it to the one that has the store:
// as one package of bytes, made without I/O. What many calls share (chains, anchors, CRLs) travels
// once: a packer is the beginning of a stream, whose other end remembers what came by. Streams are
// cut into epochs, at whose beginning nothing is remembered, so that both ends stay small.

namespace callvet {

/// Makes the packages of one process. Not thread-safe. A copy that fork() made is a stream of its
/// own.
class EvidencePacker {
 public:
  explicit EvidencePacker(EvidenceCodec codec) : codec_(std::move(codec)) {}

  struct Package {
    std::string id;  // of the record
    std::string bytes;
  };
  /// Fails with kInternalError.
  Result<Package> Pack(const CallEvidenceView& evidence);
  /// The same of a record that was made elsewhere.
  Result<Package> Pack(const EvidenceRecord& record);
  /// The last package is sure to reach the other end, in the order in which packages were made.
  /// Without it what it shares is in the next one again.
  void HandedOver() { unsure_.clear(); }

 private:
  Result<void> KnowProcess();
  Result<void> BeginStream();
  void BeginEpochIfLarge(const EvidenceRecord& record);

  EvidenceCodec codec_;
  EvidenceIds ids_;
  pid_t process_ = 0;
  std::string stream_;  // 16 random bytes
  uint64_t epoch_ = 0;
  BlobNames known_;  // of the blobs that the other end has, or gets
  size_t known_bytes_ = 0;
  std::vector<std::string> unsure_;  // of these those in the last package
};

/// Reads the packages of many packers. Not thread-safe.
class EvidenceUnpacker {
 public:
  /// Streams that are remembered; the one that was quiet longest is forgotten.
  static constexpr size_t kMaxStreams = 1024;

  /// Fails with kEvidenceAltered: this is no package, or one before it did not come by.
  Result<std::shared_ptr<const EvidenceRecord>> Unpack(std::string_view bytes);

 private:
  struct Stream {
    uint64_t epoch = 0;
    RecordCursor cursor;
    uint64_t used = 0;
  };
  Stream& StreamOf(const std::string& name);

  std::map<std::string, Stream> streams_;
  uint64_t count_ = 0;
};

}  // namespace callvet
