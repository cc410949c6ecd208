// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/short_memory.h"
#include "callvet/content_source.h"
#include "callvet/verdict.h"
#include "verify/call.h"
#include "verify/certificate_checks.h"
#include "verify/claim_checks.h"
#include "verify/div_chain.h"
#include "verify/place_checks.h"

namespace callvet {

/// Judges all PASSporTs of one call together. Used once, on one thread: Begin, then Complete. First
/// the cheap checks of all, then the graph of diversions, then the dear checks of those that
/// deserve it but for their signatures, which whoever uses this verifies, perhaps with those of
/// other calls; then the chains, then what is left.
class CallJudgement {
 public:
  /// All are borrowed; `content` may be nullptr.
  CallJudgement(const Call& call, const CertificateContext& context, const ContentSource* content)
      : call_(call), context_(context), content_(content) {}

  /// Judges the call whose Identity header values are `values`, in order, not empty, up to the
  /// signatures that are to be verified, and appends those to `jobs`. They borrow from this.
  void Begin(std::span<const std::string_view> values, std::pmr::vector<Es256Job>& jobs);

  /// The verdict, when the jobs that Begin appended have their results: these, in their order. An
  /// internal error of one PASSporT is the call's.
  [[nodiscard]] Verdict Complete(std::span<const Es256Job> jobs) &&;

 private:
  struct Entry {
    Entry(std::string_view text, CallRequest::TokenForm form, const Call& call, size_t of_header)
        : candidate(RunClaimChecks(text, form, call)), header(of_header) {}

    Candidate candidate;
    size_t header = 0;            // index of the header that it stands in
    std::optional<size_t> inner;  // what its opt holds
    std::optional<size_t> outer;  // the div-o whose opt it stands in
    Place place = Place::kDirect;
  };
  using Path = std::vector<size_t>;  // entries, innermost first

  void Read(std::span<const std::string_view> values);
  void ReadNested(size_t outermost);
  void MakeGraph();
  void CheckPlaces();
  void ExplainByDiversions(const DivGraph& graph);
  [[nodiscard]] Reason ReasonBehind(const DivGraph& graph, size_t entry,
                                    std::vector<bool>& seen) const;
  [[nodiscard]] std::pmr::vector<size_t> Deserving();
  [[nodiscard]] size_t Certificates(std::span<const size_t> entries) const;
  void RunCertificateChecks(std::pmr::vector<Es256Job>& jobs);
  void TakeSignatures(std::span<const Es256Job> jobs);
  [[nodiscard]] bool HasInternalError() const;
  void WalkChains(const DivGraph& graph);
  void SettleDiversions(const DivGraph& graph, std::span<const Reason> failed);
  void TellFailedInOpt(const DivGraph& graph, std::span<const Reason> failed);
  [[nodiscard]] Failure WhyNoInnermost(std::span<const Reason> failed) const;
  void CheckRichCallData();
  [[nodiscard]] bool HasFirstParty(const Candidate& third_party) const;

  void Finish(size_t entry);
  void TakeVerdict(size_t header, Verdict& verdict);
  [[nodiscard]] bool SpeaksForCaller(PassportKind kind) const;
  static int SaysOfCaller(const Entry& entry);
  static bool SpeaksBefore(const Entry& one, const Entry& other);
  [[nodiscard]] std::optional<size_t> DecidingEntry() const;
  static bool IsUndecidedByAnother(const Candidate& candidate);
  void Decide(Verdict& verdict) const;
  [[nodiscard]] std::string_view TargetIn(const std::vector<std::string>& dest) const;
  [[nodiscard]] std::vector<CallLeg> Legs(std::span<const size_t> path) const;
  [[nodiscard]] std::optional<PriorityVerdict> Priority() const;

  const Call& call_;
  const CertificateContext& context_;
  const ContentSource* content_;
  // What follows needs memory for one call only: a call with one PASSporT finds it here.
  ShortMemory<sizeof(Entry) + 512> memory_;
  std::pmr::vector<Entry> entries_{memory_.resource()};  // of headers first, then nested ones
  std::pmr::vector<size_t> header_entry_{
      memory_.resource()};  // of each value; same values share one
  std::pmr::vector<size_t> signed_{
      memory_.resource()};              // the entry of each signature to be verified
  std::optional<DivGraph> graph_;       // from Begin on; nothing without a diversion
  std::map<size_t, Path> good_chains_;  // by innermost entry, two entries or more each
  std::map<size_t, Failure> bad_chains_;
};

}  // namespace callvet
