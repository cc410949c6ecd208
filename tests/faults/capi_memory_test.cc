// SPDX-License-Identifier: MIT
// The C interface with too little memory, at every allocation of every call: it answers with a
// negative status or rightly, never with a verdict that passes which must not; a handle that could
// not be made is NULL, one that was made works; all memory is freed, and the next call is judged as
// if nothing had been.
#include <cstring>
#include <ctime>

#include "base/base64url.h"
#include "callvet/callvet.h"
#include "faults/sweep.h"
#include "support/result_matchers.h"
#include "support/temporary_directory.h"
#include "support/test_pki.h"

namespace callvet::test {
namespace {

constexpr const char* kUrl = "https://cert.example.org/p.pem";

callvet_text Text(std::string_view text) {
  return {text.data(), text.size()};
}

template <class Struct>
Struct Sized() {
  Struct made{};
  made.struct_size = sizeof made;
  return made;
}

// A handle that ends with its scope. No memory of its own is asked for.
template <class Handle, void (*destroy)(Handle*)>
class Owned {
 public:
  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(handle); }
  Handle* handle = nullptr;
};
using OwnedVerifier = Owned<callvet_verifier, callvet_verifier_destroy>;
using OwnedResult = Owned<callvet_result, callvet_result_destroy>;
using OwnedPacker = Owned<callvet_evidence_packer, callvet_evidence_packer_destroy>;
using OwnedPools = Owned<callvet_pools, callvet_pools_destroy>;

bool Passes(const callvet_verdict& verdict) {
  return verdict.reason_class == CALLVET_VERIFIED || verdict.action == CALLVET_PASS ||
         verdict.action_class == CALLVET_VERIFIED ||
         std::string_view(verdict.verstat.data, verdict.verstat.size) == "TN-Validation-Passed";
}

// What came of a call, of texts that outlive its result.
std::string_view OutcomeOf(int status, const callvet_verdict& verdict) {
  if (status < 0) {
    // It rejects, also for who does not look at the status.
    return Passes(verdict) || verdict.action != CALLVET_REJECT ? "PASSES WITH A STATUS"
                                                               : "internal";
  }
  const std::string_view reason(verdict.reason.data, verdict.reason.size);
  if ((verdict.reason_class == CALLVET_VERIFIED) != (reason == "verified")) return "DISAGREES";
  if (reason == "verified")
    return verdict.action == CALLVET_PASS ? "verified" : "verified and rejected";
  if (Passes(verdict)) return "PASSES UNVERIFIED";
  for (const char* known : {"signature-invalid", "internal-error", "chain-invalid",
                            "chain-untrusted", "certificate-not-available"}) {
    if (reason == known) return known;
  }
  return "ANOTHER REASON";
}

class CapiWithoutMemory : public testing::Test {
 protected:
  CapiWithoutMemory() {
    directory_.Put("root.pem", hierarchy_.root.pem);
    pem_ = PemOf({hierarchy_.leaf, hierarchy_.ca});
    good_ = MessageSignedBy(hierarchy_.leaf);
    forged_ = MessageSignedBy(hierarchy_.ca);
  }

