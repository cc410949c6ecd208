// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// A PASSporT as a link of diversion chains (RFC 8946): what its claims and the cheap checks say.
struct ChainNode {
  size_t header = 0;  // index of the Identity header that it stands in
  std::string orig;   // CanonicalName (call.h), here and below
  std::vector<std::string> dest;
  std::string div;              // "" if it is no diversion
  std::optional<size_t> inner;  // the node in its opt: it follows that one and no other (div-o)
  std::optional<size_t> outer;  // the div-o around it: no other one follows it
  int64_t iat = 0;
  bool usable = false;       // the cheap checks passed, and it is not too old for any place
  bool too_old = false;      // it is unusable for its age alone
  bool fresh = false;        // not too old for the last place either
  bool for_target = false;   // dest has who the call goes to
  bool for_contact = false;  // dest has the Request-URI, which is no whole number
  bool unknown = false;      // of a ppt that is not judged (F-5)

  [[nodiscard]] bool IsDiversion() const { return !div.empty(); }
  /// "Identity header 2", for details.
  [[nodiscard]] std::string Label() const;
};

/// How the PASSporTs of one call follow each other: D follows P if D.div is one of P.dest and both
/// have the same orig (F-3); a chain runs from a PASSporT that is no diversion, the innermost, to a
/// diversion that nothing follows, the outermost. Immutable; pure; thread-safe.
class DivGraph {
 public:
  DivGraph(std::vector<ChainNode> nodes, size_t max_diversions);

  [[nodiscard]] const ChainNode& node(size_t index) const { return nodes_[index]; }

  /// True if the claims allow that a chain from this innermost PASSporT leads to the target, or
  /// that this diversion is part of one or contests a link of one. Only these deserve dear checks.
  [[nodiscard]] bool IsPromising(size_t index) const;
  /// True if no usable diversion follows this one.
  [[nodiscard]] bool IsLast(size_t index) const { return next_[index].empty(); }
  /// Why this diversion, not promising, is part of no chain to the target: kDivLinkMissing,
  /// kDivInnermostInvalid, kUnsupportedPpt, kDivLoop, kDivLimit, kDivStale,
  /// kDestMismatch.
  [[nodiscard]] Failure WhyNot(size_t index) const;
  /// The diversions whose number fits behind this node, usable or not, of whatever orig.
  [[nodiscard]] std::vector<size_t> Followers(size_t index) const;
  /// kDivOrigDiffers, if every PASSporT that this diversion could follow has another orig (F-4).
  [[nodiscard]] std::optional<Failure> OrigDiffers(size_t index) const;

  /// True if two diversions say the same: div, dest in any order, and orig. They are one link.
  [[nodiscard]] bool SayTheSame(size_t one, size_t other) const;

  /// Follows the chain from the innermost PASSporT `index` over those diversions that were
  /// verified, certificate and signature included, to its outermost one: the nodes, `index`
  /// first, two or more; of several that say the same the youngest one. `failed` is why each node
  /// was not verified, kNone of one that was. Fails with kDivFork (two that do not say the same
  /// follow the same one), kDivLoop, kDivLimit, kDivLinkMissing (the diversion that should follow
  /// failed), that diversion's own reason if that leaves it undecided, kDestMismatch (it
  /// ends at another party than the target), kDivStale (F-4).
  [[nodiscard]] Result<std::vector<size_t>> Walk(size_t index,
                                                 std::span<const Reason> failed) const;

 private:
  using Link = std::vector<size_t>;  // nodes that say the same, in order
  void Connect();
  void MeasureFromInnermost();
  void MeasureToTarget();
  [[nodiscard]] bool FitsBehind(const ChainNode& diversion, size_t parent) const;
  [[nodiscard]] std::vector<size_t> ParentsByNumber(size_t index) const;
  [[nodiscard]] Failure WhyNoInnermost(size_t index) const;
  [[nodiscard]] Link FollowersOf(const Link& link, std::span<const Reason> failed) const;
  [[nodiscard]] Failure WhyNoneFollows(size_t index, std::span<const Reason> failed) const;
  [[nodiscard]] std::vector<size_t> Youngest(const std::vector<Link>& links) const;
  [[nodiscard]] bool OnlyStaleAhead(size_t index) const;

  std::vector<ChainNode> nodes_;
  size_t max_diversions_;
  std::vector<std::vector<size_t>> next_;      // usable ones behind usable ones
  std::vector<std::vector<size_t>> previous_;  // the same edges
  std::vector<size_t> from_innermost_;         // diversions up to and with this one; kFar: no way
  std::vector<size_t> to_target_;              // diversions behind this one; kFar: no way
};

}  // namespace callvet
