// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "base/file.h"
#include "service/demo.h"
#include "service/service.h"
#include "support/result_matchers.h"

namespace callvet::service {
namespace {

// A blocking exchange: everything that comes back until the end.
std::string Exchange(uint16_t port, const std::string& bytes) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string got;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    char buffer[4096];
    for (ssize_t size = 0; (size = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      got.append(buffer, static_cast<size_t>(size));
    }
  }
  ::close(fd);
  return got;
}

std::string Post(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

class ServiceThreadsTest : public testing::Test {
 protected:
  explicit ServiceThreadsTest(std::function<void(ServiceConfig&)> change = {})
      : change_(std::move(change)),
        folder_(std::filesystem::temp_directory_path() /
                ("callvet-service-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    auto demo = Demo::Make(folder_, SystemClock().Now());
    EXPECT_THAT(demo, Succeeds());
    demo_ = std::move(*demo);
    auto service = Service::Make([this] { return Config(); });
    EXPECT_THAT(service, Succeeds());
    service_ = std::move(*service);
    const std::string& shown = service_->addresses().front();
    port_ = static_cast<uint16_t>(std::stoi(shown.substr(shown.rfind(':') + 1)));
    running_ = std::thread([this] { (void)service_->Run(); });
  }
  ~ServiceThreadsTest() override {
    service_->Stop();
    running_.join();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] Result<ServiceConfig> Config() const {
    ServiceConfig config = demo_->Config();
    config.listen = {{"127.0.0.1", 0}};
    config.connections.workers = 2;
    config.waiting_for_certificates = 2;
    config.connections.connections = 20;
    config.connections.request_time = std::chrono::milliseconds(500);
    if (change_) change_(config);
    return config;
  }

  std::function<void(ServiceConfig&)> change_;
  std::filesystem::path folder_;
  std::optional<Demo> demo_;
  std::unique_ptr<Service> service_;
  uint16_t port_ = 0;
  std::thread running_;
};

TEST_F(ServiceThreadsTest, ClientsReloadsAndBatchesAtOnce) {
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      for (uint64_t n = 0; n < 25; ++n) {
        const auto body = demo_->Call(n + static_cast<uint64_t>(client), SystemClock().Now());
        if (!body) continue;
        const std::string path = n % 5 == 4 ? "/v1/calls:batch" : "/v1/calls";
        const std::string got = Exchange(port_, Post(path, *body));
        if (got.find("\"verstat\":") != std::string::npos) ++good;
        (void)Exchange(port_, "GET / HTT");  // given up by us
      }
    });
  }
  for (int i = 0; i < 10; ++i) EXPECT_THAT(service_->Reload(), Succeeds());
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 100);
}

TEST_F(ServiceThreadsTest, TooManyConnectionsMakeRoom) {
  std::vector<int> idle;
  for (int i = 0; i < 60; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    idle.push_back(fd);
  }
  EXPECT_THAT(Exchange(port_, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              testing::HasSubstr("\"ok\""));
  for (const int fd : idle) ::close(fd);
}

// Every entry of every table is wrong.
void SpoilTables(ServiceConfig& config) {
  Es256EngineOptions& engine = config.verifier.engine;
  engine.kind = Es256Kind::kPortable;
  engine.generator_windows = 64;
  engine.promote_after = 1;
  engine.spoil_table = [](std::span<p256::AffinePoint> table) {
    for (auto& entry : table) entry.x[0] ^= 1;
  };
  config.log.target = (*config.verifier.trust.anchors.begin()).parent_path() / "log";
}

class SpoiltTablesTest : public ServiceThreadsTest {
 protected:
  SpoiltTablesTest() : ServiceThreadsTest(SpoilTables) {}
  [[nodiscard]] std::string Judge() const {
    const auto body = demo_->Call(0, SystemClock().Now());
    return body ? Exchange(port_, Post("/v1/calls", *body)) : "";
  }
};

TEST_F(SpoiltTablesTest, PassNothingAreLoggedAndCountedAndOpenSslGoesOn) {
  EXPECT_THAT(Judge(), testing::HasSubstr("\"reason\":\"internal-error\""));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Judge(), testing::HasSubstr("\"reason\":\"verified\""));
  }
  EXPECT_THAT(ReadFile(folder_ / "log").value_or(""), testing::HasSubstr("\"critical\""));
  const std::string metrics =
      Exchange(port_, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                          demo_->token() + "\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(metrics, testing::HasSubstr("callvet_signature_disagreements_total 1\n"));
  EXPECT_THAT(metrics, testing::HasSubstr("callvet_signatures_by_openssl_total 3\n"));
}

}  // namespace
}  // namespace callvet::service
