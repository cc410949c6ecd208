// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "api/offline_verifier.h"
#include "api/pool_counter.h"
#include "api/pool_flags.h"
#include "api/pool_keeper.h"
#include "base/precise_time.h"
#include "callvet/callvet.h"
#include "capi/convert.h"
#include "capi/options.h"
#include "capi/result.h"
#include "capi/verifier.h"
#include "evidence/evidence_package.h"

using callvet::CallerPools;
using callvet::EvidencePacker;
using callvet::Fail;
using callvet::FlaggedPool;
using callvet::Policy;
using callvet::PoolKeeper;
using callvet::PoolNote;
using callvet::PoolRelease;
using callvet::PoolStatistics;
using callvet::PreciseNow;
using callvet::Reason;
using callvet::Result;
using callvet::capi::Failed;
using callvet::capi::Guard;
using callvet::capi::Invalid;
using callvet::capi::ReadStruct;
using callvet::capi::Text;
using callvet::capi::View;
using callvet::capi::WriteStruct;

struct callvet_pools {
  using Records = std::deque<std::shared_ptr<const callvet::EvidenceRecord>>;

  std::shared_ptr<CallerPools> pools;
  callvet::capi::Log log;
  std::filesystem::path policy_file;
  std::string policy_text;
  mutable std::mutex mutex;  // of policy
  std::shared_ptr<const Policy> policy;
  callvet::capi::Counter unusable{0};
  // Of the thread that maintains.
  Records records;
  std::unique_ptr<PoolKeeper> keeper;  // nullptr: flags do not outlive the process
  std::unique_ptr<EvidencePacker> packer;
  EvidencePacker::Package package;
  std::string told;  // what Redis failed with

  [[nodiscard]] callvet::PoolCounter counter() const {
    const std::lock_guard lock(mutex);
    return {pools, policy};
  }
};

