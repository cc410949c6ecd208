// SPDX-License-Identifier: MIT
#include "api/atis_signing.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "api/request_members.h"
#include "callvet/telephone_number.h"
#include "issue/passport_signer.h"
#include "syntax/party.h"

namespace callvet {
namespace {

using Presence = RequestMembers::Presence;
using Count = RequestMembers::Count;

bool HasSingleDest(const JsonValue& request) {
  const JsonValue* dest = request.Find("dest");
  const JsonValue* tn = dest != nullptr ? dest->Find("tn") : nullptr;
  return tn != nullptr && tn->AsString() != nullptr;
}

// E-21, E-24. The other members of Ms belong to types that ppt asks for: without it they are
// unknown ones, which are ignored (E-6).
bool IsMs(const JsonValue& request) {
  return request.Find("ppt") != nullptr || HasSingleDest(request);
}

// SBCs in ATIS mode are known to send ppt "shaken" along: which of the two members such a client
// looks for cannot be told, so it gets both.
bool MayBeAtis(const JsonValue& request) {
  const JsonValue* ppt = request.Find("ppt");
  const bool shaken =
      ppt == nullptr || (ppt->AsString() != nullptr && *ppt->AsString() == "shaken");
  return shaken && !HasSingleDest(request);
}

// claims hold canonical digits, national ones made E.164 by the dial plan (RFC 8225 5.2.1).
// What is none is left for the signer to refuse.
std::string CanonicalTn(const std::string& tn, const DialPlan* plan) {
  const auto number = TelephoneNumber::Parse(tn, plan);
  return number ? number->canonical() : tn;
}

// The number of a URI that can be nothing else, else nothing.
std::optional<std::string> NumberOf(const std::string& uri, const DialPlan* plan) {
  // In brackets, so that user=phone is the URI's.
  const auto party = Party::Parse("<" + uri + ">", plan);
  if (!party || party->uri()) return std::nullopt;
  return party->canonical();
}

PartyClaim PartyOf(const RequestMembers::Identities& identities, const DialPlan* plan) {
  PartyClaim claim;
  if (!identities.tn.empty()) claim.tn = CanonicalTn(identities.tn.front(), plan);
  if (!identities.uri.empty()) {
    claim.tn = NumberOf(identities.uri.front(), plan);
    if (!claim.tn) claim.uri = identities.uri.front();
  }
  return claim;
}

// Two ways to write one number are one number.
void AddOnce(std::vector<std::string>& list, std::string name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
}

DestClaim DestOf(const RequestMembers::Identities& identities, const DialPlan* plan) {
  DestClaim dest;
  for (const std::string& tn : identities.tn) AddOnce(dest.tn, CanonicalTn(tn, plan));
  for (const std::string& uri : identities.uri) {
    if (auto number = NumberOf(uri, plan)) {
      AddOnce(dest.tn, std::move(*number));
    } else {
      AddOnce(dest.uri, uri);
    }
  }
  return dest;
}

std::vector<MediaKey> MediaKeysOf(RequestMembers& members) {
  std::vector<MediaKey> keys;
  const JsonValue* mky = members.Find("mky");
  if (mky == nullptr) return keys;
  if (mky->AsArray() == nullptr) {
    members.Invalid("mky", "not an array");
    return keys;
  }
  for (const JsonValue& element : *mky->AsArray()) {
    const JsonValue* alg = element.Find("alg");
    const JsonValue* dig = element.Find("dig");
    if (alg == nullptr || dig == nullptr || alg->AsString() == nullptr ||
        dig->AsString() == nullptr) {
      members.Invalid("mky", "not an array of alg and dig");
      return {};
    }
    keys.push_back({*alg->AsString(), *dig->AsString()});
  }
  return keys;
}

// E-21: the claims of div (RFC 8946) and rph (RFC 8443) beside the common ones.
void ReadExtension(RequestMembers& members, const DialPlan* plan, PassportRequest& request) {
  const std::string& ppt = *request.ppt;
  if (ppt == "div") {
    const auto div = members.Party("div", Count::kOne, Presence::kMandatory);
    if (!div) return;
    const PartyClaim party = PartyOf(*div, plan);
    JsonMembers claim;
    if (const JsonValue* hi = members.Find("div")->Find("hi"); hi != nullptr) {
      claim.emplace_back("hi", *hi);
    }
    claim.emplace_back(party.tn ? "tn" : "uri", party.tn ? *party.tn : *party.uri);
    request.extra_claims.emplace_back("div", std::move(claim));
  } else if (ppt == "rph") {
    const JsonValue* rph = members.Find("rph");
    if (rph == nullptr) return members.Missing("rph");
    const JsonValue* auth = rph->Find("auth");
    if (auth == nullptr || auth->AsArray() == nullptr || auth->AsArray()->empty()) {
      return members.Invalid("rph", "auth is not an array of values");
    }
    request.extra_claims.emplace_back("rph", *rph);
    if (const JsonValue* sph = members.Find("sph")) request.extra_claims.emplace_back("sph", *sph);
  } else if (ppt != "shaken") {
    members.Invalid("ppt", "not shaken, div or rph");
  }
}

struct ReadSigning {
  PassportRequest passport;
  std::optional<RequestError> error;
};

ReadSigning ReadSigningMembers(const JsonValue& object, const DialPlan* plan) {
  RequestMembers members(object);
  PassportRequest request;
  request.ppt = members.Text("ppt", Presence::kOptional).value_or("shaken");
  const bool shaken = *request.ppt == "shaken";
  const Presence of_shaken = shaken ? Presence::kMandatory : Presence::kOptional;
  const auto attest = members.Text("attest", of_shaken);
  const auto orig = members.Party("orig", Count::kOne, Presence::kMandatory);
  const auto dest = members.Party("dest", Count::kMany, Presence::kMandatory);
  const auto iat = members.Seconds("iat", Presence::kMandatory);
  const auto origid = members.Text("origid", of_shaken);
  request.mky = MediaKeysOf(members);
  ReadExtension(members, plan, request);
  if (attest && *attest != "A" && *attest != "B" && *attest != "C") {
    members.Invalid("attest", "not A, B or C");
  }
  if (origid && !IsUuid(*origid)) members.Invalid("origid", "not a UUID");
  if (iat && *iat == 0) members.Invalid("iat", "not a positive number of seconds");
  if (members.error()) return {{}, members.error()};
  request.orig = PartyOf(*orig, plan);
  request.dest = DestOf(*dest, plan);
  request.iat = sys_seconds(std::chrono::seconds(*iat));
  if (shaken) {
    request.attest = attest;
    request.origid = origid;
  }
  return {std::move(request), std::nullopt};
}

struct RefusedMember {
  Reason reason;
  std::string_view name;
};

constexpr auto kRefusedMembers = std::to_array<RefusedMember>({
    {Reason::kOrigInvalid, "orig"},
    {Reason::kDestInvalid, "dest"},
    {Reason::kMkyInvalid, "mky"},
    {Reason::kIatInvalid, "iat"},
    {Reason::kDivClaimInvalid, "div"},
    {Reason::kRphInvalid, "rph"},
    {Reason::kSphInvalid, "sph"},
});

// What of the request the signer refused. Only x5u and key are ours.
RequestError ErrorOf(const Failure& failure) {
  const auto invalid = [&](std::string_view name) {
    return RequestError{Reason::kParameterInvalid, {std::string(name), failure.detail}};
  };
  for (const RefusedMember& member : kRefusedMembers) {
    if (member.reason == failure.reason) return invalid(member.name);
  }
  const bool ours = failure.reason == Reason::kInfoInvalid ||
                    failure.reason == Reason::kX5uMissing ||
                    failure.reason == Reason::kX5uDiffersFromInfo;
  if (!ours && Info(failure.reason).reason_class == ReasonClass::kRefused) {
    return invalid("signingRequest");
  }
  return {Reason::kInternalError, {}};
}

}  // namespace

ApiReply AtisSigning(const CallSigner* signer, std::string_view body, const DialPlan* plan) {
  if (signer == nullptr) return RequestErrorReply({Reason::kResourceNotFound, {}});
  const UnwrappedBody unwrapped = Unwrap(body, "signingRequest");
  if (unwrapped.error) return RequestErrorReply(*unwrapped.error);
  auto [passport, error] = ReadSigningMembers(*unwrapped.object, plan);
  if (error) return RequestErrorReply(*error);
  passport.x5u = signer->x5u;
  const auto token = SignPassport(passport, signer->key);
  if (!token) return RequestErrorReply(ErrorOf(token.error()));
  IdentityParameters parameters;
  parameters.info = signer->x5u;
  parameters.ppt = passport.ppt;
  auto identity = RenderIdentityHeader(*token, parameters);
  if (!identity) return RequestErrorReply(ErrorOf(identity.error()));
  JsonMembers response;
  if (IsMs(*unwrapped.object)) response.emplace_back("identityHeader", *identity);
  if (MayBeAtis(*unwrapped.object)) response.emplace_back("identity", std::move(*identity));
  JsonMembers reply;
  reply.emplace_back("signingResponse", std::move(response));
  return JsonReply(200, reply);
}

}  // namespace callvet
