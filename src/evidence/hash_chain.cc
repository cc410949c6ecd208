// SPDX-License-Identifier: MIT
#include "evidence/hash_chain.h"

#include "base/text.h"
#include "pki/es256.h"
#include "pki/pem.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

const char* EndName(ChainEnd end) {
  switch (end) {
    case ChainEnd::kHead:
      return "head";
    case ChainEnd::kBase:
      return "base";
    case ChainEnd::kCheckpoint:
      return "checkpoint";
  }
  return "";
}

std::string Statement(const EvidenceCheckpoint& checkpoint, ChainEnd end) {
  return std::string("callvet evidence ") + EndName(end) + "\n" + std::to_string(checkpoint.seq) +
         "\n" + ToHex(checkpoint.hash) + "\n" + FormatTime(checkpoint.time) + "\n";
}

}  // namespace

std::string FirstHash() {
  return std::string(32, '\0');
}

Result<std::string> NextHash(std::string_view previous, std::string_view text) {
  const auto digest = Sha256(text);
  if (!digest) return digest.error();
  const auto hash = Sha256(std::string(previous) + std::string(AsBytes(*digest)));
  if (!hash) return hash.error();
  return std::string(AsBytes(*hash));
}

Result<std::vector<ChainedRecord>> ExtendChain(const std::vector<const EvidenceRecord*>& records,
                                               EvidenceCheckpoint& head) {
  std::vector<ChainedRecord> chained;
  chained.reserve(records.size());
  for (const EvidenceRecord* record : records) {
    auto hash = NextHash(head.hash, record->text);
    if (!hash) return hash.error();
    head.hash = *hash;
    ++head.seq;
    chained.push_back({record, head.seq, std::move(*hash)});
  }
  return chained;
}

Result<void> CheckPlace(const StoredEvidence& record, const ChainPlace& place) {
  const std::string name = "record " + std::to_string(record.seq) + " (" + record.id + ")";
  const auto own = NextHash(place.before, record.text);
  if (place.before.empty() || !own || *own != record.hash) {
    return Fail(Reason::kEvidenceAltered, name + " does not follow from the one before it");
  }
  const auto next = place.after_text.empty() ? Result<std::string>(record.hash)
                                             : NextHash(record.hash, place.after_text);
  if (!next || *next != place.after) {
    return Fail(Reason::kEvidenceAltered, "what is behind " + name + " does not follow from it");
  }
  return {};
}

Result<void> SignCheckpoint(EvidenceCheckpoint& checkpoint, ChainEnd end, sys_seconds now,
                            const EvidenceSigner* signer) {
  if (signer == nullptr) {
    return Fail(Reason::kKeyInvalid, "this store was opened without a key for checkpoints");
  }
  checkpoint.time = now;
  auto signature = signer->Sign(Statement(checkpoint, end));
  if (!signature) return signature.error();
  checkpoint.signature = std::move(*signature);
  checkpoint.key_id = signer->key_id();
  return {};
}

Result<void> CheckCheckpoint(const EvidenceCheckpoint& checkpoint, ChainEnd end,
                             const std::vector<std::string>& public_keys) {
  return CheckSignature(Statement(checkpoint, end), checkpoint.signature, checkpoint.key_id,
                        public_keys);
}

Result<void> CheckSignature(std::string_view statement, std::string_view signature,
                            std::string_view key_id, const std::vector<std::string>& public_keys) {
  const auto parsed = Es256Signature::Parse(signature);
  if (!parsed) return Fail(Reason::kEvidenceAltered, "there is no signature");
  for (const std::string& pem : public_keys) {
    const auto id = EvidenceKeyId(pem);
    if (!id || *id != key_id) continue;
    const auto key = Es256PublicKey::FromPem(pem);
    if (!key) return Fail(Reason::kEvidenceAltered, "the public key is none");
    if (auto ok = OpenSslEs256Engine().Verify(*key, statement, *parsed); !ok) {
      return Fail(Reason::kEvidenceAltered, "the signature is not of this statement");
    }
    return {};
  }
  return Fail(Reason::kEvidenceAltered, "signed by a key that is not known");
}

Result<std::string> PlainPublicKey(std::string_view key) {
  const bool pem = key.find("-----BEGIN") != std::string_view::npos;
  const auto read = Es256PublicKey::FromPem(pem ? std::string(key) : WritePem("PUBLIC KEY", key));
  if (!read) return read.error();
  // SubjectPublicKeyInfo of id-ecPublicKey, prime256v1, and an uncompressed point (RFC 5480 2).
  constexpr std::string_view kBeforePoint(
      "\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"
      "\x03\x42\x00\x04",
      27);
  return WritePem("PUBLIC KEY", std::string(kBeforePoint) +
                                    std::string(reinterpret_cast<const char*>(read->point().data()),
                                                read->point().size()));
}

std::string NotedEnd(const EvidenceCheckpoint& end) {
  return std::to_string(end.seq) + ":" + ToHex(end.hash);
}

Result<EvidenceCheckpoint> ReadNotedEnd(std::string_view text) {
  text = TrimLines(text);
  const size_t colon = text.find(':');
  const auto seq = ParseNumber(text.substr(0, colon), INT64_MAX);
  const auto hash =
      BytesOfHex(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  if (!seq || !hash || hash->size() != FirstHash().size()) {
    return Fail(Reason::kParameterInvalid, "it is not SEQ:HASH as audit prints it");
  }
  EvidenceCheckpoint end;
  end.seq = static_cast<int64_t>(*seq);
  end.hash = *hash;
  return end;
}

Result<std::string> EvidenceKeyId(std::string_view public_pem) {
  std::string id = Sha256Hex(TrimLines(public_pem));
  if (id.empty()) return Fail(Reason::kInternalError, "SHA-256 could not be computed");
  return id;
}

}  // namespace callvet