namespace {

constexpr size_t kMaxRecords = 10'000;  // that wait to be taken
constexpr int64_t kMaxReleaseSeconds = int64_t{90} * 24 * 3'600;

// Writes `text` where there is room for it.
int Give(const std::string& text, char* buffer, size_t* size, callvet_error* error) {
  if (size == nullptr || (buffer == nullptr && *size > 0)) return Invalid("no buffer", error);
  const size_t room = std::exchange(*size, text.size());
  if (room < text.size()) return CALLVET_TOO_SMALL;
  std::copy(text.begin(), text.end(), buffer);
  return CALLVET_OK;
}

Result<std::shared_ptr<const Policy>> ReadPoolPolicy(const std::filesystem::path& file,
                                                     const std::string& text) {
  auto loaded = file.empty() ? callvet::ParsePolicy(text.empty() ? "{}" : text, "")
                             : callvet::LoadPolicy(file);
  if (loaded.policy != nullptr) return std::move(loaded.policy);
  std::string problems;
  for (const auto& problem : loaded.problems) problems += PolicyProblemText(problem) + "; ";
  return Fail(Reason::kConfigInvalid, problems);
}

Result<void> AddKeeper(const callvet::EvidenceConfig& config, callvet_pools& handle) {
  callvet::EvidenceSetup setup = config.setup;
  setup.open = callvet::EvidenceSetup::Open::kReadOnly;
  auto key = callvet::ReadNumberSecret(setup);
  if (!key) return key.error();
  handle.packer = std::make_unique<EvidencePacker>(callvet::EvidenceCodec(*key));
  handle.keeper = std::make_unique<PoolKeeper>(PoolKeeper::Setup{
      handle.pools, std::move(*key), [setup] { return callvet::OpenEvidence(setup); },
      [&handle](auto record) -> Result<void> {
        if (handle.records.size() >= kMaxRecords) {
          return Fail(Reason::kEvidenceNotKept, "too many changes wait to be taken");
        }
        handle.records.push_back(std::move(record));
        return {};
      }});
  return {};
}

Result<std::unique_ptr<callvet_pools>> Make(const callvet_options& options) {
  const auto config = callvet::capi::ConfigOf(options);
  if (!config) return config.error();
  if (!config->pools) {
    return Fail(Reason::kConfigInvalid, "the configuration has no section pools");
  }
  auto handle = std::make_unique<callvet_pools>();
  handle->log = callvet::capi::Log(options);
  handle->policy_file = config->policy;
  handle->policy_text = View(options.policy);
  auto pools = callvet::MakeCallerPools(*config->pools);
  if (!pools) return pools.error();
  handle->pools = std::move(*pools);
  auto policy = ReadPoolPolicy(handle->policy_file, handle->policy_text);
  if (!policy) return policy.error();
  handle->policy = std::move(*policy);
  if (config->evidence) {
    if (auto ok = AddKeeper(*config->evidence, *handle); !ok) return ok.error();
  }
  return handle;
}

void Say(const callvet_pools& handle, const std::vector<std::string>& news) {
  for (const std::string& one : news) handle.log.Write(CALLVET_LOG_ERROR, "pools: " + one);
}

void Maintain(callvet_pools& handle) {
  const callvet::PoolCounter counter = handle.counter();
  if (handle.keeper != nullptr) {
    Say(handle, handle.keeper->Maintain(PreciseNow(), counter.rules()));
  }
  handle.pools->Maintain(PreciseNow(), counter.rules());
  const std::string failure = handle.pools->Statistics().last_failure;
  if (failure == handle.told) return;
  if (failure.empty()) {
    handle.log.Write(CALLVET_LOG_INFO, "pools: counting is shared again");
  } else {
    Say(handle, {failure});
  }
  handle.told = failure;
}

int Take(callvet_pools& handle, std::string_view text, callvet_error* error) {
  const auto note = callvet::ReadPoolNote(text);
  if (!note) {
    callvet::capi::Count(handle.unusable);
    return Failed(note.error(), error);
  }
  if (const auto* call = std::get_if<callvet::CountedCall>(&*note)) {
    handle.pools->Count(*call, handle.counter().rules());
    return CALLVET_OK;
  }
  const auto& release = std::get<PoolRelease>(*note);
  if (!handle.pools->Release(release)) {
    return Failed(Fail(Reason::kResourceNotFound, "this source is not flagged"), error);
  }
  return CALLVET_OK;
}

callvet_flag FlagOf(const FlaggedPool& pool) {
  const auto seconds = [](callvet::CallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  callvet_flag flag{};
  flag.struct_size = sizeof(flag);
  flag.kind = Text(SourceKindText(pool.source.kind));
  flag.value = Text(pool.source.value);
  flag.rule = Text(pool.rule);
  flag.action = Text(PoolActionText(pool.action));
  flag.since = seconds(pool.since);
  flag.until = seconds(pool.until);
  flag.calls = pool.figures.calls;
  flag.callers = pool.figures.callers;
  flag.callees = pool.figures.callees;
  return flag;
}

}  // namespace

extern "C" {

int callvet_pools_read_settings(const callvet_options* options, callvet_pools_settings* settings,
                                callvet_error* error) {
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    const auto config = callvet::capi::ConfigOf(read);
    if (!config) return Failed(config.error(), error);
    callvet_pools_settings filled{};
    filled.counted = config->pools ? 1 : 0;
    filled.shared = config->pools && config->pools->options.redis ? 1 : 0;
    return WriteStruct(filled, settings) ? CALLVET_OK
                                         : Invalid("settings without struct_size", error);
  });
}

int callvet_pools_note(const callvet_result* result, callvet_text evidence_id, char* buffer,
                       size_t* size, callvet_error* error) {
  if (result == nullptr) return Invalid("result is NULL", error);
  return Guard(error, [&]() -> int {
    if (!result->counted()) return Give("", buffer, size, error);
    callvet::CountedCall call = *result->counted();
    call.evidence_id = View(evidence_id);
    return Give(callvet::WritePoolNote(PoolNote(std::move(call))), buffer, size, error);
  });
}

int callvet_pools_release_note(const callvet_pool_release* release, char* buffer, size_t* size,
                               callvet_error* error) {
  callvet_pool_release read;
  if (!ReadStruct(release, read)) return Invalid("release without struct_size", error);
  if (read.seconds < 0 || read.seconds > kMaxReleaseSeconds) {
    return Invalid("a release is for 0 seconds to 90 days", error);
  }
  return Guard(error, [&]() -> int {
    const auto kind = callvet::FindSourceKind(View(read.kind));
    if (!kind) return Invalid("the kind is none of origid, signer, trunk", error);
    if (View(read.value).empty()) return Invalid("no value", error);
    const callvet::CallTime now = PreciseNow();
    PoolRelease note{{*kind, std::string(View(read.value))},
                     now,
                     now + std::chrono::seconds(read.seconds),
                     std::string(View(read.by))};
    return Give(callvet::WritePoolNote(PoolNote(std::move(note))), buffer, size, error);
  });
}

