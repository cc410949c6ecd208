// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "cli/options.h"
#include "service/demo.h"
#include "service/notify.h"
#include "service/service.h"

namespace callvet::cli {
namespace {

using service::Demo;
using service::Service;
using service::ServiceConfig;

constexpr const char* kServeFooter =
    "Examples:\n"
    "  callvet serve --demo\n"
    "  callvet serve --config /etc/callvet/callvet.json --check-config\n"
    "  callvet serve --config /etc/callvet/callvet.json --listen 127.0.0.1:8080\n"
    "SIGHUP reads configuration, anchors and CRLs again; SIGTERM answers what came in and ends.\n"
    "Exit codes: 0 ended in order, or the configuration is good; 2 it is not; 3 something inside "
    "failed.";

struct ServeOptions {
  std::filesystem::path config;
  std::vector<std::string> listen;
  bool demo = false;
  bool check_config = false;
};

// A folder that goes when this object does.
class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> Make() {
    std::error_code error;
    std::string name = (std::filesystem::temp_directory_path(error) / "callvet-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      return Fail(Reason::kFileUnreadable, "no temporary folder can be made");
    }
    return std::make_unique<TemporaryFolder>(name);
  }
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// --listen takes the place of the file's addresses.
Result<ServiceConfig> WithListen(ServiceConfig config, const ServeOptions& options) {
  if (!options.listen.empty()) config.listen.clear();
  for (const std::string& text : options.listen) {
    auto address = service::ListenAddress::Parse(text);
    if (!address) return InOption("--listen", address.error());
    config.listen.push_back(std::move(*address));
  }
  if (auto ok = service::CheckConfig(config); !ok) return ok.error();
  return config;
}

Result<ServiceConfig> ReadSetup(const ServeOptions& options, const std::optional<Demo>& demo) {
  if (demo) return WithListen(demo->Config(), options);
  if (options.config.empty()) return WithListen(*service::ParseConfig("{}", "."), options);
  auto config = service::ReadConfig(options.config);
  if (!config) return config.error();
  return WithListen(std::move(*config), options);
}

sigset_t ServiceSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// Sends one call of the demo through the service, as a client would.
void SendDemoCall(Service& service, const Demo& demo, uint64_t n) {
  const auto body = demo.Call(n, SystemClock().Now());
  if (!body) return;
  service::HttpRequest request;
  request.method = "POST";
  request.path = "/v1/calls";
  request.headers = {{"content-type", "application/json"},
                     {"content-length", std::to_string(body->size())}};
  request.body = *body;
  request.client = "demo";
  (void)service.application().Answer(request);
}

void PrintStart(const Service& service, const std::optional<Demo>& demo, const Console& console) {
  for (const std::string& address : service.addresses()) {
    console.out() << "callvet listens on " << address << "\n";
  }
  if (demo) {
    console.out() << "The demo has a carrier, a token and calls of its own. Its page:\n  http://"
                  << service.addresses().front() << "/#token=" << demo->token() << "\n";
  }
  console.out().flush();
}

// glibc gives threads up to eight heaps a processor, and each keeps holes of its own: no more of
// them than can be used at a time, unless somebody asked for another number. Before the first
// thread.
void LimitHeaps() {
#ifdef __GLIBC__
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
  if (std::getenv("MALLOC_ARENA_MAX") != nullptr || std::getenv("GLIBC_TUNABLES") != nullptr)
    return;
  (void)::mallopt(M_ARENA_MAX, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));
  // NOLINTEND(concurrency-mt-unsafe)
#endif
}

// glibc keeps what a thread freed as long as anything behind it is in use: without this each
// thread's share of the memory stays as large as its largest moment.
void ReturnFreeMemory() {
#ifdef __GLIBC__
  (void)::malloc_trim(0);
#endif
}

// Waits for signals, and sends the demo's calls meanwhile. The signals are blocked in all threads.
void HandleSignals(Service& service, const std::optional<Demo>& demo, const Console& console) {
  const sigset_t signals = ServiceSignals();
  uint64_t calls = 0;
  uint64_t idle_seconds = 0;
  for (; demo && calls < 60; ++calls) SendDemoCall(service, *demo, calls);
  while (true) {
    const timespec second{1, 0};
    const int signal = ::sigtimedwait(&signals, nullptr, &second);
    if (signal == SIGTERM || signal == SIGINT) {
      service::NotifyManager("STOPPING=1");
      return service.Stop();
    }
    if (signal == SIGHUP) {
      if (auto ok = service.Reload(); !ok) console.Complain(ok.error());
    }
    if (demo) SendDemoCall(service, *demo, calls++);
    if (signal < 0 && ++idle_seconds % 60 == 0) ReturnFreeMemory();
  }
}

ExitCode RunServe(const ServeOptions& options, const Console& console) {
  LimitHeaps();
  const sigset_t signals = ServiceSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  (void)std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that clients have closed
  std::unique_ptr<TemporaryFolder> folder;
  std::optional<Demo> demo;
  if (options.demo) {
    auto made = TemporaryFolder::Make();
    if (!made) return console.Complain(made.error());
    folder = std::move(*made);
    auto carrier = Demo::Make(folder->path(), SystemClock().Now());
    if (!carrier) return console.Complain(carrier.error());
    demo = std::move(*carrier);
  }
  const auto source = [&] { return ReadSetup(options, demo); };
  if (options.check_config) {
    const auto config = source();
    if (!config) return console.Complain(config.error());
    const auto notes = Service::Check(*config);
    if (!notes) return console.Complain(notes.error());
    for (const std::string& note : *notes) console.Warn(note);
    for (const std::string& setting : InsecureSettings(*config)) console.Warn(setting);
    console.out() << "The configuration is good.\n";
    return ExitCode::kVerified;
  }
  auto service = Service::Make(source);
  if (!service) return console.Complain(service.error());
  if (demo) {
    (*service)->application().ServeSamples([&demo] { return demo->Samples(SystemClock().Now()); });
  }
  PrintStart(**service, demo, console);
  Result<void> ended;
  service::NotifyManager("READY=1");  // it listens since it was made
  std::thread running([&] { ended = (*service)->Run(); });
  HandleSignals(**service, demo, console);
  running.join();
  if (!ended) return console.Complain(ended.error());
  return ExitCode::kVerified;
}

}  // namespace

void AddServeCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Run the verification service and its page");
  CLI::Option* config =
      command->add_option("--config", options->config, "Configuration, JSON with comments")
          ->type_name("F");
  command
      ->add_option("--listen", options->listen,
                   "Address instead of those of the configuration (127.0.0.1:8080); may be given "
                   "several times")
      ->type_name("ADDRESS:PORT");
  CLI::Option* check = command->add_flag("--check-config", options->check_config,
                                         "Say whether the configuration can be used, and end");
  command
      ->add_flag("--demo", options->demo,
                 "Serve a throw-away carrier with sample calls, to look at the page")
      ->excludes(config)
      ->excludes(check);
  TakeOneValueEach(*command);
  command->footer(kServeFooter);
  command->callback(
      [options, &context] { context.exit_code = RunServe(*options, context.console); });
}

}  // namespace callvet::cli
