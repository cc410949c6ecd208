// SPDX-License-Identifier: MIT
#include "pki/pem.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include <openssl/asn1.h>
#include <openssl/pem.h>

#include "base/base64url.h"
#include "base/text.h"
#include "pki/openssl_ptr.h"

namespace callvet {
namespace {

constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr size_t kLine = 64;

// Lines that begin a block or want to. OpenSSL skips a damaged BEGIN line as if it were text;
// counting shows that a block got lost.
size_t CountBeginLines(std::string_view bytes) {
  constexpr std::string_view kAnyBegin = "-----BEGIN";
  size_t count = 0;
  for (size_t at = bytes.find(kAnyBegin); at != std::string_view::npos;
       at = bytes.find(kAnyBegin, at + kAnyBegin.size())) {
    if (at == 0 || bytes[at - 1] == '\n') ++count;
  }
  return count;
}

// RFC 7468 3 (W) without line ends.
constexpr bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

void AppendLines(std::string& text, std::string_view base64) {
  for (size_t i = 0; i < base64.size(); i += kLine) text.append(base64, i, kLine).append("\n");
}

// "-----BEGIN label-----" at the start of `text`, or "" if it does not start with a whole one.
std::string_view Boundary(std::string_view text, std::string_view begin_or_end) {
  if (!text.starts_with(begin_or_end)) return {};
  const size_t dashes = text.find(kDashes, begin_or_end.size());
  return dashes == std::string_view::npos ? std::string_view()
                                          : text.substr(0, dashes + kDashes.size());
}

// PEM in the form that OpenSSL reads, of one as lax as RFC 7468 3 lets readers be (laxtextualmsg):
// lines may be indented, and end in CR; blanks and blank lines may stand within a block, and END,
// the next BEGIN and what is between them on one line. Each of several files that were put together
// may begin with a byte order mark. What is broken stays broken.
class PlainPem {
 public:
  explicit PlainPem(std::string_view bytes) {
    text_.reserve(bytes.size() + bytes.size() / kLine + 1);
    while (!bytes.empty()) {
      const size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
      AddLine(bytes.substr(0, end));
      bytes.remove_prefix(end);
      bytes.remove_prefix(bytes.starts_with("\r\n") ? 2 : std::min<size_t>(1, bytes.size()));
    }
    EndData();
  }
  std::string Take() && { return std::move(text_); }

 private:
  void AddLine(std::string_view line) {
    line = TrimBlanks(WithoutByteOrderMark(line));
    if (in_block_) line = AddData(line);
    while (!line.empty()) line = in_block_ ? AddEnd(line) : AddBegin(line);
  }

  // These three take what they know from the front of `line`, and give what is left.
  std::string_view AddBegin(std::string_view line) {
    const std::string_view begin = Boundary(line, kBegin);
    const std::string_view rest = TrimBlanks(line.substr(begin.size()));
    const bool data =
        !rest.empty() && (IsAlpha(rest[0]) || IsDigit(rest[0]) || rest[0] == '+' || rest[0] == '/');
    if (begin.empty() || !(rest.empty() || data)) return AddText(line);
    AddText(begin);
    in_block_ = true;
    has_fields_ = false;
    return AddData(rest);
  }
  std::string_view AddEnd(std::string_view line) {
    const std::string_view end = Boundary(line, kEnd);
    const std::string_view rest = TrimBlanks(line.substr(end.size()));
    EndData();
    if (end.empty() || !(rest.empty() || rest.starts_with(kBegin))) return AddText(line);
    in_block_ = false;
    AddText(end);
    return rest;
  }
  std::string_view AddData(std::string_view line) {
    const std::string_view data = line.substr(0, std::min(line.find(kDashes), line.size()));
    // RFC 1421 header fields end with a blank line, so these lines stay as they are.
    has_fields_ = has_fields_ || (data_.empty() && data.find(':') != std::string_view::npos);
    if (has_fields_) {
      if (line.empty() || !data.empty()) AddText(data);
    } else {
      std::copy_if(data.begin(), data.end(), std::back_inserter(data_),
                   [](char c) { return !IsBlank(c); });
    }
    return line.substr(data.size());
  }
  std::string_view AddText(std::string_view line) {
    text_.append(line).append("\n");
    return {};
  }
  void EndData() {
    AppendLines(text_, data_);
    data_.clear();
  }

  std::string text_;
  std::string data_;  // base64 of the block at hand
  bool in_block_ = false;
  bool has_fields_ = false;  // the block at hand
};

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
                            " can be read; each BEGIN needs its END");
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
  const std::string text = PlainPem(bytes).Take();
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
  std::string pem;
  pem.append(kBegin).append(label).append(kDashes).append("\n");
  AppendLines(pem, EncodeBase64(der));
  return pem.append(kEnd).append(label).append(kDashes).append("\n");
}

}  // namespace callvet
