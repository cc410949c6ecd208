// SPDX-License-Identifier: MIT
#include "verify/judgement.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "verify/asked_once.h"
#include "verify/extensions/rcd.h"
#include "verify/extensions/rph.h"
#include "verify/known_headers.h"

namespace callvet {

void CallJudgement::Begin(std::span<const std::string_view> values,
                          std::pmr::vector<Es256Job>& jobs) {
  Read(values);
  MakeGraph();
  CheckPlaces();
  RunCertificateChecks(jobs);
}

Verdict CallJudgement::Complete(std::span<const Es256Job> jobs) && {
  TakeSignatures(jobs);
  if (HasInternalError()) return Verdict();
  if (graph_) WalkChains(*graph_);
  CheckRichCallData();
  // Nested ones last in, so they are moved into what encloses them first.
  for (size_t i = entries_.size(); i-- > 0;) Finish(i);

  Verdict verdict;
  verdict.judged_at = call_.now;
  verdict.priority = Priority();
  Decide(verdict);
  verdict.passports.reserve(header_entry_.size());
  for (size_t i = 0; i < header_entry_.size(); ++i) TakeVerdict(i, verdict);
  return verdict;
}

// A value that occurs again is told again, so its verdict is moved out only at the last place.
void CallJudgement::TakeVerdict(size_t header, Verdict& verdict) {
  const size_t entry = header_entry_[header];
  const auto behind = header_entry_.begin() + static_cast<std::ptrdiff_t>(header) + 1;
  PassportVerdict& passport = entries_[entry].candidate.verdict;
  if (std::find(behind, header_entry_.end(), entry) == header_entry_.end()) {
    verdict.passports.push_back(std::move(passport));
  } else {
    verdict.passports.push_back(passport);
  }
}

// The same value twice is one PASSporT: it is judged once. Another spelling of it is judged for
// itself: its parameters or its signature may be the broken ones.
void CallJudgement::Read(std::span<const std::string_view> values) {
  entries_.reserve(values.size());
  header_entry_.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto earlier = values.first(i);
    const auto first = std::find(earlier.begin(), earlier.end(), values[i]) - earlier.begin();
    if (const auto before = static_cast<size_t>(first); before < i) {
      header_entry_.push_back(header_entry_[before]);
    } else {
      header_entry_.push_back(entries_.size());
      entries_.emplace_back(values[i], call_.request.token_form, call_, i);
    }
  }
  const size_t headers = entries_.size();
  for (size_t i = 0; i < headers; ++i) ReadNested(i);
}

// F-7: opt by opt, no deeper than a chain may be long, and in all no more than as many again as
// there may be headers.
void CallJudgement::ReadNested(size_t outermost) {
  size_t outer = outermost;
  for (size_t depth = 1; entries_[outer].candidate.opt; ++depth) {
    if (depth > call_.options.max_diversions ||
        entries_.size() >= 2 * call_.options.max_identities) {
      entries_[outermost].candidate.trail.Fail(
          CheckId::kDiv, Fail(Reason::kDivLimit, "more PASSporTs in one another than are read"));
      return;
    }
    const std::string token = *entries_[outer].candidate.opt;
    const size_t inner = entries_.size();
    const size_t header = entries_[outer].header;
    entries_.emplace_back(token, CallRequest::TokenForm::kBareToken, call_, header);
    entries_[inner].outer = outer;
    entries_[outer].inner = inner;
    outer = inner;
  }
}

// Without a diversion nothing follows anything: nearly every call.
void CallJudgement::MakeGraph() {
  if (std::none_of(entries_.begin(), entries_.end(),
                   [](const Entry& entry) { return entry.candidate.IsDiversion(); })) {
    return;
  }
  std::vector<ChainNode> nodes;
  nodes.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    nodes.push_back(MakeNode(entry.candidate, call_));
    nodes.back().header = entry.header;
    nodes.back().inner = entry.inner;
    nodes.back().outer = entry.outer;
  }
  graph_.emplace(std::move(nodes), call_.options.max_diversions);
}

void CallJudgement::CheckPlaces() {
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (graph_) entry.place = PlaceOf(entry.candidate, *graph_, i, call_);
    CheckPlace(entry.place, graph_ ? &*graph_ : nullptr, i, call_, entry.candidate);
  }
  if (graph_) ExplainByDiversions(*graph_);
}