  static int64_t At() { return kNow.time_since_epoch().count(); }
  static std::string MessageSignedBy(const TestCert& signer) {
    const std::string input =
        EncodeBase64Url(std::string(R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")") +
                        kUrl + "\"}") +
        "." +
        EncodeBase64Url(
            R"({"attest":"A","dest":{"tn":["12155550101"]},"iat":)" + std::to_string(At()) +
            R"(,"orig":{"tn":"12155550100"},"origid":"de305d54-75b4-431b-adb2-eb6b9e546014"})");
    return "INVITE sip:+12155550101@example.org SIP/2.0\r\n"
           "From: <sip:+12155550100@example.org>;tag=1\r\nTo: <sip:+12155550101@example.org>\r\n"
           "Call-ID: 1@example.org\r\nCSeq: 1 INVITE\r\nIdentity: " +
           input + "." + EncodeBase64Url(signer.key.SignEs256(input)) + ";info=<" + kUrl +
           ">;alg=ES256;ppt=shaken\r\nContent-Length: 0\r\n\r\n";
  }
  // Options with a configuration of this test's root and `sections`.
  callvet_options Options(const std::string& sections = "") {
    config_ = R"({"trust":{"anchors":["root.pem"]})" + sections + "}";
    folder_ = directory_.path().string();
    auto options = Sized<callvet_options>();
    options.config = Text(config_);
    options.directory = Text(folder_);
    return options;
  }
  void Make(const callvet_options& options, OwnedVerifier& verifier) const {
    auto error = Sized<callvet_error>();
    ASSERT_EQ(callvet_verifier_create(&options, &verifier.handle, &error), CALLVET_OK)
        << error.reason << ": " << error.detail;
    ASSERT_EQ(Put(verifier.handle), CALLVET_OK);
  }
  int Put(callvet_verifier* verifier, callvet_error* error = nullptr) const {
    const int64_t now = std::time(nullptr);  // freshness is the machine's, whenever is judged
    const callvet_times times{sizeof times, now, now + 3600, now + 7200};
    return callvet_certificate_put(verifier, Text(kUrl), Text(pem_), &times, error);
  }
  static callvet_call CallOf(const std::string& message) {
    auto call = Sized<callvet_call>();
    call.message = Text(message);
    call.at = At();
    return call;
  }
  static std::string_view Judge(callvet_verifier* verifier, const std::string& message,
                                callvet_result* result) {
    const callvet_call call = CallOf(message);
    auto verdict = Sized<callvet_verdict>();
    verdict.action = CALLVET_PASS;
    auto error = Sized<callvet_error>();
    const int status = callvet_verify(verifier, &call, result, &verdict, &error);
    if (status < 0 && std::strcmp(error.reason, "internal-error") != 0) return "NO REASON";
    return OutcomeOf(status, verdict);
  }
  // With a result of its own.
  static std::string_view Judge(callvet_verifier* verifier, const std::string& message) {
    OwnedResult result;
    if (callvet_result_create(&result.handle) != CALLVET_OK) {
      return result.handle == nullptr ? "no result" : "HALF A RESULT";
    }
    return Judge(verifier, message, result.handle);
  }
  static void ExpectOnly(const Outcomes& outcomes, const std::string& in_full,
                         std::vector<std::string> others) {
    EXPECT_EQ(outcomes.count("in full: " + in_full), 1U) << testing::PrintToString(outcomes);
    others.insert(others.end(), {"in full: " + in_full, "allocations"});
    for (const auto& [outcome, count] : outcomes) {
      EXPECT_THAT(others, testing::Contains(outcome)) << count;
    }
  }

  // In steps made of several calls, what one of them gave.
  static std::string_view Made(int status, const void* handle) {
    if (status == CALLVET_OK) return handle == nullptr ? "NOTHING MADE" : "made";
    if (handle != nullptr) return "HALF MADE";
    return "not made";
  }

