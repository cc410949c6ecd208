// SPDX-License-Identifier: MIT
#include "pki/x509_fields.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/byte_reader.h"
#include "base/text.h"

namespace callvet {
namespace {

constexpr int kMinRsaBits = 2048;  // NIST SP 800-131A

constexpr bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Whether it is of one of the directory string types, whose spelling does not count.
bool IsDirectoryString(const ASN1_STRING* value) {
  switch (ASN1_STRING_type(value)) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
      return true;
    default:
      return false;
  }
}

// A value of one of the directory string types in UTF-8; nothing for other types, or if it cannot
// be had.
std::optional<std::string> StringValue(const ASN1_STRING* value) {
  if (!IsDirectoryString(value)) return std::nullopt;
  unsigned char* bytes = nullptr;
  const int length = ASN1_STRING_to_UTF8(&bytes, value);
  const std::unique_ptr<unsigned char, OpenSslStringFree> owner(bytes);
  if (length < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

// The comparison that OpenSSL's X509_NAME_cmp makes: ASCII letters in lower case, no spaces at the
// ends, one space for several inside.
std::string Fold(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  bool pending_space = false;
  for (const char c : text) {
    if (IsSpace(c)) {
      pending_space = !folded.empty();
      continue;
    }
    if (pending_space) folded += ' ';
    pending_space = false;
    folded += ToLower(c);
  }
  return folded;
}

using NameEntryPtr = OpenSslPtr<X509_NAME_ENTRY, X509_NAME_ENTRY_free>;

NameEntryPtr FoldedEntry(const X509_NAME_ENTRY* entry) {
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(entry);
  // Other types compare as they are.
  if (!IsDirectoryString(data)) return NameEntryPtr(X509_NAME_ENTRY_dup(entry));
  const auto text = StringValue(data);
  if (!text) return nullptr;
  const std::string value = Fold(*text);
  return NameEntryPtr(X509_NAME_ENTRY_create_by_OBJ(
      nullptr, X509_NAME_ENTRY_get_object(entry), V_ASN1_UTF8STRING,
      reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size())));
}

// Nothing if it is no name.
std::optional<std::vector<std::string>> SortedRdns(std::string_view name) {
  constexpr uint8_t kSet = 0x31;
  const ByteReader::Bytes bytes(reinterpret_cast<const uint8_t*>(name.data()), name.size());
  auto reader = ByteReader(bytes, Reason::kCertificateMalformed).Enter(der::kSequence);
  std::vector<std::string> rdns;
  while (reader && !reader->AtEnd()) {
    const auto rdn = reader->Read(kSet);
    if (!rdn) return std::nullopt;
    rdns.emplace_back(rdn->begin(), rdn->end());
  }
  if (!reader) return std::nullopt;
  std::sort(rdns.begin(), rdns.end());
  return rdns;
}

}  // namespace

bool IsOid(const ASN1_OBJECT* object, std::span<const uint8_t> bytes) {
  const size_t length = OBJ_length(object);
  const unsigned char* data = OBJ_get0_data(object);
  return length == bytes.size() && std::equal(bytes.begin(), bytes.end(), data);
}

std::optional<std::string> CanonicalName(const X509_NAME* name) {
  const X509NamePtr canonical(X509_NAME_new());
  if (canonical == nullptr) return std::nullopt;
  int last_set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const auto folded = FoldedEntry(entry);
    if (folded == nullptr) return std::nullopt;
    const int set = X509_NAME_ENTRY_set(entry);
    // 0 begins a new RDN, -1 joins the one before.
    const int place = i > 0 && set == last_set ? -1 : 0;
    if (X509_NAME_add_entry(canonical.get(), folded.get(), -1, place) != 1) return std::nullopt;
    last_set = set;
  }
  unsigned char* der = nullptr;
  const int length = i2d_X509_NAME(canonical.get(), &der);
  const std::unique_ptr<unsigned char, OpenSslStringFree> owner(der);
  if (length < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
}

bool HaveSameRdns(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto rdns = SortedRdns(a);
  return rdns && rdns == SortedRdns(b);
}

std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr) return {};
  constexpr unsigned long kFlags =  // NOLINT(google-runtime-int): OpenSSL's type
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);  // NOLINT
  if (X509_NAME_print_ex(bio.get(), name, 0, kFlags) < 0) return {};
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);  // NOLINT(google-runtime-int)
  return length > 0 ? std::string(data, static_cast<size_t>(length)) : std::string();
}

std::string FirstAttribute(const X509_NAME* name, int nid) {
  const int index = X509_NAME_get_index_by_NID(name, nid, -1);
  if (index < 0) return {};
  return StringValue(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))).value_or("");
}

std::optional<std::string> SerialHex(const ASN1_INTEGER* serial) {
  const BignumPtr number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (number == nullptr) return std::nullopt;
  std::string magnitude(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(magnitude.data()));
  std::string hex = ToHex(magnitude);
  if (hex.empty()) return "0";
  if (hex[0] == '0') hex.erase(0, 1);
  return BN_is_negative(number.get()) == 1 ? "-" + hex : hex;
}

std::optional<sys_seconds> ToTime(const ASN1_TIME* time) {
  std::tm tm{};
  // OpenSSL reads a null pointer as "now".
  if (time == nullptr || ASN1_TIME_to_tm(time, &tm) != 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(tm.tm_year + 1900),
                                         std::chrono::month(static_cast<unsigned>(tm.tm_mon) + 1),
                                         std::chrono::day(static_cast<unsigned>(tm.tm_mday))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(tm.tm_hour) +
         std::chrono::minutes(tm.tm_min) + std::chrono::seconds(tm.tm_sec);
}

std::vector<std::string> UrisOf(const GENERAL_NAMES* names) {
  std::vector<std::string> uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

std::optional<std::vector<std::string>> DirectoryNamesOf(const GENERAL_NAMES* names) {
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DIRNAME) continue;
    auto canonical = CanonicalName(name->d.directoryName);
    if (!canonical) return std::nullopt;
    found.push_back(std::move(*canonical));
  }
  return found;
}

bool IsStrongSignature(int digest_nid, int key_nid) {
  const bool digest =
      digest_nid == NID_sha256 || digest_nid == NID_sha384 || digest_nid == NID_sha512;
  return digest && (key_nid == NID_X9_62_id_ecPublicKey || key_nid == NID_rsaEncryption);
}

bool HasStrongKey(const Certificate& certificate) {
  switch (certificate.key_kind()) {
    case KeyKind::kEcP256:
    case KeyKind::kEcP384:
    case KeyKind::kEcP521:
      return true;
    case KeyKind::kRsa:
      return certificate.key_bits() >= kMinRsaBits && certificate.key_bits() <= kMaxRsaBits;
    case KeyKind::kOther:
      return false;
  }
  return false;
}

}  // namespace callvet
