// SPDX-License-Identifier: MIT
#include "service/service.h"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "api/policy_call.h"
#include "base/file.h"
#include "base/precise_time.h"
#include "issue/passport_signer.h"
#include "pki/sha256.h"

namespace callvet::service {
namespace {

constexpr std::chrono::seconds kUpkeepInterval{5};
constexpr std::chrono::milliseconds kPoolsInterval{500};
constexpr std::chrono::milliseconds kUpkeepTime{30'000};
constexpr std::chrono::milliseconds kReloadTime{10'000};
// Files that are no client's connection.
constexpr size_t kReservedFiles = 64;

Result<std::shared_ptr<const CallSigner>> MakeSigner(const ServiceConfig& config) {
  if (config.signing_key.empty()) return std::shared_ptr<const CallSigner>();
  const auto pem = ReadFile(config.signing_key);
  if (!pem) return pem.error();
  auto key = PrivateKey::FromPem(*pem);
  if (!key) return Fail(key.error().reason, "signing key: " + key.error().detail);
  if (auto ok = SignEs256("callvet", *key); !ok) return ok.error();
  return std::make_shared<const CallSigner>(CallSigner{std::move(*key), config.signing_x5u});
}

Result<std::shared_ptr<const TlsContext>> MakeTls(const ServiceConfig& config) {
  if (!config.tls) return std::shared_ptr<const TlsContext>();
  return TlsContext::Make(*config.tls);
}

// By the dialling rules of the policy, unless the configuration names some.
Result<const DialPlan*> DialPlanOf(const ServiceConfig& config, const Policy* policy) {
  const DialPlan* chosen = config.verifier.options.dial_plan;
  return policy != nullptr ? DialPlanWith(*policy, chosen) : chosen;
}

// What fails for want of memory is left out: the next round of upkeep comes.
template <class Work>
void Attempt(Work work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    return;
  }
}

// Who is told of what happens in a core, on the thread where it happens.
struct Observers {
  std::shared_ptr<Traffic> traffic;
  std::shared_ptr<AccessLog> log;  // nullptr: nothing is logged
};

CoreSetup CoreSetupOf(const ServiceConfig& config, const DialPlan* plan,
                      const Observers& observers) {
  CoreSetup setup;
  setup.verifier = config.verifier;
  setup.verifier.options.dial_plan = plan;
  setup.max_waiting = config.waiting_for_certificates;
  setup.on_wait = [traffic = observers.traffic](std::chrono::microseconds time) {
    traffic->Observe(Stage::kCertificate, time);
  };
  if (observers.log == nullptr) return setup;
  setup.verifier.engine.observer = [log = observers.log](Es256Incident incident) {
    Attempt([&] {
      log->Event(SystemClock().Now(), "critical", Es256IncidentText(incident));
      log->Flush();
    });
  };
  return setup;
}

// What is likely not meant goes to `notes`.
Result<std::shared_ptr<const Policy>> ReadPolicy(const ServiceConfig& config,
                                                 std::vector<std::string>& notes) {
  if (config.policy.empty()) return std::shared_ptr<const Policy>();
  LoadedPolicy loaded = LoadPolicy(config.policy);
  for (const PolicyProblem& warning : loaded.warnings) notes.push_back(PolicyProblemText(warning));
  if (loaded.policy) return std::move(loaded.policy);
  std::string problems;
  for (const PolicyProblem& problem : loaded.problems) {
    problems += (problems.empty() ? "" : "; ") + PolicyProblemText(problem);
  }
  return Fail(Reason::kConfigInvalid, problems);
}

Result<std::shared_ptr<EvidenceDesk>> MakeDesk(const ServiceConfig& config) {
  if (!config.evidence) return std::shared_ptr<EvidenceDesk>();
  return EvidenceDesk::Make(*config.evidence);
}

// How calls are kept under this configuration's policy, which `rules` are; nullptr: it has none.
Result<std::optional<CallRecorder>> RecorderFor(const ServiceConfig& config,
                                                const std::shared_ptr<EvidenceDesk>& desk,
                                                std::shared_ptr<const Policy> rules) {
  if (desk == nullptr) return std::optional<CallRecorder>();
  if (rules == nullptr) rules = PolicyOfNobody(config.verifier.options.dial_plan);
  CallRecorder recorder{&desk->writer(), "", std::move(rules)};
  if (!config.policy.empty()) {
    const auto bytes = ReadFile(config.policy);
    if (!bytes) return bytes.error();
    recorder.policy = Sha256Hex(*bytes);
  }
  return std::optional<CallRecorder>(std::move(recorder));
}

Result<std::shared_ptr<CallerPools>> MakePools(const ServiceConfig& config) {
  if (!config.pools) return std::shared_ptr<CallerPools>();
  return MakeCallerPools(*config.pools);
}

// What lives as long as the service, whatever the configuration becomes.
struct Lasting {
  std::shared_ptr<EvidenceDesk> desk;  // nullptr: no evidence is kept
  std::shared_ptr<CallerPools> pools;  // nullptr: calls are not counted by their sources
};

// Everything of a state but the core.
Result<ApplicationState> OutlineOf(const ServiceConfig& config, const Lasting& lasting) {
  ApplicationState state;
  auto signer = MakeSigner(config);
  if (!signer) return signer.error();
  state.signer = std::move(*signer);
  auto policy = ReadPolicy(config, state.notes);
  if (!policy) return policy.error();
  state.policy = std::move(*policy);
  auto recorder = RecorderFor(config, lasting.desk, state.policy);
  if (!recorder) return recorder.error();
  state.recorder = std::move(*recorder);
  if (lasting.pools != nullptr) state.pools = PoolCounter{lasting.pools, state.policy};
  state.tokens = AccessTokens(config.tokens);
  if (config.verify_without_token) {
    state.verify_access = ApplicationState::VerifyAccess::kAnyone;
  }
  state.deadline = config.deadline;
  state.rate = std::make_shared<RateLimiter>(config.rate);
  return state;
}

Result<ApplicationState> FirstState(const ServiceConfig& config, const Observers& observers,
                                    const Lasting& lasting) {
  auto state = OutlineOf(config, lasting);
  if (!state) return state.error();
  const auto plan = DialPlanOf(config, state->policy.get());
  if (!plan) return plan.error();
  auto core = VerificationCore::Make(CoreSetupOf(config, *plan, observers));
  if (!core) return core.error();
  state->core = std::move(*core);
  return state;
}

ConnectionLimits LimitsOf(const ServiceConfig& config) {
  ConnectionLimits limits = config.connections;
  const size_t files = RaiseFileLimit();
  if (files > 2 * kReservedFiles) {
    limits.connections = std::min(limits.connections, files - kReservedFiles);
  }
  // Those that wait for certificates take no worker from the others.
  limits.workers += config.waiting_for_certificates;
  limits.queue_time = config.deadline;
  return limits;
}

// As many as a store has readers, but workers must be left for calls.
size_t StoreReadersOf(const ServiceConfig& config) {
  constexpr size_t kMost = 4;
  return std::clamp<size_t>(config.connections.workers, 2, kMost + 1) - 1;
}

std::string Shown(const ListenAddress& address, uint16_t port) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(port);
}

// Whether files could be made in `directory`, if there is one to be used.
Result<void> CheckDirectory(const std::filesystem::path& directory) {
  if (directory.empty()) return {};
  return CheckWritable(directory / "file");
}

Result<void> CheckStateDirectory(const ServiceConfig& config) {
  return CheckDirectory(config.verifier.trust.state_dir.value_or(""));
}

Result<void> CheckLog(const LogSetup& log) {
  if (!log.IsFile()) return {};
  return CheckWritable(log.target);
}

std::string Joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : std::string(between)) + text;
  }
  return joined;
}

}  // namespace