  Hierarchy hierarchy_ = MakeHierarchy();
  TemporaryDirectory directory_;
  std::string config_, folder_, pem_, good_, forged_;
};

// Of chain-invalid and chain-untrusted see allocation_test.cc.
TEST_F(CapiWithoutMemory, AGenuineCall) {
  OwnedVerifier verifier;
  Make(Options(), verifier);
  const Outcomes outcomes = Sweep([&] { return Judge(verifier.handle, good_); });
  ExpectOnly(outcomes, "verified",
             {"verified", "verified and rejected", "no result", "internal", "internal-error",
              "chain-invalid", "chain-untrusted"});
  EXPECT_GT(outcomes.at("allocations"), 50U);
}

TEST_F(CapiWithoutMemory, AForgedCallNeverPasses) {
  OwnedVerifier verifier;
  Make(Options(), verifier);
  ExpectOnly(Sweep([&] { return Judge(verifier.handle, forged_); }), "signature-invalid",
             {"signature-invalid", "no result", "internal", "internal-error", "chain-invalid",
              "chain-untrusted"});
}

// Nothing of a call that could not be judged is left for evidence or counting: not its own verdict,
// not that of the call before.
TEST_F(CapiWithoutMemory, AResultIsEmptyAfterAFailure) {
  OwnedVerifier verifier;
  Make(Options(R"(,"evidence":{"store":"calls.db"},"pools":{})"), verifier);
  OwnedPacker packer;
  const callvet_options options = Options(R"(,"evidence":{"store":"calls.db"})");
  ASSERT_EQ(callvet_evidence_packer_create(&options, &packer.handle, nullptr), CALLVET_OK);
  OwnedResult result;
  ASSERT_EQ(callvet_result_create(&result.handle), CALLVET_OK);
  size_t failures = 0;
  for (uint64_t n = 1;; ++n) {
    ASSERT_EQ(Judge(verifier.handle, good_, result.handle), "verified");
    std::string_view outcome;
    bool happened = false;
    {
      const AllocationFailure failure(n, Shortage::kOnce);
      outcome = Judge(verifier.handle, good_, result.handle);
      happened = AllocationFailure::Happened();
    }
    if (!happened) break;
    if (outcome != "internal") continue;
    ++failures;
    auto package = Sized<callvet_package>();
    EXPECT_EQ(callvet_evidence_pack(packer.handle, result.handle, &package, nullptr),
              CALLVET_FAILED)
        << "allocation " << n;
    char note[4096];
    size_t size = sizeof note;
    EXPECT_EQ(callvet_pools_note(result.handle, Text(""), note, &size, nullptr), CALLVET_OK);
    EXPECT_EQ(size, 0U) << "allocation " << n;
  }
  EXPECT_GT(failures, 0U);
}

// Without tables, which take long to make so often; NoMemory.AnEngineIsMadeWholeOrNotAtAll is about
// them.
TEST_F(CapiWithoutMemory, AVerifierIsMadeWholeOrNotAtAll) {
  const callvet_options options = Options(R"(,"verification":{"engine":"openssl"})");
  ExpectOnly(Sweep([&] {
               OwnedVerifier verifier;
               const int created = callvet_verifier_create(&options, &verifier.handle, nullptr);
               return Made(created, verifier.handle);
             }),
             "made", {"made", "not made"});
}

TEST_F(CapiWithoutMemory, AReloadThatFailsChangesNothing) {
  OwnedVerifier verifier;
  Make(Options(), verifier);
  ExpectOnly(Sweep([&]() -> std::string_view {
               return callvet_verifier_reload(verifier.handle, nullptr) == CALLVET_OK ? "reloaded"
                                                                                      : "refused";
             }),
             "reloaded", {"reloaded", "refused"});
  EXPECT_EQ(Judge(verifier.handle, good_), "verified");
  EXPECT_EQ(Judge(verifier.handle, forged_), "signature-invalid");
}

// What is handed over is there, whole, or there is what was there before.
TEST_F(CapiWithoutMemory, ACertificateIsTakenWholeOrNot) {
  OwnedVerifier verifier;
  Make(Options(), verifier);
  ExpectOnly(Sweep([&]() -> std::string_view {
               auto error = Sized<callvet_error>();
               if (Put(verifier.handle, &error) == CALLVET_OK) return "taken";
               return std::strcmp(error.reason, "internal-error") == 0 ? "not taken" : "REFUSED";
             }),
             "taken", {"taken", "not taken"});
  bool happened = true;
  for (uint64_t n = 1; happened; ++n) {
    int status = CALLVET_OK;
    {
      const AllocationFailure failure(n, Shortage::kOnce);
      status = Put(verifier.handle);
      happened = AllocationFailure::Happened();
    }
    if (status == CALLVET_OK) {  // its chain is validated again
      ASSERT_EQ(callvet_verifier_reload(verifier.handle, nullptr), CALLVET_OK);
    }
    ASSERT_EQ(Judge(verifier.handle, good_), "verified") << "allocation " << n;
  }
}

// The same with a call that needs it. What was taken is forgotten at the end, so that no step
// leaves more or less in the cache than the one before.
TEST_F(CapiWithoutMemory, ACallByACertificateThatComesWithIt) {
  OwnedVerifier verifier;
  Make(Options(), verifier);
  ExpectOnly(Sweep([&]() -> std::string_view {
               if (Put(verifier.handle) != CALLVET_OK) return "not taken";
               const auto outcome = Judge(verifier.handle, good_);
               callvet_certificate_forget(verifier.handle, Text(kUrl));
               return outcome;
             }),
             "verified",
             {"not taken", "verified", "verified and rejected", "no result", "internal",
              "internal-error", "chain-invalid", "chain-untrusted"});
  ASSERT_EQ(Put(verifier.handle), CALLVET_OK);
  EXPECT_EQ(Judge(verifier.handle, good_), "verified");
  EXPECT_EQ(Judge(verifier.handle, forged_), "signature-invalid");
}

TEST_F(CapiWithoutMemory, ABatchIsItsCallsWhateverFails) {
  OwnedVerifier verifier;
  Make(Options(), verifier);
  OwnedResult results[3];
  for (auto& result : results) ASSERT_EQ(callvet_result_create(&result.handle), CALLVET_OK);
  const callvet_call good = CallOf(good_);
  const callvet_call forged = CallOf(forged_);
  const callvet_call* calls[] = {&forged, &good, &forged};
  callvet_result* handles[] = {results[0].handle, results[1].handle, results[2].handle};
  const Outcomes outcomes = Sweep([&]() -> std::string_view {
    callvet_verdict verdicts[3];
    callvet_verdict* pointers[3];
    int statuses[3] = {CALLVET_OK, CALLVET_OK, CALLVET_OK};
    for (size_t i = 0; i < 3; ++i) {
      verdicts[i] = Sized<callvet_verdict>();
      pointers[i] = &verdicts[i];
    }
    const callvet_batch batch{sizeof batch, 3, calls, handles, pointers, statuses};
    if (callvet_verify_batch(verifier.handle, &batch, nullptr) != CALLVET_OK) return "NO BATCH";
    bool whole = true;
    for (size_t i = 0; i < 3; ++i) {
      const auto outcome = OutcomeOf(statuses[i], verdicts[i]);
      const std::string_view right = i == 1 ? "verified" : "signature-invalid";
      if (outcome == right) continue;
      const bool safe = outcome == "internal" || outcome == "internal-error" ||
                        outcome == "chain-invalid" || outcome == "chain-untrusted" ||
                        (i == 1 && outcome == "verified and rejected");
      if (!safe) return "WRONG";
      whole = false;
    }
    return whole ? "whole" : "in part";
  });
  ExpectOnly(outcomes, "whole", {"whole", "in part"});
}

TEST_F(CapiWithoutMemory, AMarkIsNeverMoreThanWasSaid) {
  char buffer[256];
  const auto mark_of = [&](const char* value) {
    auto mark = Sized<callvet_mark>();
    mark.value = Text(value);
    return mark;
  };
  const callvet_mark mark = mark_of("No-TN-Validation");
  const std::string_view identity = "<sip:+12155550100;verstat=TN-Validation-Passed@example.org>";
  ExpectOnly(Sweep([&]() -> std::string_view {
               size_t size = sizeof buffer;
               if (callvet_mark_identity(&mark, Text(identity), buffer, &size, nullptr) < 0)
                 return "internal";
               const std::string_view written(buffer, size);
               return written == "<sip:+12155550100;verstat=No-TN-Validation@example.org>"
                          ? "marked"
                          : "WRONG";
             }),
             "marked", {"marked", "internal"});
}

// A verifier that keeps evidence, and the result of a genuine call.
class EvidenceWithoutMemory : public CapiWithoutMemory {
 protected:
  void SetUp() override {
    options_ = Options(R"(,"evidence":{"store":"calls.db"})");
    Make(options_, verifier_);
    ASSERT_EQ(callvet_result_create(&result_.handle), CALLVET_OK);
    ASSERT_EQ(Judge(verifier_.handle, good_, result_.handle), "verified");
  }

