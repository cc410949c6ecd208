// SPDX-License-Identifier: MIT
#include "pki/crl.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "base/byte_reader.h"
#include "pki/file_content.h"
#include "pki/known_issuer.h"
#include "pki/openssl_ptr.h"
#include "pki/pem.h"
#include "pki/x509_fields.h"

namespace callvet {
namespace {

// One listed certificate. The index is our own and not OpenSSL's lookup, which sorts the shared
// list at first use and stops at the first entry of a serial, whatever its reason.
struct RevokedEntry {
  std::string serial_hex;
  size_t issuers = 0;  // index into Data::issuers
  sys_seconds since{};
};

bool BySerial(const RevokedEntry& a, const RevokedEntry& b) {
  return a.serial_hex < b.serial_hex;
}

// The canonical names of one certificateIssuer, sorted and each once. Entries share them: whoever
// makes a list may put thousands of names above thousands of entries.
using IssuerNames = std::vector<std::string>;

// IssuingDistributionPoint (RFC 5280 5.2.5).
struct Scope {
  bool indirect = false;
  bool only_user = false;
  bool only_ca = false;
  bool named = false;  // has a distributionPoint
  std::vector<std::string> uris;
};

Failure Invalid(std::string_view detail) {
  return Fail(Reason::kCrlInvalid, "the CRL " + std::string(detail));
}

}  // namespace

struct Crl::Data {
  X509CrlPtr crl;
  std::string der;
  std::optional<std::string> number_hex;
  std::string issuer;
  std::string issuer_der;
  sys_seconds this_update{};
  std::optional<sys_seconds> next_update;
  Scope scope;
  std::vector<std::string> signer_urls;
  std::vector<IssuerNames> issuers;
  std::vector<RevokedEntry> entries;  // sorted by serial; none twice for the same issuers
  mutable KnownIssuer known_issuer;
};

namespace {

// Critical extensions of the list that are understood here; all others refuse it (RFC 5280 5.2).
Result<void> CheckListExtensions(const X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    // A delta CRL (RFC 5280 5.2.4) tells only what changed.
    if (nid == NID_delta_crl) return Invalid("is a delta CRL");
    if (X509_EXTENSION_get_critical(extension) == 0) continue;
    if (nid != NID_issuing_distribution_point && nid != NID_authority_key_identifier &&
        nid != NID_crl_number) {
      return Invalid("has a critical extension that is not understood");
    }
  }
  return {};
}

Result<Scope> ReadScope(const X509_CRL* crl) {
  Scope scope;
  int critical = 0;
  const IssuingDistPointPtr point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, nullptr)));
  if (point == nullptr) {
    if (critical != -1) return Invalid("has a broken issuing distribution point");
    return scope;
  }
  if (point->onlyattr > 0) return Invalid("lists attribute certificates only");
  if (point->onlysomereasons != nullptr) return Invalid("is limited to some reasons");
  scope.indirect = point->indirectCRL > 0;
  scope.only_user = point->onlyuser > 0;
  scope.only_ca = point->onlyCA > 0;
  if (point->distpoint != nullptr) {
    scope.named = true;
    if (point->distpoint->type == 0) scope.uris = UrisOf(point->distpoint->name.fullname);
    // Such a list would match no certificate and silently protect nobody.
    if (scope.uris.empty()) return Invalid("names its distribution point in an unsupported form");
  }
  if (scope.indirect && !scope.named) {
    return Invalid("is indirect and does not name its distribution point (C-33)");
  }
  return scope;
}

// The canonical names of the certificateIssuer extension of an entry; nothing if it has none.
Result<std::optional<std::vector<std::string>>> ReadCertificateIssuer(const X509_REVOKED* revoked) {
  int critical = 0;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_REVOKED_get_ext_d2i(revoked, NID_certificate_issuer, &critical, nullptr)));
  if (names == nullptr) {
    if (critical != -1) return Invalid("has an entry with a broken certificateIssuer");
    return std::optional<std::vector<std::string>>();
  }
  auto directory_names = DirectoryNamesOf(names.get());
  // RFC 5280 5.3.3: the distinguished names of the issuer. Without one the entry would match
  // nobody.
  if (!directory_names || directory_names->empty()) {
    return Invalid("has an entry whose certificateIssuer holds no directory name");
  }
  return std::optional<std::vector<std::string>>(std::move(*directory_names));
}

