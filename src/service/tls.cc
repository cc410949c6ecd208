// SPDX-License-Identifier: MIT
#include "service/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>

#include "service/connection.h"

namespace callvet::service {
namespace {

Failure Invalid(const std::filesystem::path& path, std::string_view what) {
  ERR_clear_error();
  return Fail(Reason::kFileInvalid, path.string() + " " + std::string(what));
}

Result<void> Readable(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return {};
  return Fail(Reason::kFileUnreadable, path.string() + " is no file that can be read");
}

Result<void> DemandClientCertificates(SSL_CTX& context, const std::filesystem::path& path) {
  if (auto ok = Readable(path); !ok) return ok.error();
  if (SSL_CTX_load_verify_locations(&context, path.c_str(), nullptr) != 1) {
    return Invalid(path, "holds no CA certificates");
  }
  SSL_CTX_set_client_CA_list(&context, SSL_load_client_CA_file(path.c_str()));
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

IoResult TlsSession::Judge(int returned) const {
  const int error = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return IoResult::kWantRead;
  if (error == SSL_ERROR_WANT_WRITE) return IoResult::kWantWrite;
  return error == SSL_ERROR_ZERO_RETURN ? IoResult::kEnd : IoResult::kError;
}

IoResult TlsSession::Read(char* bytes, size_t size, size_t& got) {
  ERR_clear_error();
  const int returned = SSL_read_ex(ssl_.get(), bytes, size, &got);
  if (returned == 1) return IoResult::kDone;
  got = 0;
  return Judge(returned);
}

IoResult TlsSession::Write(std::string_view bytes, size_t& written) {
  ERR_clear_error();
  const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  if (returned == 1) return IoResult::kDone;
  written = 0;
  return Judge(returned);
}

void TlsSession::End() {
  if (ssl_ == nullptr || SSL_is_init_finished(ssl_.get()) == 0) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Result<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsFiles& files) {
  if (auto ok = Readable(files.certificate); !ok) return ok.error();
  if (auto ok = Readable(files.key); !ok) return ok.error();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return Fail(Reason::kInternalError, "no TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("callvet"),
                                 7);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return Invalid(files.certificate, "holds no certificate chain");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return Invalid(files.key, "holds no private key of the certificate");
  }
  if (!files.client_ca.empty()) {
    if (auto ok = DemandClientCertificates(*context, files.client_ca); !ok) return ok.error();
  }
  return std::make_shared<const TlsContext>(context);
}

TlsSession TlsContext::NewSession(int fd) const {
  std::shared_ptr<SSL> ssl(SSL_new(context_.get()), SSL_free);
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) {
    ERR_clear_error();
    return TlsSession();
  }
  SSL_set_accept_state(ssl.get());
  return TlsSession(std::move(ssl));
}

}  // namespace callvet::service