  callvet_options options_{};
  OwnedVerifier verifier_;
  OwnedResult result_;
};

TEST_F(EvidenceWithoutMemory, IsPackedOrNot) {
  ExpectOnly(
      Sweep([&]() -> std::string_view {
        OwnedPacker packer;
        const int created = callvet_evidence_packer_create(&options_, &packer.handle, nullptr);
        const auto made = Made(created, packer.handle);
        if (made != "made") return made;
        auto package = Sized<callvet_package>();
        const int status = callvet_evidence_pack(packer.handle, result_.handle, &package, nullptr);
        if (status < 0) return package.bytes.size == 0 ? "not packed" : "HALF PACKED";
        if (callvet_evidence_handed_over(packer.handle) != CALLVET_OK) return "kept";
        return package.bytes.size > 0 && package.id.size == 36 ? "packed" : "HALF PACKED";
      }),
      "packed", {"packed", "not made", "not packed"});
  // A call whose evidence cannot be kept does not go on.
  ExpectOnly(Sweep([&]() -> std::string_view {
               if (Judge(verifier_.handle, good_, result_.handle) != "verified")
                 return "not judged";
               auto verdict = Sized<callvet_verdict>();
               const int status =
                   callvet_evidence_refuse(verifier_.handle, result_.handle, &verdict, nullptr);
               if (Passes(verdict) || verdict.action != CALLVET_REJECT) return "GOES ON";
               return status < 0 ? "internal" : "refused";
             }),
             "refused", {"refused", "internal", "not judged"});
}

// One writer gets every package, whole or spoilt by lack of memory at its own end, and goes on.
TEST_F(EvidenceWithoutMemory, AWriterTakesAPackageOrSaysThatItDoesNot) {
  OwnedPacker packer;
  ASSERT_EQ(callvet_evidence_packer_create(&options_, &packer.handle, nullptr), CALLVET_OK);
  Owned<callvet_evidence_writer, callvet_evidence_writer_destroy> writer;
  ASSERT_EQ(callvet_evidence_writer_create(&options_, &writer.handle, nullptr), CALLVET_OK);
  uint64_t taken = 0;
  for (uint64_t n = 1;; ++n) {
    auto package = Sized<callvet_package>();
    ASSERT_EQ(callvet_evidence_pack(packer.handle, result_.handle, &package, nullptr), CALLVET_OK);
    int status = CALLVET_OK;
    bool happened = false;
    {
      const AllocationFailure failure(n, Shortage::kOnce);
      status = callvet_evidence_writer_submit(writer.handle, package.bytes, nullptr);
      happened = AllocationFailure::Happened();
    }
    taken += status == CALLVET_OK ? 1 : 0;
    if (!happened) {
      ASSERT_EQ(status, CALLVET_OK);
      break;
    }
  }
  auto stats = Sized<callvet_evidence_stats>();
  ASSERT_EQ(callvet_evidence_writer_get_stats(writer.handle, &stats), CALLVET_OK);
  EXPECT_EQ(stats.submitted, taken);
  ASSERT_EQ(callvet_evidence_writer_stop(writer.handle), CALLVET_OK);
  ASSERT_EQ(callvet_evidence_writer_run(writer.handle), CALLVET_OK);
  ASSERT_EQ(callvet_evidence_writer_get_stats(writer.handle, &stats), CALLVET_OK);
  EXPECT_EQ(stats.stored, taken);
  EXPECT_EQ(stats.lost, 0U);
}

TEST_F(EvidenceWithoutMemory, AWriterIsMadeWholeOrNotAtAll) {
  ExpectOnly(Sweep([&] {
               Owned<callvet_evidence_writer, callvet_evidence_writer_destroy> writer;
               const int created =
                   callvet_evidence_writer_create(&options_, &writer.handle, nullptr);
               return Made(created, writer.handle);
             }),
             "made", {"made", "not made"});
}

TEST_F(CapiWithoutMemory, AFetcherIsMadeWholeOrNotAtAll) {
  const callvet_options options = Options();
  ExpectOnly(Sweep([&] {
               Owned<callvet_fetcher, callvet_fetcher_destroy> fetcher;
               const int created = callvet_fetcher_create(&options, &fetcher.handle, nullptr);
               return Made(created, fetcher.handle);
             }),
             "made", {"made", "not made"});
}

class PoolsWithoutMemory : public CapiWithoutMemory {
 protected:
  PoolsWithoutMemory() {
    directory_.Put(
        "policy.json",
        R"({"default":{"overrides":{"no-identity":{"action":"pass"}}},"pools":[{"name":"dialler",
              "calls":100,"callers":50,"callees_per_call":0.8,"action":"reject","for":3600}]})");
    options_ = Options(R"(,"policy":"policy.json","pools":{})");
  }
  // One unsigned call of the trunk, now: goes on unless the trunk is flagged.
  static std::string_view CallOfTrunk(callvet_verifier* verifier, callvet_result* result,
                                      int number) {
    char from[32];
    char to[32];
    std::snprintf(from, sizeof from, "+1215555%04d", number);
    std::snprintf(to, sizeof to, "+1312555%04d", number);
    const callvet_text orig = Text(from);
    const callvet_text dest = Text(to);
    auto call = Sized<callvet_call>();
    call.orig = {&orig, 1};
    call.dest = {&dest, 1};
    call.trunk = Text("gateway-3");
    auto verdict = Sized<callvet_verdict>();
    const int status = callvet_verify(verifier, &call, result, &verdict, nullptr);
    if (verdict.reason_class == CALLVET_VERIFIED) return "VERIFIED";
    if (status < 0) return verdict.action == CALLVET_REJECT ? "internal" : "GOES ON";
    const std::string_view reason(verdict.reason.data, verdict.reason.size);
    if (reason == "internal-error") return "internal";
    return verdict.action == CALLVET_PASS ? "passed" : "rejected";
  }
  static std::string Note(const callvet_result* result) {
    char note[4096];
    size_t size = sizeof note;
    EXPECT_EQ(callvet_pools_note(result, Text("an-id"), note, &size, nullptr), CALLVET_OK);
    return {note, size};
  }
  // Counts until the trunk is flagged.
  void Flag(callvet_pools* pools, callvet_verifier* verifier, callvet_result* result) {
    for (int i = 0; i < 140; ++i) {
      ASSERT_EQ(CallOfTrunk(verifier, result, i), "passed");
      ASSERT_EQ(callvet_pools_take(pools, Text(Note(result)), nullptr), CALLVET_OK);
    }
    ASSERT_EQ(callvet_pools_maintain(pools), CALLVET_OK);
    char flags[65536];
    size_t size = sizeof flags;
    ASSERT_EQ(callvet_pools_flags(pools, flags, &size, nullptr), CALLVET_OK);
    flags_.assign(flags, size);
    ASSERT_FALSE(flags_.empty());
  }

  callvet_options options_{};
  std::string flags_;
};

