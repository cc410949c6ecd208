// SPDX-License-Identifier: MIT
#include "syntax/sip_message.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "syntax/split.h"
#include "syntax/unfold.h"

namespace callvet {
namespace {

constexpr std::string_view kVersion = " SIP/2.0";
constexpr auto kMethods = std::to_array<std::string_view>(
    {"INVITE", "MESSAGE", "UPDATE", "OPTIONS", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH", "INFO",
     "REGISTER", "BYE", "PRACK", "ACK", "CANCEL"});

// The headers that are kept, with their compact form if there is one.
struct KeptName {
  std::string_view name;
  char letter = '\0';
};
constexpr auto kKeptNames = std::to_array<KeptName>({{"from", 'f'},
                                                     {"to", 't'},
                                                     {"call-id", 'i'},
                                                     {"identity", 'y'},
                                                     {"date"},
                                                     {"content-length", 'l'},
                                                     {"content-type", 'c'},
                                                     {"p-asserted-identity"},
                                                     {"remote-party-id"},
                                                     {"priority"},
                                                     {"resource-priority"},
                                                     {"content-disposition"},
                                                     {"content-encoding", 'e'},
                                                     {"content-transfer-encoding"}});

Failure Invalid(std::string detail) {
  return Fail(Reason::kSipMessageInvalid, std::move(detail));
}

// How the lines of a capture differ from those on the wire; taken from its request line.
struct LineStyle {
  size_t indent = 0;
  std::string_view suffix;  // printed at the end of each line
};

constexpr std::array<std::string_view, 2> kPrintedLineEnds = {".", "\\r\\n"};

// Takes the next line off `text`, without its line end.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view Undecorate(std::string_view line, const LineStyle& style) {
  if (style.indent > 0) {
    const size_t blank = std::min(line.find_first_not_of(" \t"), line.size());
    line.remove_prefix(std::min(blank, style.indent));
  }
  if (!style.suffix.empty() && line.ends_with(style.suffix)) {
    line.remove_suffix(style.suffix.size());
  }
  return line;
}

struct RequestLine {
  std::string method;
  std::string uri;
  LineStyle style;
};

// "Via: ...", behind any white space.
bool BeginsLikeAHeader(std::string_view text) {
  text = TrimLines(text);
  const size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view name = Trim(text.substr(0, colon));
  // No header's name has two dots in a row; the bytes that tcpdump prints of lower layers do.
  return name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), IsSipTokenChar);
}

// True if `prefix` may stand in front of a request in a capture: indentation, a logger's words, or
// the bytes that tcpdump prints of the lower layers. Neither a header's name, as in "Subject:
// INVITE sip:...", nor a request or URI may: what is behind them is of somebody's choosing.
bool IsCaptureNoise(std::string_view prefix) {
  prefix = Trim(prefix);
  if (prefix.empty()) return true;
  const std::string lower = ToLower(prefix);
  constexpr auto kOfSip = std::to_array<std::string_view>({"sip:", "sips:", "tel:", "sip/2.0"});
  const auto in_prefix = [&](std::string_view word) {
    return lower.find(word) != std::string::npos;
  };
  if (std::any_of(kOfSip.begin(), kOfSip.end(), in_prefix)) return false;
  if (std::any_of(kMethods.begin(), kMethods.end(),
                  [&](std::string_view method) { return in_prefix(ToLower(method) + " "); })) {
    return false;
  }
  return !BeginsLikeAHeader(prefix);
}

// Why `line`, which begins like a request, is none.
Failure BadRequestLine(std::string_view line) {
  const bool escaped = line.find("\\n") != std::string_view::npos;
  return Invalid("a request line that cannot be read: " + Quote(line) +
                 (escaped ? R"(; its line ends are written as \n and must be real ones)" : ""));
}

// Why a text has no request: `behind` is the line behind the first one that could have been its
// request line.
Failure NoRequest(bool has_response, const std::optional<std::string_view>& behind) {
  if (behind) {
    return Invalid("the request line is followed by no header field but by " + Quote(*behind) +
                   "; nothing may stand in front of each line, and no empty lines between them");
  }
  if (has_response) return Invalid("a SIP response and no request: give the request");
  return Invalid("no line of the form \"INVITE sip:... SIP/2.0\" before header fields");
}

