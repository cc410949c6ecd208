// SPDX-License-Identifier: MIT
#pragma once

#include "base/json.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "evidence/canonical_text.h"

// Calls and options as evidence keeps them: everything that the verifier looks at, and nothing
// derived. Pure; thread-safe.

namespace callvet {

void WriteCall(const CallRequest& call, CanonicalText& json);
/// Fails with kEvidenceAltered.
Result<CallRequest> ReadCallJson(const JsonValue* json);

JsonMembers OptionsJson(const VerifierOptions& options);
/// Fails with kEvidenceAltered; also for a dial plan that this program does not know.
Result<VerifierOptions> ReadOptionsJson(const JsonValue* json);

}  // namespace callvet