struct Service::Parts {
  ConfigSource source;
  ServiceConfig config;
  std::shared_ptr<Traffic> traffic;
  std::shared_ptr<AccessLog> log;
  std::shared_ptr<const TlsContext> tls;
  std::shared_ptr<EvidenceDesk> desk;
  std::shared_ptr<CallerPools> pools;
  std::vector<int> listeners;
};

Service::Service(Parts parts)
    : source_(std::move(parts.source)),
      started_(parts.config),
      config_(std::move(parts.config)),
      clock_(std::make_shared<SystemClock>()),
      traffic_(std::move(parts.traffic)),
      log_(std::move(parts.log)),
      application_(clock_, traffic_, log_,
                   {[this] { return Reload(); }, [this] { return loop_->Statistics(); },
                    [this] { return loop_->draining(); }}),
      desk_(std::move(parts.desk)),
      pools_(std::move(parts.pools)),
      server_(application_, HttpServer::Limits{}),
      loop_(std::make_unique<ConnectionLoop>(LimitsOf(config_), std::move(parts.listeners),
                                             std::move(parts.tls), server_)) {
  if (desk_ == nullptr || pools_ == nullptr) return;
  keeper_ = std::make_unique<PoolKeeper>(
      PoolKeeper::Setup{pools_, desk_->evidence().number_key,
                        [this]() -> Result<OpenedEvidence> { return desk_->evidence(); },
                        [this](auto record) { return desk_->writer().Submit(std::move(record)); }});
}