void CallJudgement::ExplainByDiversions(const DivGraph& graph) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    Candidate& candidate = entries_[i].candidate;
    if (!candidate.claims || candidate.trail.reason(CheckId::kDest) != Reason::kDestMismatch) {
      continue;
    }
    std::vector<bool> seen(entries_.size());
    const Reason reason = ReasonBehind(graph, i, seen);
    if (reason != Reason::kNone) ExplainByDiversion(reason, call_, candidate);
  }
}

// Why the diversions that follow do not help; kNone if there are none.
Reason CallJudgement::ReasonBehind(const DivGraph& graph, size_t entry,
                                   std::vector<bool>& seen) const {
  seen[entry] = true;
  for (const size_t follower : graph.Followers(entry)) {
    if (seen[follower]) continue;
    const Reason own = entries_[follower].candidate.trail.FirstReason();
    const Reason behind =
        own == Reason::kDestMismatch ? ReasonBehind(graph, follower, seen) : Reason::kNone;
    if (behind != Reason::kNone) return behind;
    if (own != Reason::kNone) return own;
  }
  return Reason::kNone;
}

// The entries that the dear checks are for. A host that does not answer may name itself in the
// first header: those first whose certificate need not be waited for, then those that say
// who called.
std::pmr::vector<size_t> CallJudgement::Deserving() {
  std::pmr::vector<size_t> deserving(memory_.resource());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Candidate& candidate = entries_[i].candidate;
    const bool complete =
        candidate.kind && candidate.signature && (candidate.IsCompact() || candidate.identity);
    if (!candidate.trail.failed() && complete) deserving.push_back(i);
  }
  if (deserving.size() < 2) return deserving;
  std::vector<int> waits(entries_.size());
  for (const size_t i : deserving) {
    const Candidate& candidate = entries_[i].candidate;
    if (context_.source.IsAtHand(candidate.verdict.x5u)) continue;
    waits[i] = candidate.IsDiversion() || SpeaksForCaller(*candidate.kind) ? 1 : 2;
  }
  std::stable_sort(deserving.begin(), deserving.end(),
                   [&](size_t one, size_t other) { return waits[one] < waits[other]; });
  return deserving;
}

// How many different certificates these entries name.
size_t CallJudgement::Certificates(std::span<const size_t> entries) const {
  const auto x5u = [&](size_t entry) -> const std::string& {
    return entries_[entry].candidate.verdict.x5u;
  };
  size_t count = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto before = entries.first(i);
    count += std::none_of(before.begin(), before.end(),
                          [&](size_t other) { return x5u(other) == x5u(entries[i]); })
                 ? 1
                 : 0;
  }
  return count;
}

// Each certificate has its share of what is left of the time.
void CallJudgement::RunCertificateChecks(std::pmr::vector<Es256Job>& jobs) {
  const std::pmr::vector<size_t> deserving = Deserving();
  const AskedOnce once(context_.source);
  for (size_t done = 0; done < deserving.size(); ++done) {
    const size_t i = deserving[done];
    const size_t left = Certificates(std::span(deserving).subspan(done));
    Candidate& candidate = entries_[i].candidate;
    const Deadline share =
        left == 1 ? context_.deadline : Deadline::After(context_.deadline.Left() / left);
    const bool alone = deserving.size() == 1;
    const CertificateContext context{context_.trust_store, alone ? context_.source : once,
                                     context_.engine,      context_.chain_cache,
                                     context_.deadline,    share};
    const Es256PublicKey* key = callvet::RunCertificateChecks(call_, context, candidate);
    if (key == nullptr) continue;
    signed_.push_back(i);
    Es256Job& job = jobs.emplace_back();
    job.key = key;
    job.signing_input = candidate.header->signing_input();
    job.signature = &*candidate.signature;
  }
}

void CallJudgement::TakeSignatures(std::span<const Es256Job> jobs) {
  for (size_t i = 0; i < signed_.size(); ++i) {
    RecordSignature(jobs[i].result, entries_[signed_[i]].candidate);
  }
}

// Of a PASSporT that could not be judged nobody knows what it would have said against another one:
// a diversion to somebody else makes a fork (F-3). So the call does not pass, though one PASSporT
// does.
bool CallJudgement::HasInternalError() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.candidate.trail.Has(Reason::kInternalError);
  });
}