// True if the line begins like a request, so that one that cannot be read is not passed over: a
// word and a URI, or one of the methods.
bool BeginsLikeARequest(std::string_view line) {
  const std::string lower = ToLower(Trim(line));
  if (lower.find("sip/2.0") == std::string::npos) return false;
  const size_t blank = std::min(lower.find_first_of(" \t"), lower.size());
  const std::string_view word = std::string_view(lower).substr(0, blank);
  const std::string_view rest = Trim(std::string_view(lower).substr(blank));
  if (word.empty() || !std::all_of(word.begin(), word.end(), IsSipTokenChar)) return false;
  return rest.starts_with("sip:") || rest.starts_with("sips:") || rest.starts_with("tel:") ||
         std::any_of(kMethods.begin(), kMethods.end(),
                     [&](std::string_view method) { return EqualsIgnoreCase(method, word); });
}

// RFC 3261 7.1: SIP-Version is case-insensitive.
bool EndsWithVersion(std::string_view line) {
  return line.size() > kVersion.size() &&
         EqualsIgnoreCase(line.substr(line.size() - kVersion.size()), kVersion);
}

// Finds "METHOD URI SIP/2.0" in a line, also behind the bytes that tcpdump prints of the lower
// layers.
std::optional<RequestLine> FindRequestLine(std::string_view line) {
  RequestLine request;
  while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  for (const std::string_view suffix : kPrintedLineEnds) {
    if (line.ends_with(suffix) && EndsWithVersion(line.substr(0, line.size() - suffix.size()))) {
      request.style.suffix = suffix;
      line.remove_suffix(suffix.size());
    }
  }
  if (!EndsWithVersion(line)) return std::nullopt;
  line.remove_suffix(kVersion.size());
  const size_t blank = line.rfind(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view before = line.substr(0, blank);
  const std::string_view uri = line.substr(blank + 1);
  if (uri.find(':') == std::string_view::npos) return std::nullopt;
  for (const std::string_view method : kMethods) {
    if (!before.ends_with(method)) continue;
    const size_t at = before.size() - method.size();
    if (!IsCaptureNoise(line.substr(0, at))) continue;
    request.method = std::string(method);
    request.uri = std::string(uri);
    request.style.indent = std::min(line.find_first_not_of(" \t"), at);
    return request;
  }
  return std::nullopt;
}

// The name under which a header is kept, in whatever form it is written; "" of any other.
std::string_view NameOfKept(std::string_view written) {
  for (const auto& [name, letter] : kKeptNames) {
    if (written.size() == 1 ? ToLower(written[0]) == letter
                            : written.size() == name.size() && EqualsIgnoreCase(written, name)) {
      return name;
    }
  }
  return {};
}

// The header of a line, behind those of `message`: where its value is kept, or nullptr.
Result<std::string*> AddHeader(std::string_view line, SipMessage& message) {
  const size_t colon = line.find(':');
  const std::string_view written = Trim(line.substr(0, std::min(colon, line.size())));
  if (colon == std::string_view::npos || written.empty() || !kSipTokenChars.HasAll(written)) {
    return Invalid("not a header line: " + Quote(line));
  }
  const std::string_view name = NameOfKept(written);
  if (name.empty()) return nullptr;
  message.headers.push_back({name, std::string(Trim(line.substr(colon + 1)))});
  return &message.headers.back().value;
}

constexpr size_t kUsualHeaders = 8;

// The headers up to the empty line (or the end), which is consumed.
Result<void> ReadHeaders(std::string_view& text, const LineStyle& style, SipMessage& message) {
  message.headers.reserve(kUsualHeaders);
  size_t read = 0;
  std::string* value = nullptr;  // of the header that goes on in the next line, if it is kept
  while (!text.empty()) {
    const std::string_view line = Undecorate(TakeLine(text), style);
    if (line.empty()) return {};
    // Somebody else may take it for a line's end.
    if (line.find('\r') != std::string_view::npos) return Invalid("a CR within " + Quote(line));
    if (line[0] == ' ' || line[0] == '\t') {
      if (read == 0) return Invalid("the first header line begins with white space");
      if (value != nullptr) value->append("\r\n").append(line);
      continue;
    }
    if (read++ >= SipMessage::kMaxHeaders) return Invalid("too many headers");
    const auto added = AddHeader(line, message);
    if (!added) {
      const bool torn = value != nullptr && message.headers.back().name == "identity";
      return torn ? Invalid(added.error().detail + "; the Identity header in front of it may not " +
                            "be broken into lines")
                  : added.error();
    }
    value = *added;
  }
  return {};
}

// What follows the headers, without a capture's decoration.
std::string Undecorated(std::string_view text, const LineStyle& style) {
  if (style.indent == 0 && style.suffix.empty()) return std::string(text);
  std::string plain;
  while (!text.empty()) plain.append(Undecorate(TakeLine(text), style)).append("\r\n");
  return plain;
}

// What Content-Length says; more than fits is more than any body has. Nothing without the header.
Result<std::optional<uint64_t>> ContentLength(const SipMessage& message) {
  std::optional<std::string> digits;
  for (const auto& [name, value] : message.headers) {
    if (name != "content-length") continue;
    const auto line = Unfold(value);
    if (!line || line->empty() || !std::all_of(line->begin(), line->end(), IsDigit)) {
      return Invalid("a Content-Length that is no number: " + Quote(value));
    }
    if (digits && *digits != *line) return Invalid("differing Content-Length headers");
    digits = *line;
  }
  if (!digits) return std::optional<uint64_t>();
  return std::optional<uint64_t>(ParseNumber(*digits, UINT64_MAX).value_or(UINT64_MAX));
}

// The a=fingerprint lines of `sdp` (RFC 8122 5: lower-case, at the beginning of a line).
void AddFingerprints(std::string_view sdp, std::vector<MediaKey>& keys) {
  constexpr std::string_view kAttribute = "a=fingerprint:";
  while (!sdp.empty()) {
    const std::string_view line = TakeLine(sdp);
    if (!line.starts_with(kAttribute)) continue;
    const std::string_view value = Trim(line.substr(kAttribute.size()));
    const size_t space = std::min(value.find(' '), value.size());
    MediaKey key{std::string(value.substr(0, space)), {}};
    for (const char c : Trim(value.substr(space))) {
      if (c != ':') key.dig += c;
    }
    keys.push_back(std::move(key));
  }
}

// The boundary of a multipart type (RFC 2046 5.1.1); empty if there is none, or more than one.
std::string Boundary(std::string_view type) {
  std::optional<std::string_view> boundary;
  for (const std::string_view parameter : SplitOutsideQuotes(type, ';')) {
    const size_t equals = std::min(parameter.find('='), parameter.size());
    if (!EqualsIgnoreCase(Trim(parameter.substr(0, equals)), "boundary")) continue;
    if (boundary) return {};
    boundary = Trim(parameter.substr(std::min(equals + 1, parameter.size())));
  }
  if (!boundary) return {};
  const bool quoted =
      boundary->size() > 1 && boundary->starts_with('"') && boundary->ends_with('"');
  return std::string(quoted ? boundary->substr(1, boundary->size() - 2) : *boundary);
}

// Without its parameters, lower-case.
std::string Word(std::string_view value) {
  return ToLower(Trim(value.substr(0, value.find(';'))));
}

// The one value of a header on one line, `usual` without the header; nothing if it is in doubt.
std::optional<std::string> TheOne(const SipMessage& part, std::string_view name,
                                  std::string_view usual) {
  const auto values = part.All(name);
  if (values.empty()) return std::string(usual);
  auto line = values.size() == 1 ? Unfold(values[0]) : Result<std::string>(Invalid(""));
  return line ? std::optional(std::move(*line)) : std::nullopt;
}

enum class PartKind : uint8_t { kOther, kSessionSdp, kInDoubt };

// Moves `text` behind the part's headers.
PartKind KindOfPart(std::string_view& text) {
  SipMessage part;
  if (!ReadHeaders(text, {}, part)) return PartKind::kInDoubt;
  const auto type = TheOne(part, "content-type", "text/plain");
  const auto disposition = TheOne(part, "content-disposition", "session");
  const auto coding = TheOne(part, "content-transfer-encoding", "binary");
  // Whoever reads it may look into a multipart within.
  if (!type || !disposition || !coding || Word(*type).starts_with("multipart/")) {
    return PartKind::kInDoubt;
  }
  if (Word(*type) != "application/sdp" || Word(*disposition) != "session") return PartKind::kOther;
  const std::string code = Word(*coding);
  const bool plain = code == "7bit" || code == "8bit" || code == "binary";
  return plain && part.All("content-encoding").empty() ? PartKind::kSessionSdp : PartKind::kInDoubt;
}

// The parts of a multipart body, without what is before the first and behind the last boundary.
std::vector<std::string_view> Parts(std::string_view body, const std::string& boundary) {
  std::vector<std::string_view> parts;
  const std::string delimiter = "--" + boundary;
  std::optional<size_t> begin;
  std::string_view rest = body;
  while (!rest.empty()) {
    const size_t at = body.size() - rest.size();
    const std::string_view line = TakeLine(rest);
    const std::string_view behind = line.substr(std::min(delimiter.size(), line.size()));
    if (!line.starts_with(delimiter) || !(Trim(behind).empty() || Trim(behind) == "--")) continue;
    if (begin) parts.push_back(body.substr(*begin, at - *begin));
    if (Trim(behind) == "--") return parts;
    begin = body.size() - rest.size();
  }
  if (begin) parts.push_back(body.substr(*begin));
  return parts;
}

}  // namespace

