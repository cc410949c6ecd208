// SPDX-License-Identifier: MIT
#include "verify/div_chain.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"

namespace callvet {
namespace {

// Half of the largest number: two of them can be added.
constexpr size_t kFar = std::numeric_limits<size_t>::max() / 2;

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// The way over `edges` in breadth from the nodes whose distance is set, in steps.
void Measure(const std::vector<std::vector<size_t>>& edges, std::vector<size_t>& distance) {
  std::vector<size_t> queue;
  for (size_t i = 0; i < distance.size(); ++i) {
    if (distance[i] == 0) queue.push_back(i);
  }
  for (size_t head = 0; head < queue.size(); ++head) {
    for (const size_t neighbour : edges[queue[head]]) {
      if (distance[neighbour] != kFar) continue;
      distance[neighbour] = distance[queue[head]] + 1;
      queue.push_back(neighbour);
    }
  }
}

std::string List(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + Quote(name);
  return text;
}

}  // namespace

std::string ChainNode::Label() const {
  std::string label = "Identity header " + std::to_string(header + 1);
  return outer ? "the PASSporT in opt of " + label : label;
}

DivGraph::DivGraph(std::vector<ChainNode> nodes, size_t max_diversions)
    : nodes_(std::move(nodes)),
      max_diversions_(max_diversions),
      next_(nodes_.size()),
      previous_(nodes_.size()),
      from_innermost_(nodes_.size(), kFar),
      to_target_(nodes_.size(), kFar) {
  Connect();
  MeasureFromInnermost();
  MeasureToTarget();
}

void DivGraph::Connect() {
  std::multimap<std::string, size_t> by_div;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].usable && nodes_[i].IsDiversion()) by_div.emplace(nodes_[i].div, i);
  }
  for (size_t parent = 0; parent < nodes_.size(); ++parent) {
    if (!nodes_[parent].usable) continue;
    for (const std::string& dest : nodes_[parent].dest) {
      const auto [begin, end] = by_div.equal_range(dest);
      for (auto entry = begin; entry != end; ++entry) {
        const size_t diversion = entry->second;
        if (!FitsBehind(nodes_[diversion], parent) ||
            nodes_[diversion].orig != nodes_[parent].orig) {
          continue;
        }
        next_[parent].push_back(diversion);
        previous_[diversion].push_back(parent);
      }
    }
  }
  // A dest that names a party twice is one link.
  for (auto* edges : {&next_, &previous_}) {
    for (std::vector<size_t>& list : *edges) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
  }
}

// F-3, F-7: the number fits, and neither has another partner that it is bound to.
bool DivGraph::FitsBehind(const ChainNode& diversion, size_t parent) const {
  const ChainNode& before = nodes_[parent];
  if (diversion.inner ? *diversion.inner != parent : before.outer.has_value()) return false;
  return Contains(before.dest, diversion.div);
}

void DivGraph::MeasureFromInnermost() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].usable && !nodes_[i].IsDiversion()) from_innermost_[i] = 0;
  }
  Measure(next_, from_innermost_);
}

void DivGraph::MeasureToTarget() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const ChainNode& node = nodes_[i];
    if (node.usable && node.IsDiversion() && node.for_target && node.fresh) to_target_[i] = 0;
  }
  Measure(previous_, to_target_);
}

bool DivGraph::IsPromising(size_t index) const {
  const size_t from = from_innermost_[index];
  if (!nodes_[index].usable || from > max_diversions_) return false;
  if (from + to_target_[index] <= max_diversions_) return true;
  // It leads elsewhere, but may stand where a link of a promising chain stands: a fork.
  return std::any_of(previous_[index].begin(), previous_[index].end(), [&](size_t parent) {
    return from_innermost_[parent] + to_target_[parent] <= max_diversions_;
  });
}

std::vector<size_t> DivGraph::ParentsByNumber(size_t index) const {
  std::vector<size_t> parents;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (i != index && FitsBehind(nodes_[index], i)) parents.push_back(i);
  }
  return parents;
}

std::optional<Failure> DivGraph::OrigDiffers(size_t index) const {
  const auto parents = ParentsByNumber(index);
  if (parents.empty() || std::any_of(parents.begin(), parents.end(), [&](size_t parent) {
        return nodes_[parent].orig == nodes_[index].orig;
      })) {
    return std::nullopt;
  }
  return Fail(Reason::kDivOrigDiffers, nodes_[parents[0]].Label() + " has orig " +
                                           Quote(nodes_[parents[0]].orig) + ", this one " +
                                           Quote(nodes_[index].orig));
}

std::vector<size_t> DivGraph::Followers(size_t index) const {
  std::vector<size_t> followers;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (i != index && nodes_[i].IsDiversion() && FitsBehind(nodes_[i], index)) {
      followers.push_back(i);
    }
  }
  return followers;
}

Failure DivGraph::WhyNot(size_t index) const {
  const ChainNode& node = nodes_[index];
  if (from_innermost_[index] >= kFar) return WhyNoInnermost(index);
  if (from_innermost_[index] > max_diversions_ ||
      (to_target_[index] < kFar && from_innermost_[index] + to_target_[index] > max_diversions_)) {
    return Fail(Reason::kDivLimit,
                "more than " + std::to_string(max_diversions_) + " diversions in one chain");
  }
  if (OnlyStaleAhead(index)) {
    return Fail(Reason::kDivStale, "the last diversion of the chain is too old");
  }
  return Fail(Reason::kDestMismatch,
              "the call does not go where the diversions behind " + List(node.dest) + " lead");
}

