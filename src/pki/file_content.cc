// SPDX-License-Identifier: MIT
#include "pki/file_content.h"

#include <algorithm>
#include <array>
#include <optional>

#include <openssl/asn1.h>

#include "base/text.h"
#include "pki/openssl_ptr.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;

struct Beginning {
  std::string_view bytes;
  std::string_view what;
};

constexpr std::string_view kCapture =
    "a packet capture (pcap); 'tcpdump -A -r FILE' makes text of it";

// What no text begins with.
constexpr std::array kMarks = {
    Beginning{"\xff\xfe"sv, "text in UTF-16; save it as ASCII or UTF-8"sv},
    Beginning{"\xfe\xff"sv, "text in UTF-16; save it as ASCII or UTF-8"sv},
    Beginning{"\x1f\x8b"sv, "compressed (gzip)"sv},
    Beginning{"PK\x03\x04"sv, "a zip archive"sv},
    Beginning{"\xd4\xc3\xb2\xa1"sv, kCapture},
    Beginning{"\xa1\xb2\xc3\xd4"sv, kCapture},
    Beginning{"\x4d\x3c\xb2\xa1"sv, kCapture},  // nanoseconds
    Beginning{"\xa1\xb2\x3c\x4d"sv, kCapture},
    Beginning{"\x0a\x0d\x0d\x0a"sv, kCapture},  // pcapng
};

// How the contents of the SEQUENCE begin that these are in DER.
constexpr std::array kSequences = {
    Beginning{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv,
              "a PKCS#7 bundle; 'openssl pkcs7 -inform DER -print_certs' makes PEM of it"sv},
    Beginning{"\x02\x01\x03\x30"sv, "a PKCS#12 store; 'openssl pkcs12' makes PEM of it"sv},
    Beginning{"\x02\x01\x01\x04"sv, "a private key in DER"sv},       // RFC 5915
    Beginning{"\x02\x01\x00\x02"sv, "an RSA private key in DER"sv},  // RFC 8017 A.1.2
    Beginning{"\x02\x01\x00\x30"sv, "a private key in DER"sv},       // PKCS#8
};

template <size_t N>
std::optional<std::string_view> Find(const std::array<Beginning, N>& known,
                                     std::string_view bytes) {
  const auto found = std::find_if(known.begin(), known.end(), [&](const Beginning& one) {
    return bytes.starts_with(one.bytes);
  });
  if (found == known.end()) return std::nullopt;
  return found->what;
}

// Decoded, a stranger's DER may take a hundred times its size, and this is only to name it.
constexpr size_t kMaxDecoded = size_t{128} * 1024;

template <class T, auto Decode, auto Free>
bool IsA(std::string_view der) {
  if (der.size() > kMaxDecoded) return false;
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const OpenSslPtr<T, Free> read(Decode(nullptr, &begin, static_cast<long>(der.size())));
  return read != nullptr;
}

// Of a SEQUENCE in DER.
std::string OfDer(std::string_view bytes) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* contents = begin;
  long length = 0;  // NOLINT(google-runtime-int): OpenSSL's type
  int tag = 0;
  int tag_class = 0;
  const int form = ASN1_get_object(&contents, &length, &tag, &tag_class,
                                   static_cast<long>(bytes.size()));  // NOLINT(google-runtime-int)
  if ((form & 0x80) != 0) return "DER that is cut off or damaged";
  const auto header = static_cast<size_t>(contents - begin);
  const bool has_length = (form & 1) == 0;  // BER knows it without
  const std::string_view inside =
      bytes.substr(header, has_length ? static_cast<size_t>(length) : std::string_view::npos);
  const std::string_view whole = bytes.substr(0, header + inside.size());
  if (const auto what = Find(kSequences, inside)) return std::string(*what);
  std::string what = "DER of an unknown kind";
  if (IsA<X509, d2i_X509, X509_free>(whole)) what = "a certificate in DER";
  if (IsA<X509_CRL, d2i_X509_CRL, X509_CRL_free>(whole)) what = "a CRL in DER";
  if (IsA<X509_REQ, d2i_X509_REQ, X509_REQ_free>(whole)) what = "a certificate request in DER";
  if (IsA<EVP_PKEY, d2i_PUBKEY, EVP_PKEY_free>(whole)) what = "a public key in DER";
  const size_t behind = bytes.size() - whole.size();
  if (behind == 0) return what;
  return what + " with " + std::to_string(behind) +
         " bytes behind it; several in one file must be PEM";
}

constexpr std::string_view kBegin = "-----BEGIN ";

// The label of the first PEM block that begins in `bytes`.
std::optional<std::string> PemLabel(std::string_view bytes) {
  const size_t begin = bytes.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = bytes.substr(begin + kBegin.size(), 64);
  const size_t end = rest.find("-----");
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(rest.substr(0, end));
}

// Digits of base64 and line ends alone, and enough of them for a key.
bool IsBase64(std::string_view text) {
  constexpr size_t kLeast = 64;
  return text.size() >= kLeast && std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlpha(c) || IsDigit(c) || c == '+' || c == '/' || c == '=' || c == '\r' ||
                  c == '\n';
         });
}

bool IsText(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\r' || c == '\n';
  });
}

// Whether something stands on the line of the first BEGIN before it, as a '#': then it is no PEM.
bool HasTextBeforeBegin(std::string_view bytes) {
  const std::string_view before = bytes.substr(0, bytes.find(kBegin));
  const std::string_view line = before.substr(before.find_last_of("\r\n") + 1);
  return !Trim(WithoutByteOrderMark(line)).empty();
}

std::string OfText(std::string_view bytes) {
  if (auto label = PemLabel(bytes)) {
    if (HasTextBeforeBegin(bytes)) {
      return "text in which something stands before the BEGIN of " + Quote(*label);
    }
    const bool bundle = *label == "PKCS7";
    return "PEM of " + Quote(*label) +
           (bundle ? "; 'openssl pkcs7 -print_certs' takes the certificates out" : "");
  }
  const std::string_view text = TrimLines(Trim(WithoutByteOrderMark(bytes)));
  if (text.empty()) return "empty";
  if (text.starts_with('<')) return "an HTML or XML page";
  if (text.starts_with('{') || text.starts_with('[')) return "JSON";
  if (IsBase64(text)) return "base64 without the BEGIN and END lines of PEM";
  return IsText(text) ? "text of another kind" : "binary data of another kind";
}

}  // namespace

std::string WhatItIs(std::string_view bytes) {
  const ErrorQueueDrain drain;
  if (const auto what = Find(kMarks, bytes)) return "; this is " + std::string(*what);
  if (bytes.starts_with('\x30') && !IsText(bytes)) return "; this is " + OfDer(bytes);
  return "; this is " + OfText(bytes);
}

}  // namespace callvet
