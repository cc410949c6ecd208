// SPDX-License-Identifier: MIT
#include "pki/revocation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/text.h"
#include "pki/path_builder.h"
#include "pki/path_validator.h"
#include "pki/x509_fields.h"

namespace callvet {
namespace {

constexpr size_t kMaxCrlSigners = 8;  // budget: certificates tried as the signer of one CRL

std::string Describe(const Crl& crl) {
  return "the CRL of " + Quote(crl.issuer()) + " of " + FormatTime(crl.this_update());
}

// C-35. A list without nextUpdate gives no time until which it may be believed (RFC 5280 5.1.2.5
// demands one), so it counts as stale.
Result<void> CheckCurrency(const Crl& crl, std::chrono::seconds grace, sys_seconds at) {
  if (crl.this_update() > at + kCrlClockSkew) {
    return Fail(Reason::kCrlStale, Describe(crl) + " is from the future");
  }
  if (!crl.next_update()) return Fail(Reason::kCrlStale, Describe(crl) + " has no nextUpdate");
  if (at > *crl.next_update() + grace) {
    return Fail(Reason::kCrlStale,
                Describe(crl) + " is past its nextUpdate " + FormatTime(*crl.next_update()));
  }
  return {};
}

bool IsAmong(const Certificate& certificate, std::span<const Certificate> others) {
  return std::find(others.begin(), others.end(), certificate) != others.end();
}

// Whether a list that `issuer` signed names `certificate`, which it issued; the age of the list
// does not matter for that.
bool IssuerRevoked(const Certificate& certificate, const Certificate& issuer,
                   const std::vector<Crl>& crls) {
  return std::any_of(crls.begin(), crls.end(), [&](const Crl& crl) {
    return crl.RevokedSince(certificate) && crl.SignedBy(issuer);
  });
}

// RFC 5280 6.3.3 (f): the path of who signed a list is validated, with what its own authorities say
// of revocation. What indirect lists say of it is left out: they are what is judged here.
PathJudge SignerPathJudge(const TrustStore& store, sys_seconds at) {
  return [&store, at](const std::vector<Certificate>& path) -> Result<void> {
    if (auto ok = ValidatePath(path, at); !ok) return ok.error();
    for (size_t i = 0; i + 1 < path.size(); ++i) {
      if (!IssuerRevoked(path[i], path[i + 1], store.crls())) continue;
      return Fail(Reason::kCertificateRevoked,
                  Quote(path[i].subject()) + " was revoked by " + Quote(path[i + 1].subject()));
    }
    return {};
  };
}

// C-33: `signer` made the list and leads to one of `anchors`, or is an anchor for CRLs.
Result<void> CheckCrlSigner(const Certificate& signer, std::span<const Certificate> anchors,
                            const TrustStore& store, sys_seconds at) {
  if (IsAmong(signer, store.crl_anchors())) return CheckValidity(signer, at);
  const auto path = FindPath({signer, store.crl_signers(), anchors, at, ChainLimits()},
                             SignerPathJudge(store, at));
  if (!path) return path.error();
  return {};
}

// The authenticity of an indirect list, whose signer must lead to one of `anchors`: any one of the
// possible signers is enough.
Result<void> CheckIndirect(const Crl& crl, std::span<const Certificate> anchors,
                           const TrustStore& store, sys_seconds at) {
  std::optional<Failure> failure;
  size_t tried = 0;
  for (const auto* candidates : {&store.crl_anchors(), &store.crl_signers()}) {
    for (const Certificate& signer : *candidates) {
      if (signer.subject_der() != crl.issuer_der()) continue;
      if (++tried > kMaxCrlSigners) break;
      if (!crl.SignedBy(signer)) continue;
      auto ok = CheckCrlSigner(signer, anchors, store, at);
      if (ok || ok.error().reason == Reason::kInternalError) return ok;
      failure = ok.error();
    }
  }
  return Fail(Reason::kCrlInvalid,
              Describe(crl) + " is not signed by a known CRL signer" +
                  (failure ? " that can be trusted: " + failure->detail : std::string()));
}

// RFC 5280 6.3.3 (b) (1): whether the certificate says who lists it, and it is not who made `crl`.
// CAs write the parts of the name in other orders than it has.
bool NamesOthers(const Certificate& certificate, const Crl& crl) {
  if (crl.issuer_der() == certificate.issuer_der()) return false;
  bool names_others = false;
  for (const CrlDistributionPoint& point : certificate.crl_distribution_points()) {
    for (const std::string& name : point.issuer_names) {
      if (HaveSameRdns(name, crl.issuer_der())) return false;
      names_others = true;
    }
  }
  return names_others;
}

// One run over a path. Who signed an indirect list does not depend on the certificate, so that is
// found out once for all certificates of the path.
class RevocationCheck {
 public:
  RevocationCheck(const std::vector<Certificate>& path, const TrustStore& store, sys_seconds at)
      : path_(path), store_(store), at_(at) {}