namespace {

// INVITE and MESSAGE are what is verified; other requests come before and between them.
bool IsCallOrMessage(std::string_view method) {
  return method == "INVITE" || method == "MESSAGE";
}

// True if a request may begin in the line before `text`: its header fields follow, or nothing that
// could be them. (The summary lines of tools show the request once more.)
bool MayFollowARequestLine(std::string_view text) {
  std::string_view rest = text;
  const std::string_view next = TakeLine(rest);
  if (!Trim(next).empty()) return BeginsLikeAHeader(next);
  text = TrimLines(text);
  const std::string_view content = TakeLine(text);
  return !BeginsLikeAHeader(content) && !FindRequestLine(content);
}

// Moves `text` behind a body of `length` bytes, of which captures may have lost the CRs.
void SkipBody(std::string_view& text, size_t length) {
  for (size_t done = 0; done < length && !text.empty();) done += TakeLine(text).size() + 2;
}

// The message whose first line was `line`; moves `text` behind it.
Result<SipMessage> ReadMessage(RequestLine line, std::string_view& text) {
  SipMessage message;
  message.method = std::move(line.method);
  message.request_uri = std::move(line.uri);
  if (auto ok = ReadHeaders(text, line.style, message); !ok) return ok.error();
  const auto length = ContentLength(message);
  if (!length) return length.error();
  message.content_length = *length;
  message.body = Undecorated(text, line.style);
  if (*length && **length < message.body.size()) message.body.resize(**length);
  // Without a length the rest is its body (RFC 3261 18.3); but a capture goes on behind an ACK,
  // which has none: a body has a Content-Type (20.15).
  const bool may_have_body =
      IsCallOrMessage(message.method) || !message.All("content-type").empty();
  const size_t rest = may_have_body ? text.size() : 0;
  SkipBody(text, std::min<uint64_t>(length->value_or(rest), text.size()));
  return message;
}

// True if a SIP message is next, perhaps behind empty lines.
bool BeginsAMessage(std::string_view text) {
  text = TrimLines(text);
  const std::string_view line = TakeLine(text);
  return line.starts_with("SIP/2.0 ") || FindRequestLine(line);
}

// Gives `message`, whose headers `text` begins with, a body with CRs where its capture lost them
// all: with them its lines come to exactly what Content-Length says, and without them its end is
// missing, or would be the beginning of the next message. Moves `behind` to what follows it.
void RestoreCrs(std::string_view text, SipMessage& message, std::string_view& behind) {
  constexpr std::string_view kEmptyLine = "\n\n";
  const size_t head = text.substr(0, text.size() - behind.size()).find(kEmptyLine);
  if (!message.content_length || head == std::string_view::npos) return;
  std::string_view rest = text.substr(head + kEmptyLine.size());
  const bool is_cut = rest.size() < *message.content_length;
  std::string body;
  while (body.size() < *message.content_length && !rest.empty()) {
    const bool has_end = rest.find('\n') != std::string_view::npos;
    body.append(TakeLine(rest)).append(has_end ? "\r\n" : "");
  }
  const std::string_view read = text.substr(0, text.size() - rest.size());
  if (body.size() != *message.content_length || read.find('\r') != std::string_view::npos) return;
  if (!is_cut && !BeginsAMessage(rest)) return;
  message.body = std::move(body);
  behind = rest;
}

// Which call a request is of. Two INVITEs are one call only if all that is read of them is the
// same: what came twice, and not two calls of which one would go unseen.
struct CallName {
  std::string call_id;  // "": none, several, or it cannot be read
  std::string text;     // of an INVITE or MESSAGE; "" of what goes with a call

