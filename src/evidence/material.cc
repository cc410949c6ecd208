// SPDX-License-Identifier: MIT
#include "evidence/material.h"

#include <algorithm>
#include <utility>

#include "base/base64url.h"
#include "base/text.h"
#include "evidence/call_json.h"
#include "evidence/json_fields.h"
#include "evidence/packed_id.h"
#include "evidence/store_time.h"
#include "evidence/verdict_digest.h"
#include "pki/pem.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

std::string PemOf(std::span<const Certificate> certificates) {
  std::string pem;
  for (const Certificate& certificate : certificates) {
    pem += WritePem("CERTIFICATE", certificate.der());
  }
  return pem;
}

std::string_view PolicyWord(RevocationPolicy policy) {
  switch (policy) {
    case RevocationPolicy::kIfCovered:
      return "if-covered";
    case RevocationPolicy::kRequired:
      return "required";
    case RevocationPolicy::kBestEffort:
      return "best-effort";
  }
  return "required";
}

// An answer that was a failure: what the verifier made of it follows from the reason alone.
void NoteFailedAnswer(const std::string& url, Reason reason, NoteWriter& notes) {
  notes.Text(url);
  notes.Text(Info(reason).id);
}

void NoteAnswer(const std::string& url, SharedBlob blob, std::vector<SharedBlob>& blobs,
                NoteWriter& notes) {
  notes.Text(url);
  notes.Text({});
  notes.Size(blobs.size());
  blobs.push_back(std::move(blob));
}

// `bytes_of` gives those of an answer's value.
template <class Answers, class BytesOf>
Result<void> NoteAnswers(const Answers& answers, const BytesOf& bytes_of,
                         std::vector<SharedBlob>& blobs, NoteWriter& notes) {
  notes.Size(answers.size());
  for (const auto& answer : answers) {
    if (!answer.value) {
      NoteFailedAnswer(answer.url, answer.value.error().reason, notes);
      continue;
    }
    auto blob = MakeBlob(bytes_of(*answer.value));
    if (!blob) return blob.error();
    NoteAnswer(answer.url, std::move(*blob), blobs, notes);
  }
  return {};
}

size_t ReadPlace(NoteReader& notes, size_t blobs) {
  const size_t place = notes.Size();
  if (place >= blobs) notes.Refuse();
  return place;
}

std::optional<size_t> MaybePlace(NoteReader& notes, size_t blobs) {
  if (!notes.Flag()) return std::nullopt;
  return ReadPlace(notes, blobs);
}

std::vector<AnswerNotes> ReadAnswerNotes(NoteReader& notes, size_t blobs) {
  std::vector<AnswerNotes> answers;
  for (size_t left = notes.Count(); left > 0 && !notes.bad(); --left) {
    AnswerNotes answer;
    answer.url = notes.Text();
    answer.failed = notes.Text();
    if (answer.failed.empty()) answer.blob = ReadPlace(notes, blobs);
    answers.push_back(answer);
  }
  return answers;
}

// The member `name`, unless there are no answers.
void WriteAnswers(std::string_view name, const std::vector<AnswerNotes>& answers,
                  const std::vector<std::string_view>& names, CanonicalText& json) {
  if (answers.empty()) return;
  json.Name(name);
  json.OpenArray();
  for (const AnswerNotes& answer : answers) {
    json.Open();
    if (answer.failed.empty()) {
      json.AddString("sha256", names[answer.blob]);
    } else {
      json.AddString("failed", answer.failed);
    }
    json.AddString("url", answer.url);
    json.Close();
  }
  json.CloseArray();
}

}  // namespace

MaterialNotes ReadMaterialNotes(NoteReader& notes, size_t blobs) {
  MaterialNotes material;
  material.asks_for_content = notes.Flag();
  material.certificates = ReadAnswerNotes(notes, blobs);
  material.checks = MaybePlace(notes, blobs);
  material.contents = ReadAnswerNotes(notes, blobs);
  material.options = ReadPlace(notes, blobs);
  material.tn_auth_lists = ReadAnswerNotes(notes, blobs);
  material.trust = MaybePlace(notes, blobs);
  return material;
}

