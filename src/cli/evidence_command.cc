// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/evidence_assembly.h"
#include "api/evidence_json.h"
#include "api/evidence_replay.h"
#include "api/verdict_json.h"
#include "base/file.h"
#include "base/file_descriptor.h"
#include "base/text.h"
#include "cli/evidence_options.h"
#include "cli/evidence_text.h"
#include "cli/human_time_option.h"
#include "cli/options.h"
#include "cli/out_option.h"
#include "cli/verdict_text.h"
#include "evidence/audit.h"
#include "evidence/evidence_bundle.h"
#include "evidence/hash_chain.h"
#include "evidence/opened_search.h"
#include "evidence/packed_id.h"
#include "evidence/spill.h"
#include "syntax/party.h"

namespace callvet::cli {
namespace {

constexpr const char* kRekeyFooter =
    "Stop all who write to the store first. Then put the new key in place of the old one, with its "
    "owner\nand mode 0600, and start them: a reload does not bring it. An audit needs the new "
    "public "
    "key alone,\nfiles that were exported before the old one. A store with a key for numbers needs "
    "--number-key here too.\n"
    "Examples:\n"
    "  callvet pki key --out-key new.key --out-public-key new.pub.pem\n"
    "  callvet evidence rekey --store calls.db --new-checkpoint-key new.key";

constexpr const char* kEvidenceFooter =
    "Examples:\n"
    "  callvet verify --evidence calls.db --orig +12155550100 --dest +12155550101 ...\n"
    "  callvet evidence find --store calls.db --orig +12155550100 --from 2026-11-21T00:00:00Z\n"
    "  callvet evidence show --store calls.db ID\n"
    "  callvet evidence verify --store calls.db ID\n"
    "  callvet evidence export --store calls.db ID --out call.json\n"
    "  callvet evidence verify call.json\n"
    "  callvet evidence report --store calls.db --from 2026-11-01T00:00:00Z --by trunk\n"
    "  callvet evidence audit --store calls.db\n"
    "  callvet evidence prune --store calls.db --days 180";

constexpr const char* kFindFooter =
    "A reason of the policy's rules, and who redirected a call, are looked for in the calls of the "
    "time and keys that are\ngiven, one after the other: of a million that takes a minute. Not "
    "searched: further called parties than the first,\nthe SPC of who redirected a call, and what "
    "waits in the service's spill_dir.";

constexpr int64_t kDefaultDays = 180;  // H-9

struct FindOptions {
  EvidenceOptions store;
  std::string orig;
  std::string dest;
  std::string div;
  EvidenceKeys keys;
  ZoneOptions zone;
  std::string from;
  std::string to;
  std::string country;
  size_t limit = 100;
  int64_t before = 0;
  std::string spill_dir;
  bool access = false;
  bool json = false;
};

struct OneOptions {
  EvidenceOptions store;
  std::string id;
  std::string out;
  std::string public_key;
  std::vector<std::string> anchors;
  bool json = false;
};

struct AuditCommandOptions {
  EvidenceOptions store;
  std::string public_key;
  std::string expect;
  bool json = false;
};

struct RekeyOptions {
  EvidenceOptions store;
  std::string new_key;
};

struct AcceptOptions {
  EvidenceOptions store;
  std::string spill_dir;
};

struct PruneOptions {
  EvidenceOptions store;
  int64_t days = kDefaultDays;
  bool json = false;
};

Result<std::optional<std::string>> PublicKeyOption(const std::string& file) {
  if (file.empty()) return std::optional<std::string>();
  const auto bytes = ReadFile(file);
  if (!bytes) return bytes.error();
  auto pem = PlainPublicKey(*bytes);
  if (!pem) return Fail(Reason::kKeyInvalid, "--public-key: " + pem.error().detail);
  return std::optional<std::string>(std::move(*pem));
}

// ----- find

// What is asked for but the keys.
Result<EvidenceQuery> QueryWithTimes(const FindOptions& options) {
  EvidenceQuery query;
  const auto times = HumanTimesOf(options.zone);
  if (!times) return times.error();
  const auto asked = AskedTimesOf(options.from, options.to, *times);
  if (!asked) return asked.error();
  query.from = asked->from;
  query.to = asked->to;
  query.kind = options.access ? EvidenceKind::kAccess : EvidenceKind::kCall;
  query.limit = options.limit;
  if (options.before > 0) query.before = options.before;
  return query;
}

Result<void> AddKeys(const FindOptions& options, const EvidenceCodec& codec, EvidenceQuery& query,
                     OpenedSearch& search) {
  query.keys = CleanKeys(options.keys);
  query.keys.reason.clear();
  AskForReason(options.keys.reason, query, search);
  if (!options.keys.reason.empty() && FindReason(options.keys.reason) == nullptr) {
    return Fail(Reason::kParameterInvalid, "--reason: there is no reason with this id");
  }
  const auto plan = CountryOption(options.country);
  if (!plan) return plan.error();
  for (auto [text, key, name] : {std::tuple(&options.orig, &query.keys.orig, "--orig"),
                                 std::tuple(&options.dest, &query.keys.dest, "--dest")}) {
    if (text->empty()) continue;
    auto found = codec.KeyOf(*text, *plan);
    if (!found) return InOption(name, found.error());
    *key = std::move(*found);
  }
  if (!options.div.empty()) {
    auto found = DiverterKey(options.div, *plan);
    if (!found) return InOption("--div", found.error());
    search.diverter = std::move(*found);
  }
  if (options.access && search.any()) {
    return Fail(Reason::kParameterInvalid,
                "--access: accesses have neither --div nor a --reason of the policy");
  }
  if (!options.keys.origid.empty()) {
    auto found = codec.OrigidKey(options.keys.origid);
    if (!found) return found.error();
    query.keys.origid = std::move(*found);
  }
  if (!query.keys.call_id.empty()) {
    auto found = codec.CallIdKey(query.keys.call_id);
    if (!found) return found.error();
    query.keys.call_id = std::move(*found);
  }
  return {};
}

std::string AboutQuery(const FindOptions& options, const EvidenceQuery& query) {
  std::string about;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) about += (about.empty() ? "" : " ") + std::string(name) + "=" + value;
  };
  add("orig", options.orig);
  add("dest", options.dest);
  add("div", options.div);
  add("origid", options.keys.origid);
  add("spc", options.keys.spc);
  add("trunk", options.keys.trunk);
  add("reason", options.keys.reason);
  add("call_id", options.keys.call_id);
  if (query.from) add("from", FormatTime(*query.from));
  if (query.to) add("to", FormatTime(*query.to));
  if (options.access) add("of", "access");
  return about;
}

