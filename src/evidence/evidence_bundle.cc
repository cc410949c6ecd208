// SPDX-License-Identifier: MIT
#include "evidence/evidence_bundle.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "base/base64url.h"
#include "base/text.h"
#include "evidence/hash_chain.h"
#include "evidence/json_fields.h"
#include "evidence/packed_id.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

constexpr int64_t kBundleFormat = 1;
constexpr std::array<std::string_view, 10> kMembers = {
    "callvet_evidence", "id",    "seq",       "hash",       "record",
    "private",          "blobs", "signature", "public_key", "verdict"};

// What is signed: the record, the open form of its private part, its place, and the verdict that
// was come to again for the export. The blobs are in it by the hashes that the record names.
std::string Statement(const StoredEvidence& record, const JsonValue& private_part,
                      const JsonValue& verdict) {
  return "callvet evidence export\n" + std::to_string(record.seq) + "\n" + ToHex(record.hash) +
         "\n" + Sha256Hex(record.text) + "\n" + Sha256Hex(CanonicalJson(private_part)) + "\n" +
         Sha256Hex(CanonicalJson(verdict)) + "\n";
}

}  // namespace

Result<JsonValue> MakeBundle(const BundleParts& parts) {
  auto text = parts.codec.Read(parts.record.text);
  if (!text) return text.error();
  if (text->sealed()) {
    return Fail(Reason::kNotPermitted, "the parties of this record are sealed: the key is needed");
  }
  JsonMembers blobs;
  const BlobSource noting = [&](std::string_view sha256) {
    auto bytes = parts.blobs(sha256);
    if (bytes) blobs.emplace_back(std::string(sha256), EncodeBase64(*bytes));
    return bytes;
  };
  if (auto material = ReadMaterial(text->json.Find("material"), noting); !material) {
    return material.error();
  }
  JsonMembers bundle = {{"callvet_evidence", kBundleFormat}, {"id", parts.record.id},
                        {"seq", parts.record.seq},           {"hash", ToHex(parts.record.hash)},
                        {"record", parts.record.text},       {"private", text->private_},
                        {"blobs", std::move(blobs)}};
  auto signature = parts.signer.Sign(Statement(parts.record, text->private_, parts.verdict));
  if (!signature) return signature.error();
  bundle.emplace_back("signature", EncodeBase64Url(*signature));
  bundle.emplace_back("public_key", parts.signer.public_pem());
  if (!parts.verdict.IsNull()) bundle.emplace_back("verdict", parts.verdict);
  return JsonValue(std::move(bundle));
}

namespace {

// The blobs, each under its SHA-256, which ReadMaterial checks.
Result<BlobSource> BundleBlobs(const JsonValue& bundle) {
  const JsonValue* members = bundle.Find("blobs");
  auto blobs = std::make_shared<std::map<std::string, std::string, std::less<>>>();
  if (members == nullptr || !members->IsObject()) {
    return Fail(Reason::kEvidenceAltered, "the bundle has no blobs");
  }
  for (const auto& [sha256, value] : *members->AsObject()) {
    auto bytes = value.AsString() != nullptr
                     ? DecodeBase64(*value.AsString())
                     : Result<std::string>(Fail(Reason::kBase64Invalid, ""));
    if (!bytes) return Fail(Reason::kEvidenceAltered, "a blob of the bundle cannot be read");
    blobs->emplace(sha256, std::move(*bytes));
  }
  return BlobSource([blobs](std::string_view sha256) -> Result<std::string> {
    const auto found = blobs->find(sha256);
    if (found != blobs->end()) return found->second;
    return Fail(Reason::kResourceNotFound, "not in the bundle");
  });
}

// Who signed it: somebody must.
Result<std::string> CheckBundleSignature(const JsonValue& json, const EvidenceBundle& bundle,
                                         const std::optional<std::string>& trusted_key) {
  JsonFields fields(&json);
  std::string signature;
  std::string public_key;
  fields.Text("signature", signature);
  fields.Text("public_key", public_key);
  if (auto ok = fields.Finish(); !ok) return ok.error();
  const std::string& pem = trusted_key ? *trusted_key : public_key;
  const auto id = EvidenceKeyId(pem);
  if (!id) return id.error();
  const JsonValue* found = json.Find("verdict");
  const JsonValue verdict = found != nullptr ? *found : JsonValue();
  const auto bytes = DecodeBase64Url(signature);
  if (!bytes) return Fail(Reason::kEvidenceAltered, "the signature cannot be read");
  const auto ok =
      CheckSignature(Statement(bundle.record, bundle.text.private_, verdict), *bytes, *id, {pem});
  if (ok) return *id;
  const auto named = EvidenceKeyId(public_key);
  if (named && *named != *id) {
    return Fail(Reason::kEvidenceAltered,
                "it is signed with another key: " + *named + ", and not " + *id);
  }
  return ok.error();
}

}  // namespace

Result<EvidenceBundle> ReadBundle(std::string_view text,
                                  const std::optional<std::string>& trusted_key) {
  const auto json = ReadEvidenceJson(text);
  if (!json)
    return Fail(Reason::kFileInvalid, "this is no evidence bundle: " + json.error().detail);
  if (!json->IsObject()) return Fail(Reason::kFileInvalid, "this is no evidence bundle");
  for (const auto& [name, member] : *json->AsObject()) {
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
      return Fail(Reason::kEvidenceAltered,
                  "the bundle has " + Quote(name) + ", which is not of it");
    }
  }
  int64_t format = 0;
  if (json->Find("callvet_evidence") == nullptr ||
      !json->Find("callvet_evidence")->GetInt(format) || format != kBundleFormat) {
    return Fail(Reason::kFileInvalid, "this is no evidence bundle of a known format");
  }
  EvidenceBundle bundle;
  JsonFields fields(&*json);
  std::string hash;
  fields.Text("id", bundle.record.id);
  fields.Text("record", bundle.record.text);
  fields.Text("hash", hash);
  fields.Number("seq", bundle.record.seq);
  const JsonValue* private_part = fields.Find("private");
  if (private_part == nullptr) fields.Refuse("private", "is missing");
  if (auto ok = fields.Finish(); !ok) return ok.error();
  auto bytes = BytesOfHex(hash);
  if (!bytes) return Fail(Reason::kEvidenceAltered, "the hash cannot be read");
  bundle.record.hash = std::move(*bytes);
  auto record = EvidenceCodec().Read(bundle.record.text);
  if (!record) return record.error();
  bundle.text = std::move(*record);
  const JsonValue* id = bundle.text.json.Find("id");
  if (id == nullptr || id->AsString() == nullptr || *id->AsString() != bundle.record.id) {
    return Fail(Reason::kEvidenceAltered, "the id is not that of the record");
  }
  if (!bundle.text.sealed() &&
      CanonicalJson(bundle.text.private_) != CanonicalJson(*private_part)) {
    return Fail(Reason::kEvidenceAltered, "the parties are not those of the record");
  }
  OpenPrivate(bundle.text, *private_part);
  if (const JsonValue* verdict = fields.Find("verdict")) bundle.verdict = *verdict;
  auto signer = CheckBundleSignature(*json, bundle, trusted_key);
  if (!signer) return signer.error();
  auto blobs = BundleBlobs(*json);
  if (!blobs) return blobs.error();
  bundle.blobs = std::move(*blobs);
  bundle.key_id = std::move(*signer);
  return bundle;
}

}  // namespace callvet