void CallJudgement::WalkChains(const DivGraph& graph) {
  std::vector<Reason> failed;
  for (const Entry& entry : entries_) {
    const Trail& trail = entry.candidate.trail;
    const bool verified =
        !trail.failed() && trail.outcome(CheckId::kSignature) == CheckOutcome::kPassed;
    const Reason reason = trail.FirstReason();
    failed.push_back(!verified && reason == Reason::kNone ? Reason::kDivLinkMissing : reason);
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    const bool innermost = entries_[i].place == Place::kInnermost;
    // A call to the party signed for, which went on from there to a URI: both are true of it (F-1).
    const bool perhaps = entries_[i].place == Place::kDirect && call_.contact;
    if (failed[i] != Reason::kNone || (!innermost && !perhaps)) continue;
    auto path = graph.Walk(i, failed);
    if (!innermost && !(path && graph.node(path->back()).for_contact)) continue;
    if (path) {
      entries_[i].candidate.trail.Pass(CheckId::kDivChain, [&] {
        return "redirected " + std::to_string(path->size() - 1) + " times to here";
      });
      good_chains_.emplace(i, std::move(*path));
    } else {
      entries_[i].candidate.trail.Fail(CheckId::kDivChain, path.error());
      bad_chains_.emplace(i, path.error());
    }
  }
  SettleDiversions(graph, failed);
  TellFailedInOpt(graph, failed);
}

// kDivChain of each diversion that passed everything else.
void CallJudgement::SettleDiversions(const DivGraph& graph, std::span<const Reason> failed) {
  bool direct_passed = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    direct_passed =
        direct_passed || (entries_[i].place == Place::kDirect && failed[i] == Reason::kNone);
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    Trail& trail = entries_[i].candidate.trail;
    if (entries_[i].place != Place::kDiversion || failed[i] != Reason::kNone) continue;
    const auto holds = [&](const auto& chain) {
      return std::any_of(chain.second.begin(), chain.second.end(),
                         [&](size_t link) { return graph.SayTheSame(link, i); });
    };
    if (std::any_of(good_chains_.begin(), good_chains_.end(), holds)) {
      trail.Pass(CheckId::kDivChain, "a link of the chain to the call's target");
    } else if (!bad_chains_.empty()) {
      trail.Fail(CheckId::kDivChain, bad_chains_.begin()->second);
    } else if (!good_chains_.empty()) {
      trail.Fail(CheckId::kDivChain, Fail(Reason::kDivLinkMissing, "in no good chain"));
    } else if (direct_passed) {
      trail.Fail(CheckId::kDivChain,
                 Fail(Reason::kDivLinkMissing, "the call is the original one, and not redirected"));
    } else {
      trail.Fail(CheckId::kDivChain, WhyNoInnermost(failed));
    }
  }
}

// No original call's PASSporT was verified. One that could not be judged may be good: then
// nothing is known of what redirected the call, either.
Failure CallJudgement::WhyNoInnermost(std::span<const Reason> failed) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].place != Place::kInnermost || !IsUndecided(failed[i])) continue;
    return Fail(failed[i], "the original call's PASSporT could not be judged");
  }
  return Fail(Reason::kDivInnermostInvalid, "the original call's PASSporT failed by itself");
}

// D-10: what stands in an opt has no header that would tell that it is forged or untrusted, so the
// diversion around it tells that, where nothing of its own failed. Of several the highest rank, as
// of headers.
void CallJudgement::TellFailedInOpt(const DivGraph& graph, std::span<const Reason> failed) {
  for (Entry& entry : entries_) {
    Trail& trail = entry.candidate.trail;
    const Reason own = trail.reason(CheckId::kDivChain);
    if (own == Reason::kNone || own != trail.FirstReason()) continue;
    std::optional<size_t> worst;
    for (auto inner = entry.inner; inner; inner = entries_[*inner].inner) {
      if (Info(failed[*inner]).verstat != Verstat::kTnValidationFailed) continue;
      if (!worst || Info(failed[*inner]).rank > Info(failed[*worst]).rank) worst = inner;
    }
    if (!worst) continue;
    trail.Fail(CheckId::kDivChain,
               Fail(failed[*worst], graph.node(*worst).Label() + " failed by itself"));
  }
}