void PrintAccess(const StoredEvidence& record, const EvidenceCodec& codec, const Console& console) {
  const auto text = codec.Read(record.text);
  if (!text) {
    console.out() << record.id << "  " << Info(text.error().reason).id << "\n";
    return;
  }
  console.out() << record.id << "  " << FormatTime(record.time) << "  " << Cell(text->json, "who")
                << "  " << Cell(text->json, "what") << "  " << Cell(text->private_, "about")
                << "\n";
}

JsonValue AccessPageJson(const EvidencePage& page, const EvidenceCodec& codec) {
  JsonArray list;
  for (const StoredEvidence& record : page.records) {
    const auto text = codec.Read(record.text);
    const JsonValue none;
    const auto member = [&](const JsonValue& json, std::string_view name) {
      const JsonValue* value = json.Find(name);
      return value != nullptr ? *value : JsonValue();
    };
    list.push_back(JsonMembers{{"id", record.id},
                               {"seq", record.seq},
                               {"time", FormatTime(record.time)},
                               {"who", text ? member(text->json, "who") : none},
                               {"what", text ? member(text->json, "what") : none},
                               {"about", text ? member(text->private_, "about") : none}});
  }
  return JsonMembers{{"accesses", std::move(list)},
                     {"next", page.next ? JsonValue(*page.next) : JsonValue()}};
}

bool IsAltered(const StoredEvidence& record) {
  return !ColumnsDifference(record).empty();
}

// Records that wait are in no search yet: who finds no call is to know of them.
Result<void> WarnOfSpill(const std::string& directory, const Console& console) {
  if (directory.empty()) return {};
  const auto waiting = WaitingInSpill(directory);
  if (!waiting) return InOption("--spill-dir", waiting.error());
  if (waiting->bytes > 0) {
    console.Warn(directory + ": " + std::to_string(waiting->files) + " files of " +
                 std::to_string(waiting->bytes) +
                 " bytes wait: their calls are not found until they are in the store");
  }
  return {};
}