  explicit CallName(const Result<SipMessage>& message) {
    if (!message) return;
    const auto values = message->All("call-id");
    if (values.size() == 1) call_id = TrimLines(values.front());
    if (!IsCallOrMessage(message->method)) return;
    text = message->method + " " + message->request_uri + "\n";
    for (const auto& header : message->headers) {
      text += std::string(header.name) + ":" + header.value + "\n";
    }
    text += message->body;
  }
  [[nodiscard]] bool GoesWith(const CallName& call) const {
    return !call_id.empty() && call_id == call.call_id && (text.empty() || text == call.text);
  }
};

}  // namespace

Result<SipMessage> SipMessage::Parse(std::string_view text) {
  if (text.size() > kMaxBytes)
    return Invalid("larger than " + std::to_string(kMaxBytes) + " bytes");
  std::optional<SipMessage> found;
  std::vector<CallName> requests;
  size_t place = 0;  // of what was found
  bool has_response = false;
  std::optional<std::string_view> behind;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    auto request = FindRequestLine(line);
    if (!request && !found && BeginsLikeARequest(line)) {
      return BadRequestLine(line);
    }
    has_response = has_response || Trim(line).starts_with("SIP/2.0 ");
    if (request && !MayFollowARequestLine(text)) {
      std::string_view rest = text;
      if (!behind) behind = TakeLine(rest);
      request.reset();
    }
    if (!request) continue;
    const bool is_plain = request->style.indent == 0 && request->style.suffix.empty();
    const std::string_view headers = text;
    auto message = ReadMessage(std::move(*request), text);
    if (!message && !found) return message.error();
    if (message && is_plain) RestoreCrs(headers, *message, text);
    requests.emplace_back(message);
    const bool better =
        message && found && !IsCallOrMessage(found->method) && IsCallOrMessage(message->method);
    if (!found || better) {
      found = std::move(*message);
      place = requests.size() - 1;
    }
  }
  if (!found) return NoRequest(has_response, behind);
  found->other_requests = requests.size() - 1;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (i != place && !requests[i].GoesWith(requests[place])) ++found->other_calls;
  }
  return std::move(*found);
}