// RFC 5280 5.3: an entry with a critical extension that is not understood spoils the list.
Result<void> CheckEntryExtensions(const X509_REVOKED* revoked) {
  const STACK_OF(X509_EXTENSION)* extensions = X509_REVOKED_get0_extensions(revoked);
  for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i) {
    X509_EXTENSION* extension = sk_X509_EXTENSION_value(extensions, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (X509_EXTENSION_get_critical(extension) != 0 && nid != NID_certificate_issuer &&
        nid != NID_crl_reason) {
      return Invalid("has an entry with a critical extension that is not understood");
    }
  }
  return {};
}

// RFC 5280 6.3.3 (k): an entry with removeFromCRL does not revoke.
Result<bool> IsRemoval(const X509_REVOKED* revoked) {
  int critical = 0;
  const OpenSslPtr<ASN1_ENUMERATED, ASN1_ENUMERATED_free> reason(static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, &critical, nullptr)));
  if (reason == nullptr && critical != -1) return Invalid("has an entry with a broken reason");
  return reason != nullptr && ASN1_ENUMERATED_get(reason.get()) == CRL_REASON_REMOVE_FROM_CRL;
}

struct EntryList {
  std::vector<IssuerNames> issuers;
  std::vector<RevokedEntry> entries;
};

// Of entries of one serial and one certificateIssuer the first counts, as where there are several.
void SortBySerial(std::vector<RevokedEntry>& entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const RevokedEntry& a, const RevokedEntry& b) {
                     return std::tie(a.serial_hex, a.issuers) < std::tie(b.serial_hex, b.issuers);
                   });
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [](const RevokedEntry& a, const RevokedEntry& b) {
                              return a.serial_hex == b.serial_hex && a.issuers == b.issuers;
                            }),
                entries.end());
}

// C-34, RFC 5280 5.3.3: certificateIssuer holds for its entry and all that follow, until the next
// one; before the first one the issuer is that of the CRL.
Result<EntryList> ReadEntries(X509_CRL* crl, const std::string& crl_issuer) {
  EntryList list;
  std::map<IssuerNames, size_t> known;
  const auto place_of = [&](IssuerNames names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const auto [place, is_new] = known.try_emplace(std::move(names), list.issuers.size());
    if (is_new) list.issuers.push_back(place->first);
    return place->second;
  };
  size_t sticky = place_of({crl_issuer});
  const STACK_OF(X509_REVOKED)* revoked_list = X509_CRL_get_REVOKED(crl);
  for (int i = 0; i < sk_X509_REVOKED_num(revoked_list); ++i) {
    const X509_REVOKED* revoked = sk_X509_REVOKED_value(revoked_list, i);
    if (auto ok = CheckEntryExtensions(revoked); !ok) return ok.error();
    auto issuer_names = ReadCertificateIssuer(revoked);
    if (!issuer_names) return issuer_names.error();
    if (issuer_names->has_value()) sticky = place_of(std::move(**issuer_names));
    const auto removal = IsRemoval(revoked);
    if (!removal) return removal.error();
    if (*removal) continue;
    auto serial = SerialHex(X509_REVOKED_get0_serialNumber(revoked));
    const auto since = ToTime(X509_REVOKED_get0_revocationDate(revoked));
    if (!serial || !since) return Invalid("has an entry whose serial or date cannot be read");
    list.entries.push_back({std::move(*serial), sticky, *since});
  }
  SortBySerial(list.entries);
  return list;
}

// Nothing in `number` if there is none.
Result<void> ReadNumber(const X509_CRL* crl, std::optional<std::string>& number) {
  int critical = 0;
  const Asn1IntegerPtr value(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, nullptr)));
  if (value == nullptr && critical == -1) return {};
  if (value != nullptr) number = SerialHex(value.get());
  if (!number || number->starts_with('-')) return Invalid("has a broken number");
  return {};
}

std::vector<std::string> ReadSignerUrls(const X509_CRL* crl) {
  const AuthorityInfoPtr access(static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_CRL_get_ext_d2i(crl, NID_info_access, nullptr, nullptr)));
  std::vector<std::string> urls;
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* item = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(item->method) != NID_ad_ca_issuers) continue;
    if (item->location->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = item->location->d.uniformResourceIdentifier;
    urls.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return urls;
}

