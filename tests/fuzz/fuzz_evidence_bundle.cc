// SPDX-License-Identifier: MIT
#include "evidence/evidence_bundle.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/evidence_replay.h"
#include "base/base64url.h"
#include "evidence/json_fields.h"
#include "issue/passport_signer.h"
#include "lab.h"
#include "pki/sha256.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

std::string TextOf(const JsonValue& json, std::string_view name) {
  const JsonValue* member = json.Find(name);
  return member != nullptr && member->AsString() != nullptr ? *member->AsString() : "";
}

// What an exporter signs, written down a second time.
std::string StatementOf(const JsonValue& json) {
  int64_t seq = 0;
  if (const JsonValue* member = json.Find("seq")) (void)member->GetInt(seq);
  const JsonValue* parties = json.Find("private");
  const JsonValue* verdict = json.Find("verdict");
  return "callvet evidence export\n" + std::to_string(seq) + "\n" + TextOf(json, "hash") + "\n" +
         Sha256Hex(TextOf(json, "record")) + "\n" +
         Sha256Hex(CanonicalJson(parties != nullptr ? *parties : JsonValue())) + "\n" +
         Sha256Hex(CanonicalJson(verdict != nullptr ? *verdict : JsonValue())) + "\n";
}

bool SignedByExporter(const JsonValue& json) {
  const auto key = Es256PublicKey::FromPem(fuzz::LabKey("evidence").public_key().ToPem());
  const auto bytes = DecodeBase64Url(TextOf(json, "signature"));
  if (!key || !bytes) return false;
  const auto signature = Es256Signature::Parse(*bytes);
  return signature && OpenSslEs256Engine().Verify(*key, StatementOf(json), *signature).has_value();
}

}  // namespace

// A file of somebody else (`callvet evidence verify FILE`): what the trusted key did not sign is
// not read, and what is read is judged again and passes only as a call does.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string exporter = fuzz::LabKey("evidence").public_key().ToPem();
  static const auto anchors = fuzz::LabBundle("root.pem");
  const std::string_view text = fuzz::Text(data, size);
  (void)ReadBundle(text, std::nullopt);
  const auto bundle = ReadBundle(text, exporter);
  if (!bundle) return 0;
  const auto json = ReadEvidenceJson(text);
  fuzz::Require(json && SignedByExporter(*json), "what is read was signed by the trusted key");
  auto replay = ReplayEvidence(bundle->text, bundle->blobs, anchors);
  if (!replay) return 0;
  fuzz::Reached();
  CompareExported(bundle->verdict, *replay);
  (void)ReplayOutcomeName(replay->outcome);
  if (!replay->verdict.passed()) return 0;
  fuzz::Require(!replay->verdict.passports.empty(), "what passes has a PASSporT");
  fuzz::Require(fuzz::SignedByLab(replay->call), "what passes was signed");
  return 0;
}

// Changes the record, its parties or the verdict, and has it signed again.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  auto json = ReadEvidenceJson(fuzz::Text(data, size));
  if (!json || !json->IsObject() || seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  JsonMembers members = *json->AsObject();
  const std::string_view changed = seed % 3 == 0 ? "private" : "record";
  for (auto& [name, value] : members) {
    if (name != changed) continue;
    std::string text = value.AsString() != nullptr ? *value.AsString() : CanonicalJson(value);
    const size_t before = text.size();
    text.resize(before + 64);
    text.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(text.data()), before, text.size()));
    if (changed == "record") {
      value = text;
    } else if (auto read = ReadJson(text)) {
      value = std::move(*read);
    }
  }
  const auto signature = SignEs256(StatementOf(JsonValue(members)), fuzz::LabKey("evidence"));
  if (!signature) return size;
  for (auto& [name, value] : members) {
    if (name == "signature") {
      value =
          EncodeBase64Url({reinterpret_cast<const char*>(signature->data()), signature->size()});
    }
  }
  const std::string result = WriteJson(JsonValue(std::move(members)));
  if (result.size() > max_size) return size;
  std::copy(result.begin(), result.end(), data);
  return result.size();
}