namespace {

// True if all elements on the way see the same lines in the header section: each ends by CRLF (or
// each by LF), and no CR stands elsewhere, which some take for the end of a line.
bool HasPlainLineEnds(std::string_view bytes) {
  std::optional<bool> crlf;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    const bool ends_in_cr = line.ends_with('\r');
    if (ends_in_cr) line.remove_suffix(1);
    if (line.find('\r') != std::string_view::npos) return false;
    if (end == std::string_view::npos) return !ends_in_cr;
    if (crlf.value_or(ends_in_cr) != ends_in_cr) return false;
    if (line.empty()) return true;
    crlf = ends_in_cr;
    bytes.remove_prefix(end + 1);
  }
  return true;
}

// True if a part of the body is missing, and not only CRs.
bool IsCutShort(const SipMessage& message) {
  const std::string& body = message.body;
  if (body.empty() || !message.content_length) return false;
  const auto ends = static_cast<uint64_t>(std::count(body.begin(), body.end(), '\n'));
  return body.size() + ends < *message.content_length;
}

}  // namespace

Result<SipMessage> SipMessage::ParseMessage(std::string_view bytes) {
  if (bytes.size() > kMaxBytes) {
    return Invalid("larger than " + std::to_string(kMaxBytes) + " bytes");
  }
  while (bytes.starts_with('\r') || bytes.starts_with('\n')) bytes.remove_prefix(1);
  if (!HasPlainLineEnds(bytes))
    return Invalid("line ends of different kinds in the header section");
  const std::string_view line = TakeLine(bytes);
  auto request = FindRequestLine(line);
  if (!request || !line.starts_with(request->method + " ") || !request->style.suffix.empty()) {
    return Invalid("the message does not begin with its request line");
  }
  auto message = ReadMessage(std::move(*request), bytes);
  if (message && IsCutShort(*message)) {
    return Invalid("the body has " + std::to_string(message->body.size()) +
                   " bytes, less than Content-Length says");
  }
  // Without the header the body is what came with it (RFC 3261 18.3).
  if (message && !message->content_length) message->content_length = message->body.size();
  return message;
}

std::vector<std::string> SipMessage::All(std::string_view name) const {
  std::vector<std::string> values;
  for (const Header& header : headers) {
    if (header.name == name) values.push_back(header.value);
  }
  return values;
}

std::vector<MediaKey> SipMessage::SdpFingerprints() const {
  std::vector<MediaKey> keys;
  if (body.empty()) return keys;
  const auto type = TheOne(*this, "content-type", "application/sdp");
  const auto disposition = TheOne(*this, "content-disposition", "session");
  if (!type || !disposition || !All("content-encoding").empty()) return keys;
  if (Word(*disposition) == "session" && Word(*type) == "application/sdp")
    AddFingerprints(body, keys);
  const std::string boundary = Boundary(*type);
  if (!Word(*type).starts_with("multipart/") || boundary.empty()) return keys;
  std::optional<std::string_view> session;
  for (std::string_view part : Parts(body, boundary)) {
    const PartKind kind = KindOfPart(part);
    // Of two, nobody knows which one the callee takes.
    if (kind == PartKind::kInDoubt || (kind == PartKind::kSessionSdp && session)) return keys;
    if (kind == PartKind::kSessionSdp) session = part;
  }
  if (session) AddFingerprints(*session, keys);
  return keys;
}

}  // namespace callvet
