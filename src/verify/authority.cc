// SPDX-License-Identifier: MIT
#include "verify/authority.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {
namespace {

Result<void> Collect(const Certificate& certificate, const CertificateSource& source,
                     const Deadline& deadline, PathTnAuthLists& lists) {
  const TnAuthList* list = nullptr;
  if (const auto& by_value = certificate.tn_auth_list()) {
    if (!*by_value) return by_value->error();
    list = &**by_value;
  }
  for (const std::string& url : certificate.tn_auth_list_uris()) {
    auto by_reference = source.GetTnAuthList(url, deadline);
    if (!by_reference) return by_reference.error();
    lists.united.push_back(std::make_unique<const TnAuthList>(
        list != nullptr ? list->Union(*by_reference) : std::move(*by_reference)));
    list = lists.united.back().get();
  }
  lists.of_path.push_back(list);
  return {};
}

std::string ValueText(const JsonValue& value) {
  const std::string* text = value.AsString();
  return text != nullptr ? *text : CanonicalJson(value);
}

}  // namespace

Result<PathTnAuthLists> CollectTnAuthLists(const VerifiedChain& chain,
                                           const CertificateSource& source,
                                           const Deadline& deadline,
                                           std::pmr::memory_resource* memory) {
  PathTnAuthLists lists{std::pmr::vector<const TnAuthList*>(memory), {}};
  lists.of_path.reserve(chain.path().size());
  for (const Certificate& certificate : chain.path()) {
    if (auto ok = Collect(certificate, source, deadline, lists); !ok) {
      ok.error().detail = certificate.subject() + ": " + ok.error().detail;
      return ok.error();
    }
  }
  if (lists.of_path.front() == nullptr) {
    return Fail(Reason::kTnAuthListMissing, chain.signer().subject() + " has no TNAuthList");
  }
  return lists;
}

Result<void> CheckDelegation(std::span<const TnAuthList* const> lists) {
  DelegationCheck delegation;
  for (auto list = lists.rbegin(); list != lists.rend(); ++list) {
    if (delegation.Takes(*list)) continue;
    return Fail(Reason::kTnAuthListNotEncompassed, (*list)->ToText().substr(0, 300) +
                                                       " is not within the parent's " +
                                                       delegation.above()->ToText().substr(0, 300));
  }
  return {};
}

Result<void> CheckAuthority(const TnAuthList& list, const PartyClaim& identity,
                            const DialPlan* plan) {
  if (identity.tn ? list.Authorizes(*identity.tn) : !list.spcs().empty()) return {};
  // A list may have a short code in its form with the country code (H-20).
  const auto global =
      identity.tn && plan != nullptr ? WithCountryCode(*identity.tn, *plan) : std::nullopt;
  if (global && list.Authorizes(*global)) return {};
  return Fail(Reason::kTnNotAuthorized,
              Quote(identity.tn ? *identity.tn : identity.uri.value_or(""), 200) + " is not in " +
                  list.ToText().substr(0, 500));
}

Result<void> CheckClaimConstraints(const ClaimConstraints& constraints, const JsonValue& payload) {
  for (const std::string& name : constraints.must_include) {
    if (payload.Find(name) == nullptr) {
      return Fail(Reason::kClaimRequired, "mustInclude names " + Quote(name));
    }
  }
  for (const auto& [name, values] : constraints.permitted_values) {
    const JsonValue* claim = payload.Find(name);
    if (claim == nullptr) continue;
    const std::string text = ValueText(*claim);
    if (std::find(values.begin(), values.end(), text) == values.end()) {
      return Fail(Reason::kClaimValueNotPermitted,
                  "permittedValues of " + Quote(name) + " does not hold " + Quote(text, 200));
    }
  }
  for (const std::string& name : constraints.must_exclude) {
    if (payload.Find(name) != nullptr) {
      return Fail(Reason::kClaimExcluded, "mustExclude names " + Quote(name));
    }
  }
  return {};
}

}  // namespace callvet
