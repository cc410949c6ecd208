// SPDX-License-Identifier: MIT
#pragma once

#include "verify/call.h"
#include "verify/claim_checks.h"
#include "verify/div_chain.h"

// The checks that depend on where a PASSporT stands in the call: kIatFresh, kDest, kDivChain. Pure;
// thread-safe.

namespace callvet {

/// What the claims of `candidate` say of its place. Its header, inner and outer are left to the
/// caller.
ChainNode MakeNode(const Candidate& candidate, const Call& call);

/// Where a PASSporT stands.
enum class Place : uint8_t {
  kDirect,     // it is for this call, or for none
  kInnermost,  // it is for the call that was redirected to this one
  kDiversion,  // it says who redirected
};

/// The place of the node `index`, which `candidate` became.
Place PlaceOf(const Candidate& candidate, const DivGraph& graph, size_t index, const Call& call);

/// Runs kIatFresh, and kDest and kDivChain as far as they can be run before the chains are walked:
/// those that wait for that stay not run. Only a diversion needs the `graph`, of which `candidate`
/// is the node `index`; nullptr: there is none.
void CheckPlace(Place place, const DivGraph* graph, size_t index, const Call& call,
                Candidate& candidate);

/// For a PASSporT that is not for this call, but has diversions behind it of which the decisive one
/// failed with `reason`: says so in kDivChain, instead of kDestMismatch in kDest.
void ExplainByDiversion(Reason reason, const Call& call, Candidate& candidate);

}  // namespace callvet