// F-26: nothing is fetched for a PASSporT that was not found good.
void CallJudgement::CheckRichCallData() {
  for (Entry& entry : entries_) {
    Candidate& candidate = entry.candidate;
    if (!candidate.rcd) continue;
    RichCallData& data = *candidate.verdict.rich_call_data;
    if (candidate.trail.failed()) {
      if (data.reason == Reason::kNone) data.reason = candidate.trail.FirstReason();
      continue;
    }
    const bool third_party = candidate.rcd->iss.has_value();
    const bool first_party = !third_party || HasFirstParty(candidate);
    const auto missing =
        Fail(Reason::kRcdFirstPartyMissing, "no good PASSporT has the same orig and iat");
    if (!first_party && data.reason == Reason::kNone) data.reason = missing.reason;
    if (data.reason == Reason::kNone && content_ != nullptr) {
      CheckRcdContent(*candidate.rcd, *content_, context_.deadline, data);
    }
    if (candidate.kind != PassportKind::kRcd) continue;
    Trail& trail = candidate.trail;
    if (!first_party) {
      trail.Fail(CheckId::kRcdFirstParty, missing);
    } else {
      trail.Pass(CheckId::kRcdFirstParty, [&] {
        return std::string(third_party ? "the first party's PASSporT is there"
                                       : "the first party signed");
      });
    }
    if (content_ == nullptr) {
      trail.Skip(CheckId::kRcdContent, "nothing is fetched: that was not asked for");
    } else if (data.reason == Reason::kNone) {
      trail.Pass(CheckId::kRcdContent, "what is named by URI is what was signed");
    } else {
      trail.Fail(CheckId::kRcdContent, Fail(data.reason, "see rich_call_data"));
    }
  }
}

// F-25.
bool CallJudgement::HasFirstParty(const Candidate& third_party) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const Candidate& other = entry.candidate;
    const bool first = other.kind == PassportKind::kBase || other.kind == PassportKind::kShaken;
    return first && other.claims && !other.trail.failed() &&
           other.identity == third_party.identity && other.claims->iat == third_party.claims->iat &&
           (!other.rcd || !other.rcd->iss);
  });
}

void CallJudgement::Finish(size_t entry) {
  Candidate& candidate = entries_[entry].candidate;
  TellClaims(call_, candidate);
  std::move(candidate.trail).Finish(candidate.verdict);
  if (candidate.verdict.reason == Reason::kNone && candidate.to_remember != nullptr &&
      call_.known_headers != nullptr) {
    const auto& key = (*candidate.chain)->signer().es256_key();
    context_.engine.AddTo(*key, candidate.to_remember->footprint);
    call_.known_headers->Remember(candidate.header->header_part(),
                                  std::move(*candidate.to_remember));
  }
  if (const auto outer = entries_[entry].outer) {
    entries_[*outer].candidate.verdict.nested.push_back(candidate.verdict);
  }
}

// F-30: for a message msg decides, where it is used at all; a PASSporT of a call could be repeated
// on a message of any text.
bool CallJudgement::SpeaksForCaller(PassportKind kind) const {
  if (kind == PassportKind::kMsg) return true;  // of a message: else it has no kind
  if (kind != PassportKind::kBase && kind != PassportKind::kShaken) return false;
  return std::none_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.candidate.kind == PassportKind::kMsg;
  });
}

// How much it says of the caller: nothing as a base PASSporT, else A before B before C.
int CallJudgement::SaysOfCaller(const Entry& entry) {
  const std::optional<std::string>& attest = entry.candidate.verdict.attest;
  const bool level =
      attest && attest->size() == 1 && attest->front() >= 'A' && attest->front() <= 'C';
  return level ? 'D' - attest->front() : 0;
}

bool CallJudgement::SpeaksBefore(const Entry& one, const Entry& other) {
  const int says = SaysOfCaller(one);
  const int others = SaysOfCaller(other);
  return says != others ? says > others : one.header < other.header;
}