// Decoded, a name takes up to a hundred times its bytes, and a list is anybody's until its
// signature is verified. Nearly all lists have one name for an entry, or none.
constexpr size_t kMoreNamesThanEntries = 65'536;
// What a list says of itself; usually some hundred bytes, which may be names, too.
constexpr size_t kMaxListExtensions = 65'536;

// How many names the certificateIssuer among the extensions of an entry has.
Result<size_t> CountNames(ByteReader extensions) {
  constexpr std::array<uint8_t, 3> kCertificateIssuer = {0x55, 0x1D, 0x1D};
  size_t names = 0;
  while (!extensions.AtEnd()) {
    auto extension = extensions.Enter(der::kSequence);
    if (!extension) return extension.error();
    const auto oid = extension->Read(der::kObjectIdentifier);
    if (!oid) return oid.error();
    if (!std::equal(oid->begin(), oid->end(), kCertificateIssuer.begin(),
                    kCertificateIssuer.end())) {
      continue;
    }
    if (extension->PeekTag() == der::kBoolean) (void)extension->Read(der::kBoolean);
    auto value = extension->Enter(der::kOctetString);
    if (!value) return value.error();
    auto list = value->Enter(der::kSequence);
    if (!list) return list.error();
    for (; !list->AtEnd(); ++names) {
      if (const auto name = list->Read(list->PeekTag()); !name) return name.error();
    }
  }
  return names;
}

// The same of one entry.
Result<size_t> CountNamesOfEntry(ByteReader entry) {
  if (const auto serial = entry.Read(der::kInteger); !serial) return serial.error();
  if (const auto date = entry.Read(entry.PeekTag()); !date) return date.error();
  if (entry.AtEnd()) return size_t{0};
  auto extensions = entry.Enter(der::kSequence);
  if (!extensions) return extensions.error();
  return CountNames(*extensions);
}

Result<void> CheckNames(ByteReader entries) {
  size_t names = 0;
  size_t allowed = kMoreNamesThanEntries;
  for (; !entries.AtEnd(); ++allowed) {
    auto entry = entries.Enter(der::kSequence);
    if (!entry) return entry.error();
    const auto more = CountNamesOfEntry(*entry);
    if (!more) return more.error();
    names += *more;
  }
  if (names > allowed) return Invalid("has too many names above its entries");
  return {};
}

// Whether its size lets one expect the memory that decoding it takes. A large list must be DER to
// be looked through. A small one has no room for so many names, and a larger one than is fetched
// (crl_refresh.h) is a file of the operator's own.
Result<void> CheckSize(std::string_view text) {
  constexpr size_t kSmallestName = 2;
  constexpr size_t kLargest = size_t{16} * 1024 * 1024;
  if (text.size() < kSmallestName * kMoreNamesThanEntries || text.size() > kLargest) return {};
  const ByteReader::Bytes bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  auto list = ByteReader(bytes, Reason::kCrlInvalid).Enter(der::kSequence);
  if (!list) return list.error();
  auto part = list->Enter(der::kSequence);
  if (!part) return part.error();
  if (part->PeekTag() == der::kInteger) (void)part->Read(der::kInteger);
  if (const auto algorithm = part->Read(der::kSequence); !algorithm) return algorithm.error();
  if (const auto issuer = part->Read(der::kSequence); !issuer) return issuer.error();
  while (part->PeekTag() == der::kUtcTime || part->PeekTag() == der::kGeneralizedTime) {
    if (const auto time = part->Read(part->PeekTag()); !time) return time.error();
  }
  if (part->PeekTag() == der::kSequence) {
    auto entries = part->Enter(der::kSequence);
    if (!entries) return entries.error();
    if (auto ok = CheckNames(*entries); !ok) return ok;
  }
  if (part->AtEnd()) return {};
  const auto extensions = part->Read(der::Explicit(0));
  if (!extensions) return extensions.error();
  if (extensions->size() > kMaxListExtensions) return Invalid("has extensions that are too long");
  return part->ExpectEnd();
}

X509CrlPtr DecodeCrl(std::string_view der) {
  if (der.empty() || der.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return nullptr;
  }
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = begin;
  X509CrlPtr crl(d2i_X509_CRL(nullptr, &end, static_cast<long>(der.size())));  // NOLINT
  if (crl == nullptr || end != begin + der.size()) return nullptr;
  return crl;
}

