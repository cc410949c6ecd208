// SPDX-License-Identifier: MIT
#include "service/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "syntax/party.h"

namespace callvet::service {
namespace {

// Who calls whom is for nobody but the service and those who read its logs: the group. One that is
// there keeps its mode; what cannot be made spdlog says.
void MakeFile(const std::string& path) {
  constexpr mode_t kMode = 0640;
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, kMode);
  if (file >= 0) ::close(file);
}

}  // namespace

class AccessLog::Impl {
 public:
  explicit Impl(LogSetup setup) : setup_(std::move(setup)), logger_(Open()) {}

  void Line(const JsonMembers& members) {
    const std::lock_guard lock(mutex_);
    logger_->info("{}", WriteJson(members));
  }
  void Flush() {
    const std::lock_guard lock(mutex_);
    logger_->flush();
  }
  void Reopen() {
    auto fresh = Open();
    const std::lock_guard lock(mutex_);
    logger_ = std::move(fresh);
  }
  [[nodiscard]] bool off() const { return setup_.target == "off"; }
  [[nodiscard]] LogNumbers numbers() const { return setup_.numbers; }

 private:
  // spdlog throws if a file cannot be opened.
  [[nodiscard]] std::unique_ptr<spdlog::logger> Open() const {
    spdlog::sink_ptr sink;
    if (setup_.target == "off") {
      sink = std::make_shared<spdlog::sinks::null_sink_mt>();
    } else if (setup_.target == "stdout") {
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else if (setup_.target == "stderr") {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      MakeFile(setup_.target);
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(setup_.target);
    }
    auto logger = std::make_unique<spdlog::logger>("access", std::move(sink));
    logger->set_pattern("%v");
    logger->flush_on(setup_.target == "stdout" || setup_.target == "stderr" ? spdlog::level::info
                                                                            : spdlog::level::warn);
    return logger;
  }

  LogSetup setup_;
  std::mutex mutex_;
  std::unique_ptr<spdlog::logger> logger_;
};

AccessLog::AccessLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AccessLog::~AccessLog() = default;

Result<std::shared_ptr<AccessLog>> AccessLog::Make(const LogSetup& setup) {
  try {
    struct Access : AccessLog {
      explicit Access(std::unique_ptr<Impl> impl) : AccessLog(std::move(impl)) {}
    };
    return std::make_shared<Access>(std::make_unique<Impl>(setup));
  } catch (const std::exception& error) {
    return Fail(Reason::kFileUnreadable, "log " + Quote(setup.target) + ": " + error.what());
  }
}

void AccessLog::Write(const AccessEntry& entry, const CallSummary* call) {
  if (impl_->off()) return;
  JsonMembers line = {{"time", FormatTime(entry.time)},
                      {"request_id", entry.request_id},
                      {"client", entry.client},
                      {"token", entry.token},
                      {"endpoint", entry.endpoint},
                      {"status", entry.status},
                      {"microseconds", entry.duration.count()}};
  if (call != nullptr) {
    const auto shown = [&](const std::string& party) {
      return impl_->numbers() == LogNumbers::kFull ? party : MaskParty(party);
    };
    line.emplace_back("verstat", VerstatText(Info(call->reason).verstat));
    line.emplace_back("reason", Info(call->reason).id);
    if (!call->disposition.empty()) line.emplace_back("disposition", call->disposition);
    const bool odd = !call->attest.empty() && call->attest != "A" && call->attest != "B" &&
                     call->attest != "C";  // it may hold anything, a number too
    line.emplace_back("attest", odd && impl_->numbers() != LogNumbers::kFull ? "?" : call->attest);
    line.emplace_back("orig", shown(call->orig));
    line.emplace_back("dest", shown(call->dest));
    line.emplace_back("signer", call->signer);
    if (!call->trunk.empty()) line.emplace_back("trunk", call->trunk);
  }
  impl_->Line(line);
}

void AccessLog::Event(sys_seconds time, std::string_view event, std::string_view detail) {
  impl_->Line({{"time", FormatTime(time)}, {"event", event}, {"detail", detail}});
}

void AccessLog::Flush() {
  impl_->Flush();
}

void AccessLog::Reopen() {
  try {
    impl_->Reopen();
  } catch (const std::exception&) {
    return;  // the old one stays
  }
}

std::string MaskParty(std::string_view text) {
  if (text.empty()) return "";
  const auto party = Party::Parse(text, nullptr);
  if (!party) return "***";
  if (!party->tn()) {
    const std::string uri = *party->uri();
    const size_t at = uri.find('@');
    return "sip:***" + (at == std::string::npos ? "" : uri.substr(at));
  }
  std::string number = party->tn()->canonical();
  for (size_t i = 4; i + 2 < number.size(); ++i) number[i] = '*';
  return number;
}

}  // namespace callvet::service
