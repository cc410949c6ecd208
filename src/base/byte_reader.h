// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "callvet/result.h"

namespace callvet {

/// Tag bytes of the DER that callvet reads itself.
namespace der {
inline constexpr uint8_t kBoolean = 0x01;
inline constexpr uint8_t kInteger = 0x02;
inline constexpr uint8_t kOctetString = 0x04;
inline constexpr uint8_t kObjectIdentifier = 0x06;
inline constexpr uint8_t kUtf8String = 0x0C;
inline constexpr uint8_t kSequence = 0x30;
inline constexpr uint8_t kIa5String = 0x16;
inline constexpr uint8_t kUtcTime = 0x17;
inline constexpr uint8_t kGeneralizedTime = 0x18;
/// EXPLICIT context tag [n], n < 31.
constexpr uint8_t Explicit(uint8_t number) {
  return static_cast<uint8_t>(0xA0 | number);
}
}  // namespace der

/// A cursor over DER. Each read consumes one element; it never reads past `bytes`, which must
/// outlive the reader and every span that it gives out. All failures carry the Reason of the
/// constructor. Strict DER: single-byte tags, definite minimal lengths. Not thread-safe by itself.
class ByteReader {
 public:
  using Bytes = std::span<const uint8_t>;

  ByteReader(Bytes bytes, Reason reason) : rest_(bytes), reason_(reason) {}

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }
  /// The next tag, or 0 at the end.
  [[nodiscard]] uint8_t PeekTag() const { return rest_.empty() ? uint8_t{0} : rest_[0]; }

  /// The contents of the next element, which must have `tag`.
  Result<Bytes> Read(uint8_t tag);
  /// The same as a reader over the contents.
  Result<ByteReader> Enter(uint8_t tag);
  /// A non-negative INTEGER that fits 63 bits, minimally encoded.
  Result<uint64_t> ReadUnsigned();
  /// Fails unless everything was consumed.
  Result<void> ExpectEnd() const;

 private:
  Bytes rest_;
  Reason reason_;
};

}  // namespace callvet
