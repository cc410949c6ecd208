// SPDX-License-Identifier: MIT
#include "issue/der_writer.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/text.h"
#include "pki/openssl_ptr.h"

namespace callvet {

Result<std::string> DerOid(std::string_view dotted) {
  const ErrorQueueDrain drain;
  const Asn1ObjectPtr object(OBJ_txt2obj(std::string(dotted).c_str(), /*no_name=*/1));
  const size_t size = object == nullptr ? 0 : OBJ_length(object.get());
  if (size == 0) return Fail(Reason::kParameterInvalid, "no OID: " + Quote(dotted));
  return DerElement(der::kObjectIdentifier,
                    {reinterpret_cast<const char*>(OBJ_get0_data(object.get())), size});
}

Result<std::string> DerUriName(std::string_view uri) {
  const bool printable =
      std::all_of(uri.begin(), uri.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (uri.empty() || !printable) return Fail(Reason::kParameterInvalid, "no URI: " + Quote(uri));
  return DerElement(der::Implicit(6), uri);
}

}  // namespace callvet
