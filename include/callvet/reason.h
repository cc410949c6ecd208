// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The reason table: the ONE place where a failure gets its SIP code and phrase, its row of the
// ATIS-1000082 outcome table, its verstat and its rank. Everything else only reads it.

namespace callvet {

/// 3GPP TS 24.229 7.2A.20 verstat (D-9). The bare wire forms come from VerstatText().
enum class Verstat : uint8_t { kNoTnValidation, kTnValidationFailed, kTnValidationPassed };

/// What kind of answer a reason is. It decides the exit code of the command line and whether an
/// operator's "fail open" setting may apply; it never makes a call pass.
enum class ReasonClass : uint8_t {
  kVerified,   // the only class that passes
  kUnsigned,   // nothing to verify: no Identity header, or none of a supported ppt
  kRefused,    // a check of the PASSporT, the call, the certificate or the signature failed
  kUndecided,  // something needed could not be had: certificate, list, time, memory
  kPolicy,     // the operator's rules, not the PASSporT, decided
  kInput,      // a request, file or configuration of ours was unusable; no call was judged
};

/// Every way in which a call, a certificate, a list or a request can fail. The order is the order
/// of the table; the ids (ReasonInfo::id) are stable and appear in JSON, logs and metrics.
enum class Reason : uint8_t {
  kNone,
  // Nothing to verify.
  kNoIdentity,
  kUnsupportedPpt,
  // Identity header: grammar and parameters.
  kTooManyIdentityHeaders,
  kIdentityTooLarge,
  kIdentityMalformed,
  kDuplicateParameter,
  kTokenMalformed,
  kCompactFormNotAllowed,
  kPptNotShaken,
  kInfoMissing,
  kInfoInvalid,
  // PASSporT: encoding and JOSE header.
  kBase64Invalid,
  kJsonInvalid,
  kJsonDuplicateName,
  kJsonLimit,
  kJoseHeaderForbidden,
  kPptMissing,
  kTypMissing,
  kAlgMissing,
  kX5uMissing,
  kTypInvalid,
  kAlgUnsupported,
  kX5uDiffersFromInfo,
  kPptMismatch,
  // PASSporT: claims.
  kDestMissing,
  kOrigMissing,
  kAttestMissing,
  kOrigidMissing,
  kIatMissing,
  kDestInvalid,
  kOrigInvalid,
  kIatInvalid,
  kOrigidInvalid,
  kMkyInvalid,
  kAttestInvalid,
  // Freshness.
  kDateMissing,
  kDateInvalid,
  kDateStale,
  kIatStale,
  kIatInFuture,
  kIatOutsideCertificate,
  // The call against the claims.
  kCallerMissing,
  kCalledMissing,
  kOrigMismatch,
  kDestMismatch,
  kMkyMismatch,
  // Getting the certificate.
  kCertificateNotAvailable,
  kFetchOffline,
  kFetchUrlRefused,
  kFetchAddressRefused,
  kFetchDnsFailed,
  kFetchConnectFailed,
  kFetchTlsFailed,
  kFetchTimeout,
  kFetchHttpStatus,
  kFetchRedirect,
  kFetchTooLarge,
  kFetchTransferFailed,
  kFetchBackoff,
  kFetchBusy,
  kCertificateUnreadable,
  kTnAuthListNotAvailable,
  // The certificate and its chain.
  kCertificateMalformed,
  kChainTooLong,
  kChainUntrusted,
  kChainInvalid,
  kChainWeakKey,
  kCertificateExpired,
  kCertificateNotYetValid,
  kCertificateRevoked,
  kCrlNotAvailable,
  kCrlStale,
  kCrlInvalid,
  kSignerIsCa,
  kSignerKeyUsage,
  kSignerKeyUnsupported,
  kTnAuthListMissing,
  kTnAuthListMalformed,
  kTnAuthListNotEncompassed,
  kTnNotAuthorized,
  kClaimConstraintsMalformed,
  kClaimConstraintsConflict,
  kClaimRequired,
  kClaimValueNotPermitted,
  kClaimExcluded,
  // Signature.
  kSignatureMalformed,
  kSignatureInvalid,
  // Extensions: div, rph, rcd, msg, out-of-band.
  kDivClaimMissing,
  kDivClaimInvalid,
  kDivLinkMissing,
  kDivLoop,
  kDivFork,
  kDivOrigDiffers,
  kDivStale,
  kDivLimit,
  kDivInnermostInvalid,
  kDivOptInvalid,
  kRphMissing,
  kRphInvalid,
  kRphMismatch,
  kRphNotAuthorized,
  kSphInvalid,
  kRcdMissing,
  kRcdInvalid,
  kRcdDigestMissing,
  kRcdDigestMismatch,
  kRcdContentNotAvailable,
  kRcdFirstPartyMissing,
  kMsgiMissing,
  kMsgiInvalid,
  kMsgiMismatch,
  kOutOfBandNone,
  // Trust list of the STI-PA.
  kTrustListMalformed,
  kTrustListUntrusted,
  kTrustListExpired,
  kTrustListRollback,
  kTrustListNotAvailable,
  // Policy.
  kIrregularCaller,
  kNumberNotAssigned,
  kNumberOfAnotherHolder,
  kDoNotOriginate,
  kUseNotAllowed,
  kOutsideHours,
  kConsentMissing,
  kConsentRefused,
  kAttestationTooLow,
  kCallerPool,
  // Requests and files of ours.
  kParameterMissing,
  kParameterInvalid,
  kBodyMissing,
  kBodyInvalid,
  kResponseTypeUnsupported,
  kRequestTypeUnsupported,
  kResourceNotFound,
  kContentLengthMissing,
  kMethodNotAllowed,
  kNotPermitted,
  kTooManyRequests,
  kSipMessageInvalid,
  kFileUnreadable,
  kFileInvalid,
  kKeyInvalid,
  kConfigInvalid,
  kEvidenceAltered,
  // Us.
  kEvidenceUnavailable,
  kEvidenceNotKept,
  kDeadlineExceeded,
  kOverloaded,
  kInternalError,
};

/// One row per Reason.
struct ReasonInfo {
  Reason reason;
  std::string_view id;          // kebab-case, stable
  ReasonClass reason_class;     // see above
  uint16_t sip_code;            // the code that RFC 8224 6.2.2 (or SIP) names; 0 only for kNone
  std::string_view sip_phrase;  // its phrase, without the code
  std::string_view atis_case;  // row of ATIS-1000082 (E1..E19), SVC/POL id, or "" where it has none
  Verstat verstat;             // D-10
  uint8_t rank;                // of several failing PASSporTs the highest rank is reported
  std::string_view clause;     // where the demand stands
  std::string_view meaning;    // one sentence: what is true
  std::string_view advice;     // one sentence: what to do about it
};

namespace reason_internal {

using enum Reason;
using enum ReasonClass;
using enum Verstat;

inline constexpr std::string_view kBadInfo = "Bad Identity Info";
inline constexpr std::string_view kUnsupported = "Unsupported Credential";
inline constexpr std::string_view kInvalidHeader = "Invalid Identity Header";
inline constexpr std::string_view kStale = "Stale Date";

// Ranks: the further a PASSporT came before it failed, the more its failure says about the call.
// 436 ranks below every other failure of a PASSporT: it is the final answer only when no header
// could be dereferenced (RFC 8224 6.2.2, A-53).
// clang-format off
inline constexpr auto kReasons = std::to_array<ReasonInfo>({
  {kNone, "verified", kVerified, 0, "", "", kTnValidationPassed, 0, "RFC 8224 6.2",
   "Every check of the PASSporT, the call, the certificate chain and the signature passed.",
   ""},
  {kNoIdentity, "no-identity", kUnsigned, 428, "Use Identity Header", "", kNoTnValidation, 1, "RFC 8224 6.2 step 1 (A-40)",
   "The request carries no Identity header, so nobody vouches for the caller's number.",
   "Ask the carrier that hands the call over to sign it; check that no element in between strips the Identity header."},
  {kUnsupportedPpt, "unsupported-ppt", kUnsigned, 428, "Use Supported PASSporT Format", "", kNoTnValidation, 2, "RFC 8224 6.2 step 1, RFC 8225 8.1 (A-41, A-54)",
   "The only PASSporTs of the call are of a type (ppt) that says nothing of the caller's number (rph, rcd), or that this verifier does not judge.",
   "Ask for a base or shaken PASSporT beside them."},
  {kTooManyIdentityHeaders, "too-many-identity-headers", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 21, "A-8",
   "The request carries more Identity headers than the limit allows.",
   "Find the element that adds them; raise the limit only if the calls are genuine."},
  {kIdentityTooLarge, "identity-too-large", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 21, "A-8",
   "The Identity header value is longer than the limit allows.",
   "Ask the signer for a smaller PASSporT; genuine ones are below 2 KiB."},
  {kIdentityMalformed, "identity-malformed", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 22, "RFC 8224 4 (A-1, A-3)",
   "The Identity header value does not follow the grammar: token, then parameters, each after a ';'.",
   "Compare the header with RFC 8224 section 4; look for a missing ';', white space inside the token, or a proxy that rewrites it."},
  {kDuplicateParameter, "duplicate-parameter", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 22, "A-3",
   "The parameter info, alg or ppt occurs twice, so it is not clear which one was meant.",
   "Ask the signer to send each parameter once."},
  {kTokenMalformed, "token-malformed", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 23, "RFC 8224 4, RFC 7515 3.1 (A-6)",
   "The token is neither header.payload.signature nor the compact ..signature.",
   "Check that the token was not cut or shortened on its way."},
  {kCompactFormNotAllowed, "compact-form-not-allowed", kRefused, 438, kInvalidHeader, "E4", kNoTnValidation, 24, "ATIS-1000074, RFC 8225 7 (A-18, D-1)",
   "The compact form cannot carry the claims that this type of PASSporT needs.",
   "Ask the signer for the full form."},
  {kPptNotShaken, "ppt-not-shaken", kRefused, 438, kInvalidHeader, "E5", kNoTnValidation, 24, "ATIS-1000082 (E5)",
   "The service was asked about a shaken PASSporT and the Identity header says another ppt.",
   "Send PASSporTs of other types to the interface that judges them."},
  {kInfoMissing, "info-missing", kRefused, 436, kBadInfo, "E6", kNoTnValidation, 10, "RFC 8224 4 (A-2)",
   "The Identity header has no info parameter, so the certificate's address is unknown.",
   "Ask the signer to add info=<x5u>."},
  {kInfoInvalid, "info-invalid", kRefused, 436, kBadInfo, "E7", kNoTnValidation, 10, "RFC 8224 4, ATIS-1000074 (A-2, C-20)",
   "info is not an absolute URI in angle brackets that a verifier may dereference (https, port 443 or 8443, no user, query or fragment, a path).",
   "Ask the signer to publish the certificate at a plain https URL."},
  {kBase64Invalid, "base64-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 25, "RFC 7515 2 (A-7)",
   "A part of the token is not canonical base64url: padding, a foreign character, or bits left over at the end.",
   "Ask the signer to encode with base64url without padding; check that nobody altered the token."},
  {kJsonInvalid, "json-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 26, "RFC 8225 3, RFC 8259",
   "The decoded header or payload is not one JSON object in UTF-8, or a member has the wrong JSON type.",
   "Decode the token (callvet decode) and look at the place that is named."},
  {kJsonDuplicateName, "json-duplicate-name", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 27, "RFC 8225 9, RFC 7519 4 (A-20)",
   "A JSON object has the same member name twice; two readers could understand two different calls.",
   "Treat it as an attack unless the signer explains it."},
  {kJsonLimit, "json-limit", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 26, "A-8",
   "The JSON is nested too deeply or has too many members.",
   "Ask the signer for an ordinary PASSporT."},
  {kJoseHeaderForbidden, "jose-header-forbidden", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 28, "RFC 7515 4.1 (A-10)",
   "The JOSE header brings its own key (jwk, jku) or demands an extension that nobody here understands (crit).",
   "Ask the signer for a plain header: alg, ppt, typ, x5u."},
  {kPptMissing, "ppt-missing", kRefused, 436, kBadInfo, "E9", kNoTnValidation, 11, "RFC 8225 8.1 (A-10)",
   "The Identity header names a ppt that the token's JOSE header does not have.",
   "Ask the signer to put ppt into the JOSE header."},
  {kTypMissing, "typ-missing", kRefused, 436, kBadInfo, "E9", kNoTnValidation, 11, "RFC 8225 4.1 (A-10)",
   "The JOSE header has no typ.",
   "Ask the signer to set typ to passport."},
  {kAlgMissing, "alg-missing", kRefused, 436, kBadInfo, "E9", kNoTnValidation, 11, "RFC 8225 4.2 (A-10)",
   "The JOSE header has no alg.",
   "Ask the signer to set alg to ES256."},
  {kX5uMissing, "x5u-missing", kRefused, 436, kBadInfo, "E9", kNoTnValidation, 11, "RFC 8225 4.3 (A-10)",
   "The JOSE header has no x5u.",
   "Ask the signer to put the certificate's address into x5u."},
  {kTypInvalid, "typ-invalid", kRefused, 437, kUnsupported, "E11", kNoTnValidation, 30, "RFC 8225 4.1 (A-10)",
   "typ is not passport, so the token is not a PASSporT.",
   "Check that the token is a PASSporT and not another JWT."},
  {kAlgUnsupported, "alg-unsupported", kRefused, 437, kUnsupported, "E12", kNoTnValidation, 31, "RFC 8225 4.2 (A-10)",
   "alg is not ES256; other algorithms, none and HMAC among them, are never accepted.",
   "Ask the signer to sign with ES256; an HMAC or none here is an attack."},
  {kX5uDiffersFromInfo, "x5u-differs-from-info", kRefused, 436, kBadInfo, "E10", kNoTnValidation, 12, "RFC 8224 6.2 step 2, RFC 3986 6.2.1 (A-11)",
   "x5u inside the token is not, byte for byte, the URI in the info parameter.",
   "Look for an element that rewrites info; the two must be the same text."},
  {kPptMismatch, "ppt-mismatch", kRefused, 438, kInvalidHeader, "E13", kNoTnValidation, 32, "RFC 8225 8.1 (A-10)",
   "The ppt inside the token differs from the ppt parameter of the Identity header.",
   "Ask the signer to make both the same."},
  {kDestMissing, "dest-missing", kRefused, 438, kInvalidHeader, "E14", kNoTnValidation, 35, "RFC 8225 5.2.1, ATIS-1000074 (A-18, D-1)",
   "The payload has no dest claim.",
   "Ask the signer to add dest."},
  {kOrigMissing, "orig-missing", kRefused, 438, kInvalidHeader, "E14", kNoTnValidation, 35, "RFC 8225 5.2.1, ATIS-1000074 (A-18, D-1)",
   "The payload has no orig claim.",
   "Ask the signer to add orig."},
  {kAttestMissing, "attest-missing", kRefused, 438, kInvalidHeader, "E14", kNoTnValidation, 35, "RFC 8588 4 (A-17, D-1)",
   "The shaken payload has no attest claim.",
   "Ask the signer to add attest."},
  {kOrigidMissing, "origid-missing", kRefused, 438, kInvalidHeader, "E14", kNoTnValidation, 35, "RFC 8588 5 (A-17, D-1)",
   "The shaken payload has no origid claim.",
   "Ask the signer to add origid."},
  {kIatMissing, "iat-missing", kRefused, 438, kInvalidHeader, "E14", kNoTnValidation, 35, "RFC 8225 5.1.1 (A-18, D-1)",
   "The payload has no iat claim, so its age is unknown.",
   "Ask the signer to add iat."},
  {kDestInvalid, "dest-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 36, "RFC 8225 5.2.1 (A-13, D-2)",
   "dest is not an object whose tn or uri is an array of one or more usable identities (shaken: tn).",
   "Ask the signer to send {\"tn\":[\"12155550100\"]}."},
  {kOrigInvalid, "orig-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 36, "RFC 8225 5.2.1 (A-12, D-2)",
   "orig is not an object with exactly one usable tn or uri (shaken: tn).",
   "Ask the signer to send {\"tn\":\"12155550100\"}."},
  {kIatInvalid, "iat-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 36, "RFC 8225 5.1.1, RFC 7519 2 (A-15)",
   "iat is not a positive whole JSON number of seconds.",
   "Ask the signer to send iat as a number, not as text or with a fraction."},
  {kOrigidInvalid, "origid-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 36, "RFC 8588 5 (A-17)",
   "origid is not a UUID.",
   "Ask the signer to send a UUID as origid."},
  {kMkyInvalid, "mky-invalid", kRefused, 438, kInvalidHeader, "E-8", kNoTnValidation, 36, "RFC 8225 5.2.2 (A-16)",
   "mky is not an array of {alg, dig} objects.",
   "Ask the signer to follow RFC 8225 section 5.2.2."},
  {kAttestInvalid, "attest-invalid", kRefused, 438, kInvalidHeader, "E19", kNoTnValidation, 38, "RFC 8588 4 (A-17)",
   "attest is not exactly \"A\", \"B\" or \"C\".",
   "Ask the signer to send one upper-case letter."},
  {kDateMissing, "date-missing", kRefused, 403, kStale, "", kNoTnValidation, 40, "RFC 8224 6.2 step 4 (A-45, A-52)",
   "The compact form takes its time from the Date header, and there is none.",
   "Ask the signer for the full form, or for a Date header."},
  {kDateInvalid, "date-invalid", kRefused, 403, kStale, "", kNoTnValidation, 40, "RFC 3261 20.17 (A-45)",
   "The Date header is not an RFC 1123 date in GMT.",
   "Check the element that writes the Date header; ignore_date leaves the header aside."},
  {kDateStale, "date-stale", kRefused, 403, kStale, "E3", kNoTnValidation, 41, "RFC 8224 6.2 step 4 (A-45, A-50, D-5)",
   "The Date header is further from now than the freshness window allows, or outside a certificate's validity.",
   "Compare the clocks of both sides (NTP); a repeated old header is a replay."},
  {kIatStale, "iat-stale", kRefused, 403, kStale, "E15", kNoTnValidation, 42, "RFC 8224 6.2 step 4 (A-46, A-50, D-5)",
   "iat is older than the freshness window allows.",
   "Compare the clocks of both sides (NTP); a repeated old token is a replay."},
  {kIatInFuture, "iat-in-future", kRefused, 403, kStale, "E15", kNoTnValidation, 42, "RFC 8224 6.2 step 4 (A-50)",
   "iat lies further in the future than the freshness window allows.",
   "Compare the clocks of both sides (NTP)."},
  {kIatOutsideCertificate, "iat-outside-certificate", kRefused, 403, kStale, "E15", kNoTnValidation, 43, "RFC 8224 6.2 step 4 (A-51)",
   "iat lies outside the signing certificate's validity.",
   "Ask the signer to sign with a certificate that is valid at that time."},
  {kCallerMissing, "caller-missing", kRefused, 438, kInvalidHeader, "E16", kNoTnValidation, 50, "RFC 8224 6.2 step 3 (A-42)",
   "The request names no caller (P-Asserted-Identity or From) to compare with orig; it is never taken from the token.",
   "Give the caller: --orig, or a SIP message with P-Asserted-Identity or From."},
  {kCalledMissing, "called-missing", kRefused, 438, kInvalidHeader, "E16", kNoTnValidation, 50, "RFC 8224 6.2 step 4 (A-47, D-4)",
   "The request names no called party (To) to compare with dest; it is never taken from the token.",
   "Give the called number: --dest, or a SIP message with To."},
  {kOrigMismatch, "orig-mismatch", kRefused, 438, kInvalidHeader, "E16", kNoTnValidation, 52, "RFC 8224 6.2 step 4 (A-36, A-47, D-3)",
   "The caller that the call shows is not the one that the token was signed for.",
   "Treat the caller's number as spoofed; if it is not, compare the two forms in the check (country code, prefix)."},
  {kDestMismatch, "dest-mismatch", kRefused, 438, kInvalidHeader, "E16", kNoTnValidation, 51, "RFC 8224 6.2 step 4 (A-36, A-47, D-4)",
   "The called party is not one that the token was signed for: a token of another call, or a diverted call without a div PASSporT.",
   "If the call was forwarded, ask for div PASSporTs; if only the Request-URI differs (a prefix, a routing number), see ignore_request_uri; if one number is the end of the other, compare the two forms in the check (country code, prefix) and say whose numbers these are (country); else treat it as a replayed token."},
  {kMkyMismatch, "mky-mismatch", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 51, "RFC 8225 5.2.2 (A-16)",
   "The media key fingerprints in the SDP are not those that were signed.",
   "Look for an element that changes the SDP after signing."},
  {kCertificateNotAvailable, "certificate-not-available", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "RFC 8224 6.2 step 2 (A-43)",
   "The certificate that info names is not at hand.",
   "Give it with --cert, or let it be fetched."},
  {kFetchOffline, "fetch-offline", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "A-43",
   "The certificate is not cached and downloads are switched off.",
   "Allow downloads or give the certificate."},
  {kFetchUrlRefused, "fetch-url-refused", kUndecided, 436, kBadInfo, "E7", kNoTnValidation, 14, "C-20",
   "The operator's URL policy does not allow this address to be fetched.",
   "Check the allow and deny lists of hosts."},
  {kFetchAddressRefused, "fetch-address-refused", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 14, "C-21",
   "The host resolves to a private, loopback, link-local, multicast or translated address.",
   "Ask the signer for a public address; do not lift the guard for the public network."},
  {kFetchDnsFailed, "fetch-dns-failed", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-22",
   "The host name of x5u could not be resolved.",
   "Check DNS from this machine."},
  {kFetchConnectFailed, "fetch-connect-failed", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-22",
   "No connection to the certificate's host.",
   "Check routes, firewall and proxy."},
  {kFetchTlsFailed, "fetch-tls-failed", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-21",
   "TLS to the certificate's host failed or its server certificate is not trusted.",
   "Check the server's certificate and the CA file."},
  {kFetchTimeout, "fetch-timeout", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-21",
   "The certificate did not arrive before the deadline.",
   "Check the host; the answer is tried again later."},
  {kFetchHttpStatus, "fetch-http-status", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-22",
   "The certificate's host answered with an HTTP status other than 2xx.",
   "Open the URL by hand; tell the signer."},
  {kFetchRedirect, "fetch-redirect", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 14, "C-21",
   "The certificate's host answered with a redirect; redirects are not followed.",
   "Ask the signer to use the final address as x5u."},
  {kFetchTooLarge, "fetch-too-large", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 14, "C-21",
   "The answer is larger than the limit.",
   "Ask the signer to serve only the chain."},
  {kFetchTransferFailed, "fetch-transfer-failed", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-22",
   "The transfer broke off or was not HTTP.",
   "Open the URL by hand; tell the signer."},
  {kFetchBackoff, "fetch-backoff", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-23",
   "The last attempts failed; the next one waits.",
   "See the earlier failure; purge the entry to try at once."},
  {kFetchBusy, "fetch-busy", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 15, "C-23",
   "Too many downloads are under way.",
   "Look for hostile x5u values or a slow host; raise the limit if the load is genuine."},
  {kCertificateUnreadable, "certificate-unreadable", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 16, "C-22",
   "What x5u gave holds no PEM or DER certificate, or one that cannot be decoded.",
   "Open the URL by hand; tell the signer."},
  {kTnAuthListNotAvailable, "tnauthlist-not-available", kUndecided, 436, kBadInfo, "E8", kNoTnValidation, 17, "RFC 8226 9, RFC 9060 (B-4)",
   "The certificate names its TNAuthList by reference and it could not be had.",
   "Check the AIA address of the certificate."},
  {kCertificateMalformed, "certificate-malformed", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 60, "RFC 5280 4 (A-44)",
   "A certificate of the chain could be decoded, and is broken in itself: a name, its validity, or an extension that limits it.",
   "Ask the signer to publish well-formed certificates."},
  {kChainTooLong, "chain-too-long", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 60, "A-8",
   "The chain has more certificates than the limit allows.",
   "Ask the signer to publish the chain only."},
  {kChainUntrusted, "chain-untrusted", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 61, "RFC 8224 6.2 step 2 (A-44, B-34)",
   "No path leads from the certificate to a trust anchor.",
   "Check the anchors (is the trust list complete?); otherwise the signer is not an approved one."},
  {kChainInvalid, "chain-invalid", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 62, "RFC 5280 6 (B-31, C-36)",
   "The path to the anchor breaks a rule of RFC 5280: signature, CA flag, path length, key usage, name constraints or critical extension.",
   "Ask the signer's CA to reissue."},
  {kChainWeakKey, "chain-weak-key", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 62, "RFC 8226 8, ATIS-1000080 (B-8, C-2)",
   "A certificate of the path uses a key or signature algorithm that is too weak or not allowed.",
   "Ask the signer's CA to use ECDSA P-256 or better, or RSA of 2048 bits or more."},
  {kCertificateExpired, "certificate-expired", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 63, "RFC 8224 6.2 step 2 (A-44, B-35)",
   "A certificate of the path had expired at that time.",
   "Ask the signer to renew; check the clock."},
  {kCertificateNotYetValid, "certificate-not-yet-valid", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 63, "RFC 8224 6.2 step 2 (A-44, B-35)",
   "A certificate of the path was not yet valid at that time.",
   "Check the clock of this machine."},
  {kCertificateRevoked, "certificate-revoked", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 66, "RFC 8224 6.2 step 2 (A-44, C-35)",
   "A certificate of the path is on the revocation list.",
   "Reject the call; tell the signer."},
  {kCrlNotAvailable, "crl-not-available", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 61, "C-35",
   "A revocation list is demanded and none covers the certificate.",
   "Provide the CRL that the certificate names."},
  {kCrlStale, "crl-stale", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 61, "C-35",
   "The revocation list that covers the certificate is past its nextUpdate.",
   "Refresh the CRL."},
  {kCrlInvalid, "crl-invalid", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 61, "RFC 5280 6.3 (C-33)",
   "The revocation list has a bad signature, the wrong issuer or a form that is not supported; it is not used.",
   "Get the CRL again from its source; check the certificates that may sign it."},
  {kSignerIsCa, "signer-is-ca", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 64, "RFC 9060 (B-33)",
   "The signing certificate is a CA certificate; only an end-entity certificate signs PASSporTs.",
   "Ask the signer to use its end-entity certificate."},
  {kSignerKeyUsage, "signer-key-usage", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 64, "RFC 5280 4.2.1.3 (C-7)",
   "The signing certificate's key usage does not include digitalSignature.",
   "Ask the signer's CA to reissue."},
  {kSignerKeyUnsupported, "signer-key-unsupported", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 64, "RFC 8225 4.2 (C-2)",
   "The signing certificate's key is not on the curve P-256 that ES256 needs.",
   "Ask the signer for a P-256 certificate."},
  {kTnAuthListMissing, "tnauthlist-missing", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 65, "RFC 8226 9 (B-7)",
   "The certificate has no TNAuthList, so it is not a STIR certificate.",
   "Ask the signer to use its STI certificate."},
  {kTnAuthListMalformed, "tnauthlist-malformed", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 65, "RFC 8226 9 (B-1, B-2, B-3)",
   "The TNAuthList is not the DER that RFC 8226 defines; it is never guessed at.",
   "Ask the signer's CA to reissue."},
  {kTnAuthListNotEncompassed, "tnauthlist-not-encompassed", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 65, "RFC 9060 (B-32)",
   "A delegate certificate claims numbers or SPCs that its parent does not have.",
   "Ask the delegating carrier to correct the certificate."},
  {kTnNotAuthorized, "tn-not-authorized", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 67, "RFC 8226 5 (B-6)",
   "The certificate's TNAuthList does not contain the number that was signed.",
   "Treat the number as spoofed by that signer; ask who assigned it."},
  {kClaimConstraintsMalformed, "claim-constraints-malformed", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 65, "RFC 8226 8, RFC 9118 4 (B-20, B-25)",
   "The certificate's JWTClaimConstraints are not well-formed.",
   "Ask the signer's CA to reissue."},
  {kClaimConstraintsConflict, "claim-constraints-conflict", kRefused, 437, kUnsupported, "E17", kTnValidationFailed, 65, "RFC 9118 4 (B-24)",
   "The certificate has both the old and the enhanced JWTClaimConstraints.",
   "Ask the signer's CA to reissue."},
  {kClaimRequired, "claim-required", kRefused, 438, kInvalidHeader, "", kTnValidationFailed, 67, "RFC 8226 8 (B-21)",
   "The certificate demands a claim that the PASSporT does not have.",
   "Ask the signer to keep to its certificate."},
  {kClaimValueNotPermitted, "claim-value-not-permitted", kRefused, 438, kInvalidHeader, "", kTnValidationFailed, 67, "RFC 8226 8 (B-22)",
   "A claim has a value that the certificate does not permit.",
   "Ask the signer to keep to its certificate."},
  {kClaimExcluded, "claim-excluded", kRefused, 438, kInvalidHeader, "", kTnValidationFailed, 67, "RFC 9118 4 (B-23)",
   "The PASSporT has a claim that the certificate excludes.",
   "Ask the signer to keep to its certificate."},
  {kSignatureMalformed, "signature-malformed", kRefused, 438, kInvalidHeader, "E18", kTnValidationFailed, 70, "RFC 7518 3.4 (A-21)",
   "The signature is not 64 bytes r and s, each from 1 to n-1.",
   "Ask the signer for the JWS form; a DER signature is the usual mistake."},
  {kSignatureInvalid, "signature-invalid", kRefused, 438, kInvalidHeader, "E18", kTnValidationFailed, 71, "RFC 8224 6.2 step 5 (A-48)",
   "The signature does not match the token and the certificate: altered, or signed by somebody else.",
   "Reject the call; if it is genuine, look for an element that changes the token."},
  {kDivClaimMissing, "div-claim-missing", kRefused, 438, "Invalid PASSporT", "", kNoTnValidation, 35, "RFC 8946 3 (F-1)",
   "The div PASSporT has no div claim.",
   "Ask the diverting carrier to add it."},
  {kDivClaimInvalid, "div-claim-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 36, "RFC 8946 3 (F-1)",
   "The div claim is not exactly one tn or uri (and hi).",
   "Ask the diverting carrier to correct it."},
  {kDivLinkMissing, "div-link-missing", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 53, "RFC 8946 4.2 (F-3, F-5)",
   "A link of the diversion chain is missing: no PASSporT has this div number in its dest.",
   "Ask the carriers to pass all Identity headers on."},
  {kDivLoop, "div-loop", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 53, "RFC 8946 4.2 (F-3)",
   "The diversion chain runs in a circle.",
   "Look for a forwarding loop, or treat it as an attack."},
  {kDivFork, "div-fork", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 53, "RFC 8946 4.2 (F-3)",
   "Two PASSporTs fit the same link of the diversion chain, and lead to different parties.",
   "Ask the carriers which of them redirected the call, and where to."},
  {kDivOrigDiffers, "div-orig-differs", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 54, "RFC 8946 4.2 (F-4)",
   "orig is not the same along the diversion chain.",
   "Treat the caller's number as altered on the way."},
  {kDivStale, "div-stale", kRefused, 403, kStale, "", kNoTnValidation, 42, "RFC 8946 4.2 (F-4)",
   "The outermost diversion, or the original call, is older than allowed.",
   "Compare the clocks; a repeated old chain is a replay."},
  {kDivLimit, "div-limit", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 53, "RFC 8946 4.2 (F-7, A-8)",
   "The diversion chain is longer than the limit allows.",
   "Look for a forwarding loop; raise the limit only if the calls are genuine."},
  {kDivInnermostInvalid, "div-innermost-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 53, "RFC 8946 4.2 (F-5)",
   "The PASSporT of the original call, at the end of the diversion chain, failed.",
   "See that PASSporT's own reason."},
  {kDivOptInvalid, "div-opt-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 36, "RFC 8946 5 (F-7)",
   "The opt claim of a div-o PASSporT is not a full-form PASSporT.",
   "Ask the diverting carrier to correct it."},
  {kRphMissing, "rph-missing", kRefused, 438, "Invalid PASSporT", "", kNoTnValidation, 35, "RFC 8443 3 (F-10)",
   "The rph PASSporT has no usable rph claim.",
   "Ask the signer to add it."},
  {kRphInvalid, "rph-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 36, "RFC 8443 3 (F-10)",
   "The rph claim is not an object with an auth array of resource values.",
   "Ask the signer to correct it."},
  {kRphMismatch, "rph-mismatch", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 51, "RFC 8443 4.2 (F-10, F-11)",
   "The Resource-Priority header is not the one that was signed; it is ignored.",
   "Treat the call as an ordinary one."},
  {kRphNotAuthorized, "rph-not-authorized", kRefused, 437, kUnsupported, "", kTnValidationFailed, 67, "RFC 8443 4.2 (F-10)",
   "The signer is not allowed to sign this priority namespace.",
   "Treat the call as an ordinary one."},
  {kSphInvalid, "sph-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 36, "RFC 9027 4 (F-12)",
   "sph is not psap-callback, stands without an esnet value, or the Priority header does not say the same.",
   "Treat the call as an ordinary one."},
  {kRcdMissing, "rcd-missing", kRefused, 438, "Invalid PASSporT", "", kNoTnValidation, 35, "RFC 9795 5 (F-20)",
   "The rcd PASSporT has neither rcd nor crn.",
   "Ask the signer to add it."},
  {kRcdInvalid, "rcd-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 36, "RFC 9795 5 (F-20, F-21)",
   "rcd, rcdi or crn is not of the form that RFC 9795 defines.",
   "Ask the signer to correct it."},
  {kRcdDigestMissing, "rcd-digest-missing", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 51, "RFC 9795 6 (F-23)",
   "Content that rcd names by URI has no digest in rcdi.",
   "Do not show that content; ask the signer for the digest."},
  {kRcdDigestMismatch, "rcd-digest-mismatch", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 51, "RFC 9795 6 (F-22, F-23)",
   "Rich call data is not what was signed: its digest differs.",
   "Do not show that content."},
  {kRcdContentNotAvailable, "rcd-content-not-available", kUndecided, 436, kBadInfo, "", kNoTnValidation, 15, "RFC 9795 6 (F-23)",
   "Rich call data named by URI could not be had, so it was not verified.",
   "Do not show that content."},
  {kRcdFirstPartyMissing, "rcd-first-party-missing", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 53, "RFC 9795 8 (F-25)",
   "Third-party rich call data came without the first party's PASSporT of the same call.",
   "Do not show that content."},
  {kMsgiMissing, "msgi-missing", kRefused, 438, "Invalid PASSporT", "", kNoTnValidation, 35, "RFC 9475 3 (F-30)",
   "The msg PASSporT has no msgi claim.",
   "Ask the signer to add it."},
  {kMsgiInvalid, "msgi-invalid", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 36, "RFC 9475 3 (F-30)",
   "msgi is not a digest of the form alg-base64.",
   "Ask the signer to correct it."},
  {kMsgiMismatch, "msgi-mismatch", kRefused, 438, kInvalidHeader, "", kNoTnValidation, 51, "RFC 9475 3 (F-30)",
   "The message body is not the one that was signed.",
   "Reject the message."},
  {kOutOfBandNone, "out-of-band-none", kUnsigned, 428, "Use Identity Header", "", kNoTnValidation, 1, "RFC 8816 7.4 (F-40)",
   "The call placement service holds no PASSporT that fits the call.",
   "Treat the call as unsigned."},
  {kTrustListMalformed, "trust-list-malformed", kInput, 437, kUnsupported, "", kTnValidationFailed, 61, "ATIS-1000084 (C-31, C-32)",
   "The STI-PA trust list is not a signed list of CA certificates.",
   "Get the list again; the old one stays in use."},
  {kTrustListUntrusted, "trust-list-untrusted", kInput, 437, kUnsupported, "", kTnValidationFailed, 61, "ATIS-1000084 (C-31, C-32)",
   "The trust list's signature or chain does not lead to the configured STI-PA root.",
   "Check the configured root; the old list stays in use."},
  {kTrustListExpired, "trust-list-expired", kInput, 437, kUnsupported, "", kTnValidationFailed, 61, "ATIS-1000084 (C-32)",
   "The trust list's exp has passed.",
   "Refresh the list."},
  {kTrustListRollback, "trust-list-rollback", kInput, 437, kUnsupported, "", kTnValidationFailed, 61, "ATIS-1000084 (C-32)",
   "The trust list's sequence is lower than one that was accepted before.",
   "Treat it as an attack; the old list stays in use."},
  {kTrustListNotAvailable, "trust-list-not-available", kUndecided, 436, kBadInfo, "", kNoTnValidation, 15, "ATIS-1000084 (C-30)",
   "The trust list could not be had.",
   "Check login and address of the STI-PA."},
  {kIrregularCaller, "irregular-caller", kPolicy, 603, "Decline", "", kNoTnValidation, 80, "H-21",
   "The caller's number is not one that can make a call: not in the number plan, wrong length, inbound-only, SMS-only, or an emergency code.",
   "Reject or tag by policy."},
  {kNumberNotAssigned, "number-not-assigned", kPolicy, 603, "Decline", "", kNoTnValidation, 80, "H-2",
   "Nobody holds the caller's number.",
   "Reject by policy; add the range if it was assigned."},
  {kNumberOfAnotherHolder, "number-of-another-holder", kPolicy, 603, "Decline", "", kNoTnValidation, 82, "H-2",
   "The caller's number is assigned to somebody other than the signer.",
   "Reject; an enterprise may show only its own numbers."},
  {kDoNotOriginate, "do-not-originate", kPolicy, 603, "Decline", "", kNoTnValidation, 81, "H-2",
   "The caller's number is on the do-not-originate list.",
   "Reject."},
  {kUseNotAllowed, "use-not-allowed", kPolicy, 603, "Decline", "", kNoTnValidation, 79, "H-2, H-4",
   "The number is not assigned for this use.",
   "Reject or correct the assignment."},
  {kOutsideHours, "outside-hours", kPolicy, 603, "Decline", "", kNoTnValidation, 78, "H-3",
   "Calls of this kind are not allowed at this hour of the callee.",
   "Reject."},
  {kConsentMissing, "consent-missing", kPolicy, 603, "Decline", "", kNoTnValidation, 78, "H-3",
   "A commercial call without recorded consent of the callee.",
   "Reject; record consent with its proof."},
  {kConsentRefused, "consent-refused", kPolicy, 603, "Decline", "", kNoTnValidation, 79, "H-3",
   "The callee has refused such calls.",
   "Reject."},
  {kAttestationTooLow, "attestation-too-low", kPolicy, 603, "Decline", "", kNoTnValidation, 77, "D-12, D-13",
   "The attestation level is below what the trunk demands.",
   "Tag or reject by policy."},
  {kCallerPool, "caller-pool", kPolicy, 603, "Decline", "", kNoTnValidation, 79, "H-2",
   "The call comes from a source that was flagged for rotating its caller numbers.",
   "See the pool's evidence; release it when it was explained."},
  {kParameterMissing, "parameter-missing", kInput, 400, "Bad Request", "E1", kNoTnValidation, 3, "ATIS-1000082 (E1)",
   "A mandatory parameter of the request is missing.",
   "Add it."},
  {kParameterInvalid, "parameter-invalid", kInput, 400, "Bad Request", "E2", kNoTnValidation, 3, "ATIS-1000082 (E2)",
   "A parameter of the request has an unusable value.",
   "Correct it."},
  {kBodyMissing, "body-missing", kInput, 400, "Bad Request", "SVC4000", kNoTnValidation, 3, "ATIS-1000082 (E.4)",
   "The request has no body.",
   "Send one."},
  {kBodyInvalid, "body-invalid", kInput, 400, "Bad Request", "SVC4006", kNoTnValidation, 3, "ATIS-1000082 (E.4)",
   "The request's body could not be parsed.",
   "Send valid JSON."},
  {kResponseTypeUnsupported, "response-type-unsupported", kInput, 406, "Not Acceptable", "SVC4002", kNoTnValidation, 3, "ATIS-1000082 (E.4)",
   "The client accepts no type that the service answers with.",
   "Accept application/json."},
  {kRequestTypeUnsupported, "request-type-unsupported", kInput, 415, "Unsupported Media Type", "SVC4004", kNoTnValidation, 3, "ATIS-1000082 (E.4)",
   "The request's body is of another type than expected.",
   "Send application/json."},
  {kResourceNotFound, "resource-not-found", kInput, 404, "Not Found", "SVC4003", kNoTnValidation, 3, "ATIS-1000082 (E.4)",
   "There is no such resource.",
   "Check the path."},
  {kContentLengthMissing, "content-length-missing", kInput, 411, "Length Required", "SVC4007", kNoTnValidation, 3, "ATIS-1000082 (E-2)",
   "The request has no Content-Length.",
   "Send one."},
  {kMethodNotAllowed, "method-not-allowed", kInput, 405, "Method Not Allowed", "POL4050", kNoTnValidation, 3, "ATIS-1000082 (E.4)",
   "The resource does not take this method.",
   "Use POST."},
  {kNotPermitted, "not-permitted", kInput, 403, "Forbidden", "", kNoTnValidation, 3, "-",
   "The request lacks a token with the scope that it needs.",
   "Send a token with that scope."},
  {kTooManyRequests, "too-many-requests", kUndecided, 503, "Service Unavailable", "", kNoTnValidation, 4, "-",
   "The client sends more requests than its limit allows.",
   "Wait as Retry-After says."},
  {kSipMessageInvalid, "sip-message-invalid", kInput, 400, "Bad Request", "", kNoTnValidation, 3, "RFC 3261 7",
   "The text is not one SIP request that can be read without doubt.",
   "Check the start line, and that From, To and Date occur once."},
  {kFileUnreadable, "file-unreadable", kInput, 500, "Server Internal Error", "", kNoTnValidation, 4, "-",
   "A file or directory could not be read.",
   "Check path and permissions."},
  {kFileInvalid, "file-invalid", kInput, 500, "Server Internal Error", "", kNoTnValidation, 4, "-",
   "A file does not hold what it should.",
   "See the place that is named."},
  {kKeyInvalid, "key-invalid", kInput, 500, "Server Internal Error", "", kNoTnValidation, 4, "RFC 8225 4.2",
   "A private key is not one that can sign here: it must be P-256.",
   "Make a P-256 key."},
  {kConfigInvalid, "config-invalid", kInput, 500, "Server Internal Error", "", kNoTnValidation, 4, "-",
   "The configuration is not valid.",
   "See the place that is named."},
  {kEvidenceAltered, "evidence-altered", kInput, 500, "Server Internal Error", "", kNoTnValidation, 4, "H-9",
   "Evidence is not what was once recorded: it was changed, or a part of it is missing.",
   "Do not rely on it; look for who could write to the store or the file."},
  {kEvidenceUnavailable, "evidence-unavailable", kUndecided, 503, "Service Unavailable", "", kNoTnValidation, 5, "H-9",
   "The store of evidence cannot be used now.",
   "See whether its disk is full and its database runs."},
  {kEvidenceNotKept, "evidence-not-kept", kUndecided, 503, "Service Unavailable", "", kNoTnValidation, 5, "H-9",
   "There is no room left to keep what a traceback of the call would need.",
   "Bring the evidence store back, or give its spill directory more room."},
  {kDeadlineExceeded, "deadline-exceeded", kUndecided, 500, "Server Internal Error", "E8", kNoTnValidation, 5, "C-21",
   "The time for this call ran out before it was decided.",
   "Look for a slow certificate host or an overloaded machine."},
  {kOverloaded, "overloaded", kUndecided, 503, "Service Unavailable", "", kNoTnValidation, 5, "-",
   "Too much work is waiting; the call was not judged.",
   "Add capacity, or look for an attack."},
  {kInternalError, "internal-error", kUndecided, 500, "Server Internal Error", "POL5000", kNoTnValidation, 6, "-",
   "Something inside failed; the call was not judged and does not pass.",
   "Report it with the detail."},
});
// clang-format on

constexpr bool TableIsTotalAndOrdered() {
  if (kReasons.size() != static_cast<size_t>(kInternalError) + 1) return false;
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if (kReasons[i].reason != static_cast<Reason>(i)) return false;
  }
  return true;
}

constexpr bool OnlyNonePasses() {
  for (const ReasonInfo& row : kReasons) {
    const bool is_none = row.reason == kNone;
    if ((row.verstat == kTnValidationPassed) != is_none) return false;
    if ((row.reason_class == kVerified) != is_none) return false;
    if ((row.sip_code == 0) != is_none) return false;
  }
  return true;
}

constexpr bool IsKebabCase(std::string_view id) {
  if (id.empty() || id.front() == '-' || id.back() == '-') return false;
  for (const char c : id) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

constexpr bool RowsAreComplete() {
  for (const ReasonInfo& row : kReasons) {
    if (!IsKebabCase(row.id) || row.clause.empty() || row.meaning.empty()) return false;
    if (row.reason != kNone && (row.sip_phrase.empty() || row.advice.empty())) return false;
  }
  return true;
}

constexpr bool IdsAreUnique() {
  for (size_t i = 0; i < kReasons.size(); ++i) {
    for (size_t j = i + 1; j < kReasons.size(); ++j) {
      if (kReasons[i].id == kReasons[j].id) return false;
    }
  }
  return true;
}

static_assert(TableIsTotalAndOrdered(), "one row per Reason, in the order of the enum");
static_assert(OnlyNonePasses(), "no failure may pass");
static_assert(RowsAreComplete());
static_assert(IdsAreUnique());

}  // namespace reason_internal

/// All rows, in the order of the enum. Static storage; safe from any thread.
constexpr const auto& AllReasons() {
  return reason_internal::kReasons;
}

/// The row of `reason`. A value outside the enum gives the row of kInternalError, which never
/// passes.
constexpr const ReasonInfo& Info(Reason reason) {
  const auto index = static_cast<size_t>(reason);
  return index < reason_internal::kReasons.size() ? reason_internal::kReasons[index]
                                                  : reason_internal::kReasons.back();
}

/// Whether nothing is known of what has this reason, which could not be judged: a certificate that
/// cannot be had. It may be good, and is never passed.
constexpr bool IsUndecided(Reason reason) {
  return Info(reason).reason_class == ReasonClass::kUndecided;
}

/// The row whose id is exactly `id`, or nullptr.
constexpr const ReasonInfo* FindReason(std::string_view id) {
  for (const ReasonInfo& row : reason_internal::kReasons) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

/// The bare wire form of D-9, without an attestation suffix.
constexpr std::string_view VerstatText(Verstat verstat) {
  switch (verstat) {
    case Verstat::kTnValidationPassed:
      return "TN-Validation-Passed";
    case Verstat::kTnValidationFailed:
      return "TN-Validation-Failed";
    case Verstat::kNoTnValidation:
      return "No-TN-Validation";
  }
  return "No-TN-Validation";
}

}  // namespace callvet
