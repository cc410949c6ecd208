// SPDX-License-Identifier: MIT
#include "pki/file_content.h"

#include "pki/certificate.h"
#include "pki/crl.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const test::Hierarchy& Pki() {
  static const test::Hierarchy pki = test::MakeHierarchy();
  return pki;
}

// What is there and may be taken for a certificate.
struct Content {
  std::string bytes;
  std::string what;
};

TEST(FileContentTest, SaysWhatItIs) {
  const std::string der = Pki().leaf.der;
  const std::string in_utf16("\xff\xfe-\0-\0", 6);
  const std::string pkcs7("\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x00", 16);
  const std::string pkcs7_der("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x00", 15);
  const std::string pkcs8("\x30\x05\x02\x01\x00\x30\x00", 7);
  const std::string sec1("\x30\x05\x02\x01\x01\x04\x00", 7);
  const std::string rsa("\x30\x05\x02\x01\x00\x02\x00", 7);
  const std::string pkcs12("\x30\x05\x02\x01\x03\x30\x00", 7);
  for (const auto& [bytes, what] : {
           Content{"", "; this is empty"},
           {" \r\n", "; this is empty"},
           {"\xef\xbb\xbf", "; this is empty"},
           {der, "; this is a certificate in DER"},
           {test::MakeCrl({}, Pki().ca), "; this is a CRL in DER"},
           {test::ToPem("PRIVATE KEY", "x"), "; this is PEM of \"PRIVATE KEY\""},
           {"text\n" + test::ToPem("X509 CRL", "x"), "; this is PEM of \"X509 CRL\""},
           {"\xef\xbb\xbf \t" + test::ToPem("X509 CRL", "x"), "; this is PEM of \"X509 CRL\""},
           {"# " + test::ToPem("X509 CRL", "x"),
            "; this is text in which something stands before the BEGIN of \"X509 CRL\""},
           {test::ToPem("PKCS7", "x"), "'openssl pkcs7 -print_certs' takes the certificates out"},
           {pkcs7_der, "'openssl pkcs7 -inform DER -print_certs' makes PEM of it"},
           {pkcs12, "; this is a PKCS#12 store; 'openssl pkcs12' makes PEM of it"},
           {pkcs8, "; this is a private key in DER"},
           {sec1, "; this is a private key in DER"},
           {rsa, "; this is an RSA private key in DER"},
           {in_utf16, "; this is text in UTF-16; save it as ASCII or UTF-8"},
           {"\x1f\x8b\x08", "; this is compressed (gzip)"},
           {"\n<html>", "; this is an HTML or XML page"},
           {"\xef\xbb\xbf{}", "; this is JSON"},
           {std::string(64, 'M') + "\n", "; this is base64 without the BEGIN and END lines of PEM"},
           {"0123", "; this is text of another kind"},
           {std::string("\x01\x02", 2), "; this is binary data of another kind"},
           {der.substr(0, 100), "; this is DER that is cut off or damaged"},
           {pkcs7, "'openssl pkcs7 -inform DER -print_certs' makes PEM of it"},
           {std::string("\x30\x03\x02\x01\x07", 5), "; this is DER of an unknown kind"},
       }) {
    EXPECT_THAT(WhatItIs(bytes), EndsWith(what)) << ::testing::PrintToString(bytes);
  }
}

// Nothing of a key or a page is repeated.
TEST(FileContentTest, ShowsTheLabelAlone) {
  const std::string key = test::TestKey::Make().PrivatePem();
  const std::string secret = key.substr(key.find('\n') + 1, 20);
  EXPECT_THAT(WhatItIs(key), Not(HasSubstr(secret)));
  EXPECT_THAT(WhatItIs("-----BEGIN " + std::string(1000, 'x')), HasSubstr("text of another kind"));
  EXPECT_THAT(WhatItIs("-----BEGIN \x1b[31m-----"), Not(HasSubstr("\x1b")));
}

TEST(FileContentTest, IsSaidByTheReaders) {
  const std::string two = Pki().leaf.der + Pki().ca.der;
  const auto bundle = ParseBundle(two);
  ASSERT_THAT(bundle, FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(bundle.error().detail,
              AllOf(HasSubstr("a certificate in DER with " + std::to_string(Pki().ca.der.size()) +
                              " bytes behind it"),
                    HasSubstr("PEM")));
  const std::string key = Pki().leaf.key.PrivatePem();
  const auto no_certificate = ParseBundle(key);
  ASSERT_THAT(no_certificate, FailsWith(Reason::kCertificateUnreadable));
  EXPECT_THAT(no_certificate.error().detail, HasSubstr("PEM of \"PRIVATE KEY\""));
  const auto no_crl = ParseCrls(Pki().leaf.pem);
  ASSERT_THAT(no_crl, FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(no_crl.error().detail, HasSubstr("PEM of \"CERTIFICATE\""));
  const auto no_crl_in_der = ParseCrls(Pki().leaf.der);
  ASSERT_THAT(no_crl_in_der, FailsWith(Reason::kCrlInvalid));
  EXPECT_THAT(no_crl_in_der.error().detail, HasSubstr("a certificate in DER"));
}

}  // namespace
}  // namespace callvet
