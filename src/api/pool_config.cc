// SPDX-License-Identifier: MIT
#include "api/pool_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "api/config_paths.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/number_secret.h"
#include "evidence/packed_id.h"
#include "issue/random_uuid.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

constexpr int64_t kMegabyte = int64_t{1024} * 1024;

std::chrono::seconds ReadSeconds(ObjectReader& reader, std::string_view name,
                                 ObjectReader::Range range, std::chrono::seconds fallback) {
  int64_t count = fallback.count();
  reader.Number(name, range, count);
  return std::chrono::seconds(count);
}

void ReadRedis(ObjectReader& reader, const ConfigPaths& paths, PoolConfig& config) {
  PoolRedisOptions redis;
  reader.Text("host", redis.host);
  reader.Number("port", {1, 65'535}, redis.port);
  reader.Milliseconds("timeout_ms", {10, 60'000}, redis.timeout);
  reader.Milliseconds("retry_ms", {10, 600'000}, redis.retry);
  reader.Number("queued_calls", {1'000, 10'000'000}, redis.max_queue);
  paths.Read(reader, "password_file", config.redis_password);
  config.options.redis = std::move(redis);
}

// 16 bytes that only this run of the program knows.
Result<std::array<uint8_t, 16>> RandomKey() {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    const auto uuid = RandomUuid();
    if (!uuid) return uuid.error();
    bytes += *uuid;
  }
  const auto digest = Sha256(bytes);
  if (!digest) return digest.error();
  std::array<uint8_t, 16> key{};
  std::copy_n(digest->begin(), key.size(), key.begin());
  return key;
}

Result<std::array<uint8_t, 16>> ReadKey(const std::filesystem::path& path) {
  const auto secret = NumberSecret::Read(path);
  if (!secret) return secret.error();
  const auto hash = secret->Hash("callvet caller pools");
  if (!hash) return hash.error();
  const auto bytes = BytesOfHex(*hash);
  std::array<uint8_t, 16> key{};
  if (!bytes || bytes->size() != key.size()) return Fail(Reason::kInternalError, "hash key");
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

// The file must not be one that others may read.
Result<std::string> ReadPassword(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(Reason::kKeyInvalid, path.string() + " may be read by others: make its mode 0600");
  }
  const auto text = ReadFile(path, 4096);
  if (!text) return text.error();
  return std::string(TrimLines(*text));
}

}  // namespace

PoolConfig ReadPoolSection(ObjectReader& reader, const std::filesystem::path& directory) {
  const ConfigPaths paths(directory);
  PoolConfig config;
  PoolOptions& options = config.options;
  int64_t megabytes = static_cast<int64_t>(options.max_bytes) / kMegabyte;
  reader.Number("memory_mb", {8, 1'000'000}, megabytes);
  options.max_bytes = static_cast<size_t>(megabytes * kMegabyte);
  reader.Number("known_numbers", {1'000, 1'000'000'000}, options.known_numbers);
  options.generation = ReadSeconds(reader, "remember_seconds", {3'600, int64_t{400} * 24 * 3'600},
                                   options.generation);
  options.learning =
      ReadSeconds(reader, "learn_seconds", {0, int64_t{90} * 24 * 3'600}, options.learning);
  reader.Number("sample", {0, 1'000}, options.sample);
  reader.Number("flagged", {1, 1'000'000}, options.max_flagged);
  std::string numbers = "hashed";
  reader.Text("numbers", numbers);
  if (numbers == "clear") options.numbers = SampleNumbers::kClear;
  if (numbers != "clear" && numbers != "hashed") reader.Refuse("numbers", "not hashed or clear");
  paths.Read(reader, "hash_key", config.hash_key);
  reader.Section("redis", [&](ObjectReader& redis) { ReadRedis(redis, paths, config); });
  if (options.redis && config.hash_key.empty()) {
    reader.Refuse("hash_key", "is missing: all that share a Redis need the same one");
  }
  return config;
}

Result<std::shared_ptr<CallerPools>> MakeCallerPools(const PoolConfig& config) {
  PoolOptions options = config.options;
  auto key = config.hash_key.empty() ? RandomKey() : ReadKey(config.hash_key);
  if (!key) return Fail(key.error().reason, "pools: " + key.error().detail);
  options.hash_key = *key;
  if (options.redis && !config.redis_password.empty()) {
    auto password = ReadPassword(config.redis_password);
    if (!password) return Fail(password.error().reason, "pools: " + password.error().detail);
    options.redis->password = std::move(*password);
  }
  return CallerPools::Make(options);
}

}  // namespace callvet