// In the order of names.
void WriteMaterial(const MaterialNotes& material, const std::vector<std::string_view>& names,
                   CanonicalText& json) {
  json.Open();
  if (material.asks_for_content) {
    json.Name("asks_for_content");
    json.Json("true");
  }
  WriteAnswers("certificates", material.certificates, names, json);
  if (material.checks) json.AddString("checks", names[*material.checks]);
  WriteAnswers("contents", material.contents, names, json);
  json.AddString("options", names[material.options]);
  WriteAnswers("tn_auth_lists", material.tn_auth_lists, names, json);
  if (material.trust) json.AddString("trust", names[*material.trust]);
  json.Close();
}

Result<SharedBlob> MakeBlob(std::string bytes) {
  std::string sha256 = Sha256Hex(bytes);
  if (sha256.empty()) return Fail(Reason::kInternalError, "SHA-256 could not be computed");
  return SharedBlob(
      std::make_shared<const EvidenceBlob>(EvidenceBlob{std::move(sha256), std::move(bytes)}));
}

Result<MaterialEncoder::SharedTrustBlobs> MaterialEncoder::TrustOf(
    const std::shared_ptr<const TrustStore>& store) {
  if (auto known = trust_.Find(store)) return known;
  const std::lock_guard lock(making_trust_);
  if (auto known = trust_.Find(store)) return known;
  auto made = MakeTrust(*store);
  if (!made) return made;
  trust_.Add(store, *made);
  usual_.Clear();  // they hold the blobs of the store before, which may be large
  return made;
}

Result<MaterialEncoder::SharedTrustBlobs> MaterialEncoder::MakeTrust(const TrustStore& store) {
  TrustBlobs made;
  const auto add = [&](std::string bytes) -> Result<std::string> {
    auto blob = MakeBlob(std::move(bytes));
    if (!blob) return blob.error();
    made.blobs.push_back(*blob);
    return (*blob)->sha256;
  };
  const auto own = store.own_anchors();
  const auto all = std::span<const Certificate>(store.anchors());
  JsonMembers manifest;
  const auto add_certificates = [&](std::string_view name,
                                    std::span<const Certificate> certificates) -> Result<void> {
    if (certificates.empty()) return {};
    auto sha256 = add(PemOf(certificates));
    if (!sha256) return sha256.error();
    manifest.emplace_back(std::string(name), std::move(*sha256));
    return {};
  };
  if (auto ok = add_certificates("anchors", own); !ok) return ok.error();
  if (auto ok = add_certificates("listed_anchors", all.subspan(own.size())); !ok) {
    return ok.error();
  }
  if (auto ok = add_certificates("crl_anchors", store.crl_anchors()); !ok) return ok.error();
  if (auto ok = add_certificates("crl_signers", store.crl_signers()); !ok) return ok.error();
  JsonArray crls;
  for (const Crl& crl : store.crls()) {
    auto sha256 = add(crl.der());
    if (!sha256) return sha256.error();
    crls.emplace_back(std::move(*sha256));
  }
  if (!crls.empty()) manifest.emplace_back("crls", std::move(crls));
  if (const auto until = store.listed_until()) {
    manifest.emplace_back("listed_until", int64_t{until->time_since_epoch().count()});
  }
  manifest.emplace_back("revocation", PolicyWord(store.revocation_policy()));
  manifest.emplace_back("crl_grace", int64_t{store.crl_grace().count()});
  if (auto sha256 = add(CanonicalJson(manifest)); !sha256) return sha256.error();
  return SharedTrustBlobs(std::make_shared<const TrustBlobs>(std::move(made)));
}

Result<SharedBlob> MaterialEncoder::BundleBlob(
    const std::shared_ptr<const CertificateBundle>& bundle) {
  if (auto known = bundles_.Find(bundle)) return known;
  auto blob = MakeBlob(PemOf(*bundle));
  if (blob) bundles_.Add(bundle, *blob);
  return blob;
}

