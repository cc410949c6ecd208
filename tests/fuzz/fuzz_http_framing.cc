// SPDX-License-Identifier: MIT
#include "fuzz.h"
#include "service/request_framing.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// A head ends where it says, and more bytes behind it change nothing: no two readers can disagree.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  const auto framed = service::FrameHead(text, {});
  if (const auto* head = std::get_if<service::FramedHead>(&framed)) {
    fuzz::Reached();
    fuzz::Require(head->bytes <= size && text.substr(head->bytes - 4, 4) == "\r\n\r\n");
    const auto again = service::FrameHead(text.substr(0, head->bytes), {});
    const auto* same = std::get_if<service::FramedHead>(&again);
    fuzz::Require(same != nullptr && same->content_length == head->content_length);
    for (const auto& [name, value] : head->headers) {
      fuzz::Require(value.find_first_of("\r\n") == std::string::npos);
    }
  }
  service::ChunkDecoder decoder;
  std::string input(text);
  std::string output;
  while (decoder.Decode(input, output, 100) && !decoder.done() && output.size() < size) {
    const size_t before = input.size();
    if (!decoder.Decode(input, output, 100) || input.size() == before) break;
  }
  fuzz::Require(output.size() <= size);
  return 0;
}
