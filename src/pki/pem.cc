// SPDX-License-Identifier: MIT
#include "pki/pem.h"

#include <limits>
#include <memory>

#include <openssl/asn1.h>
#include <openssl/pem.h>

#include "base/base64url.h"
#include "base/text.h"
#include "pki/openssl_ptr.h"

namespace callvet {
namespace {

constexpr std::string_view kBegin = "-----BEGIN";

// Lines that begin a block or want to. OpenSSL skips a damaged BEGIN line as if it were text;
// counting shows that a block got lost.
size_t CountBeginLines(std::string_view bytes) {
  size_t count = 0;
  for (size_t at = bytes.find(kBegin); at != std::string_view::npos;
       at = bytes.find(kBegin, at + kBegin.size())) {
    if (at == 0 || bytes[at - 1] == '\n') ++count;
  }
  return count;
}

// `bytes` in the form that OpenSSL reads: lines that do not end with a CR alone (RFC 7468 3 has
// that too), and none that begins with a byte order mark, which each of several files may have that
// were put together.
std::string PlainLines(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  bool line_begins = true;
  for (;;) {
    if (line_begins) bytes = WithoutByteOrderMark(bytes);
    if (bytes.empty()) return text;
    const bool lone_cr = bytes[0] == '\r' && !bytes.substr(1).starts_with('\r') &&
                         !bytes.substr(1).starts_with('\n');
    text += lone_cr ? '\n' : bytes[0];
    line_begins = text.back() == '\n';
    bytes.remove_prefix(1);
  }
}

bool AtEndOfInput() {
  const unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// The blocks of `bytes`, of which there should be `expected`.
Result<std::vector<PemBlock>> ReadOnce(std::string_view bytes, size_t expected, Reason reason) {
  const ErrorQueueDrain drain;
  const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (bio == nullptr) return Fail(Reason::kInternalError, "no memory for PEM");
  std::vector<PemBlock> blocks;
  for (;;) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;  // NOLINT(google-runtime-int): OpenSSL's type
    if (PEM_read_bio(bio.get(), &label, &header, &data, &length) != 1) {
      if (AtEndOfInput()) break;
      const std::string why = ErrorQueueDrain::LastError();
      ErrorQueueDrain::ThrowIfNoMemory();
      return Fail(reason,
                  "PEM block " + std::to_string(blocks.size() + 1) + " cannot be read: " + why);
    }
    const OpenSslString label_owner(label);
    const OpenSslString header_owner(header);
    const std::unique_ptr<unsigned char, OpenSslStringFree> data_owner(data);
    blocks.push_back(
        {label, std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(length))});
  }
  if (blocks.size() != expected) {
    return Fail(reason, std::to_string(expected) + " PEM blocks begin and only " +
                            std::to_string(blocks.size()) +
                            " can be read; BEGIN and END stand on lines of their own");
  }
  return blocks;
}

}  // namespace

bool LooksLikeDer(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x30 &&
         (static_cast<unsigned char>(bytes[1]) & 0x80) != 0;
}

std::string_view WithoutLineEnds(std::string_view der) {
  const ErrorQueueDrain drain;
  const auto* const begin = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* contents = begin;
  long length = 0;  // NOLINT(google-runtime-int)
  int tag = 0;
  int tag_class = 0;
  const int form = ASN1_get_object(&contents, &length, &tag, &tag_class,
                                   static_cast<long>(der.size()));  // NOLINT(google-runtime-int)
  if ((form & 0x80) != 0) return der;
  const std::string_view element = der.substr(0, static_cast<size_t>(contents - begin + length));
  const bool blank = TrimLines(Trim(der.substr(element.size()))).empty();
  return blank ? element : der;
}

Result<std::vector<PemBlock>> ReadPemBlocks(std::string_view bytes, Reason reason,
                                            size_t max_blocks) {
  const std::string text = PlainLines(bytes);
  const size_t begin_lines = CountBeginLines(text);
  if (begin_lines > max_blocks) {
    return Fail(reason, "more than " + std::to_string(max_blocks) + " PEM blocks");
  }
  if (begin_lines == 0) return std::vector<PemBlock>();
  if (text.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return Fail(reason, "the PEM text is too large");
  }
  auto blocks = ReadOnce(text, begin_lines, reason);
  if (blocks) return blocks;
  // Of some allocations that fail OpenSSL keeps no error: what cannot be read twice is malformed.
  return ReadOnce(text, begin_lines, reason);
}

std::string WritePem(std::string_view label, std::string_view der) {
  constexpr size_t kLine = 64;
  const std::string text = EncodeBase64(der);
  std::string pem = "-----BEGIN " + std::string(label) + "-----\n";
  for (size_t i = 0; i < text.size(); i += kLine) pem.append(text, i, kLine).append("\n");
  return pem.append("-----END ").append(label).append("-----\n");
}

}  // namespace callvet