Result<SharedBlob> MaterialEncoder::OptionsBlob(
    const std::shared_ptr<const VerifierOptions>& options) {
  if (auto known = options_.Find(options)) return known;
  auto blob = MakeBlob(CanonicalJson(OptionsJson(*options)));
  if (blob) options_.Add(options, *blob);
  return blob;
}

// All calls have the same checks, those of this program.
Result<SharedBlob> MaterialEncoder::NamesBlob() {
  const std::lock_guard lock(making_names_);
  if (names_ != nullptr) return names_;
  JsonArray names;
  for (const Check& check : CheckList::NotRun()) names.emplace_back(check.id);
  auto blob = MakeBlob(CanonicalJson(std::move(names)));
  if (blob) names_ = *blob;
  return blob;
}

Result<void> MaterialEncoder::NoteCertificates(const VerificationMaterial& material,
                                               std::vector<SharedBlob>& blobs, NoteWriter& notes) {
  notes.Size(material.certificates.size());
  for (const auto& answer : material.certificates) {
    if (!answer.value || *answer.value == nullptr) {
      const Reason reason = answer.value ? Reason::kInternalError : answer.value.error().reason;
      NoteFailedAnswer(answer.url, reason, notes);
      continue;
    }
    auto blob = BundleBlob(*answer.value);
    if (!blob) return blob.error();
    NoteAnswer(answer.url, std::move(*blob), blobs, notes);
  }
  return {};
}

namespace {

// Whether what a call rests on is known by its certificate file, trust store and options alone.
bool IsUsual(const VerificationMaterial& material) {
  if (material.certificates.size() != 1 || !material.contents.empty() ||
      !material.tn_auth_lists.empty() || material.trust_store == nullptr) {
    return false;
  }
  const auto& answer = material.certificates.front().value;
  return answer && *answer != nullptr;
}

// Who signed the call, if that is said by the certificate file alone, and lives as long: not of a
// delegate certificate, which is described by its chain. nullptr: nobody, or it is not sure.
const SignerInfo* SignerOfFile(const CallEvidenceView& evidence) {
  const PassportVerdict* deciding = evidence.verdict.deciding();
  if (deciding == nullptr || deciding->signer == nullptr) return nullptr;
  const auto& file = *evidence.material.certificates.front().value;
  const bool of_file = !deciding->signer.owner_before(file) && !file.owner_before(deciding->signer);
  return of_file ? deciding->signer.get() : nullptr;
}

// Whether `evidence`, which rests on usual material, rests on that of `basis`, which may be
// nullptr.
bool IsBasisOf(const SharedBasis& basis, const CallEvidenceView& evidence, bool checked,
               const SignerInfo* signer) {
  if (basis == nullptr || !basis->usual) return false;
  const VerificationMaterial& material = evidence.material;
  const auto& answer = material.certificates.front();
  const UsualMaterial& usual = *basis->usual;
  return usual.checked == checked && usual.asks_for_content == material.asks_for_content &&
         (signer == nullptr || signer == basis->signer) && usual.certificates.Is(*answer.value) &&
         usual.trust.Is(material.trust_store) && usual.options.Is(evidence.options) &&
         usual.url == answer.url;
}

}  // namespace

Result<CallBasis> MaterialEncoder::Make(const CallEvidenceView& evidence, bool checked,
                                        const SignerInfo* signer) {
  CallBasis basis;
  NoteWriter notes;
  if (auto ok = NoteAll(evidence, checked, basis.blobs, notes); !ok) return ok.error();
  NoteSigner(signer, nullptr, notes);
  basis.notes = notes.bytes();
  basis.signer = signer;
  for (const SharedBlob& blob : basis.blobs) {
    const auto name = BytesOfHex(blob->sha256);
    if (!name) return Fail(Reason::kInternalError, "a blob has no name");
    basis.names += *name;
  }
  return basis;
}

Result<SharedBasis> MaterialEncoder::MakeOwn(const CallEvidenceView& evidence, bool checked) {
  auto basis = Make(evidence, checked, nullptr);
  if (!basis) return basis.error();
  return SharedBasis(std::make_shared<const CallBasis>(std::move(*basis)));
}