bool HasStrongSignature(const X509_CRL* crl) {
  int digest = NID_undef;
  int key = NID_undef;
  return OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, &key) == 1 &&
         IsStrongSignature(digest, key);
}

// RFC 5280 5.1.1.2: the algorithm inside what is signed and the one beside it are the same. OpenSSL
// compares those of certificates only, and does not give out the inner one of a list. A list that
// OpenSSL reads and that is no DER is not judged.
bool NamesTwoAlgorithms(std::string_view text) {
  const ByteReader::Bytes bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  auto list = ByteReader(bytes, Reason::kCrlInvalid).Enter(der::kSequence);
  if (!list) return false;
  auto signed_part = list->Enter(der::kSequence);
  if (!signed_part) return false;
  if (signed_part->PeekTag() == der::kInteger && !signed_part->ReadUnsigned()) return false;
  const auto inner = signed_part->Read(der::kSequence);
  const auto outer = list->Read(der::kSequence);
  return inner && outer && !std::equal(inner->begin(), inner->end(), outer->begin(), outer->end());
}

bool HaveCommonItem(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& item) {
    return std::find(b.begin(), b.end(), item) != b.end();
  });
}

// RFC 5280 6.3.3 (b) for one distribution point of a certificate: the same place, and the same
// issuer.
bool Matches(const CrlDistributionPoint& point, const Certificate& certificate, const Scope& scope,
             const std::string& crl_issuer, Crl::UnnamedIssuer unnamed) {
  if (scope.named && !HaveCommonItem(point.uris, scope.uris)) return false;
  if (point.issuer_names.empty()) {
    return unnamed == Crl::UnnamedIssuer::kAny || crl_issuer == certificate.issuer_der();
  }
  return std::any_of(point.issuer_names.begin(), point.issuer_names.end(),
                     [&](const std::string& name) { return HaveSameRdns(name, crl_issuer); });
}

}  // namespace

Result<Crl> Crl::ParseDer(std::string_view der) {
  const ErrorQueueDrain drain;
  auto read = Read(der);
  // A part that could not be read for want of memory must not look like none.
  ErrorQueueDrain::ThrowIfNoMemory();
  return read;
}

Result<Crl> Crl::Read(std::string_view der) {
  if (auto ok = CheckSize(der); !ok) return ok.error();
  auto data = std::make_shared<Data>();
  data->crl = DecodeCrl(der);
  if (data->crl == nullptr) return Invalid("cannot be decoded: " + ErrorQueueDrain::LastError());
  X509_CRL* crl = data->crl.get();
  if (auto ok = CheckListExtensions(crl); !ok) return ok.error();
  if (NamesTwoAlgorithms(der)) return Invalid("names two different signature algorithms");
  if (!HasStrongSignature(crl)) return Invalid("is signed with an algorithm that is too weak");

  const X509_NAME* issuer = X509_CRL_get_issuer(crl);
  auto issuer_der = CanonicalName(issuer);
  if (!issuer_der) return Invalid("has a broken issuer name");
  data->issuer = NameText(issuer);
  data->issuer_der = std::move(*issuer_der);

  const auto this_update = ToTime(X509_CRL_get0_lastUpdate(crl));
  if (!this_update) return Invalid("has a thisUpdate that cannot be read");
  data->this_update = *this_update;
  if (const ASN1_TIME* next_update = X509_CRL_get0_nextUpdate(crl); next_update != nullptr) {
    data->next_update = ToTime(next_update);
    if (!data->next_update) return Invalid("has a nextUpdate that cannot be read");
  }

  data->der = der;
  if (auto ok = ReadNumber(crl, data->number_hex); !ok) return ok.error();
  auto scope = ReadScope(crl);
  if (!scope) return scope.error();
  data->scope = std::move(*scope);
  data->signer_urls = ReadSignerUrls(crl);
  auto list = ReadEntries(crl, data->issuer_der);
  if (!list) return list.error();
  data->issuers = std::move(list->issuers);
  data->entries = std::move(list->entries);
  return Crl(std::move(data));
}

