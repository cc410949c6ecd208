// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "callvet/rotation.h"

struct redisContext;

namespace callvet {

/// What Redis answered to one command.
struct RedisAnswer {
  int64_t integer = 0;                // of an integer
  std::string text;                   // of a string; "" for nil
  std::vector<RedisAnswer> elements;  // of an array
};

/// A connection to Redis, through hiredis. Commands are sent together and answered in order. After
/// a failure it is of no more use. Not thread-safe.
class RedisConnection {
 public:
  /// Connects and logs in, waiting `options.timeout` at most for each step. Fails with
  /// kEvidenceUnavailable.
  static Result<std::unique_ptr<RedisConnection>> Open(const PoolRedisOptions& options);

  using Command = std::vector<std::string>;
  /// Sends `commands` and gives an answer for each. Fails with kEvidenceUnavailable, also if Redis
  /// refused one of them.
  Result<std::vector<RedisAnswer>> Run(const std::vector<Command>& commands);

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };
  explicit RedisConnection(redisContext* context) : context_(context) {}
  [[nodiscard]] Failure Broken() const;

  std::unique_ptr<redisContext, Close> context_;
};

/// Name and version of the Redis client library.
std::string RedisClientVersion();

}  // namespace callvet