// Does not wait for it.
void Service::EndUpkeep() {
  {
    const std::lock_guard lock(upkeep_mutex_);
    upkeep_ = Upkeep::kStopping;
  }
  upkeep_wake_.notify_all();
  if (desk_ != nullptr) desk_->StopRetention();
}

void Service::StopUpkeep() {
  EndUpkeep();
  if (upkeep_thread_.joinable()) upkeep_thread_.join();
  if (desk_thread_.joinable()) desk_thread_.join();
  if (pools_thread_.joinable()) pools_thread_.join();
}

Service::~Service() {
  StopUpkeep();
  StopWriter();
}

Result<std::vector<std::string>> Service::Check(const ServiceConfig& config) {
  ServiceConfig checked = config;
  checked.verifier.trust.state_use = StateUse::kReadOnly;
  if (auto ok = CheckStateDirectory(config); !ok) return ok.error();
  if (checked.verifier.downloads) {
    auto& cache = checked.verifier.downloads->cache_directory;
    if (auto ok = CheckDirectory(cache); !ok) return ok.error();
    cache.clear();
  }
  auto state = FirstState(checked, {std::make_shared<Traffic>(), nullptr}, {});
  if (!state) return state.error();
  if (auto pools = MakePools(config); !pools) return pools.error();
  if (auto tls = MakeTls(config); !tls) return tls.error();
  if (auto ok = CheckLog(config.log); !ok) return ok.error();
  if (config.evidence) {
    if (auto ok = EvidenceDesk::Check(*config.evidence); !ok) return ok.error();
  }
  return std::move(state->notes);
}

Result<std::unique_ptr<Service>> Service::Make(ConfigSource source) {
  auto config = source();
  if (!config) return config.error();
  Parts parts{std::move(source), *config, std::make_shared<Traffic>(), nullptr, nullptr, nullptr,
              nullptr,           {}};
  auto log = AccessLog::Make(config->log);
  if (!log) return log.error();
  parts.log = std::move(*log);
  if (auto ok = CheckStateDirectory(*config); !ok) return ok.error();
  auto tls = MakeTls(*config);
  if (!tls) return tls.error();
  parts.tls = std::move(*tls);
  auto desk = MakeDesk(*config);
  if (!desk) return desk.error();
  parts.desk = *desk;
  auto pools = MakePools(*config);
  if (!pools) return pools.error();
  parts.pools = *pools;
  auto state = FirstState(*config, {parts.traffic, parts.log}, {parts.desk, parts.pools});
  if (!state) return state.error();
  std::vector<std::string> addresses;
  for (const ListenAddress& address : config->listen) {
    auto listener = Listen(address);
    if (!listener) {
      for (const int open : parts.listeners) ::close(open);
      return listener.error();
    }
    parts.listeners.push_back(*listener);
    addresses.push_back(Shown(address, PortOf(*listener)));
  }
  auto service = std::make_unique<Service>(std::move(parts));
  service->addresses_ = std::move(addresses);
  for (const std::string& note : state->notes) {
    service->log_->Event(service->clock_->Now(), "warning", note);
  }
  if (const auto failure = state->core->NotReady()) {
    service->log_->Event(service->clock_->Now(), "not-ready", failure->detail);
  }
  if (*desk != nullptr) service->application_.ServeEvidence(*desk, StoreReadersOf(*config));
  // Before the first call: what was flagged when the service ended still is.
  if (service->keeper_ != nullptr) {
    service->TellOfPools(service->keeper_->Maintain(PreciseNow(), state->pools->rules()));
  }
  service->application_.Replace(std::make_shared<const ApplicationState>(std::move(*state)));
  for (const std::string& setting : InsecureSettings(*config)) {
    service->log_->Event(service->clock_->Now(), "insecure", setting);
  }
  return service;
}

Result<void> Service::Run() {
  upkeep_thread_ = std::thread([this] { Maintain(); });
  if (pools_ != nullptr) pools_thread_ = std::thread([this] { MaintainPools(); });
  for (const std::string& address : addresses_) log_->Event(clock_->Now(), "listen", address);
  if (desk_ != nullptr) {
    evidence_thread_ = std::thread([this] { desk_->writer().Run(); });
    desk_thread_ = std::thread([this] { MaintainEvidence(); });
  }
  loop_->Run();
  EndUpkeep();
  if (pools_thread_.joinable()) pools_thread_.join();
  if (keeper_ != nullptr) TellOfPools(keeper_->Finish(PreciseNow()));
  // Before the other upkeep is waited for, which may be asking a store that hangs: whoever ends
  // this program may be short of patience.
  const uint64_t lost = StopWriter();
  StopUpkeep();
  application_.TellUnlisted();
  log_->Event(clock_->Now(), "stop", "");
  log_->Flush();
  if (lost > 0) {
    return Fail(Reason::kEvidenceNotKept,
                "the evidence of " + std::to_string(lost) +
                    " calls was still in memory: " + desk_->writer().Statistics().last_failure);
  }
  return {};
}

