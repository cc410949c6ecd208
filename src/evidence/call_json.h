// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "evidence/canonical_text.h"
#include "evidence/note_bytes.h"

// Calls and options as evidence keeps them: everything that the verifier looks at, and nothing
// derived. Pure; thread-safe.

namespace callvet {

/// What evidence keeps of `call`, as bytes.
void NoteCall(const CallRequest& call, NoteWriter& notes);
/// What NoteCall wrote.
CallRequest ReadCallNotes(NoteReader& notes);

void WriteCall(const CallRequest& call, CanonicalText& json);
/// Fails with kEvidenceAltered.
Result<CallRequest> ReadCallJson(const JsonValue* json);

JsonMembers OptionsJson(const VerifierOptions& options);
/// Fails with kEvidenceAltered; also for a dial plan that this program does not know.
Result<VerifierOptions> ReadOptionsJson(const JsonValue* json);

}  // namespace callvet