// of those that passed the PASSporT that says most, the first of equals, with its diversions.
// The order of headers means nothing: a network that puts its own in front spoils no call.
std::optional<size_t> CallJudgement::DecidingEntry() const {
  std::optional<size_t> deciding;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!entry.candidate.kind || !SpeaksForCaller(*entry.candidate.kind) ||
        entry.candidate.verdict.reason != Reason::kNone) {
      continue;
    }
    const auto chain = good_chains_.find(i);
    if (chain == good_chains_.end() && (entry.outer || entry.place != Place::kDirect)) continue;
    if (deciding && !SpeaksBefore(entry, entries_[*deciding])) continue;
    // Each link passed in every check, or the chain would not have been walked.
    if (chain == good_chains_.end() ||
        std::all_of(chain->second.begin(), chain->second.end(), [&](size_t link) {
          return entries_[link].candidate.verdict.reason == Reason::kNone;
        })) {
      deciding = i;
    }
  }
  return deciding;
}

// True if nothing is known of it only because another link of its chain could not be judged.
bool CallJudgement::IsUndecidedByAnother(const Candidate& candidate) {
  // The diversions are looked at last, and only of what had passed everything else.
  return IsUndecided(candidate.verdict.checks.reason(static_cast<size_t>(CheckId::kDivChain)));
}

// Of failed ones the highest rank is reported, the first one of equals, but the one whose own
// certificate could not be had before those that it left undecided. rph and rcd say nothing of the
// caller's number: they neither pass nor fail the call (F-11, F-23).
void CallJudgement::Decide(Verdict& verdict) const {
  if (const auto deciding = DecidingEntry()) {
    verdict.reason = Reason::kNone;
    verdict.decided_by = entries_[*deciding].header;
    const auto chain = good_chains_.find(*deciding);
    verdict.path =
        Legs(chain == good_chains_.end() ? std::span(&*deciding, 1) : std::span(chain->second));
    return;
  }
  verdict.reason = Reason::kUnsupportedPpt;
  for (size_t i = 0; i < header_entry_.size(); ++i) {
    const Candidate& candidate = entries_[header_entry_[i]].candidate;
    const Reason reason = candidate.verdict.reason;
    if (reason == Reason::kNone) continue;
    if (candidate.kind && !candidate.IsDiversion() && !SpeaksForCaller(*candidate.kind)) continue;
    const bool is_the_cause =
        verdict.decided_by && reason == verdict.reason && !IsUndecidedByAnother(candidate) &&
        IsUndecidedByAnother(entries_[header_entry_[*verdict.decided_by]].candidate);
    if (!verdict.decided_by || Info(reason).rank > Info(verdict.reason).rank || is_the_cause) {
      verdict.decided_by = i;
      verdict.reason = reason;
    }
  }
  if (!verdict.decided_by) verdict.detail = "no PASSporT speaks for the caller's number";
}

// Which of these is where the call goes.
std::string_view CallJudgement::TargetIn(const std::vector<std::string>& dest) const {
  for (const Party& target : call_.targets()) {
    if (std::find(dest.begin(), dest.end(), target.canonical()) != dest.end()) {
      return target.canonical();
    }
  }
  return dest.empty() ? std::string_view() : dest.front();
}

std::vector<CallLeg> CallJudgement::Legs(std::span<const size_t> path) const {
  const auto text_of = [](const std::optional<std::string>& claim) {
    return claim ? std::string_view(*claim) : std::string_view();
  };
  std::vector<CallLeg> legs(path.size());
  for (size_t i = 0; i < path.size(); ++i) {
    const Entry& entry = entries_[path[i]];
    const PassportVerdict& passport = entry.candidate.verdict;
    CallLeg& leg = legs[i];
    leg.from = text_of(i == 0 ? passport.orig : passport.div);
    leg.to = i + 1 < path.size() ? text_of(entries_[path[i + 1]].candidate.verdict.div)
                                 : TargetIn(passport.dest);
    leg.ppt = passport.ppt;
    leg.passport = entry.header;
    leg.iat = passport.iat.value_or(0);
    leg.signer = passport.signer;
  }
  return legs;
}

std::optional<PriorityVerdict> CallJudgement::Priority() const {
  std::vector<JudgedRph> judged;
  for (size_t i = 0; i < header_entry_.size(); ++i) {
    const Candidate& candidate = entries_[header_entry_[i]].candidate;
    if (candidate.kind != PassportKind::kRph) continue;
    judged.push_back({i, candidate.verdict.reason, candidate.rph ? &*candidate.rph : nullptr});
  }
  return JudgePriority(call_, judged);
}

}  // namespace callvet