  // The certificate at `target` against all lists. The sentence for people, or why it does not
  // pass.
  Result<std::string> Check(size_t target) {
    const Certificate& certificate = path_[target];
    const Crl* good = nullptr;
    const Crl* partial = nullptr;
    std::optional<Failure> unusable;
    for (const Crl& crl : store_.crls()) {
      const Crl::Coverage coverage = CoverageOf(crl, certificate);
      if (coverage == Crl::Coverage::kNone) {
        // Not the list that this certificate points to. But who signs it and names the
        // certificate's issuer and serial number says that it is revoked (C-34), however careless
        // its CA was with distribution points.
        auto listed = CheckStrayListing(crl, target);
        if (!listed) return listed.error();
        continue;
      }
      const auto current = CheckCurrency(crl, store_.crl_grace(), at_);
      const bool old_counts = store_.revocation_policy() == RevocationPolicy::kBestEffort;
      auto usable = current || old_counts ? CheckAuthenticity(crl, target) : current;
      if (!usable) {
        if (auto ok = CheckLostListing(crl, certificate); !ok) return ok.error();
        unusable = usable.error();
        continue;
      }
      if (const auto since = crl.RevokedSince(certificate))
        return Revoked(certificate, *since, crl);
      if (current) {
        (coverage == Crl::Coverage::kAllReasons ? good : partial) = &crl;
      } else {
        unusable = current.error();
      }
    }
    if (good != nullptr) return Quote(certificate.subject()) + " is not on " + Describe(*good);
    if (unusable && store_.revocation_policy() == RevocationPolicy::kBestEffort) {
      return "not known whether revoked: " + unusable->detail;
    }
    if (unusable) return *unusable;
    std::string none = "no CRL covers " + Quote(certificate.subject());
    if (partial != nullptr) none += " for all reasons, only " + Describe(*partial) + " for some";
    if (store_.revocation_policy() == RevocationPolicy::kRequired) {
      return Fail(Reason::kCrlNotAvailable, std::move(none));
    }
    return none;
  }

 private:
  static Failure Revoked(const Certificate& certificate, sys_seconds since, const Crl& crl) {
    return Fail(Reason::kCertificateRevoked, Quote(certificate.subject()) + " serial " +
                                                 certificate.serial_hex() + " was revoked at " +
                                                 FormatTime(since) + " by " + Describe(crl));
  }

  // C-33: CAs that point to the STI-PA's list often leave cRLIssuer out. Then the place is enough,
  // but for a list that any CA for calls may have made: it would clear whom it does not list, or
  // stop the calls of others when it ends.
  Crl::Coverage CoverageOf(const Crl& crl, const Certificate& certificate) {
    const Crl::Coverage named = crl.CoverageOf(certificate);
    if (named == Crl::Coverage::kAllReasons || !crl.indirect()) return named;
    const Crl::Coverage by_place = crl.CoverageOf(certificate, Crl::UnnamedIssuer::kAny);
    return by_place == named || MayBeOfAnyCa(crl) ? named : by_place;
  }

  // Also where nobody known made the list, if a CA for calls could have been one of these.
  bool MayBeOfAnyCa(const Crl& crl) {
    if (!AnyCaCouldSign(crl)) return false;
    return CheckIndirectOnce(crl) ||
           std::any_of(store_.crl_anchors().begin(), store_.crl_anchors().end(),
                       [&](const Certificate& one) { return IsAmong(one, store_.anchors()); });
  }

