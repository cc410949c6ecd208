// SPDX-License-Identifier: MIT
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "api/pool_flags.h"
#include "callvet/callvet.h"
#include "evidence/evidence_package.h"
#include "frames.h"
#include "lab.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

callvet_text C(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view Cpp(callvet_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

template <class Struct>
Struct Made() {
  Struct made;
  std::memset(&made, 0, sizeof made);
  made.struct_size = sizeof made;
  return made;
}

constexpr double kMostVariation = 1'000'000;  // that is kept

// Who takes what others hand over.
class Handles {
 public:
  Handles() : folder_(fuzz::ScratchFolder()) {
    const std::string config = R"({"pools": {"memory_mb": 8, "known_numbers": 1000},
      "evidence": {"store": "calls.db", "queued_records": 1000000}})";
    const std::string policy = R"({"pools": [
      {"name": "many", "calls": 50, "callers": 1, "calls_per_caller": 0, "action": "reject"}]})";
    auto options = Made<callvet_options>();
    options.config = C(config);
    options.policy = C(policy);
    const std::string directory = folder_.string();
    options.directory = C(directory);
    auto judging = Made<callvet_options>();
    auto error = Made<callvet_error>();
    const bool made = callvet_verifier_create(&judging, &verifier, &error) == CALLVET_OK &&
                      callvet_result_create(&result) == CALLVET_OK &&
                      callvet_pools_create(&options, &pools, &error) == CALLVET_OK &&
                      callvet_evidence_writer_create(&options, &writer, &error) == CALLVET_OK;
    fuzz::Require(made, error.detail);
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    callvet_verifier_destroy(verifier);
    callvet_result_destroy(result);
    callvet_pools_destroy(pools);
    callvet_evidence_writer_destroy(writer);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  callvet_verifier* verifier = nullptr;
  callvet_result* result = nullptr;
  callvet_pools* pools = nullptr;
  callvet_evidence_writer* writer = nullptr;

 private:
  std::filesystem::path folder_;
};

callvet_pools_stats StatsOf(const callvet_pools* pools) {
  auto stats = Made<callvet_pools_stats>();
  fuzz::Require(callvet_pools_get_stats(pools, &stats) == CALLVET_OK);
  return stats;
}

callvet_evidence_stats StatsOf(const callvet_evidence_writer* writer) {
  auto stats = Made<callvet_evidence_stats>();
  fuzz::Require(callvet_evidence_writer_get_stats(writer, &stats) == CALLVET_OK);
  return stats;
}

void SeeFlag(void* context, const callvet_flag* flag) {
  ++*static_cast<size_t*>(context);
  fuzz::Require(FindSourceKind(Cpp(flag->kind)).has_value() && flag->value.size > 0,
                "a flag is of a source");
  const std::string_view action = Cpp(flag->action);
  fuzz::Require(action == "report" || action == "tag" || action == "reject", "and does something");
}

// How many flags; 0 also if they cannot be read.
size_t ReadFlags(std::string_view text, int& status) {
  size_t seen = 0;
  auto error = Made<callvet_error>();
  status = callvet_flags_read(C(text), &SeeFlag, &seen, &error);
  fuzz::Require(status == CALLVET_OK || status == CALLVET_FAILED);
  fuzz::Require(status == CALLVET_OK || (seen == 0 && error.reason[0] != 0), "all, or why not");
  return seen;
}

void TakeFlags(const Handles& handles, std::string_view text) {
  int status = 0;
  const size_t seen = ReadFlags(text, status);
  fuzz::Require(callvet_verifier_set_flags(handles.verifier, C(text), nullptr) == status,
                "who judges reads what who shows reads");
  if (status != CALLVET_OK) return;
  if (seen > 0) fuzz::Reached();
  const auto flags = ReadPoolFlags(text);
  fuzz::Require(flags && flags->size() == seen);
  // What was read can be written, and is the same again.
  const std::string written = WritePoolFlags(*flags);
  const auto again = ReadPoolFlags(written);
  fuzz::Require(again && again->size() == seen && WritePoolFlags(*again) == written,
                "flags are the same again");
  for (size_t i = 0; i < seen; ++i) {
    const auto& first = (*flags)[i].figures.variation;
    fuzz::Require(first > kMostVariation || first == (*again)[i].figures.variation,
                  "and their figures, as far as they are kept");
  }
  auto call = Made<callvet_call>();
  if (seen > 0) call.trunk = C(flags->front().source.value);
  auto verdict = Made<callvet_verdict>();
  fuzz::Require(callvet_verify(handles.verifier, &call, handles.result, &verdict, nullptr) >= 0 &&
                    verdict.reason_class != CALLVET_VERIFIED,
                "no flag makes a call verified");
}

