// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "callvet/result.h"
#include "pki/es256.h"
#include "pki/p256/recode.h"

// ES256 with a table per public key (design note 0018): about seven times as fast as OpenSSL for
// signers that come again.

namespace callvet {

/// Which code verifies signatures.
enum class Es256Kind : uint8_t {
  kAuto,      // the fastest that this processor can run and that passes its self-test
  kOpenSsl,   // OpenSSL's EVP_DigestVerify only
  kPortable,  // plain C++
  kAdx,       // x86-64 with BMI2 and ADX
  kIfma,      // x86-64 with AVX-512 IFMA
};

/// "auto", "openssl", "portable", "adx" or "ifma"; nothing for another text.
std::optional<Es256Kind> Es256KindFromText(std::string_view text);

/// Whether this processor, and this build, can run it.
bool IsSupported(Es256Kind kind);

/// What FastEs256Engine tells its observer, from the thread that verifies. All are critical: they
/// mean that the processor, the memory or callvet's arithmetic is faulty.
enum class Es256Incident : uint8_t {
  kDisagreement,  // with OpenSSL, on one signature: from now on only OpenSSL verifies
};

/// As a sentence for a log.
std::string_view Es256IncidentText(Es256Incident incident);

struct Es256EngineOptions {
  Es256Kind kind = Es256Kind::kAuto;
  size_t table_bytes = size_t{64} << 20;  // for the keys' tables, at most
  unsigned key_window = 7;                // bits, 4 to 8: 32, 52, 92, 160, 256 KiB for each key
  /// 20 to 64, fewer are wider; 20: 4.5 MiB and some milliseconds at the start. With the key's
  /// 36 these are 56 terms: eight lanes have seven each.
  unsigned generator_windows = 20;
  /// Uses of a key before it gets a table; the calls before that, and those that a table cannot
  /// serve, go to OpenSSL. 1: already the first use has a table.
  uint32_t promote_after = 3;
  /// The same, if the table of another key must go for it.
  uint32_t evict_after = 32;
  /// The first use of each table and every n-th after it are also verified by OpenSSL; 0: only the
  /// first.
  uint32_t cross_check_every = 1024;
  /// Called with each incident; must be thread-safe and must not throw.
  std::function<void(Es256Incident)> observer = {};
  /// For tests: may spoil the table of a key after it was built.
  std::function<void(std::span<p256::AffinePoint>)> spoil_table = {};
};

/// An Es256Engine with the tables of p256::TableStore. A call whose key has no table is verified by
/// OpenSSL, and the call that makes a key hot builds its table; no call waits for another.
///
/// A signature is accepted only if the arithmetic says so; where it is cross-checked, only if
/// OpenSSL says so too. After one disagreement the call fails with kInternalError and OpenSSL
/// verifies all further ones.
class FastEs256Engine final : public Es256Engine {
 private:
  struct State;

 public:
  /// Fails with kParameterInvalid if a window is out of range or this processor cannot run the path
  /// that `options` demand, and with kInternalError if that path fails its self-test or memory is
  /// short; throws std::bad_alloc if there is none to say so. `options.kind` is not kOpenSsl.
  static Result<std::shared_ptr<const FastEs256Engine>> Make(const Es256EngineOptions& options);
  explicit FastEs256Engine(std::unique_ptr<State> state);  // for Make only
  ~FastEs256Engine() override;

  [[nodiscard]] Result<void> Verify(const Es256PublicKey& key, std::string_view signing_input,
                                    const Es256Signature& signature) const override;
  void VerifyMany(std::span<Es256Job> jobs) const noexcept override;
  void AddTo(const Es256PublicKey& key, Footprint& footprint) const override;
  [[nodiscard]] Es256Statistics statistics() const override;

 private:
  std::unique_ptr<State> state_;
};

/// What one key's table takes of `options.table_bytes`: with less no key ever has one.
size_t OneTableBytes(const Es256EngineOptions& options);

/// The engine of `options.kind`. kAuto gives OpenSSL's if no path passes its self-test; otherwise
/// fails like FastEs256Engine::Make.
Result<std::shared_ptr<const Es256Engine>> MakeEs256Engine(const Es256EngineOptions& options);

/// The kinds by name that this processor can run, and that pass their self-tests: the one that
/// kAuto takes first, "openssl" last.
std::vector<std::string_view> UsableEs256Engines();

}  // namespace callvet