// Why nothing may have been found: what cannot be read is looked for as it is written.
void WarnOfUnread(const FindOptions& options, const Console& console) {
  const auto warn = [&](const char* name, const std::string& text, const char* why) {
    console.Warn(std::string(name) + " " + Quote(text) + why + ": only calls that show exactly " +
                 "this are found");
  };
  const DialPlan* plan = CountryOption(options.country).value_or(nullptr);
  for (const auto& [name, text] :
       {std::pair("--orig", &options.orig), std::pair("--dest", &options.dest),
        std::pair("--div", &options.div)}) {
    if (text->empty()) continue;
    const auto party = Party::Parse(*text, plan);
    if (!party) {
      warn(name, *text, " is no number and no URI that can be read");
    } else if (party->tn() && plan == nullptr && !party->tn()->global()) {
      warn(name, *text, " has no '+', and there is no --country to read it by");
    }
  }
  const std::string& origid = options.keys.origid;
  if (!origid.empty() && PackUuid(ToLower(origid)).empty()) warn("--origid", origid, " is no UUID");
}

ExitCode RunFind(const FindOptions& options, const Console& console) {
  auto query = QueryWithTimes(options);
  if (!query) return console.Complain(query.error());
  const auto opened = OpenLogged(options.store, "find", AboutQuery(options, *query));
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const EvidenceCodec codec(opened->number_key);
  OpenedSearch search;
  if (auto ok = AddKeys(options, codec, *query, search); !ok) return console.Complain(ok.error());
  // First: what comes into the store meanwhile is said to wait, or found, or both.
  if (auto ok = WarnOfSpill(options.spill_dir, console); !ok) return console.Complain(ok.error());
  const auto page = search.any() ? FindOpened(*opened->store, codec, *query, search, SIZE_MAX)
                                 : opened->store->Find(*query);
  if (!page) return console.Complain(page.error());
  if (page->records.empty()) WarnOfUnread(options, console);
  const bool altered = std::any_of(page->records.begin(), page->records.end(), IsAltered);
  const ExitCode code = altered ? ExitCode::kNotVerified : ExitCode::kVerified;
  if (options.json) {
    console.PrintJson(options.access ? AccessPageJson(*page, codec)
                                     : EvidencePageJson(*page, codec));
    return code;
  }
  if (options.access) {
    for (const StoredEvidence& record : page->records) PrintAccess(record, codec, console);
  } else {
    const JsonValue json = EvidencePageJson(*page, codec);
    for (const JsonValue& entry : *json.Find("records")->AsArray()) PrintEntry(entry, console);
  }
  if (page->next) console.out() << "More: --before " << *page->next << "\n";
  for (const StoredEvidence& record : page->records) {
    if (!IsAltered(record)) continue;
    (void)console.Complain(
        Fail(Reason::kEvidenceAltered, record.id + ": " + ColumnsDifference(record)));
  }
  return code;
}

// ----- show, verify, export

struct Loaded {
  StoredEvidence record;
  EvidenceText text;
  BlobSource blobs;
  std::string key_id;                    // of a bundle's signer
  JsonValue exported;                    // a bundle's own word of the verdict; null: none
  std::optional<OpenedEvidence> opened;  // nothing: from a bundle
};

BlobSource BlobsOf(const OpenedEvidence& opened) {
  return [store = opened.store](std::string_view sha256) { return store->GetBlob(sha256); };
}

Result<Loaded> LoadRecord(const OneOptions& options, const char* what) {
  auto opened = OpenLogged(options.store, what, options.id);
  if (!opened) return opened.error();
  auto record = opened->store->Get(ToLower(options.id));  // a UUID
  if (!record && record.error().reason == Reason::kResourceNotFound) {
    record.error().detail +=
        "; that of a late call may still wait in the service's spill directory (see find "
        "--spill-dir)";
  }
  if (!record) return record.error();
  auto text = EvidenceCodec(opened->number_key).Read(record->text);
  if (!text) return text.error();
  const std::string difference = ColumnsDifference(*record);
  if (!difference.empty()) return Fail(Reason::kEvidenceAltered, difference);
  BlobSource blobs = BlobsOf(*opened);
  return Loaded{std::move(*record), std::move(*text),  std::move(blobs), "",
                JsonValue(),        std::move(*opened)};
}

Result<Loaded> LoadBundle(const OneOptions& options) {
  constexpr size_t kMaxBundle = size_t{256} * 1024 * 1024;
  const auto key = PublicKeyOption(options.public_key);
  if (!key) return key.error();
  const auto bytes = ReadFile(options.id, kMaxBundle);
  if (!bytes) return bytes.error();
  auto bundle = ReadBundle(*bytes, *key);
  if (!bundle) return bundle.error();
  const auto said = RecordOfText(bundle->record.text);
  if (!said) return said.error();
  bundle->record.kind = said->kind;
  bundle->record.time = said->time;
  bundle->record.keys = said->keys;
  return Loaded{std::move(bundle->record), std::move(bundle->text),    std::move(bundle->blobs),
                std::move(bundle->key_id), std::move(bundle->verdict), std::nullopt};
}

