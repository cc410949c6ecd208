// SPDX-License-Identifier: MIT
#include "verify/certificate_checks.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/short_memory.h"
#include "base/text.h"
#include "pki/chain.h"
#include "verify/authority.h"
#include "verify/compact.h"
#include "verify/extensions/rph.h"

namespace callvet {
namespace {

Result<std::shared_ptr<const CertificateBundle>> GetBundle(const std::string& x5u,
                                                           const CertificateContext& context) {
  if (context.patience.Passed()) return Fail(Reason::kDeadlineExceeded, "before the certificate");
  auto bundle = context.source.Get(x5u, context.patience);
  if (bundle && (*bundle == nullptr || (*bundle)->empty())) {
    return Fail(Reason::kInternalError, "the certificate source gave an empty bundle");
  }
  return bundle;
}

std::string PathText(const VerifiedChain& chain) {
  std::string text;
  for (const Certificate& certificate : chain.path()) {
    text += (text.empty() ? "" : " <- ") + certificate.subject();
  }
  for (const std::string& note : chain.revocation_notes()) text += "; " + note;
  return text;
}

// The times at which the certificates must be valid: iat (A-51, B-35), and the Date header's if
// there is one and it counts.
struct Times {
  sys_seconds iat;
  std::optional<sys_seconds> date;
};

Times TimesOf(const Call& call, int64_t iat) {
  Times times{sys_seconds(std::chrono::seconds(iat)), {}};
  const bool counts = call.date && *call.date && call.options.date_policy != DatePolicy::kIgnore;
  if (counts) times.date = **call.date;
  return times;
}

Result<void> CheckTimesInCertificates(const VerifiedChain& chain, const Times& times) {
  for (const Certificate& certificate : chain.path()) {
    const bool iat_fits = certificate.ValidAt(times.iat);
    if (iat_fits && (!times.date || certificate.ValidAt(*times.date))) continue;
    return Fail(iat_fits ? Reason::kDateStale : Reason::kIatOutsideCertificate,
                (iat_fits ? "Date " + FormatTime(*times.date) : FormatTime(times.iat)) +
                    " is not within " + FormatTime(certificate.not_before()) + " to " +
                    FormatTime(certificate.not_after()) + " of " + certificate.subject());
  }
  return {};
}

// A CA may have two certificates, one renewed or with another list: the path is wanted on which the
// times and the delegations hold. Lists by reference are left to the checks, which fetch them.
bool IsWanted(const std::vector<Certificate>& path, const Times& times) {
  DelegationCheck delegation;
  return std::all_of(path.rbegin(), path.rend(), [&](const Certificate& certificate) {
    const auto& list = certificate.tn_auth_list();
    const bool readable = !list || list->has_value();
    const bool valid =
        certificate.ValidAt(times.iat) && (!times.date || certificate.ValidAt(*times.date));
    return readable && valid && delegation.Takes(list ? &**list : nullptr);
  });
}

// One step of the way: records the outcome of `result` for `id`.
template <class T, class Detail>
bool Record(Trail& trail, CheckId id, const Result<T>& result, const Detail& passed) {
  if (!result) {
    trail.Fail(id, result.error());
    return false;
  }
  trail.Pass(id, passed);
  return true;
}

// What the lists of the path say of the signer, its own first; those by reference included.
void DescribeAuthority(std::span<const TnAuthList* const> lists,
                       std::shared_ptr<const SignerInfo>& signer) {
  const auto with_spcs = std::find_if(lists.begin(), lists.end(), [](const TnAuthList* list) {
    return list != nullptr && !list->spcs().empty();
  });
  const bool own = with_spcs == lists.begin();
  if (own && signer->spcs == lists.front()->spcs()) return;
  SignerInfo described = *signer;
  described.spcs = lists.front()->spcs();
  if (!own && with_spcs != lists.end()) described.delegated_by_spcs = (*with_spcs)->spcs();
  signer = std::make_shared<const SignerInfo>(std::move(described));
}

// Whether the claims keep to the signer's constraints; `payload` gives them.
template <class Payload>
bool CheckConstraints(const VerifiedChain& chain, const Payload& payload, Trail& trail) {
  const auto& constraints = chain.signer().claim_constraints();
  if (constraints && constraints->empty()) {
    trail.Skip(CheckId::kClaimConstraints, "the certificate has none");
    return true;
  }
  if (!constraints) {
    trail.Fail(CheckId::kClaimConstraints, constraints.error());
    return false;
  }
  return Record(trail, CheckId::kClaimConstraints, CheckClaimConstraints(*constraints, *payload()),
                "the claims keep to them");
}

// Whether the signer may sign this: `identity` is whom it must have authority over.
bool CheckRights(const VerifiedChain& chain, const PartyClaim& identity, const Call& call,
                 const CertificateContext& context, Candidate& candidate) {
  Trail& trail = candidate.trail;
  ShortMemory<ChainLimits().max_path * sizeof(void*)> memory;
  const auto lists = CollectTnAuthLists(chain, context.source, context.patience, memory.resource());
  if (!Record(trail, CheckId::kTnAuthList, lists,
              [&] { return lists->of_path.front()->ToText().substr(0, 500); })) {
    return false;
  }
  DescribeAuthority(lists->of_path, candidate.verdict.signer);
  const TnAuthList& own = *lists->of_path.front();
  if (!Record(trail, CheckId::kDelegation, CheckDelegation(lists->of_path),
              "each list is within its parent's") ||
      !Record(trail, CheckId::kAuthority, CheckAuthority(own, identity, call.options.dial_plan),
              own.spcs().empty() ? "the number is in the signer's list"
                                 : "the signer's SPC covers any number")) {
    return false;
  }
  return !candidate.rph ||
         Record(trail, CheckId::kRphAuthority,
                CheckRphAuthority(*candidate.rph, own.spcs(), call.options.rph_signers),
                call.options.rph_signers.empty() ? "every trusted signer may sign every namespace"
                                                 : "the signer may sign the namespaces");
}

// What to verify a signature with, if there is a key and time.
Result<const Es256PublicKey*> KeyOf(const VerifiedChain& chain, const CertificateContext& context) {
  const auto& key = chain.signer().es256_key();
  if (!key) return key.error();
  if (context.deadline.Passed()) return Fail(Reason::kDeadlineExceeded, "before the signature");
  return &*key;
}

const Es256PublicKey* CheckFullForm(const VerifiedChain& chain, const Call& call,
                                    const CertificateContext& context, Candidate& candidate) {
  const auto payload = [&] { return candidate.claims->payload(); };
  if (!CheckRights(chain, *candidate.identity, call, context, candidate) ||
      !CheckConstraints(chain, payload, candidate.trail)) {
    return nullptr;
  }
  const auto key = KeyOf(chain, context);
  if (key) return *key;
  candidate.trail.Fail(CheckId::kSignature, key.error());
  return nullptr;
}

// Signatures that are tried for one compact form.
constexpr size_t kMostRebuilt = 128;

// What may have been signed for each of `parties`: without user=phone it is open whether a user
// part of digits is a number.
std::vector<PartyClaim> ClaimsFor(const Parties& parties) {
  std::vector<PartyClaim> claims;
  for (const Party& party : parties) {
    if (party.tn()) claims.push_back({party.tn()->canonical(), {}});
    if (party.uri()) claims.push_back({{}, *party.uri()});
  }
  return claims;
}

// Everything that the signer of a compact form may have signed, given what the call shows: mky
// belongs into it if the SDP has fingerprints, but not every signer puts it there.
std::vector<RebuiltPassport> RebuildCandidates(const std::string& x5u, const Call& call) {
  std::vector<RebuiltPassport> candidates;
  const auto& fingerprints = call.request.sdp_fingerprints;
  const auto called_parties = ClaimsFor(CalledForCompact(call));
  for (const PartyClaim& caller : ClaimsFor(call.callers)) {
    for (const PartyClaim& called : called_parties) {
      if (candidates.size() >= kMostRebuilt) return candidates;
      if (fingerprints && !fingerprints->empty()) {
        candidates.push_back(RebuildPassport(x5u, **call.date, caller, called, *fingerprints));
      }
      candidates.push_back(RebuildPassport(x5u, **call.date, caller, called));
    }
  }
  return candidates;
}

// the signature tells which of the possible callers and called parties was signed, so it
// comes before the rights.
void CheckCompactForm(const VerifiedChain& chain, const Call& call,
                      const CertificateContext& context, Candidate& candidate) {
  Result<void> last = Fail(Reason::kSignatureInvalid, "no caller and called party to rebuild from");
  for (const RebuiltPassport& rebuilt : RebuildCandidates(candidate.verdict.x5u, call)) {
    const auto key = KeyOf(chain, context);
    last = key ? context.engine.Verify(**key, rebuilt.signing_input, *candidate.signature)
               : Result<void>(key.error());
    if (!last && last.error().reason == Reason::kSignatureInvalid) continue;
    if (!Record(candidate.trail, CheckId::kSignature, last, "ES256 over the rebuilt token")) return;
    candidate.verdict.orig = rebuilt.orig.tn ? rebuilt.orig.tn : rebuilt.orig.uri;
    candidate.verdict.dest = {rebuilt.dest};
    if (CheckRights(chain, rebuilt.orig, call, context, candidate)) {
      CheckConstraints(
          chain, [&] { return &rebuilt.payload; }, candidate.trail);
    }
    return;
  }
  candidate.trail.Fail(CheckId::kSignature, last.error());
}

std::shared_ptr<const Result<VerifiedChain>> JudgeChain(const CertificateBundle& bundle,
                                                        const CertificateContext& context,
                                                        sys_seconds now) {
  if (context.chain_cache != nullptr) {
    return context.chain_cache->Verify(bundle, context.trust_store, now);
  }
  return std::make_shared<const Result<VerifiedChain>>(
      VerifyChain(bundle, *context.trust_store, now));
}

// Of a header that is not known, or whose signer's certificates are others now or were judged anew.
void NoteHeader(const CertificateBundle& bundle, const Result<VerifiedChain>& chain,
                const CertificateContext& context, Candidate& candidate) {
  const KnownHeader* known = candidate.known.get();
  const bool cached = context.chain_cache != nullptr;
  const bool same = known != nullptr && known->bundle == &bundle && known->chain == &chain;
  if (candidate.decoded == nullptr && (!cached || same)) return;
  candidate.to_remember = std::make_unique<KnownHeader>(KnownHeader{
      .header = *candidate.jose(), .bundle = &bundle, .chain = &chain, .footprint = {}});
  Footprint& footprint = candidate.to_remember->footprint;
  context.source.AddTo(candidate.verdict.x5u, footprint);
  footprint.Add(bundle);
  bundle[SignerIndex(bundle)].AddTo(footprint);
  if (cached) context.chain_cache->AddTo(bundle, footprint);
}

}  // namespace

const Es256PublicKey* RunCertificateChecks(const Call& call, const CertificateContext& context,
                                           Candidate& candidate) {
  Trail& trail = candidate.trail;
  PassportVerdict& verdict = candidate.verdict;
  auto bundle = GetBundle(verdict.x5u, context);
  if (!bundle) {
    trail.Fail(CheckId::kCertificate, bundle.error());
    return nullptr;
  }
  trail.Pass(CheckId::kCertificate, [&] {
    return std::to_string((*bundle)->size()) + " certificates from " + verdict.x5u;
  });
  auto judged = JudgeChain(**bundle, context, call.now);
  const Times times = TimesOf(call, *verdict.iat);
  if (*judged && !IsWanted((*judged)->path(), times)) {
    // What is remembered does not know the times: look for the path on which they hold.
    judged = std::make_shared<const Result<VerifiedChain>>(
        VerifyChain(**bundle, *context.trust_store, call.now, {},
                    [&](const std::vector<Certificate>& path) { return IsWanted(path, times); }));
  }
  if (*judged && !candidate.IsCompact()) NoteHeader(**bundle, *judged, context, candidate);
  // With the bundle's count, which is the call's already.
  const SignerInfo* signer = (**bundle)[SignerIndex(**bundle)].signer_info().get();
  verdict.signer = std::shared_ptr<const SignerInfo>(std::move(*bundle), signer);
  const Result<VerifiedChain>& chain = *judged;
  if (!Record(trail, CheckId::kChain, chain, [&] { return PathText(*chain); }) ||
      !Record(trail, CheckId::kIatInCertificate, CheckTimesInCertificates(*chain, times),
              "iat is within the validity of every certificate")) {
    return nullptr;
  }
  if (candidate.IsCompact()) {
    CheckCompactForm(*chain, call, context, candidate);
    return nullptr;
  }
  candidate.chain = std::move(judged);
  return CheckFullForm(*chain, call, context, candidate);
}

void RecordSignature(const Result<void>& result, Candidate& candidate) {
  Record(candidate.trail, CheckId::kSignature, result, "ES256 over the bytes as received");
}

}  // namespace callvet