Result<SharedBasis> MaterialEncoder::MakeUsual(const CallEvidenceView& evidence, bool checked,
                                               const SignerInfo* signer) {
  auto made = Make(evidence, checked, signer);
  if (!made) return made.error();
  const VerificationMaterial& material = evidence.material;
  const auto& answer = material.certificates.front();
  made->usual =
      UsualMaterial{ObjectIdentity(*answer.value),    ObjectIdentity(material.trust_store),
                    ObjectIdentity(evidence.options), answer.url,
                    material.asks_for_content,        checked};
  SharedBasis basis = std::make_shared<const CallBasis>(std::move(*made));
  usual_.Add(*answer.value, basis);
  return basis;
}

Result<SharedBasis> MaterialEncoder::LookUp(const CallEvidenceView& evidence, bool checked,
                                            const SignerInfo* signer) {
  auto known = usual_.Find(*evidence.material.certificates.front().value);
  if (IsBasisOf(known, evidence, checked, signer)) return known;
  return MakeUsual(evidence, checked, signer);
}

// Calls of the same signer rest on the same, mostly, and are spared to note it.
Result<void> MaterialEncoder::FindBasis(const CallEvidenceView& evidence, SharedBasis& basis) {
  if (evidence.options == nullptr) return Fail(Reason::kInternalError, "evidence without options");
  const auto& passports = evidence.verdict.passports;
  const bool checked = std::any_of(passports.begin(), passports.end(),
                                   [](const auto& one) { return !one.checks.empty(); });
  const bool usual = IsUsual(evidence.material);
  const SignerInfo* const signer = usual ? SignerOfFile(evidence) : nullptr;
  if (usual && IsBasisOf(basis, evidence, checked, signer)) return {};
  auto found = usual ? LookUp(evidence, checked, signer) : MakeOwn(evidence, checked);
  if (!found) return found.error();
  basis = std::move(*found);
  return {};
}

Result<void> MaterialEncoder::NoteAll(const CallEvidenceView& evidence, bool checked,
                                      std::vector<SharedBlob>& blobs, NoteWriter& notes) {
  const VerificationMaterial& material = evidence.material;
  notes.Flag(material.asks_for_content);
  if (auto ok = NoteCertificates(material, blobs, notes); !ok) return ok;
  const auto add = [&](SharedBlob blob) {
    notes.Size(blobs.size());
    blobs.push_back(std::move(blob));
  };
  notes.Flag(checked);
  if (checked) {
    auto blob = NamesBlob();
    if (!blob) return blob.error();
    add(std::move(*blob));
  }
  const auto content = [](const std::string& bytes) { return bytes; };
  if (auto ok = NoteAnswers(material.contents, content, blobs, notes); !ok) return ok;
  auto options = OptionsBlob(evidence.options);
  if (!options) return options.error();
  add(std::move(*options));
  const auto der = [](const TnAuthList& list) { return list.Encode(); };
  if (auto ok = NoteAnswers(material.tn_auth_lists, der, blobs, notes); !ok) return ok;
  notes.Flag(material.trust_store != nullptr);
  if (material.trust_store != nullptr) {
    auto trust = TrustOf(material.trust_store);
    if (!trust) return trust.error();
    blobs.insert(blobs.end(), (*trust)->blobs.begin(), (*trust)->blobs.end());
    notes.Size(blobs.size() - 1);  // the manifest is the last of them
  }
  return {};
}