// No way leads here from a PASSporT of the original call.
Failure DivGraph::WhyNoInnermost(size_t index) const {
  const auto parents = ParentsByNumber(index);
  const std::string who = Quote(nodes_[index].div);
  if (parents.empty()) {
    return Fail(Reason::kDivLinkMissing, "no PASSporT was for " + who + ", who redirected");
  }
  const auto is = [&](auto property) {
    return std::any_of(parents.begin(), parents.end(), property);
  };
  if (previous_[index].empty()) {
    if (is([&](size_t p) { return nodes_[p].too_old; })) {
      return Fail(Reason::kDivStale, "what this diversion follows is too old");
    }
    if (is([&](size_t p) { return nodes_[p].IsDiversion(); })) {
      return Fail(Reason::kDivLinkMissing, "the diversion before this one failed by itself");
    }
    if (!is([&](size_t p) { return !nodes_[p].unknown; })) {
      return Fail(Reason::kUnsupportedPpt, "the original call's PASSporT is not judged");
    }
    return Fail(Reason::kDivInnermostInvalid, nodes_[parents[0]].Label() + " failed by itself");
  }
  // Only diversions before this one. If none of them is a beginning, they run in a circle.
  std::vector<size_t> distance(nodes_.size(), kFar);
  distance[index] = 0;
  Measure(previous_, distance);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (distance[i] < kFar && previous_[i].empty()) return WhyNoInnermost(i);
  }
  return Fail(Reason::kDivLoop, "the diversions run in a circle over " + who);
}

bool DivGraph::OnlyStaleAhead(size_t index) const {
  std::vector<size_t> distance(nodes_.size(), kFar);
  distance[index] = 0;
  Measure(next_, distance);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (distance[i] < kFar && nodes_[i].for_target && !nodes_[i].fresh) return true;
  }
  return false;
}

bool DivGraph::SayTheSame(size_t one, size_t other) const {
  const auto dest = [&](size_t i) {
    return std::set<std::string>(nodes_[i].dest.begin(), nodes_[i].dest.end());
  };
  return nodes_[one].div == nodes_[other].div && nodes_[one].orig == nodes_[other].orig &&
         dest(one) == dest(other);
}

DivGraph::Link DivGraph::FollowersOf(const Link& link, std::span<const Reason> failed) const {
  std::set<size_t> followers;
  for (const size_t node : link) {
    std::copy_if(next_[node].begin(), next_[node].end(), std::inserter(followers, followers.end()),
                 [&](size_t i) { return failed[i] == Reason::kNone; });
  }
  return {followers.begin(), followers.end()};
}

// One node of each link, from the end: the youngest one that the next one follows.
std::vector<size_t> DivGraph::Youngest(const std::vector<Link>& links) const {
  std::vector<size_t> path(links.size());
  for (size_t at = links.size(); at-- > 0;) {
    Link link = links[at];
    if (at + 1 < links.size()) {
      std::erase_if(link, [&](size_t i) {
        return std::find(next_[i].begin(), next_[i].end(), path[at + 1]) == next_[i].end();
      });
    }
    path[at] = *std::max_element(link.begin(), link.end(),
                                 [&](size_t a, size_t b) { return nodes_[a].iat < nodes_[b].iat; });
  }
  return path;
}

// None of the diversions that follow was verified. One that could not be judged may be good: then
// nothing is known of the chain, either.
Failure DivGraph::WhyNoneFollows(size_t index, std::span<const Reason> failed) const {
  const auto& followers = next_[index];
  const auto undecided = std::find_if(followers.begin(), followers.end(),
                                      [&](size_t i) { return IsUndecided(failed[i]); });
  const bool any = undecided != followers.end();
  const size_t follower = any ? *undecided : followers[0];
  return Fail(any ? failed[follower] : Reason::kDivLinkMissing,
              nodes_[follower].Label() + ", which follows " + nodes_[index].Label() +
                  (any ? ", could not be judged" : ", failed"));
}

Result<std::vector<size_t>> DivGraph::Walk(size_t index, std::span<const Reason> failed) const {
  std::vector<Link> links = {{index}};
  while (true) {
    Link next = FollowersOf(links.back(), failed);
    if (next.empty()) break;
    for (const size_t other : next) {
      if (SayTheSame(next[0], other)) continue;
      return Fail(Reason::kDivFork, nodes_[next[0]].Label() + " and " + nodes_[other].Label() +
                                        " both follow " + nodes_[links.back()[0]].Label());
    }
    if (std::any_of(links.begin(), links.end(), [&](const Link& link) {
          return std::find(link.begin(), link.end(), next[0]) != link.end();
        })) {
      return Fail(Reason::kDivLoop, "the chain comes back to " + nodes_[next[0]].Label());
    }
    if (links.size() > max_diversions_) {
      return Fail(Reason::kDivLimit,
                  "more than " + std::to_string(max_diversions_) + " diversions in one chain");
    }
    links.push_back(std::move(next));
  }
  std::vector<size_t> path = Youngest(links);
  const ChainNode& last = nodes_[path.back()];
  if (path.size() > 1 && last.for_target) {
    if (last.fresh) return path;
    return Fail(Reason::kDivStale, last.Label() + ", the last diversion, is too old");
  }
  if (!next_[path.back()].empty()) return WhyNoneFollows(path.back(), failed);
  return Fail(Reason::kDestMismatch,
              "the chain ends at " + List(last.dest) + ", the call goes elsewhere");
}

}  // namespace callvet
