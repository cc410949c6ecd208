// SPDX-License-Identifier: MIT
#include "verify/extensions/rcd.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "pki/digest.h"

namespace callvet {
namespace {

using Content = RichCallData::Content;

constexpr size_t kMaxFetches = 8;  // budget (A-8, VS choice)

const RcdReference* FindReference(const std::vector<RcdReference>& references,
                                  std::string_view pointer) {
  const auto found = std::find_if(references.begin(), references.end(),
                                  [&](const RcdReference& r) { return r.pointer == pointer; });
  return found == references.end() ? nullptr : &*found;
}

void Finish(Content& content, const Result<void>& result) {
  content.outcome = result ? CheckOutcome::kPassed : CheckOutcome::kFailed;
  if (result) return;
  content.reason = result.error().reason;
  content.detail = result.error().detail;
}

Result<void> CompareBytes(const ContentDigest& expected, std::string_view bytes) {
  const auto digest = ComputeDigest(expected.algorithm, bytes);
  if (!digest) return digest.error();
  if (*digest == expected) return {};
  return Fail(Reason::kRcdDigestMismatch,
              "rcdi says " + expected.ToText() + ", the content has " + digest->ToText());
}

// F-22: what stands in the JSON is hashed in its deterministic form.
Result<void> CompareInline(const ContentDigest& expected, const JsonValue& value) {
  return CompareBytes(expected, CanonicalJson(value));
}

Result<void> Dropped(const Result<std::string>& result) {
  return result ? Result<void>() : Result<void>(result.error());
}

// A jCard that was fetched from jcl and has the signed digest.
struct FetchedJcard {
  JsonValue document;  // {"jcl": jCard}, so that the pointers of rcdi fit
  std::vector<RcdReference> references;
};

Result<FetchedJcard> ReadJcard(std::string_view bytes, const RcdClaims& claims) {
  auto json = ReadJson(bytes);
  if (!json) return Fail(Reason::kRcdInvalid, "jcl: " + json.error().detail);
  FetchedJcard jcard;
  jcard.references = JcardReferences(*json, "/jcl");
  if (auto ok = CheckDigestsAreThere(jcard.references, claims); !ok) return ok.error();
  jcard.document.Add("jcl", std::move(*json));
  return jcard;
}

class ContentCheck {
 public:
  ContentCheck(const ContentSource& source, const Deadline& deadline)
      : source_(source), deadline_(deadline) {}

  Result<void> Check(const RcdClaims& claims, const RcdClaims::Digest& entry, Content& content) {
    if (content.uri) {
      auto bytes = Fetch(*content.uri, entry.digest);
      if (!bytes || entry.pointer != "/jcl") return Dropped(bytes);
      auto jcard = ReadJcard(*bytes, claims);
      if (!jcard) return jcard.error();
      jcard_ = std::move(*jcard);
      return {};
    }
    // Inside the jCard behind jcl.
    if (!jcard_) return Fail(Reason::kRcdContentNotAvailable, "jcl was not had");
    if (const auto* reference = FindReference(jcard_->references, entry.pointer)) {
      content.uri = reference->uri;
      return Dropped(Fetch(reference->uri, entry.digest));
    }
    const JsonValue* value = FindPointer(jcard_->document, entry.pointer);
    if (value == nullptr) return Fail(Reason::kRcdInvalid, "rcdi points to nothing in jcl");
    return CompareInline(entry.digest, *value);
  }

 private:
  // Fetches what is at `uri` and compares it. The bytes if they are what was signed.
  Result<std::string> Fetch(const std::string& uri, const ContentDigest& expected) {
    if (deadline_.Passed() || ++fetches_ > kMaxFetches) {
      return Fail(Reason::kRcdContentNotAvailable,
                  "time or number of fetches for this call ran out");
    }
    if (!EqualsIgnoreCase(uri.substr(0, 6), "https:")) {
      return Fail(Reason::kRcdContentNotAvailable, "only https is fetched: " + Quote(uri, 200));
    }
    auto bytes = source_.Get(uri, deadline_);
    if (!bytes) {
      return Fail(Reason::kRcdContentNotAvailable,
                  std::string(Info(bytes.error().reason).id) + ": " + bytes.error().detail);
    }
    if (auto ok = CompareBytes(expected, *bytes); !ok) return ok.error();
    return bytes;
  }

  const ContentSource& source_;
  const Deadline& deadline_;
  size_t fetches_ = 0;
  std::optional<FetchedJcard> jcard_;
};

}  // namespace

RichCallData CheckRcd(const RcdClaims& claims, Trail* trail) {
  RichCallData data;
  data.nam = claims.nam;
  data.apn = claims.apn;
  data.icn = claims.icn;
  data.jcl = claims.jcl;
  data.crn = claims.crn;
  data.iss = claims.iss;
  const auto references = RcdReferences(claims);
  Result<void> first = CheckDigestsAreThere(references, claims);
  for (const RcdClaims::Digest& entry : claims.rcdi) {
    Content& content = data.content.emplace_back();
    content.pointer = entry.pointer;
    if (const auto* reference = FindReference(references, entry.pointer)) {
      content.uri = reference->uri;
    } else if (const JsonValue* value = FindPointer(claims.rcd, entry.pointer)) {
      const auto result = CompareInline(entry.digest, *value);
      Finish(content, result);
      if (first && !result) first = result;
    }
  }
  data.reason = first ? Reason::kNone : first.error().reason;
  if (trail != nullptr && !first) trail->Fail(CheckId::kRcd, first.error());
  if (trail != nullptr && first) {
    trail->Pass(CheckId::kRcd, [&] {
      return "well-formed, with " + std::to_string(claims.rcdi.size()) + " digests";
    });
  }
  return data;
}

void CheckRcdContent(const RcdClaims& claims, const ContentSource& source, const Deadline& deadline,
                     RichCallData& data) {
  ContentCheck check(source, deadline);
  // jcl first: what the jCard names is known only then.
  std::vector<size_t> order;
  for (size_t i = 0; i < data.content.size(); ++i) {
    if (data.content[i].outcome == CheckOutcome::kNotRun) order.push_back(i);
  }
  std::stable_partition(order.begin(), order.end(),
                        [&](size_t i) { return data.content[i].pointer == "/jcl"; });
  for (const size_t i : order) {
    Finish(data.content[i], check.Check(claims, claims.rcdi[i], data.content[i]));
    if (data.reason == Reason::kNone) data.reason = data.content[i].reason;
  }
}

}  // namespace callvet