namespace {

Result<std::string> CheckedBlob(std::string_view sha256, const BlobSource& blobs) {
  auto bytes = blobs(sha256);
  if (!bytes) {
    if (bytes.error().reason != Reason::kResourceNotFound) return bytes.error();
    return Fail(Reason::kEvidenceAltered, "what has the SHA-256 " + Quote(sha256) + " is missing");
  }
  if (Sha256Hex(*bytes) != sha256) {
    return Fail(Reason::kEvidenceAltered,
                "what should have the SHA-256 " + Quote(sha256) + " has another");
  }
  return bytes;
}

Failure Unusable(const Failure& failure) {
  return Fail(Reason::kEvidenceAltered, failure.detail);
}

// The certificates of the blob that `name` names; none if it names none.
Result<CertificateBundle> CertificatesOf(const JsonValue& manifest, std::string_view name,
                                         const BlobSource& blobs) {
  constexpr size_t kMax = 100'000;
  const JsonValue* value = manifest.Find(name);
  if (value == nullptr) return CertificateBundle();
  if (value->AsString() == nullptr) return Fail(Reason::kEvidenceAltered, std::string(name));
  auto pem = CheckedBlob(*value->AsString(), blobs);
  if (!pem) return pem.error();
  auto bundle = ParseBundle(*pem, kMax);
  if (!bundle) return Unusable(bundle.error());
  return bundle;
}

Result<void> AddRevocation(JsonFields& fields, TrustStoreBuilder& builder) {
  std::string word;
  int64_t grace = 0;
  fields.Text("revocation", word);
  fields.Number("crl_grace", grace);
  if (!IsStoredSpan(grace)) fields.Refuse("crl_grace", "is out of range");
  if (auto ok = fields.Finish(); !ok) return ok;
  for (const RevocationPolicy policy :
       {RevocationPolicy::kIfCovered, RevocationPolicy::kRequired, RevocationPolicy::kBestEffort}) {
    if (PolicyWord(policy) != word) continue;
    builder.SetRevocationPolicy(policy);
    builder.SetCrlGrace(std::chrono::seconds(grace));
    return fields.Finish();
  }
  return Fail(Reason::kEvidenceAltered, "revocation " + Quote(word) + " is not known");
}

Result<std::shared_ptr<const TrustStore>> ReadTrust(std::string_view sha256,
                                                    const BlobSource& blobs) {
  auto text = CheckedBlob(sha256, blobs);
  if (!text) return text.error();
  auto manifest = ReadEvidenceJson(*text);
  if (!manifest) return manifest.error();
  JsonFields fields(&*manifest);
  TrustStoreBuilder builder;
  auto own = CertificatesOf(*manifest, "anchors", blobs);
  if (!own) return own.error();
  if (!own->empty()) {
    if (auto ok = builder.AddAnchors(PemOf(*own), "anchors"); !ok) return Unusable(ok.error());
  }
  auto crl_anchors = CertificatesOf(*manifest, "crl_anchors", blobs);
  if (!crl_anchors) return crl_anchors.error();
  if (!crl_anchors->empty()) {
    if (auto ok = builder.AddCrlAnchors(PemOf(*crl_anchors), "crl_anchors"); !ok) {
      return Unusable(ok.error());
    }
  }
  auto signers = CertificatesOf(*manifest, "crl_signers", blobs);
  if (!signers) return signers.error();
  builder.AddCrlSigners(*signers);
  std::vector<std::string> crls;
  fields.Texts("crls", crls);
  for (const std::string& name : crls) {
    auto der = CheckedBlob(name, blobs);
    if (!der) return der.error();
    auto crl = Crl::ParseDer(*der);
    if (!crl) return Unusable(crl.error());
    builder.AddCrl(*crl);
  }
  auto listed = CertificatesOf(*manifest, "listed_anchors", blobs);
  if (!listed) return listed.error();
  if (fields.Find("listed_until") != nullptr) {
    int64_t until = 0;
    fields.Number("listed_until", until);
    if (!IsStoredTime(until)) fields.Refuse("listed_until", "is out of range");
    if (auto ok = fields.Finish(); !ok) return ok.error();
    builder.SetListedAnchors(std::move(*listed), sys_seconds(std::chrono::seconds(until)));
  }
  if (auto ok = AddRevocation(fields, builder); !ok) return ok.error();
  return builder.Build();
}

// Reads answers of one sort; `read` makes the value of a blob's bytes.
template <class T, class Read>
Result<std::vector<VerificationMaterial::Answer<T>>> ReadAnswers(const JsonArray& array,
                                                                 const BlobSource& blobs,
                                                                 const Read& read) {
  std::vector<VerificationMaterial::Answer<T>> answers;
  for (const JsonValue& element : array) {
    JsonFields fields(&element);
    std::string url;
    std::optional<std::string> failed;
    std::optional<std::string> sha256;
    fields.Text("url", url);
    fields.Text("failed", failed);
    fields.Text("sha256", sha256);
    if (auto ok = fields.Finish(); !ok) return ok.error();
    if (sha256) {
      auto bytes = CheckedBlob(*sha256, blobs);
      if (!bytes) return bytes.error();
      auto value = read(*bytes);
      if (!value) return Unusable(value.error());
      answers.push_back({std::move(url), std::move(*value)});
      continue;
    }
    const ReasonInfo* row = failed ? FindReason(*failed) : nullptr;
    if (row == nullptr || row->reason == Reason::kNone) {
      return Fail(Reason::kEvidenceAltered, "an answer is neither there nor failed");
    }
    answers.push_back({std::move(url), Fail(row->reason, "so it was when the call was judged")});
  }
  return answers;
}

}  // namespace

