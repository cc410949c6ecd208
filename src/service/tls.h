// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "callvet/result.h"

typedef struct ssl_st SSL;          // NOLINT(modernize-use-using): OpenSSL's own spelling
typedef struct ssl_ctx_st SSL_CTX;  // NOLINT(modernize-use-using)

namespace callvet::service {

enum class IoResult : uint8_t;

/// The TLS side of one connection; empty for plain HTTP. Movable; used by one thread at a time.
class TlsSession {
 public:
  TlsSession() = default;
  explicit TlsSession(std::shared_ptr<SSL> ssl) : ssl_(std::move(ssl)) {}
  explicit operator bool() const { return ssl_ != nullptr; }

  // Non-blocking; the handshake happens on the way.
  IoResult Read(char* bytes, size_t size, size_t& got);
  IoResult Write(std::string_view bytes, size_t& written);
  /// Sends close_notify if that is possible at once.
  void End();

 private:
  [[nodiscard]] IoResult Judge(int returned) const;
  std::shared_ptr<SSL> ssl_;
};

/// How the service shows itself, and whom it demands to show themselves.
struct TlsFiles {
  std::filesystem::path certificate;  // PEM, the chain behind it
  std::filesystem::path key;          // PEM, not encrypted
  std::filesystem::path client_ca;    // "": clients need no certificate
};

/// A server's TLS settings: TLS 1.2 or later, no renegotiation, no compression. Immutable;
/// thread-safe.
class TlsContext {
 public:
  /// Fails with kFileUnreadable or kFileInvalid, naming the file.
  static Result<std::shared_ptr<const TlsContext>> Make(const TlsFiles& files);

  explicit TlsContext(std::shared_ptr<SSL_CTX> context) : context_(std::move(context)) {}
  /// A session on `fd`; empty if there is no memory.
  [[nodiscard]] TlsSession NewSession(int fd) const;

 private:
  std::shared_ptr<SSL_CTX> context_;
};

}  // namespace callvet::service