// How many records were lost with that, which the log says at once.
uint64_t Service::StopWriter() {
  if (!evidence_thread_.joinable()) return 0;
  const uint64_t before = desk_->writer().Statistics().lost;
  desk_->writer().Stop();
  evidence_thread_.join();
  TellNews(desk_->News());
  log_->Flush();
  return desk_->writer().Statistics().lost - before;
}

void Service::TellNews(const std::vector<std::string>& news) {
  for (const std::string& one : news) log_->Event(clock_->Now(), "evidence", one);
}

void Service::TellOfPools(const std::vector<std::string>& news) {
  for (const std::string& one : news) log_->Event(clock_->Now(), "pools", one);
}

void Service::Stop() {
  if (desk_ != nullptr) desk_->StopRetention();
  loop_->Drain(started_.drain_time);
}

// Until the end.
void Service::Repeat(std::chrono::milliseconds interval, const std::function<void()>& work) {
  std::unique_lock lock(upkeep_mutex_);
  while (!upkeep_wake_.wait_for(lock, interval, [this] { return upkeep_ == Upkeep::kStopping; })) {
    lock.unlock();
    Attempt(work);
    lock.lock();
  }
}

void Service::Maintain() {
  Repeat(kUpkeepInterval, [this] {
    application_.TellUnlisted();
    log_->Flush();
    application_.state()->core->Maintain(Deadline::After(kUpkeepTime));
    if (desk_ != nullptr) TellNews(desk_->News());
  });
}

// On a thread of its own: it may wait for the store.
void Service::MaintainEvidence() {
  Repeat(kUpkeepInterval, [this] {
    TellNews(desk_->Retain(clock_->Now()));
    const DialPlan* plan = application_.state()->core->options().dial_plan;
    TellNews(desk_->MatchLate(clock_->Now(), plan));
  });
}

// On a thread of its own: it may wait for Redis.
void Service::MaintainPools() {
  std::string told;
  Repeat(kPoolsInterval, [this, &told] {
    const auto state = application_.state();
    const PoolRules& rules = state->pools->rules();
    if (keeper_ != nullptr) TellOfPools(keeper_->Maintain(PreciseNow(), rules));
    pools_->Maintain(PreciseNow(), rules);
    const std::string failure = pools_->Statistics().last_failure;
    if (failure == told) return;
    log_->Event(clock_->Now(), "pools", failure.empty() ? "counting is shared again" : failure);
    told = failure;
  });
}

Result<std::shared_ptr<const ApplicationState>> Service::StateFor(const ServiceConfig& config) {
  auto state = OutlineOf(config, {desk_, pools_});
  if (!state) return state.error();
  const auto plan = DialPlanOf(config, state->policy.get());
  if (!plan) return plan.error();
  const auto& current = application_.state()->core;
  if (config.verifier_text == config_.verifier_text && *plan == current->options().dial_plan) {
    state->core = current;
    if (auto ok = state->core->ReloadTrust(Deadline::After(kReloadTime)); !ok) return ok.error();
  } else {
    auto core = VerificationCore::Make(CoreSetupOf(config, *plan, {traffic_, log_}));
    if (!core) return core.error();
    state->core = std::move(*core);
  }
  return std::make_shared<const ApplicationState>(std::move(*state));
}

Result<std::vector<std::string>> Service::Reload() {
  try {
    return ReloadAll();
  } catch (const std::bad_alloc&) {
    return Fail(Reason::kInternalError, "no memory");
  }
}

Result<std::vector<std::string>> Service::ReloadAll() {
  const std::lock_guard lock(reload_mutex_);
  const auto fail = [&](const Failure& failure) {
    log_->Event(clock_->Now(), "reload-refused",
                std::string(Info(failure.reason).id) + ": " + failure.detail);
    return failure;
  };
  auto config = source_();
  if (!config) return fail(config.error());
  auto tls = MakeTls(*config);
  if (!tls) return fail(tls.error());
  auto state = StateFor(*config);
  if (!state) return fail(state.error());
  std::vector<std::string> notes = (*state)->notes;
  if (const auto names = NeedRestart(started_, *config); !names.empty()) {
    notes.push_back("changes only with a restart: " + Joined(names, ", "));
  }
  if (started_.tls && *tls) loop_->ReplaceTls(std::move(*tls));
  application_.Replace(std::move(*state));
  log_->Reopen();
  for (const std::string& setting : InsecureSettings(*config)) notes.push_back(setting);
  config_ = std::move(*config);
  log_->Event(clock_->Now(), "reload", Joined(notes, "; "));
  return notes;
}

}  // namespace callvet::service