  // Fails if `crl` lists the certificate and is authentic; its age does not matter for that.
  Result<void> CheckStrayListing(const Crl& crl, size_t target) {
    const Certificate& certificate = path_[target];
    const auto since = crl.RevokedSince(certificate);
    if (!since) return {};
    if (!CheckAuthenticity(crl, target)) {
      return NamesOthers(certificate, crl) ? Result<void>() : CheckLostListing(crl, certificate);
    }
    if (!MayList(crl, certificate)) return {};
    return Revoked(certificate, *since, crl);
  }

  // An indirect list of a signer who was revoked since proves nothing, nor that whom it names is
  // good again: a newer one is due, and until then the certificate does not pass.
  Result<void> CheckLostListing(const Crl& crl, const Certificate& certificate) const {
    if (!crl.indirect() || !crl.RevokedSince(certificate)) return {};
    size_t tried = 0;
    for (const Certificate& signer : store_.crl_signers()) {
      if (signer.subject_der() != crl.issuer_der()) continue;
      if (++tried > kMaxCrlSigners) break;
      if (!crl.SignedBy(signer)) continue;
      const auto ok = CheckCrlSigner(signer, store_.crl_anchors(), store_, at_);
      if (ok || ok.error().reason != Reason::kCertificateRevoked) continue;
      return Fail(Reason::kCrlInvalid, Describe(crl) + " names " + Quote(certificate.subject()) +
                                           ", but " + ok.error().detail);
    }
    return {};
  }

  // Whether an authentic list that the certificate does not point to is believed about it.
  bool MayList(const Crl& crl, const Certificate& certificate) {
    return !NamesOthers(certificate, crl) || !AnyCaCouldSign(crl);
  }

  // Whether the list is trusted only through an anchor that is one for calls as well, so that any
  // CA below it could list whom it likes, or is not trusted at all.
  bool AnyCaCouldSign(const Crl& crl) {
    if (const auto known = any_ca_could_sign_.find(&crl); known != any_ca_could_sign_.end()) {
      return known->second;
    }
    std::vector<Certificate> apart;
    for (const Certificate& anchor : store_.crl_anchors()) {
      if (!IsAmong(anchor, store_.anchors())) apart.push_back(anchor);
    }
    const auto by_others = CheckIndirect(crl, apart, store_, at_);
    const bool could = !by_others && by_others.error().reason != Reason::kInternalError;
    any_ca_could_sign_.emplace(&crl, could);
    return could;
  }

  // RFC 5280 6.3.3 (f), (g): who signed the list.
  Result<void> CheckAuthenticity(const Crl& crl, size_t target) {
    const Certificate& issuer = path_[target + 1];
    if (crl.SignedBy(issuer)) return {};
    if (!crl.indirect()) {
      if (SignedByOtherKeyOf(crl, target + 1)) return {};
      return Fail(Reason::kCrlInvalid, Describe(crl) + " is not signed by " +
                                           Quote(issuer.subject()) +
                                           ", or that certificate may not sign CRLs");
    }
    return CheckIndirectOnce(crl);
  }

  const Result<void>& CheckIndirectOnce(const Crl& crl) {
    const auto known = indirect_.find(&crl);
    if (known != indirect_.end()) return known->second;
    return indirect_.emplace(&crl, CheckIndirect(crl, store_.crl_anchors(), store_, at_))
        .first->second;
  }

  // RFC 5280 6.3.3 (f): by another key of the CA at `ca`: its new one or its old one, or one for
  // lists only. Its certificate came with the list, and is of the CA's own issuer or of the CA
  // itself: others below the anchor could give themselves the CA's name.
  bool SignedByOtherKeyOf(const Crl& crl, size_t ca) {
    size_t tried = 0;
    for (const Certificate& signer : store_.crl_signers()) {
      if (signer.subject_der() != path_[ca].subject_der()) continue;
      if (++tried > kMaxCrlSigners) return false;
      if (crl.SignedBy(signer) && (IsOf(signer, ca) || IsOf(signer, ca + 1))) return true;
    }
    return false;
  }