int callvet_pools_create(const callvet_options* options, callvet_pools** pools,
                         callvet_error* error) {
  if (pools == nullptr) return Invalid("pools is NULL", error);
  *pools = nullptr;
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    auto made = Make(read);
    if (!made) return Failed(made.error(), error);
    *pools = made->release();
    return CALLVET_OK;
  });
}

void callvet_pools_destroy(callvet_pools* pools) {
  const std::unique_ptr<callvet_pools> owner(pools);
}

int callvet_pools_take(callvet_pools* pools, callvet_text note, callvet_error* error) {
  if (pools == nullptr) return Invalid("pools is NULL", error);
  return Guard(error, [&]() -> int { return Take(*pools, View(note), error); });
}

int callvet_pools_maintain(callvet_pools* pools) {
  if (pools == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    Maintain(*pools);
    return CALLVET_OK;
  });
}

int callvet_pools_reload(callvet_pools* pools, callvet_error* error) {
  if (pools == nullptr) return Invalid("pools is NULL", error);
  return Guard(error, [&]() -> int {
    auto policy = ReadPoolPolicy(pools->policy_file, pools->policy_text);
    if (!policy) return Failed(policy.error(), error);
    const std::lock_guard lock(pools->mutex);
    pools->policy = std::move(*policy);
    return CALLVET_OK;
  });
}

int callvet_pools_flags(callvet_pools* pools, char* buffer, size_t* size, callvet_error* error) {
  if (pools == nullptr) return Invalid("pools is NULL", error);
  return Guard(error, [&]() -> int {
    const auto flagged = pools->pools->Flagged(PreciseNow());
    return Give(flagged.empty() ? "" : callvet::WritePoolFlags(flagged), buffer, size, error);
  });
}

int callvet_pools_take_package(callvet_pools* pools, callvet_package* package,
                               callvet_error* error) {
  if (!WriteStruct(callvet_package{}, package)) {
    return Invalid("package without struct_size", error);
  }
  if (pools == nullptr) return Invalid("pools is NULL", error);
  return Guard(error, [&]() -> int {
    if (pools->records.empty()) return CALLVET_OK;
    auto packed = pools->packer->Pack(*pools->records.front());
    if (!packed) return Failed(packed.error(), error);
    pools->records.pop_front();
    pools->package = std::move(*packed);
    WriteStruct(callvet_package{0, Text(pools->package.id), Text(pools->package.bytes)}, package);
    return CALLVET_OK;
  });
}

int callvet_pools_finish(callvet_pools* pools) {
  if (pools == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    if (pools->keeper != nullptr) Say(*pools, pools->keeper->Finish(PreciseNow()));
    return CALLVET_OK;
  });
}

int callvet_verifier_set_flags(callvet_verifier* verifier, callvet_text flags,
                               callvet_error* error) {
  if (verifier == nullptr) return Invalid("verifier is NULL", error);
  return Guard(error, [&]() -> int {
    const auto pools = callvet::ReadPoolFlags(View(flags));
    if (!pools) return Failed(pools.error(), error);
    verifier->verifier->SetFlags(*pools);
    return CALLVET_OK;
  });
}

int callvet_flags_read(callvet_text flags, callvet_flag_function each, void* context,
                       callvet_error* error) {
  if (each == nullptr) return Invalid("no function", error);
  return Guard(error, [&]() -> int {
    const auto pools = callvet::ReadPoolFlags(View(flags));
    if (!pools) return Failed(pools.error(), error);
    for (const FlaggedPool& pool : *pools) {
      const callvet_flag flag = FlagOf(pool);
      each(context, &flag);
    }
    return CALLVET_OK;
  });
}

int callvet_pools_get_stats(const callvet_pools* pools, callvet_pools_stats* stats) {
  if (pools == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    const PoolStatistics now = pools->pools->Statistics();
    callvet_pools_stats filled{};
    filled.counted = now.counted;
    filled.unusable = pools->unusable;
    filled.sources = now.sources;
    filled.bytes = now.bytes;
    filled.evicted = now.evicted;
    filled.flagged = now.flagged;
    filled.shared = now.shared;
    filled.not_shared = now.not_shared;
    filled.share_failures = now.share_failures;
    filled.share_failing = now.last_failure.empty() ? 0 : 1;
    return WriteStruct(filled, stats) ? CALLVET_OK : CALLVET_INVALID;
  });
}

}  // extern "C"
