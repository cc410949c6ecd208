// SPDX-License-Identifier: MIT
#include "callvet/verifier.h"

#include "lab.h"
#include "pki/es256.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

#if defined(CALLVET_FUZZ_LYING_ENGINE)
// To show that this target finds a verifier that does not look at signatures.
class Engine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& /*key*/, std::string_view /*input*/,
                                    const Es256Signature& /*signature*/) const override {
    return {};
  }
};
#else
using Engine = OpenSslEs256Engine;
#endif

const Verifier& LabVerifier() {
  static const Verifier verifier(VerifierOptions{}, fuzz::LabTrust(), fuzz::LabSource(),
                                 std::make_shared<FixedClock>(fuzz::kNow),
                                 std::make_shared<Engine>());
  return verifier;
}

}  // namespace

// A call never passes without a good signature of somebody who is trusted, whatever else is in it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const CallRequest call = fuzz::ReadCall(fuzz::Text(data, size));
  const Verdict verdict = LabVerifier().Verify(call, Deadline());
  fuzz::Require(verdict.passed() == (verdict.verstat() == Verstat::kTnValidationPassed),
                "verstat is passed exactly if the call is");
  if (!verdict.passed()) return 0;
  fuzz::Reached();
  fuzz::Require(fuzz::VouchedFor(call), "what passes was signed");
  fuzz::Require(verdict.deciding() != nullptr, "somebody decided");
  for (const Check& check : verdict.deciding()->checks) {
    fuzz::Require(
        check.outcome == CheckOutcome::kPassed || check.outcome == CheckOutcome::kNotApplicable,
        "every check of what passes was made");
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return fuzz::MutateSigned(data, size, max_size, seed);
}