// Often enough that its sources may be flagged.
void TakeNote(const Handles& handles, std::string_view note) {
  constexpr int kTimes = 80;
  for (int i = 0; i < kTimes; ++i) {
    const callvet_pools_stats before = StatsOf(handles.pools);
    auto error = Made<callvet_error>();
    const int status = callvet_pools_take(handles.pools, C(note), &error);
    const callvet_pools_stats after = StatsOf(handles.pools);
    const auto read = ReadPoolNote(note);
    const bool is_call = read && std::holds_alternative<CountedCall>(*read);
    fuzz::Require((status == CALLVET_OK) || status == CALLVET_FAILED);
    fuzz::Require(!is_call || status == CALLVET_OK, "a call is counted");
    fuzz::Require(after.counted == before.counted + (is_call ? 1 : 0) &&
                      after.unusable == before.unusable + (read ? 0 : 1),
                  "each note is counted once, as what it is");
    if (!read) return;
    fuzz::Reached();
    const std::string written = WritePoolNote(*read);
    const auto again = ReadPoolNote(written);
    fuzz::Require(again && WritePoolNote(*again) == written, "a note is the same again");
    if (!is_call) return;
  }
}

void TakeNotes(const Handles& handles, std::string_view text) {
  fuzz::EachLine(text, [&](char /*letter*/, std::string_view note) { TakeNote(handles, note); });
  fuzz::Require(callvet_pools_maintain(handles.pools) == CALLVET_OK);
  size_t needed = 0;
  const int status = callvet_pools_flags(handles.pools, nullptr, &needed, nullptr);
  fuzz::Require(status == (needed == 0 ? CALLVET_OK : CALLVET_TOO_SMALL));
  std::string flags(needed, '\0');
  fuzz::Require(callvet_pools_flags(handles.pools, flags.data(), &needed, nullptr) == CALLVET_OK &&
                    needed == flags.size(),
                "the size that is said is enough");
  int read = 0;
  const size_t seen = ReadFlags(flags, read);
  fuzz::Require(read == CALLVET_OK && (seen > 0) == (needed > 0), "what is published can be read");
}

void TakePackage(const Handles& handles, std::string_view text) {
  const callvet_evidence_stats before = StatsOf(handles.writer);
  auto error = Made<callvet_error>();
  const int status = callvet_evidence_writer_submit(handles.writer, C(text), &error);
  const callvet_evidence_stats after = StatsOf(handles.writer);
  const bool taken = status == CALLVET_OK;
  fuzz::Require(taken || (status == CALLVET_FAILED && error.reason[0] != 0), "taken, or why not");
  fuzz::Require(after.submitted == before.submitted + (taken ? 1 : 0) &&
                    after.queued == before.queued + (taken ? 1 : 0) &&
                    after.unusable == before.unusable + (taken ? 0 : 1),
                "each package is counted once, as what it is");
  if (taken) fuzz::Reached();
  fuzz::Require(taken || !EvidenceUnpacker().Unpack(text), "what needs no other package is taken");
}

}  // namespace

// What another process hands over by the C interface: f flags; n a note, in as many lines as there
// are notes; p a package of evidence.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::unique_ptr<Handles> handles;
  static size_t used = 0;
  // What is taken shall not grow, nor make runs unlike.
  if (handles == nullptr || ++used % 2000 == 0) handles = std::make_unique<Handles>();
  const std::string_view text = fuzz::Text(data, size);
  if (text.starts_with('f')) TakeFlags(*handles, text.substr(1));
  if (text.starts_with('n')) TakeNotes(*handles, text);
  if (text.starts_with('p')) TakePackage(*handles, text.substr(1));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return fuzz::MutateLastFrame(data, size, max_size, seed);
}
