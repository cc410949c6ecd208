// SPDX-License-Identifier: MIT
#include "verify/place_checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "verify/freshness.h"

namespace callvet {
namespace {

sys_seconds At(int64_t seconds) {
  return sys_seconds(std::chrono::seconds(seconds));
}

sys_seconds IatOf(const Claims& claims) {
  return At(claims.iat);
}

bool IsForAny(const DestClaim& dest, const Parties& parties, const Call& call) {
  return std::any_of(parties.begin(), parties.end(), [&](const Party& party) {
    return Matches(party, dest, call.options.dial_plan);
  });
}

bool IsForRequestUri(const DestClaim& dest, const Call& call) {
  return IsForAny(dest, call.targets(), call) || FitsEmergencyTarget(dest, call);
}

// D-4: To, and the Request-URI where that counts.
bool IsForThisCall(const DestClaim& dest, const Call& call) {
  if (CalledIn(dest, call) == nullptr || !FitsLocalTarget(dest, call)) return false;
  return !call.request_uri || IsForRequestUri(dest, call);
}

bool IsForTarget(const DestClaim& dest, const Call& call) {
  return call.local_target ? FitsLocalTarget(dest, call) : IsForRequestUri(dest, call);
}

// The number of the Request-URI, if it counts.
const std::optional<Party>& CountingTarget(const Call& call) {
  return call.request_uri ? call.request_uri : call.local_target;
}

std::string IatText(const Claims& claims, const Call& call) {
  const sys_seconds iat = IatOf(claims);
  return "iat " + FormatTime(iat) + " is " + AgeText(call.now - iat);
}

// RFC 7519 4.1.4, 4.1.5: PASSporTs need no exp and nbf, but who signs them means them. The window
// is the leeway for clocks that differ.
Result<void> CheckValidity(const Claims& claims, Reason stale, const Call& call) {
  const int64_t now = call.now.time_since_epoch().count();
  const int64_t leeway = call.options.max_age.count();
  const auto payload = claims.IsCanonical() ? nullptr : claims.payload();
  const auto time_of = [&](std::string_view name, int64_t fallback) -> std::optional<int64_t> {
    const JsonValue* value = payload != nullptr ? payload->Find(name) : nullptr;
    int64_t seconds = fallback;
    if (value != nullptr && !value->GetInt(seconds)) {
      const auto* real = std::get_if<JsonReal>(&value->storage());  // a NumericDate may be one
      if (real == nullptr) return std::nullopt;
      return static_cast<int64_t>(std::clamp(real->value, 0.0, double{kLastSecond}));
    }
    return std::clamp<int64_t>(seconds, 0, kLastSecond);
  };
  const auto exp = time_of("exp", kLastSecond);
  const auto nbf = time_of("nbf", 0);
  if (!exp || !nbf) return Fail(Reason::kIatInvalid, "exp and nbf must be numbers of seconds");
  if (now > *exp + leeway)
    return Fail(stale, "exp was " + SecondsText(call.now - At(*exp)) + " ago");
  if (now < *nbf - leeway) {
    return Fail(Reason::kIatInFuture, "nbf is " + SecondsText(At(*nbf) - call.now) + " ahead");
  }
  return {};
}

void CheckFresh(const Claims& claims, Reason stale, const Call& call, Trail& trail) {
  const sys_seconds iat = IatOf(claims);
  if (auto ok = CheckValidity(claims, stale, call); !ok) {
    trail.Fail(CheckId::kIatFresh, ok.error());
  } else if (IsFresh(call, iat)) {
    trail.Pass(CheckId::kIatFresh, [&] { return std::string(IatText(claims, call)); });
  } else {
    trail.Fail(CheckId::kIatFresh, Fail(iat > call.now ? Reason::kIatInFuture : stale,
                                        IatText(claims, call) + ", " + WindowText(call)));
  }
}

// F-4: before the last diversion a call may have waited.
void CheckRecent(const Claims& claims, const Call& call, Trail& trail) {
  const sys_seconds iat = IatOf(claims);
  const auto text = [&] {
    return IatText(claims, call) + ", before the last diversion up to " +
           SecondsText(call.options.max_diverted_age) + " count";
  };
  if (auto ok = CheckValidity(claims, Reason::kDivStale, call); !ok) {
    trail.Fail(CheckId::kIatFresh, ok.error());
  } else if (IsRecent(call, iat)) {
    trail.Pass(CheckId::kIatFresh, text);
  } else {
    trail.Fail(CheckId::kIatFresh,
               Fail(iat > call.now ? Reason::kIatInFuture : Reason::kDivStale, text()));
  }
}

std::string CalledText(const Call& call) {
  return call.called.empty() ? DescribeUnreadable(call.request.dest) : Describe(call.called);
}

// The one of `parties` that `dest` has; there is one.
const Party& PartyIn(const DestClaim& dest, const Parties& parties, const Call& call) {
  return *std::find_if(parties.begin(), parties.end(), [&](const Party& party) {
    return Matches(party, dest, call.options.dial_plan);
  });
}

void CheckDest(const DestClaim& dest, const Call& call, Trail& trail) {
  if (call.request.dest.empty()) {
    trail.Fail(CheckId::kDest, Fail(Reason::kCalledMissing,
                                    "nothing to compare dest " + ClaimText(dest) + " with"));
  } else if (IsForThisCall(dest, call)) {
    trail.Pass(CheckId::kDest, [&] {
      return "dest " + ClaimText(dest) + " has the called party " +
             Describe({*CalledIn(dest, call)}) + call.request_uri_ignored;
    });
  } else if (CalledIn(dest, call) != nullptr) {
    trail.Fail(CheckId::kDest, Fail(Reason::kDestMismatch,
                                    "dest is " + ClaimText(dest) + ", the call was redirected to " +
                                        Describe({*CountingTarget(call)}) +
                                        " and no chain of diversions leads there"));
  } else {
    trail.Fail(CheckId::kDest,
               Fail(Reason::kDestMismatch,
                    "dest is " + ClaimText(dest) + ", the called party is " + CalledText(call)));
  }
}

void CheckTarget(const DestClaim& dest, const Call& call, Trail& trail) {
  const auto target = [&] {
    return CountingTarget(call) ? Describe({*CountingTarget(call)}) : CalledText(call);
  };
  if (IsForTarget(dest, call)) {
    trail.Pass(CheckId::kDest, [&] {
      const bool listed = !call.local_target && IsForAny(dest, call.targets(), call);
      const Party& party = listed ? PartyIn(dest, call.targets(), call) : *CountingTarget(call);
      const bool ignored = !call.contact || party.canonical() != call.contact->canonical();
      return "dest " + ClaimText(dest) + " has the target " + Describe({party}) +
             (ignored ? call.request_uri_ignored : "");
    });
  } else if (!CountingTarget(call) && call.request.dest.empty()) {
    trail.Fail(CheckId::kDest, Fail(Reason::kCalledMissing,
                                    "nothing to compare dest " + ClaimText(dest) + " with"));
  } else {
    trail.Fail(CheckId::kDest, Fail(Reason::kDestMismatch, "dest is " + ClaimText(dest) +
                                                               ", the call goes to " + target()));
  }
}

// The compact form is rebuilt for the called party, so that must be where the call goes.
void CheckCompactDest(const Call& call, Trail& trail) {
  if (call.called.empty()) {
    trail.Fail(CheckId::kDest,
               Fail(Reason::kCalledMissing, "the called party is needed to rebuild dest"));
  } else if (CalledForCompact(call).empty()) {
    trail.Fail(CheckId::kDest,
               Fail(Reason::kDestMismatch, "the called party is " + Describe(call.called) +
                                               ", the call was redirected to " +
                                               Describe({*CountingTarget(call)})));
  } else {
    trail.Pass(CheckId::kDest, [&] {
      return "rebuilt from " + Describe(CalledForCompact(call)) + call.request_uri_ignored;
    });
  }
}

void CheckDiversion(const DivGraph& graph, size_t index, const Call& call, Candidate& candidate) {
  const Claims& claims = *candidate.claims;
  Trail& trail = candidate.trail;
  if (const auto differs = graph.OrigDiffers(index)) trail.Fail(CheckId::kOrig, *differs);
  if (graph.IsLast(index)) {
    CheckFresh(claims, Reason::kDivStale, call, trail);
    if (graph.IsPromising(index) && !graph.node(index).for_target) {
      // If it is genuine, the link that it contests is a fork (F-3); only then it matters.
      trail.Skip(CheckId::kDest,
                 [&] { return ClaimText(claims.dest) + " is another branch of the call"; });
    } else {
      CheckTarget(claims.dest, call, trail);
    }
  } else {
    CheckRecent(claims, call, trail);
    trail.Skip(CheckId::kDest,
               [&] { return ClaimText(claims.dest) + " redirected the call again"; });
  }
  if (!trail.failed() && !graph.IsPromising(index)) {
    trail.Fail(CheckId::kDivChain, graph.WhyNot(index));
  }
}

}  // namespace

ChainNode MakeNode(const Candidate& candidate, const Call& call) {
  ChainNode node;
  node.unknown = !candidate.kind;
  if (!candidate.claims) return node;
  const Claims& claims = *candidate.claims;
  node.orig = CanonicalName(claims.orig, call.options.dial_plan);
  node.dest = CanonicalNames(claims.dest, call.options.dial_plan);
  if (candidate.div) node.div = CanonicalName(candidate.div->party, call.options.dial_plan);
  const bool sound = candidate.kind && !candidate.trail.failed();
  const bool recent = IsRecent(call, IatOf(claims));
  node.usable = sound && recent && CheckValidity(claims, Reason::kDivStale, call).has_value();
  node.too_old = sound && !recent && IatOf(claims) < call.now;
  node.iat = claims.iat;
  node.fresh = IsFresh(call, IatOf(claims));
  node.for_target = IsForTarget(claims.dest, call);
  node.for_contact = call.contact && Matches(*call.contact, claims.dest, call.options.dial_plan);
  return node;
}

Place PlaceOf(const Candidate& candidate, const DivGraph& graph, size_t index, const Call& call) {
  if (candidate.IsDiversion()) return Place::kDiversion;
  if (!candidate.claims || !graph.IsPromising(index)) return Place::kDirect;
  const bool direct = IsForThisCall(candidate.claims->dest, call) && graph.node(index).fresh;
  return direct && !graph.node(index).outer ? Place::kDirect : Place::kInnermost;
}

void CheckPlace(Place place, const DivGraph* graph, size_t index, const Call& call,
                Candidate& candidate) {
  Trail& trail = candidate.trail;
  if (!candidate.kind) return;
  if (candidate.IsCompact()) {
    CheckCompactDest(call, trail);
    trail.Skip(CheckId::kDivChain, "the compact form has no diversions");
    return;
  }
  if (!candidate.claims) return;
  switch (place) {
    case Place::kDirect:
      CheckFresh(*candidate.claims, Reason::kIatStale, call, trail);
      CheckDest(candidate.claims->dest, call, trail);
      trail.Skip(CheckId::kDivChain, "the PASSporT is not of a redirected call");
      return;
    case Place::kInnermost:
      CheckRecent(*candidate.claims, call, trail);
      trail.Skip(CheckId::kDest,
                 [&] { return ClaimText(candidate.claims->dest) + " redirected the call"; });
      return;
    case Place::kDiversion:
      return CheckDiversion(*graph, index, call, candidate);
  }
}

void ExplainByDiversion(Reason reason, const Call& call, Candidate& candidate) {
  Trail& trail = candidate.trail;
  if (!candidate.IsDiversion()) CheckRecent(*candidate.claims, call, trail);
  trail.Skip(CheckId::kDest,
             [&] { return ClaimText(candidate.claims->dest) + " redirected the call"; });
  constexpr std::array kOfTheChain = {Reason::kDestMismatch,   Reason::kIatInFuture,
                                      Reason::kDivLimit,       Reason::kDivLoop,
                                      Reason::kDivOrigDiffers, Reason::kDivStale};
  if (std::find(kOfTheChain.begin(), kOfTheChain.end(), reason) == kOfTheChain.end()) {
    reason = Reason::kDivLinkMissing;
  }
  trail.Fail(CheckId::kDivChain,
             Fail(reason, "the diversions that follow do not lead to where the call goes"));
}

}  // namespace callvet
