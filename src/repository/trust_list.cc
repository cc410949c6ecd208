// SPDX-License-Identifier: MIT
#include "repository/trust_list.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/base64url.h"
#include "base/json.h"
#include "base/text.h"
#include "pki/chain.h"
#include "pki/es256.h"
#include "pki/file_content.h"
#include "pki/pem.h"
#include "pki/revocation.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

constexpr JsonLimits kHeaderLimits{
    .max_bytes = size_t{16} * 1024, .max_depth = 4, .max_values = 64};
constexpr JsonLimits kListLimits{
    .max_bytes = kMaxTrustListBytes, .max_depth = 6, .max_values = 10'000};

Failure Malformed(std::string detail) {
  return Fail(Reason::kTrustListMalformed, "the trust list " + std::move(detail));
}

Failure Malformed(std::string_view part, const Failure& why) {
  return Malformed("has a " + std::string(part) + " that cannot be read: " + why.detail);
}

// The string member `name`, or nullptr.
const std::string* StringMember(const JsonValue& object, std::string_view name) {
  const JsonValue* member = object.Find(name);
  return member == nullptr ? nullptr : member->AsString();
}

Result<int64_t> CountMember(const JsonValue& object, std::string_view name, int64_t max) {
  const JsonValue* member = object.Find(name);
  int64_t value = 0;
  if (member == nullptr || !member->GetInt(value) || value < 0 || value > max) {
    return Malformed("has no " + std::string(name) + " that is a whole number in range");
  }
  return value;
}

Result<Certificate> ReadEntry(const JsonValue& entry, size_t index) {
  const std::string where = "entry " + std::to_string(index + 1);
  const std::string* pem = entry.AsString();
  if (pem == nullptr) return Malformed("has an " + where + " that is no string");
  auto blocks = ReadPemBlocks(*pem, Reason::kTrustListMalformed, 1);
  if (!blocks || blocks->size() != 1 || blocks->front().label != "CERTIFICATE") {
    return Malformed("has an " + where + " that is not one PEM certificate");
  }
  auto certificate = Certificate::ParseDer(blocks->front().der);
  if (!certificate) return Malformed(where, certificate.error());
  if (!certificate->is_ca()) {
    return Malformed("has in " + where + " " + Quote(certificate->subject()) +
                     ", which is no CA certificate");
  }
  return certificate;
}

}  // namespace

Result<SignedTrustList> SignedTrustList::FromParts(std::string_view header,
                                                   std::string_view payload,
                                                   std::string_view signature) {
  const auto header_json = DecodeBase64Url(header);
  if (!header_json) return Malformed("protected header", header_json.error());
  const auto object = ReadJson(*header_json, kHeaderLimits);
  if (!object) return Malformed("protected header", object.error());
  const std::string* alg = StringMember(*object, "alg");
  if (alg == nullptr || *alg != "ES256") return Malformed("is not signed with ES256 (C-31)");
  if (object->Find("crit") != nullptr) return Malformed("demands extensions by crit");
  const std::string* x5u = StringMember(*object, "x5u");
  if (x5u == nullptr) return Malformed("does not name its signer by x5u (C-31)");

  SignedTrustList list;
  auto content = DecodeBase64Url(payload);
  if (!content) return Malformed("payload", content.error());
  list.x5u_ = *x5u;
  list.signing_input_ = std::string(header) + "." + std::string(payload);
  list.payload_ = std::move(*content);
  list.signature_ = signature;
  return list;
}

// RFC 7515 7.2, or the STI-PA's answer.
Result<SignedTrustList> SignedTrustList::FromJson(std::string_view text) {
  const auto object = ReadJson(text, kListLimits);
  if (!object) return Malformed("file", object.error());
  if (const std::string* compact = StringMember(*object, "caList")) {
    if (TrimLines(*compact).starts_with('{')) return Malformed("holds a JSON text as its caList");
    return Parse(*compact);
  }
  const JsonValue* signer = &*object;
  if (const JsonValue* signatures = object->Find("signatures")) {
    const JsonArray* array = signatures->AsArray();
    if (array == nullptr || array->size() != 1 || object->Find("signature") != nullptr ||
        object->Find("protected") != nullptr) {
      return Malformed("does not have exactly one signature");
    }
    signer = &array->front();
  }
  if (object->Find("header") != nullptr || signer->Find("header") != nullptr) {
    return Malformed("has an unprotected header");
  }
  const std::string* header = StringMember(*signer, "protected");
  const std::string* payload = StringMember(*object, "payload");
  const std::string* signature = StringMember(*signer, "signature");
  if (header == nullptr || payload == nullptr || signature == nullptr) {
    return Malformed("is no JWS: protected, payload or signature is missing");
  }
  return FromParts(*header, *payload, *signature);
}