TEST_F(PoolsWithoutMemory, AFlaggedSourceNeverGoesOn) {
  OwnedVerifier verifier;
  OwnedPools pools;
  OwnedResult result;
  Make(options_, verifier);
  ASSERT_EQ(callvet_pools_create(&options_, &pools.handle, nullptr), CALLVET_OK);
  ASSERT_EQ(callvet_result_create(&result.handle), CALLVET_OK);
  Flag(pools.handle, verifier.handle, result.handle);
  // Telling: all or nothing.
  ExpectOnly(Sweep([&]() -> std::string_view {
               const callvet_text flags = Text(flags_);
               const int status = callvet_verifier_set_flags(verifier.handle, flags, nullptr);
               return status == CALLVET_OK ? "told" : "not told";
             }),
             "told", {"told", "not told"});
  ExpectOnly(Sweep([&] { return CallOfTrunk(verifier.handle, result.handle, 500); }), "rejected",
             {"rejected", "internal"});
  // What is flagged stays so when it cannot be told that it is not.
  for (uint64_t n = 1;; ++n) {
    bool happened = false;
    int status = CALLVET_OK;
    {
      const AllocationFailure failure(n, Shortage::kForever);
      status = callvet_verifier_set_flags(verifier.handle, Text(""), nullptr);
      happened = AllocationFailure::Happened();
    }
    if (!happened) break;
    if (status == CALLVET_OK) continue;
    EXPECT_EQ(CallOfTrunk(verifier.handle, result.handle, 501), "rejected") << "allocation " << n;
  }
}