bool IsFile(const std::string& name) {
  std::error_code error;
  return name == "-" || std::filesystem::is_regular_file(name, error);
}

// Judged again, if that can be done.
Result<std::optional<EvidenceReplay>> ReplayOf(const Loaded& loaded) {
  if (loaded.text.sealed() || loaded.record.kind != EvidenceKind::kCall) {
    return std::optional<EvidenceReplay>();
  }
  auto replay = ReplayEvidence(loaded.text, loaded.blobs);
  if (!replay) return replay.error();
  return std::optional<EvidenceReplay>(std::move(*replay));
}

ExitCode RunShow(const OneOptions& options, const Console& console) {
  const auto loaded = LoadRecord(options, "show");
  if (!loaded) return ComplainOfEvidence(loaded.error(), console);
  const auto replay = ReplayOf(*loaded);
  if (!replay) return ComplainOfEvidence(replay.error(), console);
  const bool differs = *replay && (*replay)->outcome == EvidenceReplay::Outcome::kDiffers;
  const ExitCode code = differs ? ExitCode::kNotVerified : ExitCode::kVerified;
  const JsonValue story =
      EvidenceStoryJson(loaded->record, loaded->text, *replay ? &**replay : nullptr);
  if (options.json) {
    console.PrintJson(story);
    return code;
  }
  if (loaded->record.kind == EvidenceKind::kCall) {
    PrintEntry(story, console);
    PrintResponsible(*story.Find("responsible"), console);
    PrintCall(story, console);
  } else {
    PrintOther(story, console);
  }
  if (loaded->text.sealed()) {
    console.out() << "The parties are sealed: --number-key opens them.\n";
  }
  if (!*replay) return ExitCode::kVerified;
  console.out() << "Judged again: " << ReplayOutcomeName((*replay)->outcome) << "\n";
  if (!(*replay)->difference.empty()) {
    console.out() << "  " << ForTerminal((*replay)->difference) << "\n";
  }
  if (!(*replay)->judged) return code;  // nor was it then: a verdict of now would be no story
  console.out() << "\n";
  PrintVerdict(console, (*replay)->verdict);
  return code;
}

// The anchors of --anchors; nothing without it.
Result<std::optional<std::vector<Certificate>>> TrustedOf(const OneOptions& options) {
  if (options.anchors.empty()) return std::optional<std::vector<Certificate>>();
  TrustStoreBuilder builder;
  for (const std::string& path : options.anchors) {
    if (auto ok = builder.AddAnchorPath(path); !ok) return InOption("--anchors", ok.error());
  }
  return std::optional<std::vector<Certificate>>(builder.Build()->anchors());
}

void PrintParties(const Loaded& loaded, const CallRequest& call, const Console& console) {
  const auto list = [&](const std::vector<std::string>& parties) {
    if (parties.empty()) console.out() << "-";
    for (const std::string& party : parties) {
      console.out() << (&party == parties.data() ? "" : ", ") << ForTerminal(party);
    }
  };
  console.out() << "  " << FormatTime(loaded.record.time) << "  ";
  list(call.orig);
  console.out() << " -> ";
  list(call.dest);
  console.out() << "  Call-ID " << Cell(EvidenceEntryJson(loaded.record, loaded.text), "call_id")
                << "\n";
}

// On whose word a file's verdict rests: whoever made it may have made these too.
void PrintTrust(const Loaded& loaded, const EvidenceReplay& replay, const OneOptions& options,
                const Console& console) {
  console.out() << "  Signed with the key " << loaded.key_id
                << (options.public_key.empty() ? ", which is the file's own word (see --public-key)"
                                               : "")
                << "\n";
  const auto& anchors = replay.trust_store->anchors();
  constexpr size_t kMost = 5;
  for (size_t i = 0; i < anchors.size() && i < kMost; ++i) {
    console.out() << "  Trusts " << ForTerminal(anchors[i].subject()) << ", SHA-256 "
                  << anchors[i].sha256_hex() << "\n";
  }
  if (anchors.size() > kMost) {
    console.out() << "  and " << anchors.size() - kMost << " more anchors\n";
  }
  if (options.anchors.empty()) {
    console.out() << "  These anchors are the file's own word (see --anchors)\n";
  }
  if (options.public_key.empty()) {
    console.out() << "  The call as it came in, its trunk, what was done with it, when it was "
                     "judged, by which options,\n  with which revocation lists and what else was "
                     "downloaded is the file's own word (see --public-key)\n";
    if (replay.outcome == EvidenceReplay::Outcome::kUndecided) {
      console.out()
          << "  So is what it says of the verdict and of who signed: that was not decided "
             "then\n";
    }
  }
}