const std::string& Crl::issuer() const {
  return data_->issuer;
}
const std::string& Crl::issuer_der() const {
  return data_->issuer_der;
}
sys_seconds Crl::this_update() const {
  return data_->this_update;
}
std::optional<sys_seconds> Crl::next_update() const {
  return data_->next_update;
}
bool Crl::indirect() const {
  return data_->scope.indirect;
}
const std::vector<std::string>& Crl::distribution_uris() const {
  return data_->scope.uris;
}
const std::vector<std::string>& Crl::signer_urls() const {
  return data_->signer_urls;
}
size_t Crl::entry_count() const {
  return data_->entries.size();
}
const std::optional<std::string>& Crl::number_hex() const {
  return data_->number_hex;
}
const std::string& Crl::der() const {
  return data_->der;
}

bool Crl::IsNewerThan(const Crl& other) const {
  const auto& mine = number_hex();
  const auto& theirs = other.number_hex();
  if (!mine || !theirs || *mine == *theirs) return this_update() > other.this_update();
  if (mine->size() != theirs->size()) return mine->size() > theirs->size();
  return *mine > *theirs;
}

bool Crl::HasScopeOf(const Crl& other) const {
  const Scope& mine = data_->scope;
  const Scope& theirs = other.data_->scope;
  return issuer_der() == other.issuer_der() && mine.indirect == theirs.indirect &&
         mine.only_user == theirs.only_user && mine.only_ca == theirs.only_ca &&
         mine.uris == theirs.uris;
}

Crl::Coverage Crl::CoverageOf(const Certificate& certificate, UnnamedIssuer unnamed) const {
  const Scope& scope = data_->scope;
  if (certificate.is_ca() ? scope.only_user : scope.only_ca) return Coverage::kNone;
  const bool own_issuer = data_->issuer_der == certificate.issuer_der();
  if (!own_issuer && !scope.indirect) return Coverage::kNone;
  // A list without a named distribution point holds everything that its issuer issued.
  if (own_issuer && !scope.named) return Coverage::kAllReasons;
  Coverage coverage = Coverage::kNone;
  for (const CrlDistributionPoint& point : certificate.crl_distribution_points()) {
    if (!Matches(point, certificate, scope, data_->issuer_der, unnamed)) continue;
    if (!point.some_reasons) return Coverage::kAllReasons;
    coverage = Coverage::kSomeReasons;
  }
  return coverage;
}

bool Crl::SignedBy(const Certificate& issuer) const {
  const ErrorQueueDrain drain;
  if (issuer.subject_der() != data_->issuer_der) return false;
  // RFC 5280 4.2.1.3: cRLSign, where keyUsage is present.
  if ((X509_get_key_usage(issuer.x509()) & KU_CRL_SIGN) == 0) return false;
  EVP_PKEY* key = X509_get0_pubkey(issuer.x509());
  const bool good =
      key != nullptr && HasStrongKey(issuer) && data_->known_issuer.Is(issuer.sha256_hex(), [&] {
        return X509_CRL_verify(data_->crl.get(), key) == 1;
      });
  if (!good) ErrorQueueDrain::ThrowIfNoMemory();  // a forged list revokes nobody
  return good;
}

std::optional<sys_seconds> Crl::RevokedSince(const Certificate& certificate) const {
  const auto [first, last] =
      std::equal_range(data_->entries.begin(), data_->entries.end(),
                       RevokedEntry{certificate.serial_hex(), 0, {}}, BySerial);
  for (auto entry = first; entry != last; ++entry) {
    const IssuerNames& names = data_->issuers[entry->issuers];
    const bool listed = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return HaveSameRdns(name, certificate.issuer_der());
    });
    if (listed) return entry->since;
  }
  return std::nullopt;
}

Result<std::vector<Crl>> ParseCrls(std::string_view bytes) {
  std::vector<Crl> crls;
  if (LooksLikeDer(bytes)) {
    auto crl = Crl::ParseDer(WithoutLineEnds(bytes));
    if (!crl) return Fail(crl.error().reason, crl.error().detail + WhatItIs(bytes));
    crls.push_back(std::move(*crl));
    return crls;
  }
  auto blocks = ReadPemBlocks(bytes, Reason::kCrlInvalid);
  if (!blocks) return blocks.error();
  for (const PemBlock& block : *blocks) {
    if (block.label != "X509 CRL") continue;
    auto crl = Crl::ParseDer(block.der);
    if (!crl) return crl.error();
    crls.push_back(std::move(*crl));
  }
  if (crls.empty())
    return Fail(Reason::kCrlInvalid, "neither PEM CRLs nor a DER CRL" + WhatItIs(bytes));
  return crls;
}

}  // namespace callvet
