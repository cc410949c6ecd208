// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "callvet/callvet.h"
#include "lab.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

callvet_text C(std::string_view text) {
  return {text.data(), text.size()};
}

template <class Struct>
Struct Made() {
  Struct made;
  std::memset(&made, 0, sizeof made);
  made.struct_size = sizeof made;
  return made;
}

std::string Cpp(callvet_text text) {
  return text.size == 0 ? "" : std::string(text.data, text.size);
}

struct Handles {
  callvet_verifier* verifier = nullptr;
  callvet_result* result = nullptr;
};

void PutLab(callvet_verifier* verifier) {
  for (const std::string name : {"carrier", "numbers", "bound", "stranger"}) {
    const std::string url = "https://cert.example.org/" + name + ".pem";
    const std::string pem = fuzz::LabFile(name + ".pem");
    auto times = Made<callvet_times>();
    times.fetched_at = fuzz::kNow.time_since_epoch().count();
    times.fresh_until = times.fetched_at + 315'360'000;
    times.stale_until = times.fresh_until;
    fuzz::Require(callvet_certificate_put(verifier, C(url), C(pem), &times, nullptr) == CALLVET_OK);
  }
}

// A verifier that trusts the lab.
const Handles& Lab() {
  static const Handles handles = [] {
    const std::string config = R"({"trust": {"anchors": "root.pem"}})";
    const std::string folder = std::string(CALLVET_FUZZ_FOLDER) + "/lab";
    auto options = Made<callvet_options>();
    options.config = C(config);
    options.directory = C(folder);
    auto error = Made<callvet_error>();
    Handles made;
    fuzz::Require(callvet_verifier_create(&options, &made.verifier, &error) == CALLVET_OK,
                  "the verifier of the lab can be made");
    fuzz::Require(callvet_result_create(&made.result) == CALLVET_OK);
    PutLab(made.verifier);
    return made;
  }();
  return handles;
}

// A call as lines say it: see ReadCall; and m message, F From, K trunk, c Call-ID, C a
// configuration, p a policy, U a URL and, behind a space, certificates to put there.
struct Lines {
  CallRequest call;
  std::vector<callvet_text> identities, orig, dest, priorities;
  std::string message, from, trunk, call_id, config, policy, certificates;

  explicit Lines(std::string_view text) : call(fuzz::ReadCall(text)) {
    fuzz::EachLine(text, [&](char letter, std::string_view value) {
      if (letter == 'm') message += std::string(value) + "\r\n";
      if (letter == 'F') from = value;
      if (letter == 'K') trunk = value;
      if (letter == 'c') call_id = value;
      if (letter == 'C') config += value;
      if (letter == 'p') policy += value;
      if (letter == 'U') certificates = value;
    });
    const auto point = [](const std::vector<std::string>& texts, std::vector<callvet_text>& to) {
      for (const std::string& each : texts) to.push_back(C(each));
    };
    point(call.identities, identities);
    point(call.orig, orig);
    point(call.dest, dest);
    point(call.resource_priority, priorities);
  }

  [[nodiscard]] callvet_call Call() const {
    auto made = Made<callvet_call>();
    made.message = C(message);
    made.identities = {identities.data(), identities.size()};
    made.orig = {orig.data(), orig.size()};
    made.dest = {dest.data(), dest.size()};
    made.from = C(from);
    if (call.date) made.date = C(*call.date);
    if (call.target) made.target = C(*call.target);
    if (call.priority) made.priority = C(*call.priority);
    made.resource_priority = {priorities.data(), priorities.size()};
    made.trunk = C(trunk);
    made.call_id = C(call_id);
    made.at = fuzz::kNow.time_since_epoch().count();
    return made;
  }
};

// Into a buffer that is as large as is said, and into one that is not.
void Mark(const callvet_mark& mark, std::string_view identity) {
  size_t needed = 0;
  auto error = Made<callvet_error>();
  const int first = callvet_mark_identity(&mark, C(identity), nullptr, &needed, &error);
  if (first != CALLVET_TOO_SMALL) return;
  std::vector<char> buffer(needed);
  size_t written = needed;
  fuzz::Require(
      callvet_mark_identity(&mark, C(identity), buffer.data(), &written, &error) == CALLVET_OK &&
          written == needed,
      "the size that is said is enough");
}

void Judge(const Lines& lines) {
  const callvet_call call = lines.Call();
  auto verdict = Made<callvet_verdict>();
  auto error = Made<callvet_error>();
  const int status = callvet_verify(Lab().verifier, &call, Lab().result, &verdict, &error);
  const bool passed = verdict.reason_class == CALLVET_VERIFIED;
  fuzz::Require(status >= 0 || !passed, "no failure makes a call verified");
  fuzz::Require(passed == (Cpp(verdict.verstat) == "TN-Validation-Passed") &&
                    passed == (Cpp(verdict.reason) == "verified"),
                "one meaning in all fields");
  fuzz::Require(std::memchr(error.reason, 0, sizeof error.reason) != nullptr &&
                std::memchr(error.detail, 0, sizeof error.detail) != nullptr);
  for (const std::string& identity : lines.call.orig) Mark(verdict.mark, identity);
  Mark(verdict.mark, lines.from);
  if (!passed) return;
  fuzz::Reached();
  // Of a whole message the lines above name no parties.
  if (lines.message.empty()) fuzz::Require(fuzz::VouchedFor(lines.call), "what passes was signed");
}