JsonArray AnchorsJson(const TrustStore& store) {
  JsonArray anchors;
  for (const Certificate& anchor : store.anchors()) {
    anchors.push_back(JsonMembers{{"subject", anchor.subject()}, {"sha256", anchor.sha256_hex()}});
  }
  return anchors;
}

// What nobody but the file itself vouches for: of what was not decided then, the verdict too.
JsonArray OwnWord(const OneOptions& options, bool file, const EvidenceReplay& replay) {
  JsonArray words;
  if (!file) return words;
  if (options.anchors.empty()) words.emplace_back("anchors");
  if (options.public_key.empty()) {
    for (const char* word :
         {"key", "time", "options", "revocation", "downloads", "call", "trunk", "decision"}) {
      words.emplace_back(word);
    }
    if (replay.outcome == EvidenceReplay::Outcome::kUndecided) words.emplace_back("verdict");
  }
  return words;
}

ExitCode RunVerify(const OneOptions& options, const Console& console) {
  const bool file = options.store.store.empty() && IsFile(options.id);
  if (!file && !options.public_key.empty()) {
    return console.Complain(
        Fail(Reason::kParameterInvalid,
             "--public-key is for a file; the chain of a store is checked by audit --public-key"));
  }
  auto loaded = file ? LoadBundle(options) : LoadRecord(options, "verify");
  if (!loaded && loaded.error().reason == Reason::kParameterMissing) {
    return console.Complain(
        Fail(Reason::kParameterMissing,
             Quote(options.id) + " is no file; of a record: " + loaded.error().detail));
  }
  if (!loaded) return ComplainOfEvidence(loaded.error(), console);
  const auto trusted = TrustedOf(options);
  if (!trusted) return console.Complain(trusted.error());
  auto replay = ReplayEvidence(loaded->text, loaded->blobs, *trusted);
  if (!replay) return ComplainOfEvidence(replay.error(), console);
  CompareExported(loaded->exported, *replay);
  const bool repeated = replay->outcome == EvidenceReplay::Outcome::kRepeated;
  if (!repeated && trusted && replay->judged && replay->trust_store->anchors().empty()) {
    replay->difference = "none of --anchors is among those by which it was judged" +
                         (replay->difference.empty() ? "" : ": " + replay->difference);
  }
  const bool differs = replay->outcome == EvidenceReplay::Outcome::kDiffers;
  if (options.json) {
    console.PrintJson(JsonMembers{
        {"id", loaded->record.id},
        {"outcome", ReplayOutcomeName(replay->outcome)},
        {"difference", replay->difference.empty() ? JsonValue() : JsonValue(replay->difference)},
        {"reason", Info(replay->verdict.reason).id},
        {"signed_by", loaded->key_id.empty() ? JsonValue() : JsonValue(loaded->key_id)},
        {"own_word", OwnWord(options, file, *replay)},
        {"anchors", AnchorsJson(*replay->trust_store)},
        {"responsible", ResponsibleJson(loaded->record, loaded->text)},
        {"verdict", VerdictJson(replay->verdict)}});
  } else {
    console.out() << ForTerminal(loaded->record.id) << ": "
                  << console.Paint(differs ? Colour::kRed : Colour::kGreen,
                                   ReplayOutcomeName(replay->outcome))
                  << " (" << Info(replay->verdict.reason).id << ")\n";
    if (!replay->difference.empty()) {
      console.out() << "  " << ForTerminal(replay->difference) << "\n";
    }
    PrintParties(*loaded, replay->call, console);
    PrintResponsible(ResponsibleJson(loaded->record, loaded->text), console);
    if (file) PrintTrust(*loaded, *replay, options, console);
  }
  return differs ? ExitCode::kNotVerified : ExitCode::kVerified;
}

// Where an export goes: standard output, or a file that is nothing of the store's.
Result<bool> ToStandardOutput(const OneOptions& options) {
  if (options.out.empty() || options.out == "-") return true;
  const auto setup = EvidenceSetupOf(options.store, EvidenceSetup::Open::kExisting);
  if (!setup) return setup.error();
  if (auto ok = CheckOut(options.out, EvidenceFiles(*setup)); !ok) return ok.error();
  return false;
}

