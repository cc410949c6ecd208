// SPDX-License-Identifier: MIT
#include "evidence/verdict_digest.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/text.h"
#include "evidence/json_fields.h"
#include "evidence/packed_id.h"

namespace callvet {
namespace {

// Of CheckOutcome.
constexpr std::array<char, 4> kLetters = {'p', 'f', 'n', 'r'};
static_assert(static_cast<size_t>(CheckOutcome::kPassed) == 0 &&
              static_cast<size_t>(CheckOutcome::kFailed) == 1 &&
              static_cast<size_t>(CheckOutcome::kNotApplicable) == 2 &&
              static_cast<size_t>(CheckOutcome::kNotRun) == 3);

// What is noted of something that many calls have in common.
enum class Said : uint8_t { kNone = 0, kHere = 1, kBefore = 2 };

void Note(Said said, NoteWriter& notes) {
  notes.Size(static_cast<size_t>(said));
}

Said ReadSaid(NoteReader& notes) {
  const size_t said = notes.Size();
  if (said > static_cast<size_t>(Said::kBefore)) notes.Refuse();
  return notes.bad() ? Said::kNone : static_cast<Said>(said);
}

Said WhereSaid(const SignerInfo* signer, const SignerInfo* said) {
  if (signer == nullptr) return Said::kNone;
  return signer == said ? Said::kBefore : Said::kHere;
}

}  // namespace

void NoteSigner(const SignerInfo* signer, const SignerInfo* said, NoteWriter& notes) {
  const Said where = WhereSaid(signer, said);
  Note(where, notes);
  if (where != Said::kHere) return;
  notes.Texts(signer->delegated_by_spcs);
  notes.Text(signer->organization);
  notes.Text(signer->serial);
  notes.Text(signer->sha256);
  notes.Texts(signer->spcs);
  notes.Text(signer->subject);
}

std::optional<SignerNotes> ReadSigner(NoteReader& notes, const std::optional<SignerNotes>& said) {
  const Said where = ReadSaid(notes);
  if (where == Said::kBefore && !said) notes.Refuse();
  if (where == Said::kBefore) return said;
  if (where == Said::kNone) return std::nullopt;
  SignerNotes signer;
  signer.delegated_by_spcs = notes.Texts();
  signer.organization = notes.Text();
  signer.serial = notes.Text();
  signer.sha256 = notes.Text();
  signer.spcs = notes.Texts();
  signer.subject = notes.Text();
  return signer;
}

namespace {

void NoteChecks(const CheckList& checks, NoteWriter& notes) {
  std::array<char, CheckList::kChecks> letters{};
  for (size_t i = 0; i < checks.size(); ++i) {
    letters[i] = kLetters[static_cast<size_t>(checks.outcome(i))];
  }
  const std::string_view text(letters.data(), checks.size());
  notes.Text(text);
  const auto failed = text.find('f') == std::string_view::npos
                          ? 0
                          : static_cast<size_t>(std::count(text.begin(), text.end(), 'f'));
  notes.Size(failed);
  for (size_t i = 0; i < checks.size() && failed != 0; ++i) {
    if (letters[i] != 'f') continue;
    notes.Text(checks[i].id);
    notes.Text(Info(checks.reason(i)).id);
  }
}

// PASSporTs in one another of which notes tell, so that their record can be read; a verdict has
// fewer (F-7: some seven fit into a header).
constexpr int kDeepest = 16;

// Of its signer, who is told of elsewhere, the SHA-256 alone.
void NoteSha256(const SignerInfo* signer, const SignerInfo* said, NoteWriter& notes) {
  const Said where = WhereSaid(signer, said);
  Note(where, notes);
  if (where == Said::kHere) notes.Text(signer->sha256);
}

std::string_view ReadSha256(NoteReader& notes, const ReadBefore& said) {
  if (said.first_form) return notes.Text();
  const Said where = ReadSaid(notes);
  if (where == Said::kHere) return notes.Text();
  if (where == Said::kNone) return {};
  if (!said.signer) notes.Refuse();
  return said.signer ? said.signer->sha256 : std::string_view();
}

void NoteUrl(const std::string& url, std::string_view said, NoteWriter& notes) {
  const bool before = !url.empty() && url == said;
  Note(before ? Said::kBefore : Said::kHere, notes);
  if (!before) notes.Text(url);
}

std::string_view ReadUrl(NoteReader& notes, const ReadBefore& said) {
  if (said.first_form) return notes.Text();
  const Said where = ReadSaid(notes);
  if (where == Said::kHere) return notes.Text();
  if (where == Said::kNone || said.url.empty()) notes.Refuse();
  return said.url;
}

void NotePassport(const PassportVerdict& passport, const SaidBefore& said, NoteWriter& notes,
                  int depth = 0) {
  notes.Maybe(passport.attest);
  NoteChecks(passport.checks, notes);
  notes.Maybe(passport.iat);
  notes.Maybe(passport.origid);
  notes.Text(passport.ppt);
  const bool rich = passport.rich_call_data.has_value();
  notes.Text(rich ? Info(passport.rich_call_data->reason).id : std::string_view());
  notes.Text(Info(passport.reason).id);
  NoteSha256(passport.signer.get(), said.signer, notes);
  NoteUrl(passport.x5u, said.url, notes);
  notes.Texts(passport.dest);
  notes.Maybe(passport.div);
  notes.Maybe(passport.orig);
  const bool goes_on = !passport.nested.empty() && depth < kDeepest;
  notes.Flag(goes_on);
  if (goes_on) NotePassport(passport.nested.front(), said, notes, depth + 1);
}

PassportNotes ReadPassport(NoteReader& notes, const ReadBefore& said, int depth) {
  PassportNotes passport;
  passport.attest = notes.MaybeText();
  passport.checks = notes.Text();
  for (size_t left = notes.Count(); left > 0 && !notes.bad(); --left) {
    const std::string_view id = notes.Text();
    passport.failed.emplace_back(id, notes.Text());
  }
  passport.iat = notes.MaybeNumber();
  passport.origid = notes.MaybeText();
  passport.ppt = notes.Text();
  passport.rich_call_data = notes.Text();
  passport.reason = notes.Text();
  passport.signer = ReadSha256(notes, said);
  passport.x5u = ReadUrl(notes, said);
  passport.dest = notes.Texts();
  passport.div = notes.MaybeText();
  passport.orig = notes.MaybeText();
  if (!notes.Flag()) return passport;
  if (depth == kDeepest) {
    notes.Refuse();
  } else {
    passport.nested.push_back(ReadPassport(notes, said, depth + 1));
  }
  return passport;
}

void WriteDigest(const PassportNotes& passport, CanonicalText& json) {
  json.Open();
  json.AddText("attest", passport.attest);
  json.AddString("checks", passport.checks);
  if (!passport.failed.empty()) {
    JsonMembers failed;
    for (const auto& [id, reason] : passport.failed) failed.emplace_back(std::string(id), reason);
    json.Name("failed");
    json.Json(CanonicalJson(std::move(failed)));
  }
  if (passport.iat) json.AddNumber("iat", *passport.iat);
  if (!passport.nested.empty()) {
    json.Name("opt");
    WriteDigest(passport.nested.front(), json);
  }
  json.AddText("origid", passport.origid);
  json.AddText("ppt", passport.ppt);
  if (!passport.rich_call_data.empty()) json.AddString("rcd", passport.rich_call_data);
  json.AddString("reason", passport.reason);
  if (!passport.signer.empty()) json.AddString("signer", passport.signer);
  json.AddText("x5u", passport.x5u);
  json.Close();
}

void WriteParties(const PassportNotes& passport, CanonicalText& json) {
  json.Open();
  if (!passport.dest.empty()) json.AddTexts("dest", passport.dest);
  json.AddText("div", passport.div);
  if (!passport.nested.empty()) {
    json.Name("opt");
    WriteParties(passport.nested.front(), json);
  }
  json.AddText("orig", passport.orig);
  json.Close();
}

void WriteSigner(const SignerNotes& signer, CanonicalText& json) {
  json.Name("signer");
  json.Open();
  if (!signer.delegated_by_spcs.empty()) {
    json.AddTexts("delegated_by_spcs", signer.delegated_by_spcs);
  }
  json.AddText("organization", signer.organization);
  json.AddString("serial", signer.serial);
  json.AddString("sha256", signer.sha256);
  json.AddTexts("spcs", signer.spcs);
  json.AddString("subject", signer.subject);
  json.Close();
}

// What is written of a verdict, as it is read again.
template <class Write>
JsonValue Read(const Verdict& verdict, Write write) {
  NoteWriter notes;
  NoteVerdict(verdict, {}, notes);
  NoteReader reader(notes.bytes());
  const VerdictNotes read = ReadVerdictNotes(reader, {});
  if (!reader.Finished()) return JsonValue();
  CanonicalText json;
  write(read, json);
  return ReadEvidenceJson(json.text()).value_or(JsonValue());
}

}  // namespace

void NoteVerdict(const Verdict& verdict, const SaidBefore& said, NoteWriter& notes) {
  notes.Flag(verdict.decided_by.has_value());
  if (verdict.decided_by) notes.Size(*verdict.decided_by);
  notes.Size(verdict.passports.size());
  for (const PassportVerdict& passport : verdict.passports) NotePassport(passport, said, notes);
  notes.Text(verdict.priority ? Info(verdict.priority->reason).id : std::string_view());
  notes.Text(Info(verdict.reason).id);
  const PassportVerdict* deciding = verdict.deciding();
  NoteSigner(deciding != nullptr ? deciding->signer.get() : nullptr, said.signer, notes);
  notes.Size(verdict.path.size());
  for (const CallLeg& leg : verdict.path) {
    notes.Text(leg.from);
    notes.Number(leg.iat);
    notes.Text(leg.ppt);
    NoteSigner(leg.signer.get(), said.signer, notes);
    notes.Text(leg.to);
  }
}

VerdictNotes ReadVerdictNotes(NoteReader& notes, const ReadBefore& said) {
  VerdictNotes verdict;
  if (notes.Flag()) verdict.decided_by = static_cast<int64_t>(notes.Size());
  for (size_t left = notes.Count(); left > 0 && !notes.bad(); --left) {
    verdict.passports.push_back(ReadPassport(notes, said, 0));
  }
  verdict.priority = notes.Text();
  verdict.reason = notes.Text();
  verdict.signer = ReadSigner(notes, said.signer);
  for (size_t left = notes.Count(); left > 0 && !notes.bad(); --left) {
    LegNotes leg;
    leg.from = notes.Text();
    leg.iat = notes.Number();
    leg.ppt = notes.Text();
    leg.signer = ReadSigner(notes, said.signer);
    leg.to = notes.Text();
    verdict.path.push_back(std::move(leg));
  }
  return verdict;
}

void WriteVerdictDigest(const VerdictNotes& verdict, CanonicalText& json) {
  json.Open();
  if (verdict.decided_by) json.AddNumber("decided_by", *verdict.decided_by);
  json.Name("passports");
  json.OpenArray();
  for (const PassportNotes& passport : verdict.passports) WriteDigest(passport, json);
  json.CloseArray();
  if (!verdict.priority.empty()) json.AddString("priority", verdict.priority);
  json.AddString("reason", verdict.reason);
  if (verdict.signer) WriteSigner(*verdict.signer, json);
  json.Close();
}

JsonValue VerdictDigest(const Verdict& verdict) {
  return Read(verdict, WriteVerdictDigest);
}

namespace {

bool IsOddClaim(std::string_view name, const JsonValue& value) {
  const std::string* text = value.AsString();
  if (name == "attest") return text == nullptr || (*text != "A" && *text != "B" && *text != "C");
  return name == "origid" && (text == nullptr || PackUuid(ToLower(*text)).empty());
}

// Of one PASSporT and the one in it.
JsonMembers TakeOdd(JsonMembers& passport) {
  JsonMembers odd;
  JsonMembers rest;
  for (auto& [name, value] : passport) {
    if (name == "opt" && value.IsObject()) {
      JsonMembers inner = *value.AsObject();
      JsonMembers inner_odd = TakeOdd(inner);
      if (!inner_odd.empty()) odd.emplace_back(name, std::move(inner_odd));
      rest.emplace_back(name, std::move(inner));
    } else {
      (IsOddClaim(name, value) ? odd : rest).emplace_back(name, value);
    }
  }
  passport = std::move(rest);
  return odd;
}

JsonMembers WithOdd(JsonMembers passport, const JsonValue& odd) {
  for (auto& [name, value] : passport) {
    const JsonValue* inner = odd.Find("opt");
    if (name == "opt" && value.IsObject() && inner != nullptr) {
      value = WithOdd(*value.AsObject(), *inner);
    }
  }
  for (const char* name : {"attest", "origid"}) {
    const JsonValue* claim = odd.Find(name);
    if (claim != nullptr) passport.emplace_back(name, *claim);
  }
  return passport;
}

// `digest` with `change` done to each of its PASSporTs.
template <class Change>
JsonValue WithPassports(const JsonValue& digest, Change change) {
  if (!digest.IsObject()) return digest;
  JsonMembers members = *digest.AsObject();
  for (auto& [name, value] : members) {
    if (name != "passports" || value.AsArray() == nullptr) continue;
    JsonArray passports = *value.AsArray();
    for (size_t i = 0; i < passports.size(); ++i) {
      if (passports[i].IsObject()) passports[i] = change(*passports[i].AsObject(), i);
    }
    value = std::move(passports);
  }
  return members;
}

}  // namespace

JsonValue TakeOddClaims(JsonValue& digest) {
  JsonArray claims;
  bool any = false;
  digest = WithPassports(digest, [&](JsonMembers passport, size_t /*index*/) {
    claims.emplace_back(TakeOdd(passport));
    any = any || !claims.back().AsObject()->empty();
    return passport;
  });
  return any ? JsonValue(std::move(claims)) : JsonValue();
}

JsonValue WithOddClaims(const JsonValue& digest, const JsonValue& claims) {
  if (claims.AsArray() == nullptr) return digest;
  const JsonArray& odd = *claims.AsArray();
  return WithPassports(digest, [&](JsonMembers passport, size_t index) {
    return index < odd.size() ? WithOdd(std::move(passport), odd[index]) : passport;
  });
}

void WritePartiesDigest(const VerdictNotes& verdict, CanonicalText& json) {
  json.Open();
  json.Name("passports");
  json.OpenArray();
  for (const PassportNotes& passport : verdict.passports) WriteParties(passport, json);
  json.CloseArray();
  json.Name("path");
  json.OpenArray();
  for (const LegNotes& leg : verdict.path) {
    json.Open();
    json.AddString("from", leg.from);
    json.AddNumber("iat", leg.iat);
    json.AddText("ppt", leg.ppt);
    if (leg.signer) WriteSigner(*leg.signer, json);
    json.AddString("to", leg.to);
    json.Close();
  }
  json.CloseArray();
  json.Close();
}

JsonValue PartiesDigest(const Verdict& verdict) {
  return Read(verdict, WritePartiesDigest);
}

std::vector<std::string_view> CheckNames(const Verdict& verdict) {
  std::vector<std::string_view> names;
  for (const PassportVerdict& passport : verdict.passports) {
    if (passport.checks.empty()) continue;
    names.reserve(passport.checks.size());
    for (const Check& check : passport.checks) names.emplace_back(check.id);
    break;
  }
  return names;
}

namespace {

// The outcomes by check. A check that is not there was not failed.
std::map<std::string, char> Outcomes(const std::string& letters,
                                     const std::vector<std::string>& names) {
  std::map<std::string, char> outcomes;
  for (size_t i = 0; i < letters.size() && i < names.size(); ++i) outcomes[names[i]] = letters[i];
  return outcomes;
}

std::string ChecksDifference(const std::map<std::string, char>& then,
                             const std::map<std::string, char>& now) {
  for (const auto& [name, letter] : then) {
    const auto found = now.find(name);
    if (found == now.end() ? letter == 'f' : found->second != letter) {
      return "check " + name + ": " + letter + " then, " +
             (found == now.end() ? std::string("unknown") : std::string(1, found->second)) + " now";
    }
  }
  for (const auto& [name, letter] : now) {
    if (letter == 'f' && !then.contains(name)) return "check " + name + " fails now";
  }
  return {};
}

struct Side {
  const JsonValue& json;
  const std::vector<std::string>& names;
};

std::string Difference(const Side& then, const Side& now, const std::string& path);

std::string ArrayDifference(const Side& then, const Side& now, const std::string& path) {
  const JsonArray& a = *then.json.AsArray();
  const JsonArray& b = *now.json.AsArray();
  if (a.size() != b.size()) return path + ": another number of elements";
  for (size_t i = 0; i < a.size(); ++i) {
    std::string difference =
        Difference({a[i], then.names}, {b[i], now.names}, path + "/" + std::to_string(i));
    if (!difference.empty()) return difference;
  }
  return {};
}

std::string ObjectDifference(const Side& then, const Side& now, const std::string& path) {
  for (const auto& [name, value] : *now.json.AsObject()) {
    if (then.json.Find(name) == nullptr) return path + "/" + name + ": only now";
  }
  for (const auto& [name, value] : *then.json.AsObject()) {
    const JsonValue* other = now.json.Find(name);
    if (other == nullptr) return path + "/" + name + ": only then";
    std::string difference;
    if (name == "checks" && value.AsString() != nullptr && other->AsString() != nullptr) {
      difference = ChecksDifference(Outcomes(*value.AsString(), then.names),
                                    Outcomes(*other->AsString(), now.names));
      if (!difference.empty()) difference = path + ": " + difference;
    } else {
      difference = Difference({value, then.names}, {*other, now.names}, path + "/" + name);
    }
    if (!difference.empty()) return difference;
  }
  return {};
}

std::string Difference(const Side& then, const Side& now, const std::string& path) {
  if (then.json.IsObject() && now.json.IsObject()) return ObjectDifference(then, now, path);
  if (then.json.AsArray() != nullptr && now.json.AsArray() != nullptr) {
    return ArrayDifference(then, now, path);
  }
  // By text: numbers may be signed or unsigned in memory.
  const std::string a = WriteJson(then.json);
  const std::string b = WriteJson(now.json);
  return a == b ? std::string() : path + ": " + a + " then, " + b + " now";
}

}  // namespace

std::string DigestDifference(const JsonValue& then, const std::vector<std::string>& names_then,
                             const JsonValue& now, const std::vector<std::string>& names_now) {
  return Difference({then, names_then}, {now, names_now}, "");
}

}  // namespace callvet
