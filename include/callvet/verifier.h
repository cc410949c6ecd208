// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callvet/certificate_source.h"
#include "callvet/content_source.h"
#include "callvet/passport.h"
#include "callvet/telephone_number.h"
#include "callvet/verdict.h"

namespace callvet {

class ChainCache;
class Clock;
class CurrentTrustStore;
class Es256Engine;
class KnownHeaders;
class TrustStore;

/// Everything that is known of one call. Texts as received; the verifier owns nothing of it.
struct CallRequest {
  /// The bodies of all Identity headers, in order; each may hold several values with commas.
  std::vector<std::string> identities;
  /// What the elements of `identities` are.
  enum class TokenForm : uint8_t { kIdentityHeader, kBareToken };
  TokenForm token_form = TokenForm::kIdentityHeader;
  /// Who may be the caller by the signalling, never by the token: the P-Asserted-Identity
  /// values, else From; numbers, URIs or name-addrs. One of them must match orig (D-3).
  std::vector<std::string> orig;
  /// The From header as received, if it is known: for the policy, since handsets show it. The
  /// verifier does not look at it.
  std::optional<std::string> from;
  /// The Remote-Party-ID headers, if they are known: for the policy, as `from`.
  std::vector<std::string> remote_party_ids;
  /// Who is called: To. One of them must be in dest (D-4).
  std::vector<std::string> dest;
  /// The Date header, if there is one.
  std::optional<std::string> date;
  /// The SDP's fingerprints for mky; nothing if no SDP is visible.
  std::optional<std::vector<MediaKey>> sdp_fingerprints;
  /// Where the call goes now: the Request-URI. See VerifierOptions::target_policy.
  std::optional<std::string> target;
  /// The values of all Resource-Priority headers, each of one or more r-values with commas.
  std::vector<std::string> resource_priority;
  /// The Priority header, if there is one (F-12).
  std::optional<std::string> priority;
  /// Whether the verdict tells the details of what passed too. It is the same verdict otherwise.
  Details details = Details::kAll;
  /// The body of a MESSAGE request as received; nothing for a call. With it msg PASSporTs are
  /// judged (F-30).
  std::optional<std::string> message_body;
};

enum class DatePolicy : uint8_t {
  kCheckIfPresent,  // a Date header must be fresh; without one, iat alone counts (full form)
  kIgnore,          // only iat counts; the compact form still needs a fresh Date
};

enum class OrigidPolicy : uint8_t { kMustBeUuid, kAnyString };

/// Whether the Request-URI counts. A call that goes to another number than the one called was
/// redirected.
enum class TargetPolicy : uint8_t {
  /// Where it is a number that can be compared (global, made so by the dial plan, or of ten digits
  /// and more, which are then compared as they are), the PASSporT or the last diversion of its
  /// chain must be for that number. Of seven digits to nine that say they are a number (tel,
  /// user=phone, user=dialstring) it must be one that ends so, without a trunk prefix, or a short
  /// code behind an area's or a country's code. Where it is none, the check `dest` says so.
  kRequestUri,
  kToOnly,  // only CallRequest::dest counts, for networks that put routing numbers there
};

/// Who may sign priority values of a namespace.
struct RphSigner {
  std::string name_space;         // "ets", lower-case
  std::vector<std::string> spcs;  // of the signer's TNAuthList
};

/// Local policy of verification. A value; `dial_plan` lives for ever (see FindDialPlan).
struct VerifierOptions {
  std::chrono::seconds max_age{60};  // freshness, both ways
  const DialPlan* dial_plan = nullptr;
  DatePolicy date_policy = DatePolicy::kCheckIfPresent;
  OrigidPolicy origid_policy = OrigidPolicy::kMustBeUuid;
  /// Lab switch: http in x5u. Reported by who assembles the verifier.
  enum class HttpX5u : uint8_t { kRefuse, kInsecureAllow } http_x5u = HttpX5u::kRefuse;
  std::vector<uint16_t> x5u_ports = {443, 8443};
  size_t max_identities = 16;
  TargetPolicy target_policy = TargetPolicy::kRequestUri;
  size_t max_diversions = 10;  // in one chain, div-o included
  /// How old the PASSporTs behind the last diversion may be, those of the original call among them:
  /// a call may ring or be held before it is transferred (F-4).
  std::chrono::seconds max_diverted_age{3 * 3600};
  /// Empty: every signer that is trusted for the call may sign every namespace (F-10).
  std::vector<RphSigner> rph_signers;
  /// Chains whose verdicts are remembered, so that they are not validated for every call; what
  /// counts is judged at every call all the same (C-24). 0: none.
  size_t max_cached_chains = 16'384;
};

/// What a call was judged by beside itself and the options, as the verifier was given it: with it
/// the same verdict can be come to again. A value.
struct VerificationMaterial {
  template <class T>
  struct Answer {
    std::string url;
    Result<T> value;
  };
  std::shared_ptr<const TrustStore> trust_store;
  std::vector<Answer<std::shared_ptr<const CertificateBundle>>> certificates;
  std::vector<Answer<TnAuthList>> tn_auth_lists;
  std::vector<Answer<std::string>> contents;
  bool asks_for_content = false;  // there was a ContentSource, though perhaps nothing to ask it for
};

/// Judges calls. Thread-safe: Verify may run on many threads while ReplaceTrustStore swaps.
class Verifier {
 public:
  /// All pointers are shared and, but for `content`, not null; they live as long as this object.
  /// With `content` what rich call data names by URI is fetched from there and held against its
  /// digest (F-23); without it, it is left alone.
  Verifier(VerifierOptions options, const std::shared_ptr<const TrustStore>& trust_store,
           std::shared_ptr<const CertificateSource> source, std::shared_ptr<const Clock> clock,
           std::shared_ptr<const Es256Engine> engine,
           std::shared_ptr<const ContentSource> content = nullptr);
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  /// RFC 8224 6.2 with RFC 8588 and the SHAKEN rules. All Identity headers are judged, one that
  /// passes suffices, and a bad one never spoils a good one. A call passes by a base or
  /// shaken PASSporT (a message by msg) that is for this call, or whose call was redirected to this
  /// one by a chain of div or div-o PASSporTs (RFC 8946). rph and rcd have results of their own and
  /// do not decide; those of an unknown ppt are ignored.
  ///
  /// First come the cheap checks of all: syntax, claims against the call and the clock, which
  /// diversions fit together. Then certificate, chain, authority and signature, so that nothing is
  /// fetched or computed for a header that a cheap check refuses. Never passes on an error, an
  /// exception or a passed deadline.
  [[nodiscard]] Verdict Verify(const CallRequest& call, const Deadline& deadline) const noexcept;
  /// The same; `material` (what was in it is dropped) is what the verdict rests on.
  [[nodiscard]] Verdict Verify(const CallRequest& call, const Deadline& deadline,
                               VerificationMaterial& material) const noexcept;

