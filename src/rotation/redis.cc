// SPDX-License-Identifier: MIT
#include "rotation/redis.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <utility>

namespace callvet {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

timeval TimevalOf(std::chrono::milliseconds time) {
  timeval value{};
  value.tv_sec = static_cast<time_t>(time.count() / 1000);
  value.tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000);
  return value;
}

RedisAnswer AnswerOfReply(const redisReply& reply) {
  RedisAnswer answer;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      answer.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      answer.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ARRAY:
      for (size_t i = 0; i < reply.elements; ++i) {
        answer.elements.push_back(AnswerOfReply(*reply.element[i]));
      }
      break;
    default:  // nil
      break;
  }
  return answer;
}

}  // namespace

void RedisConnection::Close::operator()(redisContext* context) const {
  redisFree(context);
}

Failure RedisConnection::Broken() const {
  const std::string why = context_ != nullptr ? context_->errstr : "out of memory";
  return Fail(Reason::kEvidenceUnavailable, "Redis: " + (why.empty() ? "no answer" : why));
}

Result<std::unique_ptr<RedisConnection>> RedisConnection::Open(const PoolRedisOptions& options) {
  const timeval timeout = TimevalOf(options.timeout);
  const bool is_path = options.host.starts_with('/');
  std::unique_ptr<RedisConnection> connection(new RedisConnection(
      is_path ? redisConnectUnixWithTimeout(options.host.c_str(), timeout)
              : redisConnectWithTimeout(options.host.c_str(), options.port, timeout)));
  redisContext* context = connection->context_.get();
  if (context == nullptr || context->err != 0) return connection->Broken();
  if (redisSetTimeout(context, timeout) != REDIS_OK) return connection->Broken();
  if (!options.password.empty()) {
    if (auto ok = connection->Run({{"AUTH", options.password}}); !ok) return ok.error();
  }
  return connection;
}

Result<std::vector<RedisAnswer>> RedisConnection::Run(const std::vector<Command>& commands) {
  redisContext* context = context_.get();
  for (const Command& command : commands) {
    std::vector<const char*> words;
    std::vector<size_t> lengths;
    for (const std::string& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    if (redisAppendCommandArgv(context, static_cast<int>(words.size()), words.data(),
                               lengths.data()) != REDIS_OK) {
      return Broken();
    }
  }
  std::vector<RedisAnswer> answers;
  answers.reserve(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    void* raw = nullptr;
    if (redisGetReply(context, &raw) != REDIS_OK || raw == nullptr) return Broken();
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) {
      return Fail(Reason::kEvidenceUnavailable, "Redis: " + std::string(reply->str, reply->len));
    }
    answers.push_back(AnswerOfReply(*reply));
  }
  return answers;
}

std::string RedisClientVersion() {
  return "hiredis " + std::to_string(HIREDIS_MAJOR) + "." + std::to_string(HIREDIS_MINOR) + "." +
         std::to_string(HIREDIS_PATCH);
}

}  // namespace callvet