Result<SignedTrustList> SignedTrustList::Parse(std::string_view bytes) {
  if (bytes.size() > kMaxTrustListBytes) return Malformed("is too large");
  const std::string_view text = TrimLines(WithoutByteOrderMark(bytes));
  if (text.starts_with('{')) return FromJson(text);
  if (std::count(text.begin(), text.end(), '.') != 2) {
    return Malformed("is neither a compact JWS nor JSON" + WhatItIs(bytes));
  }
  const size_t first = text.find('.');
  const size_t second = text.find('.', first + 1);
  return FromParts(text.substr(0, first), text.substr(first + 1, second - first - 1),
                   text.substr(second + 1));
}

Result<TrustList> TrustList::Verify(const SignedTrustList& list,
                                    const CertificateBundle& signer_chain,
                                    const TrustStore& pa_roots, sys_seconds now) {
  const auto untrusted = [](std::string_view what, const Failure& why) {
    const bool internal = why.reason == Reason::kInternalError;
    return Fail(internal ? why.reason : Reason::kTrustListUntrusted,
                std::string(what) + why.detail + " (" + std::string(Info(why.reason).id) + ")");
  };
  const auto chain = VerifyChain(signer_chain, pa_roots, now);
  if (!chain) return untrusted("the signer of the trust list: ", chain.error());
  // RFC 8226 9: such a certificate is for calls. Under one root for all, any carrier has one.
  if (chain->signer().tn_auth_list() || !chain->signer().tn_auth_list_uris().empty()) {
    return Fail(Reason::kTrustListUntrusted,
                "the signer of the trust list, " + Quote(chain->signer().subject()) +
                    ", has a TNAuthList: a certificate for calls signs no lists");
  }
  const auto& key = chain->signer().es256_key();
  if (!key) return untrusted("the signer of the trust list: ", key.error());
  const auto bytes = DecodeBase64Url(list.signature_);
  if (!bytes) return Malformed("signature", bytes.error());
  const auto signature = Es256Signature::Parse(*bytes);
  if (!signature) return untrusted("the signature of the trust list: ", signature.error());
  const auto good = OpenSslEs256Engine().Verify(*key, list.signing_input_, *signature);
  if (!good) return untrusted("the signature of the trust list: ", good.error());

  TrustList trusted;
  if (auto ok = trusted.ReadPayload(list.payload_, now); !ok) return ok.error();
  trusted.signer_ = chain->signer().subject();
  trusted.content_sha256_ = Sha256Hex(list.payload_);
  if (trusted.content_sha256_.empty()) return Fail(Reason::kInternalError, "no SHA-256");
  return trusted;
}

Result<void> TrustList::ReadPayload(std::string_view payload, sys_seconds now) {
  const auto object = ReadJson(payload, kListLimits);
  if (!object) return Malformed("payload", object.error());
  const std::string* version = StringMember(*object, "version");
  if (version == nullptr) return Malformed("has no version that is a string");
  const auto sequence = CountMember(*object, "sequence", std::numeric_limits<int64_t>::max());
  if (!sequence) return sequence.error();
  const auto exp = CountMember(*object, "exp", kLastSecond);
  if (!exp) return exp.error();
  if (object->Find("nbf") != nullptr) {  // RFC 7519 4.1.5
    const auto nbf = CountMember(*object, "nbf", kLastSecond);
    if (!nbf) return nbf.error();
    if (sys_seconds(std::chrono::seconds(*nbf)) > now + kCrlClockSkew) {
      return Fail(Reason::kTrustListUntrusted, "the trust list is not valid yet (nbf)");
    }
  }
  const JsonValue* entries = object->Find("trustList");
  const JsonArray* array = entries == nullptr ? nullptr : entries->AsArray();
  if (array == nullptr || array->empty()) return Malformed("has no trustList with an entry");
  if (array->size() > kMaxTrustListEntries) return Malformed("has too many entries");
  for (const JsonValue& entry : *array) {
    auto certificate = ReadEntry(entry, anchors_.size());
    if (!certificate) return certificate.error();
    anchors_.push_back(std::move(*certificate));
  }
  version_ = *version;
  sequence_ = *sequence;
  expires_ = sys_seconds(std::chrono::seconds(*exp));
  return {};
}

}  // namespace callvet