constexpr size_t kMostCalls = 100;  // more than are judged together

// Calls of now are judged together, each as it is alone.
void JudgeTogether(const std::deque<Lines>& lines) {
  static const auto results = [] {
    std::array<callvet_result*, kMostCalls> made{};
    for (callvet_result*& one : made) fuzz::Require(callvet_result_create(&one) == CALLVET_OK);
    return made;
  }();
  std::vector<callvet_call> calls;
  for (const Lines& each : lines) calls.push_back(each.Call());
  std::vector<callvet_verdict> verdicts(lines.size(), Made<callvet_verdict>());
  std::vector<const callvet_call*> call_places;
  std::vector<callvet_verdict*> verdict_places;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i % 4 != 3) calls[i].at = 0;  // one with `at` may stand among them
    call_places.push_back(&calls[i]);
    verdict_places.push_back(&verdicts[i]);
  }
  std::vector<int> statuses(lines.size(), CALLVET_INTERNAL);
  auto batch = Made<callvet_batch>();
  batch.count = lines.size();
  batch.calls = call_places.data();
  batch.results = results.data();
  batch.verdicts = verdict_places.data();
  batch.statuses = statuses.data();
  fuzz::Require(callvet_verify_batch(Lab().verifier, &batch, nullptr) == CALLVET_OK);
  for (size_t i = 0; i < lines.size(); ++i) {
    const callvet_verdict& together = verdicts[i];
    auto alone = Made<callvet_verdict>();
    const int status = callvet_verify(Lab().verifier, &calls[i], Lab().result, &alone, nullptr);
    fuzz::Require(status == statuses[i] && alone.reason_class == together.reason_class &&
                      Cpp(alone.reason) == Cpp(together.reason) &&
                      Cpp(alone.verstat) == Cpp(together.verstat) &&
                      Cpp(alone.checks) == Cpp(together.checks) &&
                      Cpp(alone.orig) == Cpp(together.orig) &&
                      Cpp(alone.x5u) == Cpp(together.x5u) && alone.action == together.action &&
                      alone.missing.count == together.missing.count,
                  "together each is judged as alone");
    if (together.reason_class != CALLVET_VERIFIED) continue;
    fuzz::Reached();
    if (lines[i].message.empty()) {
      fuzz::Require(fuzz::SignedByLab(lines[i].call), "what passes together was signed");
    }
  }
}

// Handles of the input's own.
void MakeOwn(const Lines& lines) {
  auto options = Made<callvet_options>();
  options.config = C(lines.config);
  options.policy = C(lines.policy);
  const std::string folder = "/proc/nonexistent";  // not even root makes it
  options.directory = C(folder);
  callvet_verifier* verifier = nullptr;
  auto error = Made<callvet_error>();
  const int status = callvet_verifier_create(&options, &verifier, &error);
  fuzz::Require((status == CALLVET_OK) == (verifier != nullptr), "a handle, or why not");
  if (verifier == nullptr) return;
  const size_t space = std::min(lines.certificates.find(' '), lines.certificates.size());
  const std::string_view url = std::string_view(lines.certificates).substr(0, space);
  const std::string_view bytes =
      std::string_view(lines.certificates).substr(std::min(space + 1, lines.certificates.size()));
  (void)callvet_certificate_put(verifier, C(url), C(bytes), nullptr, &error);
  (void)callvet_certificate_put_failure(verifier, C(url), C(bytes), 0, &error);
  const callvet_call call = lines.Call();
  auto verdict = Made<callvet_verdict>();
  (void)callvet_verify(verifier, &call, Lab().result, &verdict, &error);
  fuzz::Require(verdict.reason_class != CALLVET_VERIFIED, "who trusts nobody passes nothing");
  auto stats = Made<callvet_verifier_stats>();
  fuzz::Require(callvet_verifier_get_stats(verifier, &stats) == CALLVET_OK && stats.verified == 0);
  callvet_verifier_destroy(verifier);
}

// Several calls have an empty line between them.
constexpr std::string_view kBetweenCalls = "\n\n";

std::deque<Lines> CallsOf(std::string_view text) {
  std::deque<Lines> calls;  // whose elements stay where they are
  while (!text.empty() && calls.size() < kMostCalls) {
    const size_t end = std::min(text.find(kBetweenCalls), text.size());
    calls.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + kBetweenCalls.size(), text.size()));
  }
  return calls;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  if (text.find(kBetweenCalls) != std::string_view::npos) {
    JudgeTogether(CallsOf(fuzz::SignedAt(text, SystemClock().Now())));
    return 0;
  }
  const Lines lines(text);
  Judge(lines);
  if (!lines.config.empty() || !lines.policy.empty() || !lines.certificates.empty()) MakeOwn(lines);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return fuzz::MutateSigned(data, size, max_size, seed);
}
