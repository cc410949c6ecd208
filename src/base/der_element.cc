// SPDX-License-Identifier: MIT
#include "base/der_element.h"

#include "base/byte_reader.h"

namespace callvet {
namespace {

// `value` in as few big-endian bytes as it needs, at least one.
std::string BigEndian(uint64_t value) {
  std::string bytes;
  do {
    bytes.insert(bytes.begin(), static_cast<char>(value & 0xFF));
    value >>= 8;
  } while (value != 0);
  return bytes;
}

}  // namespace

std::string DerElement(uint8_t tag, std::string_view contents) {
  std::string element(1, static_cast<char>(tag));
  const std::string length = BigEndian(contents.size());
  if (contents.size() >= 0x80) element.push_back(static_cast<char>(0x80 | length.size()));
  return element.append(length).append(contents);
}

std::string DerInteger(uint64_t value) {
  std::string bytes = BigEndian(value);
  if ((bytes[0] & 0x80) != 0) bytes.insert(bytes.begin(), '\0');
  return DerElement(der::kInteger, bytes);
}

}  // namespace callvet