Result<KeptMaterial> ReadMaterial(const JsonValue* json, const BlobSource& blobs) {
  JsonFields fields(json);
  std::string options_name;
  std::optional<std::string> names_name;
  std::optional<std::string> trust_name;
  fields.Text("options", options_name);
  fields.Text("checks", names_name);
  fields.Text("trust", trust_name);
  if (auto ok = fields.Finish(); !ok) return ok.error();
  KeptMaterial kept;
  auto options_text = CheckedBlob(options_name, blobs);
  if (!options_text) return options_text.error();
  auto options_json = ReadEvidenceJson(*options_text);
  if (!options_json) return options_json.error();
  auto options = ReadOptionsJson(&*options_json);
  if (!options) return options.error();
  kept.options = std::move(*options);
  if (names_name) {
    auto text = CheckedBlob(*names_name, blobs);
    if (!text) return text.error();
    auto names = ReadEvidenceJson(*text);
    if (!names) return names.error();
    const JsonValue wrapped(JsonMembers{{"names", std::move(*names)}});
    JsonFields list(&wrapped);
    list.Texts("names", kept.check_names);
    if (auto ok = list.Finish(); !ok) return ok.error();
  }
  if (trust_name) {
    auto trust = ReadTrust(*trust_name, blobs);
    if (!trust) return trust.error();
    kept.material.trust_store = std::move(*trust);
  }
  using SharedBundle = std::shared_ptr<const CertificateBundle>;
  auto certificates = ReadAnswers<SharedBundle>(
      fields.Array("certificates"), blobs, [](const std::string& pem) -> Result<SharedBundle> {
        auto bundle = ParseBundle(pem, 100'000);
        if (!bundle) return bundle.error();
        return SharedBundle(std::make_shared<const CertificateBundle>(std::move(*bundle)));
      });
  if (!certificates) return certificates.error();
  kept.material.certificates = std::move(*certificates);
  auto lists =
      ReadAnswers<TnAuthList>(fields.Array("tn_auth_lists"), blobs, [](const std::string& der) {
        return TnAuthList::Parse({reinterpret_cast<const uint8_t*>(der.data()), der.size()});
      });
  if (!lists) return lists.error();
  kept.material.tn_auth_lists = std::move(*lists);
  auto contents =
      ReadAnswers<std::string>(fields.Array("contents"), blobs,
                               [](std::string bytes) -> Result<std::string> { return bytes; });
  if (!contents) return contents.error();
  kept.material.contents = std::move(*contents);
  kept.material.asks_for_content = fields.Find("asks_for_content") != nullptr;
  return kept;
}

std::vector<std::string> ManifestBlobs(std::string_view bytes) {
  std::vector<std::string> names;
  if (bytes.substr(0, 1) != "{") return names;
  const auto json = ReadEvidenceJson(bytes);
  if (!json) return names;
  JsonFields fields(&*json);
  fields.Texts("crls", names);
  for (const char* name : {"anchors", "listed_anchors", "crl_anchors", "crl_signers"}) {
    std::optional<std::string> one;
    fields.Text(name, one);
    if (one) names.push_back(std::move(*one));
  }
  return names;
}

}  // namespace callvet
