// SPDX-License-Identifier: MIT
#include "evidence/call_json.h"

#include <utility>

#include "callvet/passport.h"
#include "evidence/json_fields.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

void WriteFingerprints(const std::vector<MediaKey>& keys, CanonicalText& json) {
  json.OpenArray();
  for (const MediaKey& key : keys) {
    json.Open();
    json.AddString("alg", key.alg);
    json.AddString("dig", key.dig);
    json.Close();
  }
  json.CloseArray();
}

Result<std::vector<MediaKey>> ReadFingerprints(const JsonArray& array) {
  std::vector<MediaKey> keys;
  for (const JsonValue& element : array) {
    JsonFields fields(&element);
    MediaKey key;
    fields.Text("alg", key.alg);
    fields.Text("dig", key.dig);
    if (auto ok = fields.Finish(); !ok) return ok.error();
    keys.push_back(std::move(key));
  }
  return keys;
}

// As ReadCallNotes has it.
std::optional<std::string> MaybeString(NoteReader& notes) {
  const auto text = notes.MaybeText();
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

void NoteCall(const CallRequest& call, NoteWriter& notes) {
  notes.Flag(call.token_form == CallRequest::TokenForm::kBareToken);
  notes.Maybe(call.date);
  notes.Texts(call.dest);
  notes.Maybe(call.from);
  notes.Texts(call.identities);
  notes.Maybe(call.message_body);
  notes.Texts(call.orig);
  notes.Maybe(call.priority);
  notes.Texts(call.resource_priority);
  notes.Flag(call.sdp_fingerprints.has_value());
  if (call.sdp_fingerprints) {
    notes.Size(call.sdp_fingerprints->size());
    for (const MediaKey& key : *call.sdp_fingerprints) {
      notes.Text(key.alg);
      notes.Text(key.dig);
    }
  }
  notes.Maybe(call.target);
}

CallRequest ReadCallNotes(NoteReader& notes) {
  CallRequest call;
  if (notes.Flag()) call.token_form = CallRequest::TokenForm::kBareToken;
  call.date = MaybeString(notes);
  call.dest = notes.Texts<std::string>();
  call.from = MaybeString(notes);
  call.identities = notes.Texts<std::string>();
  call.message_body = MaybeString(notes);
  call.orig = notes.Texts<std::string>();
  call.priority = MaybeString(notes);
  call.resource_priority = notes.Texts<std::string>();
  if (notes.Flag()) {
    call.sdp_fingerprints.emplace();
    for (size_t left = notes.Count(); left > 0 && !notes.bad(); --left) {
      std::string alg(notes.Text());
      call.sdp_fingerprints->push_back({std::move(alg), std::string(notes.Text())});
    }
  }
  call.target = MaybeString(notes);
  return call;
}

void WriteCall(const CallRequest& call, CanonicalText& json) {
  json.Open();
  if (call.token_form == CallRequest::TokenForm::kBareToken) {
    json.Name("bare");
    json.Json("true");
  }
  json.AddText("date", call.date);
  json.AddTexts("dest", call.dest);
  json.AddText("from", call.from);
  json.AddTexts("identities", call.identities);
  json.AddText("message_body", call.message_body);
  json.AddTexts("orig", call.orig);
  json.AddText("priority", call.priority);
  if (!call.resource_priority.empty()) json.AddTexts("resource_priority", call.resource_priority);
  if (call.sdp_fingerprints) {
    json.Name("sdp_fingerprints");
    WriteFingerprints(*call.sdp_fingerprints, json);
  }
  json.AddText("target", call.target);
  json.Close();
}

Result<CallRequest> ReadCallJson(const JsonValue* json) {
  JsonFields fields(json);
  CallRequest call;
  fields.Texts("identities", call.identities);
  fields.Texts("orig", call.orig);
  fields.Texts("dest", call.dest);
  if (fields.Find("bare") != nullptr) call.token_form = CallRequest::TokenForm::kBareToken;
  fields.Text("from", call.from);
  fields.Text("date", call.date);
  fields.Text("target", call.target);
  fields.Text("priority", call.priority);
  fields.Text("message_body", call.message_body);
  fields.Texts("resource_priority", call.resource_priority);
  if (fields.Find("sdp_fingerprints") != nullptr) {
    auto keys = ReadFingerprints(fields.Array("sdp_fingerprints"));
    if (!keys) return keys.error();
    call.sdp_fingerprints = std::move(*keys);
  }
  if (auto ok = fields.Finish(); !ok) return ok.error();
  return call;
}

JsonMembers OptionsJson(const VerifierOptions& options) {
  JsonArray ports;
  for (const uint16_t port : options.x5u_ports) ports.emplace_back(int64_t{port});
  JsonArray rph;
  for (const RphSigner& signer : options.rph_signers) {
    rph.push_back(JsonMembers{{"namespace", signer.name_space}, {"spcs", JsonTexts(signer.spcs)}});
  }
  const bool any_origid = options.origid_policy == OrigidPolicy::kAnyString;
  const bool http = options.http_x5u == VerifierOptions::HttpX5u::kInsecureAllow;
  const bool to_only = options.target_policy == TargetPolicy::kToOnly;
  return {
      {"max_age", int64_t{options.max_age.count()}},
      {"country", options.dial_plan != nullptr ? JsonValue(options.dial_plan->iso) : JsonValue()},
      {"date", options.date_policy == DatePolicy::kIgnore ? "ignore" : "check"},
      {"origid", any_origid ? "any" : "uuid"},
      {"http_x5u", http ? "allow" : "refuse"},
      {"x5u_ports", std::move(ports)},
      {"max_identities", options.max_identities},
      {"target", to_only ? "to" : "request-uri"},
      {"max_diversions", options.max_diversions},
      {"max_diverted_age", int64_t{options.max_diverted_age.count()}},
      {"rph_signers", std::move(rph)}};
}

namespace {

// One of two words; anything else is refused.
template <class T>
void Word(JsonFields& fields, std::string_view name, std::pair<std::string_view, T> usual,
          std::pair<std::string_view, T> other, T& target) {
  std::string word;
  fields.Text(name, word);
  target = word == other.first ? other.second : usual.second;
  if (word != usual.first && word != other.first) fields.Refuse(name, "is not known");
}

void ReadCounts(JsonFields& fields, VerifierOptions& options) {
  int64_t max_age = 0;
  int64_t max_diverted_age = 0;
  int64_t max_identities = 0;
  int64_t max_diversions = 0;
  fields.Number("max_age", max_age);
  fields.Number("max_diverted_age", max_diverted_age);
  fields.Number("max_identities", max_identities);
  fields.Number("max_diversions", max_diversions);
  constexpr int64_t kMost = 1'000'000;
  if (max_identities < 0 || max_identities > kMost || max_diversions < 0 ||
      max_diversions > kMost) {
    fields.Refuse("max_identities", "is out of range");
  }
  if (!IsStoredSpan(max_age)) fields.Refuse("max_age", "is out of range");
  if (!IsStoredSpan(max_diverted_age)) fields.Refuse("max_diverted_age", "is out of range");
  options.max_age = std::chrono::seconds(max_age);
  options.max_diverted_age = std::chrono::seconds(max_diverted_age);
  options.max_identities = static_cast<size_t>(max_identities);
  options.max_diversions = static_cast<size_t>(max_diversions);
}

}  // namespace

Result<VerifierOptions> ReadOptionsJson(const JsonValue* json) {
  JsonFields fields(json);
  VerifierOptions options;
  ReadCounts(fields, options);
  std::optional<std::string> country;
  fields.Text("country", country);
  if (country) {
    options.dial_plan = FindDialPlan(*country);
    if (options.dial_plan == nullptr) fields.Refuse("country", "is not known");
  }
  Word<DatePolicy>(fields, "date", {"check", DatePolicy::kCheckIfPresent},
                   {"ignore", DatePolicy::kIgnore}, options.date_policy);
  Word<OrigidPolicy>(fields, "origid", {"uuid", OrigidPolicy::kMustBeUuid},
                     {"any", OrigidPolicy::kAnyString}, options.origid_policy);
  Word<VerifierOptions::HttpX5u>(fields, "http_x5u", {"refuse", VerifierOptions::HttpX5u::kRefuse},
                                 {"allow", VerifierOptions::HttpX5u::kInsecureAllow},
                                 options.http_x5u);
  Word<TargetPolicy>(fields, "target", {"request-uri", TargetPolicy::kRequestUri},
                     {"to", TargetPolicy::kToOnly}, options.target_policy);
  options.x5u_ports.clear();
  for (const JsonValue& element : fields.Array("x5u_ports")) {
    int64_t port = 0;
    if (!element.GetInt(port) || port < 1 || port > UINT16_MAX)
      fields.Refuse("x5u_ports", "is bad");
    options.x5u_ports.push_back(static_cast<uint16_t>(port));
  }
  for (const JsonValue& element : fields.Array("rph_signers")) {
    JsonFields row(&element);
    RphSigner signer;
    row.Text("namespace", signer.name_space);
    row.Texts("spcs", signer.spcs);
    if (auto ok = row.Finish(); !ok) return ok.error();
    options.rph_signers.push_back(std::move(signer));
  }
  if (auto ok = fields.Finish(); !ok) return ok.error();
  return options;
}

}  // namespace callvet
