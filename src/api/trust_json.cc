// SPDX-License-Identifier: MIT
#include "api/trust_json.h"

#include <utility>

#include "api/certificate_json.h"
#include "base/text.h"
#include "pki/lint.h"

namespace callvet {
namespace {

JsonValue FailureJson(const std::optional<Failure>& failure) {
  if (!failure) return {};
  return JsonMembers{{"reason", Info(failure->reason).id}, {"detail", failure->detail}};
}

// Errors and warnings only: what passes is of no interest on a page.
JsonValue FindingsJson(const Certificate& certificate, const Certificate* issuer) {
  JsonArray list;
  for (const LintFinding& finding : LintCertificate(certificate, issuer)) {
    if (finding.level != LintLevel::kError && finding.level != LintLevel::kWarning) continue;
    list.push_back(JsonMembers{{"level", finding.level == LintLevel::kError ? "error" : "warning"},
                               {"id", finding.id},
                               {"rule", finding.rule},
                               {"clause", finding.clause},
                               {"found", finding.found}});
  }
  return list;
}

JsonValue CrlsJson(const TrustStore& store, sys_seconds now) {
  JsonArray list;
  for (const Crl& crl : store.crls()) list.push_back(CrlJson(crl, now));
  return list;
}

JsonValue ListJson(const VerificationCore& core) {
  const auto accepted = core.trust_list();
  if (!accepted) return {};
  return TrustListJson(accepted->list, accepted->accepted_at, core.Now());
}

JsonValue CacheJson(const VerificationCore& core) {
  if (!core.repository()) return {};
  const RepositoryStatistics statistics = core.repository()->Statistics();
  const WaitingRoom::Statistics waiting = core.waiting();
  return JsonMembers{{"entries", statistics.memory_entries},
                     {"bytes", statistics.memory_bytes},
                     {"hits", statistics.memory_hits},
                     {"misses", statistics.misses},
                     {"fetches", statistics.fetches},
                     {"fetch_failures", statistics.fetch_failures},
                     {"stale_served", statistics.stale_served},
                     {"waiting", waiting.waiting},
                     {"refused", waiting.refused}};
}

JsonValue SignersJson(const VerificationCore& core, const std::vector<std::string>& x5us) {
  JsonArray list;
  for (const std::string& x5u : x5us) {
    const auto bundle = core.AtHand(x5u);
    if (!bundle || bundle->empty()) continue;
    const Certificate* issuer = bundle->size() > 1 ? &(*bundle)[1] : nullptr;
    JsonMembers json = CertificateJson(bundle->front());
    json.emplace_back("x5u", x5u);
    json.emplace_back("findings", FindingsJson(bundle->front(), issuer));
    list.emplace_back(std::move(json));
  }
  return list;
}

}  // namespace

JsonValue TrustSourcesJson(const std::vector<TrustSource>& sources) {
  JsonArray list;
  for (const TrustSource& source : sources) {
    list.push_back(JsonMembers{{"kind", TrustSourceKindName(source.kind)},
                               {"name", source.name},
                               {"failure", FailureJson(source.failure)},
                               {"not_kept", FailureJson(source.not_kept)},
                               {"in_use", source.in_use},
                               {"detail", source.detail}});
  }
  return list;
}

JsonValue TrustListJson(const TrustList& list, std::optional<sys_seconds> accepted_at,
                        sys_seconds now) {
  return JsonMembers{
      {"version", list.version()},
      {"sequence", list.sequence()},
      {"expires", FormatTime(list.expires())},
      {"accepted_at", accepted_at ? JsonValue(FormatTime(*accepted_at)) : JsonValue()},
      {"signer", list.signer()},
      {"expired", list.ExpiredAt(now)},
      {"anchors", list.anchors().size()}};
}

JsonValue CrlJson(const Crl& crl, sys_seconds now) {
  return JsonMembers{
      {"issuer", crl.issuer()},
      {"number", crl.number_hex() ? JsonValue(*crl.number_hex()) : JsonValue()},
      {"this_update", FormatTime(crl.this_update())},
      {"next_update", crl.next_update() ? JsonValue(FormatTime(*crl.next_update())) : JsonValue()},
      {"indirect", crl.indirect()},
      {"entries", crl.entry_count()},
      {"age_seconds", (now - crl.this_update()).count()},
      {"current", crl.next_update() && now <= *crl.next_update()}};
}

JsonValue TrustJson(const VerificationCore& core, const std::vector<std::string>& x5us) {
  const auto store = core.trust();
  JsonArray anchors;
  for (const Certificate& anchor : store->AnchorsAt(core.Now())) {
    JsonMembers json = CertificateJson(anchor);
    json.emplace_back("findings", FindingsJson(anchor, &anchor));
    anchors.emplace_back(std::move(json));
  }
  return JsonMembers{
      {"now", FormatTime(core.Now())},        {"sources", TrustSourcesJson(core.TrustSources())},
      {"trust_list", ListJson(core)},         {"anchors", std::move(anchors)},
      {"crls", CrlsJson(*store, core.Now())}, {"cache", CacheJson(core)},
      {"signers", SignersJson(core, x5us)}};
}

}  // namespace callvet
