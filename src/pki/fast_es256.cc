// SPDX-License-Identifier: MIT
#include "pki/fast_es256.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <string>
#include <utility>

#include "pki/openssl_ptr.h"
#include "pki/p256/signature.h"
#include "pki/p256/table_store.h"

namespace callvet {
namespace {

using p256::AffinePoint;
using p256::Match;
using p256::Path;
using p256::TableShape;
using p256::TableStore;

constexpr std::pair<std::string_view, Es256Kind> kKinds[] = {
    {"auto", Es256Kind::kAuto},         {"openssl", Es256Kind::kOpenSsl},
    {"portable", Es256Kind::kPortable}, {"adx", Es256Kind::kAdx},
    {"ifma", Es256Kind::kIfma},
};

const Path& PathOf(Es256Kind kind) {
  switch (kind) {
    case Es256Kind::kAdx:
      return p256::AdxPath();
    case Es256Kind::kIfma:
      return p256::IfmaPath();
    case Es256Kind::kAuto:
    case Es256Kind::kOpenSsl:
    case Es256Kind::kPortable:
      break;
  }
  return p256::PortablePath();
}

Result<void> CheckOptions(const Es256EngineOptions& options) {
  if (options.key_window < 4 || options.key_window > 8 || options.generator_windows < 20 ||
      options.generator_windows > 64) {
    return Fail(Reason::kParameterInvalid, "a window of the ES256 engine is out of range");
  }
  if (!PathOf(options.kind).supported()) {
    return Fail(Reason::kParameterInvalid, "this processor cannot run the ES256 engine '" +
                                               std::string(PathOf(options.kind).name) + "'");
  }
  return {};
}

Failure Mismatch() {
  return Fail(Reason::kSignatureInvalid, "the signature does not match the key and the token");
}

}  // namespace

std::optional<Es256Kind> Es256KindFromText(std::string_view text) {
  for (const auto& [name, kind] : kKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

bool IsSupported(Es256Kind kind) {
  return PathOf(kind).supported();
}

std::string_view Es256IncidentText(Es256Incident incident) {
  switch (incident) {
    case Es256Incident::kDisagreement:
      break;
  }
  return "the fast ES256 arithmetic and OpenSSL disagree on a signature: processor, memory or "
         "callvet is faulty; from now on OpenSSL verifies";
}

size_t OneTableBytes(const Es256EngineOptions& options) {
  return TableShape(options.key_window).bytes();
}

struct FastEs256Engine::State {
  explicit State(const Es256EngineOptions& given)
      : options(given),
        path(PathOf(given.kind)),
        generator_shape(TableShape::OfWindows(given.generator_windows)),
        generator(std::make_unique_for_overwrite<AffinePoint[]>(generator_shape.entries())),
        store({TableShape(given.key_window), given.table_bytes, given.promote_after,
               given.promote_after > 1 ? given.evict_after : 1}) {
    path.build(p256::kGeneratorX, p256::kGeneratorY, generator_shape,
               {generator.get(), generator_shape.entries()});
  }

  [[nodiscard]] p256::Tables TablesWith(const AffinePoint* key) const {
    return {generator_shape, generator.get(), TableShape(options.key_window), key};
  }
  // A job of Verify or VerifyMany on its way.
  struct Task {
    Es256Job* job;
    TableStore::Lease lease;
  };

  [[nodiscard]] std::optional<TableStore::Lease> TableOf(const Es256PublicKey& key);
  void VerifyGroup(std::span<Es256Job> jobs);
  [[nodiscard]] bool Digest(const Es256Job& job, EvpMdCtxPtr& context,
                            p256::SignedDigest& signature) const;
  [[nodiscard]] bool IsCrossChecked(const Task& task) const;
  [[nodiscard]] Result<void> Settle(const Task& task, Match match);
  [[nodiscard]] Result<void> ByOpenSsl(const Es256Job& job);
  [[nodiscard]] Result<void> Disagree();

  const Es256EngineOptions options;
  const Path& path;
  const TableShape generator_shape;
  const std::unique_ptr<AffinePoint[]> generator;
  TableStore store;
  const OpenSslEs256Engine openssl;
  // Fetched once: EVP_sha256() is looked up by name at every use.
  const OpenSslPtr<EVP_MD, EVP_MD_free> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};

  std::atomic<bool> distrusted{false};
  std::atomic<uint64_t> by_openssl{0};
  std::atomic<uint64_t> undecided{0};
  std::atomic<uint64_t> in_vain{0};  // tables leased for signatures that OpenSSL verified after all
  std::atomic<uint64_t> cross_checks{0};
  std::atomic<uint64_t> disagreements{0};
};

FastEs256Engine::FastEs256Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
FastEs256Engine::~FastEs256Engine() = default;

Result<std::shared_ptr<const FastEs256Engine>> FastEs256Engine::Make(
    const Es256EngineOptions& options) {
  if (auto ok = CheckOptions(options); !ok) return ok.error();
  const ErrorQueueDrain drain;
  try {
    auto state = std::make_unique<State>(options);
    if (state->sha256 == nullptr) return Fail(Reason::kInternalError, "OpenSSL has no SHA-256");
    if (!p256::PassesSelfTest(state->path, state->TablesWith(nullptr))) {
      return Fail(Reason::kInternalError,
                  "the ES256 engine '" + std::string(state->path.name) + "' fails its self-test");
    }
    return std::make_shared<const FastEs256Engine>(std::move(state));
  } catch (const std::bad_alloc&) {
    return Fail(Reason::kInternalError,
                "no memory for the ES256 engine and its tables (table_bytes)");
  }
}

// The table of `key`, built here if this is the use that makes the key hot.
std::optional<TableStore::Lease> FastEs256Engine::State::TableOf(const Es256PublicKey& key) {
  const Es256PublicKey::Point& point = key.point();
  if (auto lease = store.Find(point)) return lease;
  auto claim = store.CountUse(point);
  if (!claim) return std::nullopt;
  try {
    path.build(p256::FromBytes(point.data()), p256::FromBytes(point.data() + 32),
               TableShape(options.key_window), claim->table());
    if (options.spoil_table) options.spoil_table(claim->table());
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  claim->Publish();
  return store.Find(point);
}

Result<void> FastEs256Engine::State::ByOpenSsl(const Es256Job& job) {
  by_openssl.fetch_add(1, std::memory_order_relaxed);
  return openssl.Verify(*job.key, job.signing_input, *job.signature);
}

Result<void> FastEs256Engine::State::Disagree() {
  distrusted.store(true, std::memory_order_relaxed);
  disagreements.fetch_add(1, std::memory_order_relaxed);
  if (options.observer) options.observer(Es256Incident::kDisagreement);
  return Fail(Reason::kInternalError, "the fast ES256 arithmetic and OpenSSL disagree");
}

// Writes `signature` where it is read, as numbers copied right after they are made word by word
// cost a processor a tenth of a digest; false if OpenSSL cannot. `context` is made at the first
// use: a group's signatures share it, as making one costs a sixth of a digest.
bool FastEs256Engine::State::Digest(const Es256Job& job, EvpMdCtxPtr& context,
                                    p256::SignedDigest& signature) const {
  std::array<unsigned char, 32> digest{};
  if (context == nullptr) context.reset(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestInit_ex2(context.get(), sha256.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), job.signing_input.data(), job.signing_input.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
    const ErrorQueueDrain drain;
    return false;
  }
  const uint8_t* bytes = job.signature->bytes().data();
  signature.z = p256::FromBytes(digest.data());
  signature.r = p256::FromBytes(bytes);
  signature.s = p256::FromBytes(bytes + 32);
  return true;
}

// The first use of each table, and then one of so many.
bool FastEs256Engine::State::IsCrossChecked(const Task& task) const {
  const uint32_t every = options.cross_check_every;
  const uint64_t use = task.lease.earlier_uses();
  return use == 0 || (every != 0 && use % every == 0);
}

// What `match` comes to. Another signature of the group may have shown that no match counts.
Result<void> FastEs256Engine::State::Settle(const Task& task, Match match) {
  const Es256Job& job = *task.job;
  if (match == Match::kUndecided) undecided.fetch_add(1, std::memory_order_relaxed);
  if (match == Match::kUndecided || distrusted.load(std::memory_order_relaxed)) {
    in_vain.fetch_add(1, std::memory_order_relaxed);
    return ByOpenSsl(job);
  }
  if (IsCrossChecked(task)) {
    cross_checks.fetch_add(1, std::memory_order_relaxed);
    auto theirs = openssl.Verify(*job.key, job.signing_input, *job.signature);
    if (!theirs && theirs.error().reason != Reason::kSignatureInvalid) return theirs;
    if (theirs.has_value() != (match == Match::kYes)) return Disagree();
  }
  if (match != Match::kYes) return Mismatch();
  return {};
}

// At most p256::kBatch.
void FastEs256Engine::State::VerifyGroup(std::span<Es256Job> jobs) {
  std::array<std::optional<Task>, p256::kBatch> tasks;
  std::array<p256::KeyedSignature, p256::kBatch> batch;
  size_t count = 0;
  EvpMdCtxPtr context;
  for (Es256Job& job : jobs) {
    const bool trusted = !distrusted.load(std::memory_order_relaxed);
    auto lease = trusted ? TableOf(*job.key) : std::nullopt;
    if (!lease) {
      job.Set([&] { return ByOpenSsl(job); });
    } else if (Digest(job, context, batch[count].signature)) {
      batch[count].key = lease->table();
      tasks[count++].emplace(Task{&job, std::move(*lease)});
    } else {
      job.Set([]() -> Result<void> { return Fail(Reason::kInternalError, "SHA-256 failed"); });
    }
  }
  MatchSignatures(path, TablesWith(nullptr), std::span(batch).first(count));
  // Those first that can show that the others' matches count for nothing.
  for (const bool checked : {true, false}) {
    for (size_t i = 0; i < count; ++i) {
      if (IsCrossChecked(*tasks[i]) != checked) continue;
      tasks[i]->job->Set([&] { return Settle(*tasks[i], batch[i].match); });
    }
  }
}

Result<void> FastEs256Engine::Verify(const Es256PublicKey& key, std::string_view signing_input,
                                     const Es256Signature& signature) const {
  Es256Job job{&key, signing_input, &signature};
  state_->VerifyGroup({&job, 1});
  return std::move(job.result);
}

void FastEs256Engine::VerifyMany(std::span<Es256Job> jobs) const noexcept {
  for (; !jobs.empty(); jobs = jobs.subspan(std::min(jobs.size(), p256::kBatch))) {
    state_->VerifyGroup(jobs.first(std::min(jobs.size(), p256::kBatch)));
  }
}

void FastEs256Engine::AddTo(const Es256PublicKey& key, Footprint& footprint) const {
  state_->store.AddTo(key.point(), footprint);
}

Es256Statistics FastEs256Engine::statistics() const {
  const auto tables = state_->store.counters();
  Es256Statistics statistics;
  statistics.path = state_->path.name;
  statistics.by_openssl = state_->by_openssl.load(std::memory_order_relaxed);
  statistics.undecided = state_->undecided.load(std::memory_order_relaxed);
  statistics.by_table = tables.leases - state_->in_vain.load(std::memory_order_relaxed);
  statistics.cross_checks = state_->cross_checks.load(std::memory_order_relaxed);
  statistics.disagreements = state_->disagreements.load(std::memory_order_relaxed);
  statistics.tables_built = tables.built;
  statistics.tables_evicted = tables.evicted;
  statistics.tables_resident = tables.resident;
  statistics.tables_capacity = tables.capacity;
  statistics.table_bytes = TableShape(state_->options.key_window).bytes();
  return statistics;
}

Result<std::shared_ptr<const Es256Engine>> MakeEs256Engine(const Es256EngineOptions& options) {
  using Engine = std::shared_ptr<const Es256Engine>;
  if (options.kind == Es256Kind::kOpenSsl) return Engine(std::make_shared<OpenSslEs256Engine>());
  if (options.kind != Es256Kind::kAuto) {
    auto made = FastEs256Engine::Make(options);
    if (!made) return made.error();
    return Engine(std::move(*made));
  }
  for (const Es256Kind kind : {Es256Kind::kIfma, Es256Kind::kAdx, Es256Kind::kPortable}) {
    Es256EngineOptions with_kind = options;
    with_kind.kind = kind;
    auto made = FastEs256Engine::Make(with_kind);
    if (made) return Engine(std::move(*made));
    if (made.error().reason == Reason::kParameterInvalid && PathOf(kind).supported()) {
      return made.error();
    }
  }
  return Engine(std::make_shared<OpenSslEs256Engine>());
}

std::vector<std::string_view> UsableEs256Engines() {
  std::vector<std::string_view> names;
  for (const Es256Kind kind : {Es256Kind::kIfma, Es256Kind::kAdx, Es256Kind::kPortable}) {
    Es256EngineOptions options;
    options.kind = kind;
    options.generator_windows = 64;  // the smallest table: it is only looked at
    if (FastEs256Engine::Make(options)) names.push_back(PathOf(kind).name);
  }
  names.emplace_back("openssl");
  return names;
}

}  // namespace callvet
