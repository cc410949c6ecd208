// SPDX-License-Identifier: MIT
#include "cli/console.h"

#include <unistd.h>

#include <cstdlib>
#include <ostream>

#include "base/text.h"
#include "base/utf8.h"

namespace callvet::cli {
namespace {

constexpr size_t kMaxLine = 2000;

// Controls, line and paragraph separators, zero-width and bidirectional characters.
bool Steers(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

std::string JsonEscape(uint32_t c) {
  std::string bytes(1, static_cast<char>(c >> 8U));
  bytes += static_cast<char>(c & 0xFFU);
  return "\\u" + ToHex(bytes);
}

}  // namespace

std::string ForTerminal(std::string_view text, Lines lines) {
  const bool cut = lines == Lines::kOne && text.size() > kMaxLine;
  if (cut) text = text.substr(0, kMaxLine);
  std::string safe;
  while (!text.empty()) {
    const CodePoint point = ReadCodePoint(text);
    const bool line_break = point.value == '\n' && lines == Lines::kMany;
    if (point.valid && (line_break || !Steers(point.value))) {
      safe += text.substr(0, point.size);
    } else {
      safe += '?';
    }
    text.remove_prefix(point.size);
  }
  return cut ? safe + "..." : safe;
}

ExitCode ExitCodeOf(Reason reason) {
  switch (Info(reason).reason_class) {
    case ReasonClass::kVerified:
      return ExitCode::kVerified;
    case ReasonClass::kUnsigned:
    case ReasonClass::kRefused:
    case ReasonClass::kPolicy:
      return ExitCode::kNotVerified;
    case ReasonClass::kUndecided:
      return ExitCode::kUndecided;
    case ReasonClass::kInput:
      return ExitCode::kUsage;
  }
  return ExitCode::kUndecided;
}

std::string Console::Paint(Colour colour, std::string_view text) const {
  std::string_view code;
  switch (colour) {
    case Colour::kNone:
      break;
    case Colour::kGreen:
      code = "32";
      break;
    case Colour::kRed:
      code = "31";
      break;
    case Colour::kYellow:
      code = "33";
      break;
    case Colour::kGrey:
      code = "90";
      break;
    case Colour::kBold:
      code = "1";
      break;
  }
  if (!coloured_ || code.empty()) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

void Console::PrintJson(const JsonValue& value) const {
  const std::string json = WriteJson(value, 2);
  std::string_view rest = json;
  while (!rest.empty()) {
    const CodePoint point = ReadCodePoint(rest);
    // Only strings can hold such a character: the writer's own line breaks are the exception.
    if (point.valid && point.value != '\n' && Steers(point.value)) {
      out_ << JsonEscape(point.value);
    } else {
      out_ << rest.substr(0, point.size);
    }
    rest.remove_prefix(point.size);
  }
  out_ << "\n";
}

ExitCode Console::Complain(const Failure& failure) const {
  err_ << "callvet: " << Info(failure.reason).id << ": " << ForTerminal(failure.detail) << "\n";
  const ExitCode code = ExitCodeOf(failure.reason);
  // No call was judged, so this is never "not verified".
  return code == ExitCode::kUndecided ? code : ExitCode::kUsage;
}

void Console::Warn(std::string_view text) const {
  err_ << "callvet: warning: " << ForTerminal(text) << "\n";
}

bool StandardOutputIsColoured() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): single thread
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace callvet::cli