ExitCode RunExport(const OneOptions& options, const Console& console) {
  const auto to_standard_output = ToStandardOutput(options);
  if (!to_standard_output) return console.Complain(to_standard_output.error());
  const auto loaded = LoadRecord(options, "export");
  if (!loaded) return ComplainOfEvidence(loaded.error(), console);
  if (loaded->record.kind != EvidenceKind::kCall) {
    return console.Complain(Fail(Reason::kParameterInvalid, "this record is not of a call"));
  }
  const auto replay = ReplayOf(*loaded);
  if (!replay) return ComplainOfEvidence(replay.error(), console);
  const EvidenceCodec codec(loaded->opened->number_key);
  const auto bundle = MakeBundle({loaded->record, codec, loaded->blobs, *loaded->opened->signer,
                                  *replay ? VerdictJson((*replay)->verdict) : JsonValue()});
  if (!bundle) return ComplainOfEvidence(bundle.error(), console);
  if (*to_standard_output) {
    console.PrintJson(*bundle);
    return ExitCode::kVerified;
  }
  if (auto ok = WriteFile(options.out, WriteJson(*bundle, 2) + "\n", FileMode::kPrivate); !ok) {
    return console.Complain(ok.error());
  }
  console.out() << ForTerminal(options.out) << ": evidence of call "
                << ForTerminal(loaded->record.id) << "\n";
  return ExitCode::kVerified;
}

// ----- audit, prune

// "SEQ:HASH" of a checkpoint that was noted elsewhere.
Result<std::optional<EvidenceCheckpoint>> ExpectedOption(const std::string& text) {
  if (text.empty()) return std::optional<EvidenceCheckpoint>();
  auto expected = ReadNotedEnd(text);
  if (!expected) return InOption("--expect", expected.error());
  return std::optional<EvidenceCheckpoint>(std::move(*expected));
}

// The only key that may have signed: given, or that of the checkpoint key. Nothing: there is none
// that can be read.
Result<std::optional<std::string>> TrustedKey(const AuditCommandOptions& options,
                                              const EvidenceSetup& setup) {
  if (!options.public_key.empty()) return PublicKeyOption(options.public_key);
  auto own = ReadCheckpointPublicKey(setup);
  if (own) return std::optional<std::string>(std::move(*own));
  if (!setup.checkpoint_key.empty()) return own.error();
  return std::optional<std::string>();
}

ExitCode RunAudit(const AuditCommandOptions& options, const Console& console) {
  const auto setup = EvidenceSetupOf(options.store, EvidenceSetup::Open::kReadOnly);
  if (!setup) return console.Complain(setup.error());
  const auto key = TrustedKey(options, *setup);
  if (!key) return console.Complain(key.error());
  const auto expected = ExpectedOption(options.expect);
  if (!expected) return console.Complain(expected.error());
  const auto opened = OpenEvidence(*setup);
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const auto report = AuditStore(*opened->store, {*key, *expected});
  if (!report) return ComplainOfEvidence(report.error(), console);
  if (options.json) {
    JsonValue json = AuditJson(*report);
    json.Add("key_pinned", key->has_value());
    console.PrintJson(json);
    return report->intact() ? ExitCode::kVerified : ExitCode::kNotVerified;
  }
  console.out() << console.Paint(report->intact() ? Colour::kGreen : Colour::kRed,
                                 report->intact() ? "INTACT" : "ALTERED")
                << ": " << report->records << " records, " << report->checkpoints
                << " signed checkpoints; the chain ends at " << report->head.seq << ":"
                << ToHex(report->head.hash) << "\n";
  for (const std::string& id : report->keys) {
    console.out() << "  signed with the key " << id
                  << (key->has_value() ? "" : ", as the store itself says: --public-key pins it")
                  << "\n";
  }
  for (const AuditFinding& finding : report->findings) {
    console.out() << "  " << AuditFindingName(finding.kind) << "  ";
    if (finding.first != 0) {
      console.out() << "record " << finding.first
                    << (finding.last != finding.first ? " to " + std::to_string(finding.last) : "")
                    << "  ";
    }
    console.out() << ForTerminal(finding.id) << "  " << ForTerminal(finding.detail) << "\n";
  }
  if (report->more_findings) console.out() << "  and more\n";
  return report->intact() ? ExitCode::kVerified : ExitCode::kNotVerified;
}

ExitCode RunPrune(const PruneOptions& options, const Console& console) {
  const auto now = SystemClock().Now();
  const auto opened =
      OpenLogged(options.store, "prune", "older than " + std::to_string(options.days) + " days");
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const auto day = std::chrono::floor<std::chrono::days>(now) - std::chrono::days(options.days);
  const auto deleted = opened->store->Prune(day);
  if (!deleted) return ComplainOfEvidence(deleted.error(), console);
  if (options.json) {
    console.PrintJson(JsonMembers{{"deleted", *deleted}, {"before", FormatTime(day)}});
  } else {
    console.out() << *deleted << " records stored before " << FormatTime(day) << " were deleted\n";
  }
  return ExitCode::kVerified;
}

