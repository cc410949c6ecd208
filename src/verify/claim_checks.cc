// SPDX-License-Identifier: MIT
#include "verify/claim_checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "verify/extensions/msg.h"
#include "verify/extensions/rcd.h"
#include "verify/extensions/rph.h"
#include "verify/header_checks.h"

namespace callvet {
namespace {

void CheckAttest(const Claims& claims, PassportKind kind, Trail& trail) {
  if (kind != PassportKind::kShaken) {
    trail.Skip(CheckId::kAttest, "not a shaken PASSporT");
  } else if (claims.attest == "A" || claims.attest == "B" || claims.attest == "C") {
    trail.Pass(CheckId::kAttest, *claims.attest);
  } else {
    trail.Fail(CheckId::kAttest,
               Fail(Reason::kAttestInvalid, "attest is " + Quote(claims.attest.value_or(""))));
  }
}

void CheckOrigid(const Claims& claims, PassportKind kind, const Call& call, Trail& trail) {
  const std::string_view origid = claims.origid ? std::string_view(*claims.origid) : "";
  if (kind != PassportKind::kShaken) {
    trail.Skip(CheckId::kOrigid, "not a shaken PASSporT");
  } else if (call.options.origid_policy == OrigidPolicy::kAnyString || IsUuid(origid)) {
    trail.Pass(CheckId::kOrigid, origid);
  } else {
    trail.Fail(CheckId::kOrigid, Fail(Reason::kOrigidInvalid, Quote(origid) + " is not a UUID"));
  }
}

// D-3: one of the callers that the signalling shows is the one that was signed; that
// one, or nullptr.
const Party* CheckOrig(const Claims& claims, const Call& call, Trail& trail) {
  if (call.request.orig.empty()) {
    trail.Fail(CheckId::kOrig, Fail(Reason::kCallerMissing,
                                    "nothing to compare orig " + ClaimText(claims.orig) + " with"));
    return nullptr;
  }
  for (const Party& caller : call.callers) {
    if (!Matches(caller, claims.orig, call.options.dial_plan)) continue;
    trail.Pass(CheckId::kOrig, [&] {
      return "orig " + ClaimText(claims.orig) + " is the caller " + Describe({caller});
    });
    return &caller;
  }
  trail.Fail(CheckId::kOrig, Fail(Reason::kOrigMismatch,
                                  "orig is " + ClaimText(claims.orig) + ", the caller is " +
                                      (call.callers.empty() ? DescribeUnreadable(call.request.orig)
                                                            : Describe(call.callers))));
  return nullptr;
}

// Fingerprints as one sorted list, letters in one case: both sides are compared as sets.
std::vector<std::string> Fingerprints(const std::vector<MediaKey>& keys) {
  std::vector<std::string> list;
  list.reserve(keys.size());
  for (const MediaKey& key : keys) list.push_back(ToLower(key.alg) + " " + ToLower(key.dig));
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void CheckMky(const Claims& claims, const Call& call, Trail& trail) {
  if (claims.mky.empty()) {
    trail.Skip(CheckId::kMky, "the PASSporT has no mky");
  } else if (!call.request.sdp_fingerprints) {
    trail.Skip(CheckId::kMky, "left unchecked: no SDP is visible");
  } else if (Fingerprints(claims.mky) == Fingerprints(*call.request.sdp_fingerprints)) {
    trail.Pass(CheckId::kMky, "the fingerprints are those of the SDP");
  } else {
    trail.Fail(CheckId::kMky,
               Fail(Reason::kMkyMismatch,
                    "mky has " + std::to_string(claims.mky.size()) + " fingerprints, the SDP has " +
                        std::to_string(call.request.sdp_fingerprints->size()) +
                        ", and they are not the same"));
  }
}

// The number or URI of `caller` that `claim` was compared with.
PartyClaim CallerIdentity(const Party& caller, const PartyClaim& claim) {
  PartyClaim identity;
  if (claim.tn) {
    identity.tn = caller.tn()->canonical();
  } else {
    identity.uri = caller.uri();
  }
  return identity;
}

// Whom the claim names: the caller by the name that it was compared with, if it is the caller.
void RecordOrig(const Party* caller, const Claims& claims, const Call& call, Candidate& candidate) {
  if (caller == nullptr) {
    candidate.verdict.orig = CanonicalForm(claims.orig, call.options.dial_plan);
    return;
  }
  candidate.identity = CallerIdentity(*caller, claims.orig);
  candidate.verdict.orig =
      candidate.identity->tn ? candidate.identity->tn : candidate.identity->uri;
}

// Records `read` as the outcome of `id` and keeps its value.
template <class T>
void Keep(Result<T> read, CheckId id, std::optional<T>& kept, Trail& trail) {
  if (read) {
    kept = std::move(*read);
  } else {
    trail.Fail(id, read.error());
  }
}

// F-1, F-7.
void CheckDiv(const JsonValue& payload, const Call& call, Candidate& candidate) {
  Keep(DivClaim::Read(payload), CheckId::kDiv, candidate.div, candidate.trail);
  if (!candidate.div) return;
  const PartyClaim& party = candidate.div->party;
  const std::string name = CanonicalForm(party, call.options.dial_plan);
  candidate.verdict.div = name;
  candidate.identity = party.tn ? PartyClaim{name, {}} : PartyClaim{{}, name};
  if (candidate.kind == PassportKind::kDivO) {
    Keep(ReadOpt(payload), CheckId::kDiv, candidate.opt, candidate.trail);
    if (!candidate.opt) return;
  }
  candidate.trail.Pass(CheckId::kDiv, [&] { return "redirected by " + ClaimText(party); });
}

// Of claims that may be more than those of a shaken PASSporT.
void CheckExtensions(const JsonValue& payload, const Call& call, Candidate& candidate) {
  Trail& trail = candidate.trail;
  switch (*candidate.kind) {
    case PassportKind::kBase:
    case PassportKind::kShaken:
      break;
    case PassportKind::kDiv:
    case PassportKind::kDivO:
      return CheckDiv(payload, call, candidate);
    case PassportKind::kRph:
      Keep(RphClaim::Read(payload), CheckId::kRph, candidate.rph, trail);
      if (candidate.rph) CheckRph(*candidate.rph, call, trail);
      return;
    case PassportKind::kMsg:
      return CheckMsgi(payload, call, trail);
    case PassportKind::kRcd:
      Keep(RcdClaims::Read(payload), CheckId::kRcd, candidate.rcd, trail);
      if (candidate.rcd) candidate.verdict.rich_call_data = CheckRcd(*candidate.rcd, &trail);
      return;
  }
  // Of another PASSporT rcd is an extra: it has its own result and spoils nothing (F-20).
  if (!RcdClaims::Occurs(payload)) return;
  if (auto rcd = RcdClaims::Read(payload)) {
    candidate.verdict.rich_call_data = CheckRcd(*rcd, nullptr);
    candidate.rcd = std::move(*rcd);
  } else {
    candidate.verdict.rich_call_data.emplace().reason = rcd.error().reason;
  }
}

// The checks of claims that other types of PASSporT have.
void SkipOtherExtensions(PassportKind kind, Trail& trail) {
  struct Owner {
    CheckId id;
    PassportKind kind;
  };
  constexpr std::array<Owner, 6> kOwners = {{{CheckId::kRph, PassportKind::kRph},
                                             {CheckId::kRphAuthority, PassportKind::kRph},
                                             {CheckId::kRcd, PassportKind::kRcd},
                                             {CheckId::kRcdContent, PassportKind::kRcd},
                                             {CheckId::kRcdFirstParty, PassportKind::kRcd},
                                             {CheckId::kMsgi, PassportKind::kMsg}}};
  for (const Owner& owner : kOwners) {
    if (owner.kind == kind) continue;
    trail.Skip(owner.id, [&] { return "not " + std::string(PptOf(owner.kind)); });
  }
  if (!IsDiversion(kind)) trail.Skip(CheckId::kDiv, "no diversion");
}

void CheckClaims(const Call& call, Candidate& candidate) {
  const PassportKind kind = *candidate.kind;
  Trail& trail = candidate.trail;
  Claims& claims = candidate.claims.emplace();
  if (auto ok = claims.Read(candidate.header->payload_part(), PptOf(kind)); !ok) {
    trail.Fail(CheckId::kClaims, ok.error());
    candidate.claims.reset();
    return;
  }
  candidate.verdict.iat = claims.iat;
  candidate.verdict.age_seconds = call.now.time_since_epoch().count() - claims.iat;
  if (auto ok = CheckPartiesOfType(claims, PptOf(kind)); !ok) {
    trail.Fail(CheckId::kClaims, ok.error());
  } else {
    trail.Pass(CheckId::kClaims, "the claims of this type are there and well-formed");
  }
  CheckAttest(claims, kind, trail);
  CheckOrigid(claims, kind, call, trail);
  RecordOrig(CheckOrig(claims, call, trail), claims, call, candidate);
  CheckMky(claims, call, trail);
  if (!claims.IsCanonical()) CheckExtensions(*claims.payload(), call, candidate);
}

// The compact form is rebuilt from the call, so its claims cannot differ from it.
void CheckCompact(const Call& call, Candidate& candidate) {
  Trail& trail = candidate.trail;
  for (const CheckId id :
       {CheckId::kJoseHeader, CheckId::kTyp, CheckId::kX5u, CheckId::kPptSame, CheckId::kClaims,
        CheckId::kIatFresh, CheckId::kAttest, CheckId::kOrigid, CheckId::kMky}) {
    trail.Skip(id, "the compact form has none of its own");
  }
  CheckForm(*candidate.header, *candidate.kind, trail);
  // A Date would not help a type that has no compact form (E4).
  if (candidate.kind == PassportKind::kBase) CheckCompactDate(call, trail);
  CheckCompactAlg(*candidate.header, trail);
  if (call.callers.empty()) {
    trail.Fail(CheckId::kOrig,
               Fail(Reason::kCallerMissing, "the caller is needed to rebuild orig"));
  } else {
    trail.Pass(CheckId::kOrig, [&] { return "rebuilt from " + Describe(call.callers); });
  }
  if (call.date && *call.date) {
    candidate.verdict.iat = (*call.date)->time_since_epoch().count();
    candidate.verdict.age_seconds = (call.now - **call.date).count();
  }
}

// a token whose own header names a type that is not judged is ignored, whatever else that
// header lacks.
bool IsOfAnotherType(const Call& call, Candidate& candidate) {
  if (candidate.header->ppt()) return false;
  const auto ppt = JoseHeader::PptOf(candidate.header->header_part());
  if (!ppt || KindOf(ppt)) return false;
  candidate.verdict.ppt = *ppt;
  return !CheckPpt(ppt, call, candidate.trail);
}

// What the dear checks of a known signer read comes during the cheap ones, some after each.
void FetchMore(Candidate& candidate) {
  if (candidate.known == nullptr) return;
  candidate.fetched = candidate.known->footprint.Prefetch(candidate.fetched);
}

// The type by the parameter, or else by the token. Nothing if it is not judged.
void CheckFullToken(const Call& call, Candidate& candidate) {
  const IdentityHeader& header = *candidate.header;
  const JoseHeader* jose = candidate.jose();
  if (jose == nullptr) {
    auto decoded = JoseHeader::Parse(header.header_part());
    if (!decoded) {
      if (IsOfAnotherType(call, candidate)) return;
      candidate.trail.Fail(CheckId::kJoseHeader, decoded.error());
      return;
    }
    candidate.decoded = std::make_shared<const JoseHeader>(std::move(*decoded));
    jose = candidate.decoded.get();
  }
  if (!header.ppt()) {
    candidate.verdict.ppt = jose->ppt.value_or("");
    candidate.kind = CheckPpt(jose->ppt, call, candidate.trail);
    if (!candidate.kind) return;
  } else {
    // A mismatch is found below; the claims are read as those of the type that was signed.
    candidate.kind = KindOf(jose->ppt).value_or(*candidate.kind);
  }
  SkipOtherExtensions(*candidate.kind, candidate.trail);
  CheckForm(header, *candidate.kind, candidate.trail);
  CheckJoseHeader(header, *jose, call, candidate.trail);
  FetchMore(candidate);
  CheckClaims(call, candidate);
}

// F-5: who stands behind an unknown ppt is worth a word, no more.
void ReadUnknown(Candidate& candidate) {
  if (candidate.IsCompact()) return;
  if (auto claims = Claims::Parse(candidate.header->payload_part(), "")) {
    candidate.claims = std::move(*claims);
  }
}

// That of the token, else that of the Identity header. As a rule both are the same text, of which
// the one that nobody needs any more is moved.
void TellX5u(Candidate& candidate) {
  const JoseHeader* jose = candidate.jose();
  const auto& info = candidate.header->info();
  if (jose != nullptr && !(info && info->uri == jose->x5u)) {
    candidate.verdict.x5u = jose->x5u;
  } else if (info) {
    candidate.verdict.x5u = std::move(candidate.header->TakeInfo()->uri);
  }
}

}  // namespace

Candidate RunClaimChecks(std::string_view text, CallRequest::TokenForm form, const Call& call) {
  Candidate candidate(call.request.details);
  Trail& trail = candidate.trail;
  IdentityHeader& read = candidate.header.emplace();
  const bool bare = form == CallRequest::TokenForm::kBareToken;
  if (auto ok = bare ? read.ReadBareToken(text) : read.Read(text); !ok) {
    trail.Fail(CheckId::kIdentitySyntax, ok.error());
    candidate.header.reset();
    return candidate;
  }
  if (read.ppt() || candidate.IsCompact()) {
    std::optional<std::string_view> ppt;
    if (read.ppt()) ppt = candidate.verdict.ppt = ToLower(*read.ppt());
    candidate.kind = CheckPpt(ppt, call, trail);
    if (!candidate.kind) {
      ReadUnknown(candidate);
      return candidate;
    }
  }
  trail.Pass(CheckId::kIdentitySyntax, [&] { return std::to_string(text.size()) + " bytes"; });
  CheckDate(call, trail);
  if (call.known_headers != nullptr && !candidate.IsCompact()) {
    candidate.known = call.known_headers->Find(read.header_part(), call.approached);
  }
  FetchMore(candidate);
  candidate.signature = CheckSignatureForm(read, trail);
  FetchMore(candidate);
  CheckInfoParameter(read, candidate.jose(), call, trail);
  if (candidate.IsCompact()) {
    SkipOtherExtensions(*candidate.kind, trail);
    CheckCompact(call, candidate);
  } else {
    CheckFullToken(call, candidate);
    if (!candidate.kind) ReadUnknown(candidate);
  }
  FetchMore(candidate);
  TellX5u(candidate);
  return candidate;
}

// A base PASSporT attests nothing, whatever it holds. Numbers of canonical claims are their
// own canonical form where no plan changes them.
void TellClaims(const Call& call, Candidate& candidate) {
  if (!candidate.kind || !candidate.claims) return;
  Claims& claims = *candidate.claims;
  PassportVerdict& verdict = candidate.verdict;
  if (candidate.kind == PassportKind::kShaken) {
    verdict.attest = std::move(claims.attest);
    verdict.origid = std::move(claims.origid);
  }
  const DialPlan* plan = call.options.dial_plan;
  verdict.dest = claims.IsCanonical() && plan == nullptr ? std::move(claims.dest.tn)
                                                         : CanonicalForms(claims.dest, plan);
}

}  // namespace callvet