TEST_F(PoolsWithoutMemory, WhatCountsAndWhatIsFlaggedIsToldOrNot) {
  OwnedVerifier verifier;
  OwnedPools pools;
  OwnedResult result;
  Make(options_, verifier);
  ASSERT_EQ(callvet_pools_create(&options_, &pools.handle, nullptr), CALLVET_OK);
  ASSERT_EQ(callvet_result_create(&result.handle), CALLVET_OK);
  Flag(pools.handle, verifier.handle, result.handle);
  char buffer[65536];
  ExpectOnly(Sweep([&]() -> std::string_view {
               size_t size = sizeof buffer;
               const int status =
                   callvet_pools_note(result.handle, Text("an-id"), buffer, &size, nullptr);
               if (status < 0) return "no note";
               const callvet_text note{buffer, size};
               return callvet_pools_take(pools.handle, note, nullptr) == CALLVET_OK ? "counted"
                                                                                    : "not counted";
             }),
             "counted", {"counted", "no note", "not counted"});
  ExpectOnly(Sweep([&]() -> std::string_view {
               return callvet_pools_maintain(pools.handle) == CALLVET_OK ? "done" : "not done";
             }),
             "done", {"done", "not done"});
  ExpectOnly(Sweep([&]() -> std::string_view {
               size_t size = sizeof buffer;
               const int status = callvet_pools_flags(pools.handle, buffer, &size, nullptr);
               if (status < 0) return "not said";
               return size > 0 ? "said" : "NOTHING IS FLAGGED";
             }),
             "said", {"said", "not said"});
  ExpectOnly(Sweep([&]() -> std::string_view {
               return callvet_pools_reload(pools.handle, nullptr) == CALLVET_OK ? "read"
                                                                                : "not read";
             }),
             "read", {"read", "not read"});
}

TEST_F(PoolsWithoutMemory, ACounterIsMadeWholeOrNotAtAll) {
  ExpectOnly(Sweep([&] {
               OwnedPools pools;
               const int created = callvet_pools_create(&options_, &pools.handle, nullptr);
               return Made(created, pools.handle);
             }),
             "made", {"made", "not made"});
}

}  // namespace
}  // namespace callvet::test