  /// The verdicts on `calls`, in their order: each what Verify says of that call, with the trust
  /// store of the beginning for all, and the signatures of some calls verified together. A call has
  /// `each` for itself, beginning when its turn comes and not counting what others take, so that a
  /// certificate that cannot be had takes nothing from the other calls; what goes wrong within one
  /// call is the verdict of that one. All on the caller's thread. Throws std::bad_alloc if there is
  /// no memory for the verdicts; then no call was judged.
  [[nodiscard]] std::vector<Verdict> VerifyBatch(std::span<const CallRequest> calls,
                                                 std::chrono::milliseconds each) const;

  /// Later calls of Verify use `trust_store`; those under way keep the old one.
  void ReplaceTrustStore(const std::shared_ptr<const TrustStore>& trust_store);

 private:
  /// What one judgement asks for its certificates and content.
  struct Sources;
  class Judging;
  [[nodiscard]] Verdict Judge(const CallRequest& call, const Sources& sources,
                              const Deadline& deadline) const;
  /// The first of `calls`, as many as are best verified together (one at least), into `verdicts`:
  /// how many they are.
  size_t JudgeTogether(std::span<const CallRequest> calls, std::chrono::milliseconds each,
                       const Sources& sources, std::span<Verdict> verdicts) const;

  VerifierOptions options_;
  std::shared_ptr<CurrentTrustStore> trust_store_;
  std::shared_ptr<const CertificateSource> source_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<const Es256Engine> engine_;
  std::shared_ptr<const ContentSource> content_;  // nullptr: nothing is fetched
  std::shared_ptr<ChainCache> chain_cache_;       // nullptr: switched off
  std::shared_ptr<KnownHeaders> known_headers_;   // what it gives is what decoding gives
};

}  // namespace callvet
