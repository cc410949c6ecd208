// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "callvet/result.h"
#include "callvet/verdict.h"
#include "evidence/canonical_text.h"
#include "evidence/note_bytes.h"

// A verdict as evidence keeps it: every outcome and every reason, no sentences for people. Pure;
// thread-safe.

namespace callvet {

/// What evidence keeps of a signer. It borrows what it was read from, as all notes.
struct SignerNotes {
  std::vector<std::string_view> delegated_by_spcs;
  std::string_view organization;
  std::string_view serial;
  std::string_view sha256;
  std::vector<std::string_view> spcs;
  std::string_view subject;
};

/// What evidence keeps of a PASSporT; reasons by their ids.
struct PassportNotes {
  std::optional<std::string_view> attest;
  std::string_view checks;                                            // letters
  std::vector<std::pair<std::string_view, std::string_view>> failed;  // checks, with their reasons
  std::optional<int64_t> iat;
  std::optional<std::string_view> origid;
  std::string_view ppt;
  std::string_view rich_call_data;  // its reason; "": there is none
  std::string_view reason;
  std::string_view signer;  // SHA-256 of the certificate; "": none was looked at
  std::string_view x5u;
  std::vector<std::string_view> dest;
  std::optional<std::string_view> div;
  std::optional<std::string_view> orig;
  std::vector<PassportNotes> nested;  // one or none
};

struct LegNotes {
  std::string_view from;
  int64_t iat = 0;
  std::string_view ppt;
  std::optional<SignerNotes> signer;
  std::string_view to;
};

/// What evidence keeps of a verdict.
struct VerdictNotes {
  std::optional<int64_t> decided_by;
  std::vector<PassportNotes> passports;
  std::string_view priority;  // its reason; "": there is none
  std::string_view reason;
  std::optional<SignerNotes> signer;  // of the PASSporT that decided
  std::vector<LegNotes> path;
};

/// What a verdict's notes leave out, since it is said once for many calls (CallBasis).
struct SaidBefore {
  const SignerInfo* signer = nullptr;  // only compared
  std::string_view url;                // of the first certificate; "": there is none
};

/// Notes of a signer, or that there is none (nullptr), or that it is `said` before.
void NoteSigner(const SignerInfo* signer, const SignerInfo* said, NoteWriter& notes);
/// What NoteSigner wrote.
std::optional<SignerNotes> ReadSigner(NoteReader& notes, const std::optional<SignerNotes>& said);

/// What evidence keeps of `verdict`, as bytes.
void NoteVerdict(const Verdict& verdict, const SaidBefore& said, NoteWriter& notes);

/// What was said before the notes that are read.
struct ReadBefore {
  std::optional<SignerNotes> signer;
  std::string_view url;
  bool first_form = false;  // of notes: nothing was said before them
};
/// What NoteVerdict wrote.
VerdictNotes ReadVerdictNotes(NoteReader& notes, const ReadBefore& said);

/// What names nobody: reason, and for each PASSporT its reason, type and outcomes. The outcomes of
/// the checks are a string of letters (p, f, n, r: passed, failed, not applicable, not run) in the
/// order of CheckNames; reasons of failed checks stand beside it.
void WriteVerdictDigest(const VerdictNotes& verdict, CanonicalText& json);
/// The same of a verdict, as a value.
JsonValue VerdictDigest(const Verdict& verdict);

/// Takes what of the claims may name somebody out of a VerdictDigest: an origid that is no UUID, an
/// attest that is none of A, B and C. Gives it, by PASSporT; null if there is nothing.
JsonValue TakeOddClaims(JsonValue& digest);
/// The digest with the claims that TakeOddClaims gave back in it.
JsonValue WithOddClaims(const JsonValue& digest, const JsonValue& claims);

/// Whom it names: the parties of each PASSporT, and the call's path.
void WritePartiesDigest(const VerdictNotes& verdict, CanonicalText& json);
/// The same of a verdict, as a value.
JsonValue PartiesDigest(const Verdict& verdict);

/// The ids of the checks of this program, in order: the key to the letters.
std::vector<std::string_view> CheckNames(const Verdict& verdict);

/// In what `now` differs from `then`, in words, or "". `names_then` and `names_now` are their
/// CheckNames; a check that only one of them has does not count unless it failed.
std::string DigestDifference(const JsonValue& then, const std::vector<std::string>& names_then,
                             const JsonValue& now, const std::vector<std::string>& names_now);

}  // namespace callvet