ExitCode RunRekey(const RekeyOptions& options, const Console& console) {
  const auto pem = ReadFile(options.new_key);
  if (!pem) return console.Complain(pem.error());
  const auto key = PrivateKey::FromPem(*pem);
  if (!key) return console.Complain(key.error());
  const auto next = MakeEvidenceSigner(*key);
  if (!next) return console.Complain(next.error());
  const auto opened = OpenLogged(options.store, "rekey", "to the key " + (*next)->key_id());
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  if (auto ok = opened->store->Rekey(**next); !ok) return ComplainOfEvidence(ok.error(), console);
  console.out() << "The chain is signed with the key " << (*next)->key_id()
                << " from now on. Whoever writes needs it in place of the old one, and a restart; "
                   "files that were exported before need the old public key.\n";
  return ExitCode::kVerified;
}

// The store as it stands is what its service goes on from, though that wrote more. Says so in the
// store before it forgets what was written.
ExitCode RunAccept(const AcceptOptions& options, const Console& console) {
  auto setup = EvidenceSetupOf(options.store, EvidenceSetup::Open::kCreate);
  if (!setup) return console.Complain(setup.error());
  const std::filesystem::path spill = options.spill_dir;
  const auto lock = LockFile(spill / "lock", LockWait::kDoNotWait);
  if (!lock) return console.Complain(InOption("--spill-dir", lock.error()));
  EvidenceSetup marked = *setup;
  marked.mark_dir = spill;
  const std::filesystem::path mark = ChainMarkPath(marked);
  const auto noted = ReadFileIfThere(mark);
  if (!noted) return console.Complain(noted.error());
  if (!*noted) {
    return console.Complain(
        Fail(Reason::kResourceNotFound, "nothing is noted of this store in " + spill.string()));
  }
  const std::string was(TrimLines(**noted));
  const auto opened = OpenEvidence(*setup);
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const EvidenceAccess access{EvidenceUser(), "accept", "the chain without " + was,
                              SystemClock().Now()};
  if (auto ok = RecordAccess(*opened, access); !ok) return ComplainOfEvidence(ok.error(), console);
  std::error_code error;
  std::filesystem::remove(mark, error);
  if (error) {
    return console.Complain(Fail(Reason::kFileUnreadable, mark.string() + ": " + error.message()));
  }
  console.out() << "The service goes on from the store as it stands, without " << ForTerminal(was)
                << ", which it wrote last. The store says so.\n";
  return ExitCode::kVerified;
}

// ----- options

