// SPDX-License-Identifier: MIT
#include "pki/sealing.h"

#include <openssl/hmac.h>

#include "pki/openssl_ptr.h"

namespace callvet {
namespace {

constexpr int kTagBytes = 16;
constexpr std::array<uint8_t, 12> kZeroNonce{};

using CipherPtr = OpenSslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// Throws std::bad_alloc if it is one of memory.
Failure OpenSslFailure() {
  Failure failure = Fail(Reason::kInternalError, "OpenSSL: " + ErrorQueueDrain::LastError());
  ErrorQueueDrain::ThrowIfNoMemory();
  return failure;
}

}  // namespace

Result<Sha256Digest> HmacSha256(const SecretKey& key, std::string_view bytes) {
  const ErrorQueueDrain drain;
  Sha256Digest digest;
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(bytes), bytes.size(),
           digest.data(), &length) == nullptr ||
      length != digest.size()) {
    return OpenSslFailure();
  }
  return digest;
}

Result<std::string> SealOnce(const SecretKey& key, std::string_view context,
                             std::string_view text) {
  const ErrorQueueDrain drain;
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  std::string sealed(text.size() + kTagBytes, '\0');
  int length = 0;
  if (cipher == nullptr || text.size() > size_t{1} << 30U ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), kZeroNonce.data()) !=
          1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, Bytes(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), Bytes(sealed), &length, Bytes(text),
                        static_cast<int>(text.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), Bytes(sealed) + length, &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          Bytes(sealed) + text.size()) != 1) {
    return OpenSslFailure();
  }
  return sealed;
}

Result<std::string> OpenSealed(const SecretKey& key, std::string_view context,
                               std::string_view sealed) {
  const ErrorQueueDrain drain;
  if (sealed.size() < kTagBytes || sealed.size() > size_t{1} << 30U) {
    return Fail(Reason::kEvidenceAltered, "what is sealed is too short or too long");
  }
  const size_t size = sealed.size() - kTagBytes;
  std::string tag(sealed.substr(size));
  std::string text(size, '\0');
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  if (cipher == nullptr ||
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), kZeroNonce.data()) !=
          1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, Bytes(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), Bytes(text), &length, Bytes(sealed),
                        static_cast<int>(size)) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return OpenSslFailure();
  }
  if (EVP_DecryptFinal_ex(cipher.get(), Bytes(text) + length, &length) != 1) {
    return Fail(Reason::kEvidenceAltered, "the key is another, or what was sealed was changed");
  }
  return text;
}

}  // namespace callvet
