// SPDX-License-Identifier: MIT
#include "api/evidence_api.h"

#include <array>
#include <utility>

#include "api/call_verification.h"
#include "api/evidence_json.h"
#include "api/evidence_replay.h"
#include "api/query_text.h"
#include "api/verdict_json.h"
#include "base/text.h"
#include "evidence/evidence_bundle.h"
#include "evidence/opened_search.h"

namespace callvet {
namespace {

constexpr uint64_t kMaxPage = 1000;
constexpr size_t kMostOpened = 20'000;  // for one page: more takes a worker away from calls
constexpr std::array<std::string_view, 12> kSearchParameters = {
    "orig",   "dest",    "div",    "from", "to",    "limit",
    "before", "call_id", "origid", "spc",  "trunk", "reason"};

ApiReply ErrorOf(const Failure& failure) {
  // Nothing is wrong with the service: what is stored contradicts itself.
  if (failure.reason == Reason::kEvidenceAltered) return ErrorReply(409, failure);
  return ErrorReply(Info(failure.reason).sip_code, failure);
}

struct Wanted {
  EvidenceQuery query;
  OpenedSearch search;
  std::string about;  // what was asked for, for the access log
};

// One parameter of a search.
Result<void> SetParameter(const EvidenceReader& reader, const std::string& name,
                          const std::string& value, Wanted& wanted) {
  EvidenceQuery& query = wanted.query;
  const EvidenceCodec codec(reader.evidence.number_key);
  const auto in = [&](const Failure& failure) {
    return Fail(Reason::kParameterInvalid, name + ": " + failure.detail);
  };
  if (name == "orig" || name == "dest" || name == "div") {
    // A '+' that is not written as %2B is a blank in a query, and no number begins with one.
    const bool plus = value.size() > 1 && value[0] == ' ' && IsDigit(value[1]);
    const std::string party = plus ? "+" + value.substr(1) : value;
    auto key =
        name == "div" ? DiverterKey(party, reader.dial_plan) : codec.KeyOf(party, reader.dial_plan);
    if (!key) return in(key.error());
    std::string& target = name == "orig"   ? query.keys.orig
                          : name == "dest" ? query.keys.dest
                                           : wanted.search.diverter;
    target = std::move(*key);
    return {};
  }
  if (name == "from" || name == "to") {
    const auto time = ParseTime(value);
    if (!time) return in(time.error());
    (name == "from" ? query.from : query.to) = *time;
    return {};
  }
  if (name == "limit" || name == "before") {
    const auto number = CountParameter(value, name == "limit" ? kMaxPage : uint64_t{INT64_MAX});
    if (!number) return in(number.error());
    if (name == "limit") {
      query.limit = static_cast<size_t>(*number);
    } else {
      query.before = static_cast<int64_t>(*number);
    }
    return {};
  }
  if (name == "call_id") {
    auto key = codec.CallIdKey(value);
    if (!key) return in(key.error());
    query.keys.call_id = std::move(*key);
    return {};
  }
  if (name == "origid") {
    auto key = codec.OrigidKey(value);
    if (!key) return in(key.error());
    query.keys.origid = std::move(*key);
    return {};
  }
  if (name == "reason") {
    auto reason = ReasonParameter(value);
    if (!reason) return in(reason.error());
    AskForReason(*reason, query, wanted.search);
    return {};
  }
  (name == "spc" ? query.keys.spc : query.keys.trunk) = value;
  return {};
}

Result<Wanted> ReadQuery(const EvidenceReader& reader, std::string_view text) {
  Wanted wanted;
  auto about = ReadQueryText(text, kSearchParameters,
                             [&](const std::string& name, const std::string& value) {
                               return SetParameter(reader, name, value, wanted);
                             });
  if (!about) return about.error();
  if (auto ok = CheckTimeOrder(wanted.query.from, wanted.query.to); !ok) return ok.error();
  wanted.about = std::move(*about);
  wanted.query.keys = CleanKeys(std::move(wanted.query.keys));
  return wanted;
}

Result<void> Log(const EvidenceReader& reader, const char* what, std::string_view about) {
  return RecordAccess(reader.evidence,
                      {std::string(reader.who), what, std::string(about), reader.now});
}

struct Loaded {
  StoredEvidence record;
  EvidenceText text;
  BlobSource blobs;
};

// A record that is not in the store may wait in the spill directory, if it is young enough.
Failure NotFound(const EvidenceReader& reader, std::string_view id, const Failure& failure) {
  const auto time = TimeOfId(id);
  if (failure.reason != Reason::kResourceNotFound || !reader.spilled_since || !time ||
      *time < *reader.spilled_since) {
    return failure;
  }
  return Fail(Reason::kEvidenceUnavailable,
              "it may wait in the spill directory and come into the store later: ask again");
}

Result<Loaded> Load(const EvidenceReader& reader, const char* what, std::string_view asked) {
  const std::string id = ToLower(asked);  // a UUID
  if (auto ok = Log(reader, what, id); !ok) return ok.error();
  auto record = reader.evidence.store->Get(id);
  if (!record) return NotFound(reader, id, record.error());
  auto text = EvidenceCodec(reader.evidence.number_key).Read(record->text);
  if (!text) return text.error();
  return Loaded{
      std::move(*record), std::move(*text),
      [store = reader.evidence.store](std::string_view sha256) { return store->GetBlob(sha256); }};
}

}  // namespace

ApiReply FindEvidence(const EvidenceReader& reader, std::string_view query) {
  const auto wanted = ReadQuery(reader, query);
  if (!wanted) return ErrorOf(wanted.error());
  if (auto ok = Log(reader, "find", wanted->about); !ok) return ErrorOf(ok.error());
  const EvidenceCodec codec(reader.evidence.number_key);
  EvidenceStore& store = *reader.evidence.store;
  const auto page = wanted->search.any()
                        ? FindOpened(store, codec, wanted->query, wanted->search, kMostOpened)
                        : store.Find(wanted->query);
  if (!page) return ErrorOf(page.error());
  JsonMembers json = EvidencePageJson(*page, codec);
  json.emplace_back("spilled_since", TimeOrNull(reader.spilled_since));
  return JsonReply(200, JsonValue(std::move(json)));
}

ApiReply ShowEvidence(const EvidenceReader& reader, std::string_view id) {
  const auto loaded = Load(reader, "show", id);
  if (!loaded) return ErrorOf(loaded.error());
  if (loaded->record.kind != EvidenceKind::kCall || loaded->text.sealed()) {
    return JsonReply(200, EvidenceStoryJson(loaded->record, loaded->text, nullptr));
  }
  const auto replay = ReplayEvidence(loaded->text, loaded->blobs);
  if (!replay) return ErrorOf(replay.error());
  return JsonReply(200, EvidenceStoryJson(loaded->record, loaded->text, &*replay));
}

ApiReply ExportEvidence(const EvidenceReader& reader, std::string_view id) {
  const auto loaded = Load(reader, "export", id);
  if (!loaded) return ErrorOf(loaded.error());
  const auto replay = ReplayEvidence(loaded->text, loaded->blobs);
  if (!replay) return ErrorOf(replay.error());
  const EvidenceCodec codec(reader.evidence.number_key);
  const auto bundle = MakeBundle({loaded->record, codec, loaded->blobs, *reader.evidence.signer,
                                  VerdictJson(replay->verdict)});
  if (!bundle) return ErrorOf(bundle.error());
  return JsonReply(200, *bundle);
}

}  // namespace callvet
