// SPDX-License-Identifier: MIT
#include "evidence/evidence_codec.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "evidence/call_json.h"
#include "evidence/canonical_text.h"
#include "evidence/evidence_id.h"
#include "evidence/evidence_summary.h"
#include "evidence/json_fields.h"
#include "evidence/note_bytes.h"
#include "evidence/packed_id.h"
#include "evidence/pool_record.h"
#include "evidence/store_time.h"
#include "evidence/verdict_digest.h"
#include "pki/sha256.h"
#include "syntax/party.h"

namespace callvet {
namespace {

constexpr int64_t kRecordFormat = 1;

// The canonical form of the first party that can be read, else the first text as it is.
std::string FirstParty(const std::vector<std::string>& texts, const DialPlan* plan) {
  for (const std::string& text : texts) {
    if (const auto party = Party::Parse(text, plan)) return party->canonical();
  }
  return texts.empty() ? std::string() : texts.front();
}

void WriteKeys(const EvidenceKeys& keys, CanonicalText& json) {
  json.Open();
  json.AddText("call_id", keys.call_id);
  json.AddText("dest", keys.dest);
  json.AddText("orig", keys.orig);
  json.AddText("origid", keys.origid);
  json.AddText("reason", keys.reason);
  json.AddText("spc", keys.spc);
  json.AddText("trunk", keys.trunk);
  json.Close();
}

EvidenceKeys ReadKeys(const JsonValue* json) {
  EvidenceKeys keys;
  if (json == nullptr) return keys;
  const auto text = [&](std::string_view name) {
    const JsonValue* value = json->Find(name);
    return value != nullptr && value->AsString() != nullptr ? *value->AsString() : std::string();
  };
  keys.orig = text("orig");
  keys.dest = text("dest");
  keys.origid = text("origid");
  keys.spc = text("spc");
  keys.trunk = text("trunk");
  keys.reason = text("reason");
  keys.call_id = text("call_id");
  return keys;
}

// What evidence keeps of what the policy did.
struct DispositionNotes {
  std::string_view action;
  bool emergency = false;
  std::string_view holder;
  std::string_view mode;
  std::string_view reason;
  int64_t sip_code = 0;
};

void NoteDisposition(const Disposition& disposition, NoteWriter& notes) {
  notes.Text(ActionText(disposition.action));
  notes.Flag(disposition.emergency);
  notes.Text(disposition.holder);
  notes.Text(PolicyModeText(disposition.mode));
  notes.Text(Info(disposition.reason).id);
  notes.Number(disposition.sip_code);
}

DispositionNotes ReadDisposition(NoteReader& notes) {
  DispositionNotes disposition;
  disposition.action = notes.Text();
  disposition.emergency = notes.Flag();
  disposition.holder = notes.Text();
  disposition.mode = notes.Text();
  disposition.reason = notes.Text();
  disposition.sip_code = notes.Number();
  return disposition;
}

void WriteDisposition(const DispositionNotes& disposition, CanonicalText& json) {
  json.Open();
  json.AddString("action", disposition.action);
  if (disposition.emergency) {
    json.Name("emergency");
    json.Json("true");
  }
  json.AddText("holder", disposition.holder);
  json.AddString("mode", disposition.mode);
  json.AddString("reason", disposition.reason);
  if (disposition.sip_code != 0) json.AddNumber("sip_code", disposition.sip_code);
  json.Close();
}

// All notes of a call.
struct Notes {
  std::string_view id;
  int64_t time = 0;
  const DialPlan* plan = nullptr;
  std::string_view origid;  // of the PASSporT that decided, as it is there
  std::string_view spc;     // of its signer, if the chain is good
  CallRequest call;
  std::string_view call_id;
  std::string_view trunk;
  std::string_view policy;
  std::string_view trust_list;
  std::optional<DispositionNotes> disposition;
  MaterialNotes material;
  VerdictNotes verdict;
};

// `claims`: what was taken out of the verdict's digest; "" if nothing.
void WritePrivate(const Notes& notes, std::string_view claims, CanonicalText& json) {
  json.Open();
  json.Name("call");
  WriteCall(notes.call, json);
  json.AddText("call_id", notes.call_id);
  if (!claims.empty()) {
    json.Name("claims");
    json.Json(claims);
  }
  json.Name("parties");
  WritePartiesDigest(notes.verdict, json);
  json.Close();
}

// Takes what may name somebody out of a verdict's digest; "" if there is nothing.
Result<std::string> OddClaims(std::string& digest) {
  auto json = ReadEvidenceJson(digest);
  if (!json) return Fail(Reason::kInternalError, json.error().detail);
  const JsonValue claims = TakeOddClaims(*json);
  if (claims.IsNull()) return std::string();
  digest = CanonicalJson(*json);
  return CanonicalJson(claims);
}

// UUIDs are the same in either case (RFC 9562 4).
std::string OrigidText(std::string_view text) {
  std::string lower = ToLower(text);
  return PackUuid(lower).empty() ? std::string(text) : lower;
}

// Whom the call is put down to: who signed the PASSporT that decided; "": nobody.
std::string_view SpcOf(const PassportVerdict* deciding) {
  if (deciding == nullptr || !deciding->signer || !deciding->IsPutDownToSigner()) return {};
  return deciding->signer->AnsweringSpc();
}

std::string_view OrigidOf(const PassportVerdict* deciding) {
  if (deciding == nullptr || !deciding->origid) return {};
  return *deciding->origid;
}

constexpr size_t kMaxKey = 256;

constexpr std::string_view kKindNames[] = {"call", "access", "complaint", "match", "pool"};

EvidenceKind KindOfName(std::string_view name) {
  for (size_t i = 0; i < std::size(kKindNames); ++i) {
    if (kKindNames[i] == name) return static_cast<EvidenceKind>(i);
  }
  return EvidenceKind::kAccess;
}

}  // namespace

std::string_view EvidenceKindName(EvidenceKind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

std::optional<EvidenceKind> EvidenceKindOf(int64_t number) {
  if (number < 0 || number >= static_cast<int64_t>(std::size(kKindNames))) return std::nullopt;
  return static_cast<EvidenceKind>(number);
}

namespace {

bool IsCleanKey(std::string_view text) {
  constexpr CharSet kPrintable = CharSet::Where([](char c) { return c >= 0x20 && c < 0x7F; });
  return text.size() <= kMaxKey && kPrintable.HasAll(text);
}

}  // namespace

// Without control characters and what is no UTF-8, and not longer than a key may be.
std::string CleanKey(std::string_view text) {
  if (IsCleanKey(text)) return std::string(text);
  std::string clean;
  while (!text.empty()) {
    const CodePoint point = ReadCodePoint(text);
    if (clean.size() + point.size > kMaxKey) break;
    if (!point.valid || point.value < 0x20 || point.value == 0x7F) {
      clean += '?';
    } else {
      clean += text.substr(0, point.size);
    }
    text.remove_prefix(point.size);
  }
  return clean;
}

EvidenceKeys KeysOf(const CallRequest& call, const DialPlan* plan, const Verdict& verdict) {
  EvidenceKeys keys;
  keys.orig = FirstParty(call.orig, plan);
  keys.dest = FirstParty(call.dest, plan);
  keys.reason = Info(verdict.reason).id;
  keys.origid = OrigidText(OrigidOf(verdict.deciding()));
  keys.spc = SpcOf(verdict.deciding());
  return keys;
}

EvidenceKeys CleanKeys(EvidenceKeys keys) {
  for (std::string* key : {&keys.orig, &keys.dest, &keys.origid, &keys.spc, &keys.trunk,
                           &keys.reason, &keys.call_id}) {
    if (!IsCleanKey(*key)) *key = CleanKey(*key);
  }
  return keys;
}

namespace {

using MaybeSecret = std::optional<NumberSecret>;

Result<std::string> KeyOfOrigid(std::string_view origid, const MaybeSecret& key) {
  std::string clean = CleanKey(OrigidText(origid));
  const bool hashed = key && !clean.empty() && PackUuid(clean).empty();
  return hashed ? key->Hash(clean) : Result<std::string>(std::move(clean));
}

Result<void> SettleKeys(EvidenceKeys& keys, const MaybeSecret& secret) {
  keys = CleanKeys(std::move(keys));
  if (!secret) return {};
  for (std::string* key : {&keys.orig, &keys.dest, &keys.call_id}) {
    if (key->empty()) continue;
    auto hash = secret->Hash(*key);
    if (!hash) return hash.error();
    *key = std::move(*hash);
  }
  auto origid = KeyOfOrigid(keys.origid, secret);
  if (!origid) return origid.error();
  keys.origid = std::move(*origid);
  return {};
}

}  // namespace

Result<EvidenceRecord> EvidenceCodec::Finish(JsonMembers json, JsonMembers private_part,
                                             EvidenceRecord record) const {
  if (auto ok = SettleKeys(record.keys, key_); !ok) return ok.error();
  if (key_) {
    auto sealed = key_->Seal(record.id, CanonicalJson(private_part));
    if (!sealed) return sealed.error();
    json.emplace_back("sealed", std::move(*sealed));
    json.emplace_back("number_key", key_->name());
  } else {
    json.emplace_back("private", std::move(private_part));
  }
  CanonicalText keys;
  WriteKeys(record.keys, keys);
  auto keys_json = ReadEvidenceJson(keys.text());
  if (!keys_json) return keys_json.error();
  json.emplace_back("v", kRecordFormat);
  json.emplace_back("id", record.id);
  json.emplace_back("kind", EvidenceKindName(record.kind));
  json.emplace_back("time", Seconds(record.time));
  json.emplace_back("keys", std::move(*keys_json));
  const JsonValue whole(std::move(json));
  record.text = CanonicalJson(whole);
  record.summary = SummaryOf(whole, record);
  return record;
}

namespace {

// As of Verdict::deciding.
std::string_view OrigidOf(const VerdictNotes& verdict) {
  if (!verdict.decided_by || *verdict.decided_by < 0) return {};
  const auto place = static_cast<size_t>(*verdict.decided_by);
  if (place >= verdict.passports.size()) return {};
  const PassportNotes* deciding = &verdict.passports[place];
  const bool passed = verdict.reason == Info(Reason::kNone).id;
  while (passed && !deciding->nested.empty()) deciding = &deciding->nested.front();
  return deciding->origid.value_or(std::string_view());
}

// What notes begin with. Those of another form are refused, and stay in the file that they are
// in: whoever changes what stands in them gives them another, and still reads this one.
constexpr std::string_view kNotesForm = "2";
// What of these the basis says, stood in the notes.
constexpr std::string_view kFirstForm = "1";

constexpr size_t kUsualText = 1700;

size_t TokenSize(const CallRequest& call) {
  size_t size = 0;
  for (const std::string& identity : call.identities) size += identity.size();
  return size;
}

// Keys and words are the same in the text, where what is no UTF-8 would be something else.
std::string_view PlainWord(std::string_view word, NoteReader& notes) {
  if (!IsCleanKey(word)) notes.Refuse();
  return word;
}

// What stands in the basis; of the first form in the notes, the signer behind what comes next.
ReadBefore ReadBasis(bool first_form, NoteReader& basis, size_t blobs, MaterialNotes& material) {
  ReadBefore said;
  said.first_form = first_form;
  material = ReadMaterialNotes(basis, blobs);
  if (first_form) return said;
  said.signer = ReadSigner(basis, std::nullopt);
  if (!material.certificates.empty()) said.url = material.certificates.front().url;
  return said;
}

Notes ReadNotes(NoteReader& reader, std::string_view basis, size_t blobs) {
  Notes notes;
  const std::string_view form = reader.Text();
  const bool first_form = form == kFirstForm && basis.empty();
  if (form != kNotesForm && !first_form) reader.Refuse();
  notes.id = PlainWord(reader.Text(), reader);
  notes.time = reader.Number();
  if (!IsStoredTime(notes.time)) reader.Refuse();
  const std::string_view country = reader.Text();
  notes.plan = country.empty() ? nullptr : FindDialPlan(country);
  if (!country.empty() && notes.plan == nullptr) reader.Refuse();
  if (first_form) notes.origid = reader.Text();
  notes.spc = reader.Text();
  notes.call = ReadCallNotes(reader);
  notes.call_id = reader.Text();
  notes.trunk = reader.Text();
  notes.policy = reader.Text();
  notes.trust_list = reader.Text();
  if (reader.Flag()) notes.disposition = ReadDisposition(reader);
  NoteReader apart(basis);
  const ReadBefore said = ReadBasis(first_form, first_form ? reader : apart, blobs, notes.material);
  if (!apart.Finished()) reader.Refuse();
  notes.verdict = ReadVerdictNotes(reader, said);
  if (!first_form) notes.origid = OrigidOf(notes.verdict);
  PlainWord(notes.verdict.reason, reader);
  if (notes.disposition) PlainWord(notes.disposition->action, reader);
  if (notes.verdict.signer && !IsUtf8(notes.verdict.signer->subject)) reader.Refuse();
  return notes;
}

EvidenceKeys KeysOf(const Notes& notes) {
  EvidenceKeys keys;
  keys.orig = FirstParty(notes.call.orig, notes.plan);
  keys.dest = FirstParty(notes.call.dest, notes.plan);
  keys.origid = OrigidText(notes.origid);
  keys.spc = notes.spc;
  keys.trunk = notes.trunk;
  keys.reason = notes.verdict.reason;
  keys.call_id = notes.call_id;
  return keys;
}

// What SummaryOf makes of the text.
EvidenceSummary SummaryOf(const Notes& notes, const EvidenceKeys& keys) {
  EvidenceSummary summary;
  summary.party.trunk = keys.trunk;
  summary.party.signer = keys.spc;
  const VerdictNotes& verdict = notes.verdict;
  if (keys.spc.empty() && verdict.reason == Info(Reason::kNone).id && verdict.signer) {
    summary.party.signer = CleanKey(verdict.signer->subject);
  }
  if (notes.disposition) {
    // What is no UTF-8 is no string in the text.
    const std::string_view holder = notes.disposition->holder;
    if (IsUtf8(holder)) summary.party.holder = CleanKey(holder);
    summary.action = notes.disposition->action;
  }
  return summary;
}

// In the order of names.
Result<std::string> WriteRecord(const Notes& notes, const EvidenceKeys& keys,
                                const std::vector<std::string_view>& blobs,
                                const MaybeSecret& key) {
  std::string digest;  // of the verdict, where something of it is to be sealed
  CanonicalText json(kUsualText + TokenSize(notes.call));
  json.Open();
  if (notes.disposition) {
    json.Name("disposition");
    WriteDisposition(*notes.disposition, json);
  }
  json.AddString("id", notes.id);
  json.Name("keys");
  WriteKeys(keys, json);
  json.AddString("kind", EvidenceKindName(EvidenceKind::kCall));
  json.Name("material");
  WriteMaterial(notes.material, blobs, json);
  if (key) json.AddString("number_key", key->name());
  json.AddText("policy", notes.policy);
  if (key) {
    CanonicalText verdict;
    WriteVerdictDigest(notes.verdict, verdict);
    digest = verdict.Take();
    const auto claims = OddClaims(digest);
    if (!claims) return claims.error();
    CanonicalText parties;
    WritePrivate(notes, *claims, parties);
    const auto sealed = key->Seal(std::string(notes.id), parties.text());
    if (!sealed) return sealed.error();
    json.AddString("sealed", *sealed);
  } else {
    json.Name("private");
    WritePrivate(notes, {}, json);
  }
  json.AddNumber("time", notes.time);
  json.AddText("trust_list", notes.trust_list);
  json.AddNumber("v", kRecordFormat);
  json.Name("verdict");
  if (key) {
    json.Json(digest);
  } else {
    WriteVerdictDigest(notes.verdict, json);
  }
  json.Close();
  return json.Take();
}

}  // namespace

std::string_view IdOfNotes(std::string_view notes) {
  NoteReader reader(notes);
  if (reader.Text() != kNotesForm) return {};
  return reader.Text();
}

namespace {

// A verdict that failed as a whole has no time; that of the id is next to it.
int64_t TimeOf(const Verdict& verdict, std::string_view id) {
  const bool has_time = verdict.judged_at != sys_seconds();
  return Seconds(has_time ? verdict.judged_at : TimeOfId(id).value_or(sys_seconds()));
}

}  // namespace

Result<void> EvidenceCodec::Note(const CallEvidenceView& evidence, std::string_view id,
                                 NoteDesk& desk) {
  if (auto ok = material_->FindBasis(evidence, desk.basis); !ok) return ok;
  NoteWriter& notes = desk.notes;
  notes.Clear();
  const auto& certificates = evidence.material.certificates;
  const SaidBefore said = {desk.basis->signer, certificates.empty()
                                                   ? std::string_view()
                                                   : std::string_view(certificates.front().url)};
  const DialPlan* plan = evidence.options != nullptr ? evidence.options->dial_plan : nullptr;
  const PassportVerdict* deciding = evidence.verdict.deciding();
  notes.Text(kNotesForm);
  notes.Text(id);
  notes.Number(TimeOf(evidence.verdict, id));
  notes.Text(plan != nullptr ? plan->iso : std::string_view());
  notes.Text(SpcOf(deciding));
  NoteCall(evidence.call, notes);
  notes.Text(evidence.call_id);
  notes.Text(evidence.trunk);
  notes.Text(evidence.policy);
  notes.Text(evidence.trust_list);
  notes.Flag(evidence.disposition != nullptr);
  if (evidence.disposition != nullptr) NoteDisposition(*evidence.disposition, notes);
  NoteVerdict(evidence.verdict, said, notes);
  return {};
}

Result<CallNotes> EvidenceCodec::Note(const CallEvidenceView& evidence, std::string_view id) {
  NoteDesk desk;
  if (auto ok = Note(evidence, id, desk); !ok) return ok.error();
  return CallNotes{std::string(desk.notes.bytes()), std::move(desk.basis)};
}

Result<EvidenceRecord> RecordOfNotes(const ReadableNotes& notes,
                                     const std::vector<std::string_view>& blobs,
                                     const std::optional<NumberSecret>& key) {
  NoteReader reader(notes.own);
  const Notes read = ReadNotes(reader, notes.basis, blobs.size());
  if (!reader.Finished()) return Fail(Reason::kEvidenceAltered, "these are no notes of a call");
  EvidenceRecord record;
  record.id = read.id;
  record.time = Time(read.time);
  record.keys = KeysOf(read);
  if (auto ok = SettleKeys(record.keys, key); !ok) return ok.error();
  auto text = WriteRecord(read, record.keys, blobs, key);
  if (!text) return text.error();
  record.text = std::move(*text);
  record.summary = SummaryOf(read, record.keys);
  return record;
}

Result<EvidenceRecord> RecordOfNotes(std::string_view notes, const CallBasis& basis,
                                     const std::optional<NumberSecret>& key) {
  std::vector<std::string_view> names;
  names.reserve(basis.blobs.size());
  for (const auto& blob : basis.blobs) names.emplace_back(blob->sha256);
  auto record = RecordOfNotes({notes, basis.notes}, names, key);
  if (record) record->blobs = basis.blobs;
  return record;
}

Result<EvidenceRecord> EvidenceCodec::Encode(const CallEvidenceView& evidence,
                                             std::string_view id) {
  NoteDesk desk;
  if (auto ok = Note(evidence, id, desk); !ok) return ok.error();
  auto record = RecordOfNotes(desk.notes.bytes(), *desk.basis, key_);
  if (!record) return Fail(Reason::kInternalError, record.error().detail);
  return record;
}

Result<EvidenceRecord> EvidenceCodec::Encode(const EvidenceAccess& access, std::string id) const {
  EvidenceRecord record;
  record.id = std::move(id);
  record.kind = EvidenceKind::kAccess;
  record.time = access.time;
  return Finish({{"who", access.who}, {"what", access.what}}, {{"about", access.about}},
                std::move(record));
}

Result<EvidenceRecord> EvidenceCodec::Encode(const Complaint& complaint,
                                             const std::vector<ComplaintCall>& calls,
                                             const DialPlan* plan, std::string id) const {
  EvidenceRecord record;
  record.id = std::move(id);
  record.kind = EvidenceKind::kComplaint;
  record.time = complaint.received;
  record.keys.dest = FirstParty({complaint.callee}, plan);
  const bool whole = complaint.caller.find('*') == std::string::npos;
  if (whole && !complaint.caller.empty()) record.keys.orig = FirstParty({complaint.caller}, plan);
  JsonMembers said = {{"about", Seconds(complaint.about)},
                      {"tolerance", int64_t{complaint.tolerance.count()}},
                      {"category", ComplaintCategoryName(complaint.category)},
                      {"calls", ComplaintCallsJson(calls)}};
  AddText(said, "reference", complaint.reference);
  AddText(said, "filed_by", complaint.filed_by);
  JsonMembers private_part;
  AddText(private_part, "callee", complaint.callee);
  AddText(private_part, "caller", complaint.caller);
  AddText(private_part, "text", complaint.text);
  return Finish({{"complaint", std::move(said)}}, std::move(private_part), std::move(record));
}

Result<EvidenceRecord> EvidenceCodec::Encode(const FoundCalls& found, std::string id) const {
  EvidenceRecord record;
  record.id = std::move(id);
  record.kind = EvidenceKind::kMatch;
  record.time = found.time;
  return Finish({{"match", JsonMembers{{"complaint", found.complaint},
                                       {"calls", ComplaintCallsJson(found.calls)},
                                       {"who", found.who}}}},
                {}, std::move(record));
}

Result<EvidenceRecord> EvidenceCodec::Encode(const PoolChange& change, sys_seconds time,
                                             std::string id) const {
  EvidenceRecord record;
  record.id = std::move(id);
  record.kind = EvidenceKind::kPool;
  record.time = time;
  record.keys = PoolKeys(change);
  return Finish({{"pool", PoolChangeJson(change)}}, PoolPrivateJson(change), std::move(record));
}

Result<std::string> EvidenceCodec::KeyOf(std::string_view party, const DialPlan* plan) const {
  // As in a record: what is no party ("anonymous") is found by its text.
  std::string clean = CleanKey(FirstParty({std::string(party)}, plan));
  return key_ ? key_->Hash(clean) : Result<std::string>(std::move(clean));
}

Result<std::string> EvidenceCodec::OrigidKey(std::string_view origid) const {
  return KeyOfOrigid(origid, key_);
}

Result<std::string> EvidenceCodec::CallIdKey(std::string_view call_id) const {
  std::string clean = CleanKey(call_id);
  return key_ ? key_->Hash(clean) : Result<std::string>(std::move(clean));
}

Result<EvidenceText> EvidenceCodec::Read(std::string_view text) const {
  auto json = ReadEvidenceJson(text);
  if (!json) return json.error();
  EvidenceText read{std::move(*json), {}};
  int64_t format = 0;
  std::string id;
  JsonFields fields(&read.json);
  fields.Number("v", format);
  fields.Text("id", id);
  if (auto ok = fields.Finish(); !ok) return ok.error();
  if (format != kRecordFormat) {
    return Fail(Reason::kEvidenceAltered, "format " + std::to_string(format) + " is not known");
  }
  if (const JsonValue* open = fields.Find("private")) {
    read.private_ = *open;
    return read;
  }
  if (!key_) return read;
  std::string sealed;
  fields.Text("sealed", sealed);
  if (auto ok = fields.Finish(); !ok) return ok.error();
  auto opened = key_->Open(id, sealed);
  if (!opened) return opened.error();
  auto parsed = ReadEvidenceJson(*opened);
  if (!parsed) return parsed.error();
  OpenPrivate(read, std::move(*parsed));
  return read;
}

void OpenPrivate(EvidenceText& text, JsonValue private_part) {
  text.private_ = std::move(private_part);
  const JsonValue* claims = text.private_.Find("claims");
  if (claims == nullptr || !text.json.IsObject()) return;
  JsonMembers members = *text.json.AsObject();
  for (auto& [name, value] : members) {
    if (name == "verdict") value = WithOddClaims(value, *claims);
  }
  text.json = std::move(members);
}

Result<EvidenceRecord> RecordOfText(std::string text) {
  const auto json = ReadEvidenceJson(text);
  if (!json) return json.error();
  JsonFields fields(&*json);
  EvidenceRecord record;
  std::string kind;
  int64_t time = 0;
  fields.Text("id", record.id);
  fields.Text("kind", kind);
  fields.Number("time", time);
  if (!IsStoredTime(time)) fields.Refuse("time", "is out of range");
  if (auto ok = fields.Finish(); !ok) return ok.error();
  record.kind = KindOfName(kind);
  record.time = sys_seconds(std::chrono::seconds(time));
  record.keys = ReadKeys(json->Find("keys"));
  record.text = std::move(text);
  record.summary = SummaryOf(*json, record);
  return record;
}

std::string ColumnsDifference(const StoredEvidence& record) {
  return ColumnsDifference(record, RecordOfText(record.text));
}

std::string ColumnsDifference(const StoredEvidence& record, const Result<EvidenceRecord>& read) {
  if (!record.odd.empty()) return record.odd;
  if (!read) return "its text cannot be read";
  if (read->id != record.id) return "its id is another in its text";
  if (read->time != record.time) return "its time is another in its text";
  if (read->kind != record.kind) return "its kind is another in its text";
  if (read->keys != record.keys) return "what it is found by is not its text's";
  return {};
}

}  // namespace callvet