  // Whether the certificate at `issuer` issued `signer`, and nobody revoked it.
  bool IsOf(const Certificate& signer, size_t issuer) {
    if (issuer >= path_.size()) return false;
    std::vector<Certificate> path = {signer};
    path.insert(path.end(), path_.begin() + static_cast<std::ptrdiff_t>(issuer), path_.end());
    return ValidatePath(path, at_) && !IssuerRevoked(signer, path_[issuer], store_.crls()) &&
           !IndirectlyRevoked(signer);
  }

  // C-33: in SHAKEN it is the STI-PA that revokes the certificates of CAs.
  bool IndirectlyRevoked(const Certificate& signer) {
    return std::any_of(store_.crls().begin(), store_.crls().end(), [&](const Crl& crl) {
      return crl.indirect() && crl.RevokedSince(signer) && CheckIndirectOnce(crl) &&
             MayList(crl, signer);
    });
  }

  const std::vector<Certificate>& path_;
  const TrustStore& store_;
  sys_seconds at_;
  std::map<const Crl*, Result<void>> indirect_;
  std::map<const Crl*, bool> any_ca_could_sign_;
};

}  // namespace

Result<std::vector<std::string>> CheckRevocation(const std::vector<Certificate>& path,
                                                 const TrustStore& store, sys_seconds at) {
  RevocationCheck check(path, store, at);
  std::vector<std::string> notes;
  std::optional<Failure> failure;  // revoked is reported before what cannot be found out
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    auto note = check.Check(i);
    if (note) {
      notes.push_back(std::move(*note));
    } else if (!failure || note.error().reason == Reason::kCertificateRevoked) {
      failure = note.error();
      if (failure->reason == Reason::kCertificateRevoked) break;
    }
  }
  if (failure) return *failure;
  return notes;
}

CrlJudge::CrlJudge(const std::vector<Certificate>& authorities, const TrustStore& store,
                   sys_seconds at)
    : authorities_(authorities), store_(store), at_(at), anchors_(store.AnchorsAt(at)) {}

bool CrlJudge::IsTrusted(const Certificate& issuer) {
  if (const auto known = trusted_.find(issuer.x509()); known != trusted_.end()) {
    return known->second;
  }
  const bool trusted = IsAmong(issuer, anchors_)
                           ? CheckValidity(issuer, at_).has_value()
                           : FindPath({issuer, authorities_, anchors_, at_, ChainLimits()},
                                      SignerPathJudge(store_, at_))
                                 .has_value();
  trusted_.emplace(issuer.x509(), trusted);
  return trusted;
}

CrlJudgement CrlJudge::Judge(const Crl& crl) {
  if (crl.indirect()) {
    const auto ok = CheckIndirect(crl, store_.crl_anchors(), store_, at_);
    if (ok) return {CrlStanding::kAuthentic, Describe(crl) + " is signed by a known CRL signer"};
    return {CrlStanding::kForged, ok.error().detail};
  }
  const bool of_crl_signer =
      std::any_of(store_.crl_anchors().begin(), store_.crl_anchors().end(),
                  [&](const Certificate& one) { return one.subject_der() == crl.issuer_der(); });
  CrlJudgement judgement{
      CrlStanding::kIssuerUnknown,
      Describe(crl) + (of_crl_signer ? " is not marked as indirect (C-33), so it says nothing of "
                                       "certificates that others issued"
                                     : " is of a CA that is not known yet")};
  size_t tried = 0;
  for (const std::span<const Certificate> candidates :
       {anchors_, std::span<const Certificate>(authorities_),
        std::span<const Certificate>(store_.crl_signers())}) {
    for (const Certificate& issuer : candidates) {
      if (issuer.subject_der() != crl.issuer_der()) continue;
      if (++tried > kMaxCrlSigners) return judgement;
      // Only an issuer that is trusted can tell a forged list from a good one.
      if (!IsTrusted(issuer)) continue;
      if (crl.SignedBy(issuer)) {
        return {CrlStanding::kAuthentic, Describe(crl) + " is signed by its CA"};
      }
      judgement = {CrlStanding::kForged, Describe(crl) +
                                             " is not signed by its CA, or that may "
                                             "not sign lists"};
    }
  }
  return judgement;
}

}  // namespace callvet