void AddFind(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<FindOptions>();
  CLI::App* command = evidence.add_subcommand("find", "Find calls; the latest first");
  AddEvidenceStoreOptions(*command, options->store);
  const auto text = [&](const char* name, std::string& target, const char* help, const char* type) {
    command->add_option(name, target, help)->type_name(type);
  };
  text("--orig", options->orig, "Caller: number, tel or sip URI", "TN");
  text("--dest", options->dest, "Called party", "TN");
  text("--div", options->div, "Who redirected the call, as its PASSporTs say", "TN");
  text("--origid", options->keys.origid, "Origination identifier", "UUID");
  text("--spc", options->keys.spc,
       "SPC of the signer, whose chain was good, unless the signature was not its own; of a "
       "delegate "
       "certificate, of who delegated to it",
       "SPC");
  text("--trunk", options->keys.trunk, "Where the call came in", "T");
  text("--reason", options->keys.reason,
       "Id of the reason of the verdict, or of the policy's rule that decided", "ID");
  text("--call-id", options->keys.call_id, "SIP Call-ID", "ID");
  text("--from", options->from,
       "Judged at this time or later: '2026-11-25 15:00', 'yesterday 00:00', RFC 3339 or seconds "
       "since 1970",
       "TIME");
  text("--to", options->to, "Judged at this time or earlier", "TIME");
  text("--country", options->country, "Country for numbers without '+'", "CC");
  AddZoneOption(*command, options->zone);
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, size_t{10'000}))
      ->capture_default_str();
  command->add_option("--before", options->before, "The page behind this record: as 'More' says")
      ->type_name("SEQ")
      ->check(CLI::Range(int64_t{1}, INT64_MAX));
  command
      ->add_option("--spill-dir", options->spill_dir,
                   "Say on standard error what waits in the service's spill_dir, and is not found")
      ->type_name("D");
  command->add_flag("--access", options->access, "Show who read evidence, instead of calls");
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->footer(kFindFooter);
  command->callback(
      [options, &context] { context.exit_code = RunFind(*options, context.console); });
}

using RunOne = ExitCode (*)(const OneOptions&, const Console&);

void AddOne(CLI::App& evidence, Context& context, const char* name, const char* help, RunOne run) {
  auto options = std::make_shared<OneOptions>();
  CLI::App* command = evidence.add_subcommand(name, help);
  const bool verify = run == RunVerify;
  command
      ->add_option(verify ? "ID|FILE" : "ID", options->id,
                   verify ? "Id of a record, or a file made by export (- for standard input)"
                          : "Id of a record")
      ->required();
  AddEvidenceStoreOptions(*command, options->store);
  if (verify) {
    command
        ->add_option("--public-key", options->public_key,
                     "The only key that may have signed the file")
        ->type_name("F");
    command
        ->add_option("--anchors", options->anchors,
                     "Trust anchors of your own: of the record's only those among them count")
        ->type_name("PATH");
  }
  if (run == RunExport) {
    command->add_option("--out", options->out, "File to write (default, and -: standard output)")
        ->type_name("F");
  } else {
    command->add_flag("--json", options->json, "Print one JSON object");
  }
  TakeOneValueEach(*command);
  command->callback(
      [options, run, &context] { context.exit_code = run(*options, context.console); });
}

void AddAudit(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<AuditCommandOptions>();
  CLI::App* command =
      evidence.add_subcommand("audit", "Find records that were changed, removed or inserted");
  AddEvidenceStoreOptions(*command, options->store);
  command
      ->add_option("--public-key", options->public_key,
                   "The only key that may have signed the chain (default: that of the checkpoint "
                   "key, if it can be read; else the one that the store names)")
      ->type_name("F");
  command
      ->add_option("--expect", options->expect,
                   "An end of the chain that an earlier audit printed: it must still be there")
      ->type_name("SEQ:HASH");
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunAudit(*options, context.console); });
}

void AddRekey(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<RekeyOptions>();
  CLI::App* command =
      evidence.add_subcommand("rekey", "Hand the chain of records over to another key");
  AddEvidenceStoreOptions(*command, options->store);
  command
      ->add_option("--new-checkpoint-key", options->new_key,
                   "P-256 key that signs from now on; all that the present one signed is verified, "
                   "and signed anew")
      ->type_name("F")
      ->required();
  TakeOneValueEach(*command);
  command->footer(kRekeyFooter);
  command->callback(
      [options, &context] { context.exit_code = RunRekey(*options, context.console); });
}

void AddAccept(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<AcceptOptions>();
  CLI::App* command = evidence.add_subcommand(
      "accept", "Let the service go on from a store that lacks what it wrote last");
  AddEvidenceStoreOptions(*command, options->store);
  command
      ->add_option("--spill-dir", options->spill_dir,
                   "The service's spill_dir, where that is noted; the service is stopped")
      ->type_name("D")
      ->required();
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunAccept(*options, context.console); });
}

void AddPrune(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<PruneOptions>();
  CLI::App* command = evidence.add_subcommand("prune", "Delete what retention does not keep");
  command->footer(
      "With PostgreSQL nothing is deleted while somebody reads for long, as a backup does: that is "
      "exit code 3, and it must be run again when the backup has ended.");
  AddEvidenceStoreOptions(*command, options->store);
  command->add_option("--days", options->days, "Keep what was stored in the last N days and today")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, int64_t{36'500}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunPrune(*options, context.console); });
}

}  // namespace

void AddEvidenceCommand(CLI::App& app, Context& context) {
  CLI::App* evidence =
      app.add_subcommand("evidence", "Find, show, check and export what was kept of calls");
  evidence->require_subcommand(1);
  evidence->footer(kEvidenceFooter);
  AddFind(*evidence, context);
  AddOne(*evidence, context, "show", "One call's whole story, and who is responsible", RunShow);
  AddOne(*evidence, context, "verify",
         "Judge a recorded call again, without network: it must come to the same verdict",
         RunVerify);
  AddOne(*evidence, context, "export",
         "One file with everything that another party needs to verify a call", RunExport);
  AddAudit(*evidence, context);
  AddReportCommand(*evidence, context);
  AddPrune(*evidence, context);
  AddRekey(*evidence, context);
  AddAccept(*evidence, context);
}

}  // namespace callvet::cli
