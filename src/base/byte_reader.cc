// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"

#include <string>

namespace callvet {
namespace {

std::string Hex(uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return {kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

Result<ByteReader::Bytes> ByteReader::Read(uint8_t tag) {
  if (rest_.size() < 2) return Fail(reason_, "the DER ends where an element should begin");
  if (rest_[0] != tag) {
    return Fail(reason_, "DER tag " + Hex(rest_[0]) + " where " + Hex(tag) + " should be");
  }
  // 0 ends indefinite lengths and all ones begin a tag of several bytes; DER of ours has neither.
  if (tag == 0 || (tag & 0x1F) == 0x1F) return Fail(reason_, "DER tag " + Hex(tag) + " is refused");
  size_t length = rest_[1];
  size_t header = 2;
  if (length >= 0x80) {
    // Long form: 3 length bytes are enough for any list within our limits.
    const size_t count = length & 0x7F;
    if (count == 0 || count > 3 || rest_.size() < 2 + count) {
      return Fail(reason_, "DER length form is not supported");
    }
    length = 0;
    for (size_t i = 0; i < count; ++i) length = (length << 8) | rest_[2 + i];
    if (length < 0x80 || length >> (8 * (count - 1)) == 0) {
      return Fail(reason_, "DER length is not minimal");
    }
    header += count;
  }
  if (length > rest_.size() - header) {
    return Fail(reason_, "DER element says " + std::to_string(length) + " bytes, only " +
                             std::to_string(rest_.size() - header) + " are there");
  }
  const Bytes contents = rest_.subspan(header, length);
  rest_ = rest_.subspan(header + length);
  return contents;
}

Result<ByteReader> ByteReader::Enter(uint8_t tag) {
  auto contents = Read(tag);
  if (!contents) return contents.error();
  return ByteReader(*contents, reason_);
}

Result<uint64_t> ByteReader::ReadUnsigned() {
  auto contents = Read(der::kInteger);
  if (!contents) return contents.error();
  const Bytes bytes = *contents;
  if (bytes.empty() || bytes.size() > 8 || (bytes[0] & 0x80) != 0 ||
      (bytes.size() > 1 && bytes[0] == 0 && (bytes[1] & 0x80) == 0)) {
    return Fail(reason_, "DER INTEGER is empty, negative, too large or not minimal");
  }
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

Result<void> ByteReader::ExpectEnd() const {
  if (AtEnd()) return {};
  return Fail(reason_, std::to_string(rest_.size()) + " bytes of DER are left over");
}

}  // namespace callvet
