// SPDX-License-Identifier: MIT
#include "repository/https_fetcher.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/text.h"

// Before 7.88, writing to a TLS connection that the peer closed raised SIGPIPE.
static_assert(LIBCURL_VERSION_NUM >= 0x075800, "libcurl 7.88 or later");

namespace callvet {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyPtr = std::unique_ptr<CURL, EasyCleanup>;
using SlistPtr = std::unique_ptr<curl_slist, SlistFree>;

bool LibcurlIsReady() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

// The list with `text` behind it. False, and the list as it was, when there is no memory.
bool Append(SlistPtr& list, const std::string& text) {
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

std::optional<IpAddress> AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return IpAddress::V4(bytes);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::array<uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IpAddress::V6(bytes);
  }
  return std::nullopt;
}

enum class Guard : uint8_t { kOn, kOffForProxy };

// What libcurl's callbacks write to. No exception crosses libcurl: whatever is thrown (there is
// only "no memory") sets `broken` and stops the transfer.
struct Transfer {
  HttpResponse response;
  PrivateAddresses private_addresses;
  Guard guard;
  std::string tried = {};               // addresses that were tried, for people
  std::optional<Failure> refused = {};  // the first address that was refused
  bool opened = false;                  // a socket was given to libcurl
  bool broken = false;
  // With a trace only: libcurl does not tell them in another way. Its time of connection is unset
  // if TLS fails.
  Stopwatch watch = {};
  microseconds handshake{0};  // when it began; 0: it did not
  std::string tls = {};       // version and cipher, from libcurl's own words
  std::array<char, CURL_ERROR_SIZE> error = {};
};

template <class Step>
auto Guarded(Transfer& transfer, decltype(std::declval<Step>()()) on_failure, Step step) noexcept {
  try {
    return step();
  } catch (...) {
    transfer.broken = true;
    return on_failure;
  }
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  return Guarded(transfer, size_t{0}, [&] {
    const auto next = transfer.response.AddHeaderLine({data, bytes});
    return next == HttpResponse::Next::kContinue ? bytes : size_t{0};
  });
}

size_t OnBody(char* data, size_t size, size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  return Guarded(transfer, size_t{0}, [&] {
    const auto next = transfer.response.AddBody({data, bytes});
    return next == HttpResponse::Next::kContinue ? bytes : size_t{0};
  });
}

// C-21: the last moment before connect(), with the address that connect() will get.
curl_socket_t OnOpenSocket(void* user, curlsocktype purpose, curl_sockaddr* target) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  return Guarded(transfer, curl_socket_t{CURL_SOCKET_BAD}, [&]() -> curl_socket_t {
    const auto address = AddressOf(target->addr);
    if (purpose != CURLSOCKTYPE_IPCXN || !address) return CURL_SOCKET_BAD;
    transfer.tried += (transfer.tried.empty() ? "" : ", ") + address->Text();
    if (transfer.guard == Guard::kOn) {
      if (auto ok = CheckAddress(*address, transfer.private_addresses); !ok) {
        if (!transfer.refused) transfer.refused = std::move(ok.error());
        return CURL_SOCKET_BAD;
      }
    }
    transfer.opened = true;
    return ::socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
  });
}

int OnDebug(CURL* /*easy*/, curl_infotype type, char* data, size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  if (type == CURLINFO_SSL_DATA_OUT && transfer.handshake.count() == 0) {
    transfer.handshake = std::max(transfer.watch.Elapsed(), microseconds(1));
  }
  constexpr std::string_view kPrefix = "SSL connection using ";
  const std::string_view text(data, size);
  if (type != CURLINFO_TEXT || !text.starts_with(kPrefix)) return 0;
  return Guarded(transfer, 0, [&] {
    transfer.tls = TrimLines(text.substr(kPrefix.size()));
    return 0;
  });
}

// Sets options and remembers whether all were taken: one that this libcurl does not know would
// silently weaken the fetch.
class OptionSetter {
 public:
  explicit OptionSetter(CURL* easy) : easy_(easy) {}
  template <class T>
  void operator()(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  [[nodiscard]] CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

void SetCallbacks(OptionSetter& set, Transfer& transfer) {
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(CURLOPT_OPENSOCKETFUNCTION, &OnOpenSocket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
  set(CURLOPT_ERRORBUFFER, transfer.error.data());
}

void SetHttp(OptionSetter& set, const HttpsFetcherOptions& options, const Uri& uri) {
  set(CURLOPT_PROTOCOLS_STR, uri.scheme == "http" ? "http" : "https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // HTTP/2 brings nothing for one document, and much to attack.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));  // NOLINT: libcurl's type
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));  // NOLINT: libcurl's type
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Set even when empty: else the environment's https_proxy would pass the guard by.
  set(CURLOPT_PROXY, options.proxy.c_str());
  set(CURLOPT_NOPROXY, "");
}

// `exchange` must outlive the transfer.
void SetMethod(OptionSetter& set, const HttpExchange& exchange) {
  switch (exchange.method) {
    case HttpExchange::Method::kGet:
      set(CURLOPT_HTTPGET, 1L);
      return;
    case HttpExchange::Method::kPost:
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
      set(CURLOPT_POSTFIELDS, exchange.body.data());
      return;
  }
}

void SetTls(OptionSetter& set, const std::string& ca_pem) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));        // NOLINT
  set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));  // NOLINT
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
  set(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
  if (ca_pem.empty()) return;
  // Debian's libcurl has a default file and a default directory: both must go.
  curl_blob blob{const_cast<char*>(ca_pem.data()), ca_pem.size(), CURL_BLOB_COPY};  // NOLINT
  set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_CAINFO_BLOB, &blob);
  set(CURLOPT_PROXY_CAINFO, static_cast<const char*>(nullptr));
  set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_PROXY_CAINFO_BLOB, &blob);
}

void SetTimes(OptionSetter& set, const HttpsFetcherOptions& options, milliseconds total) {
  const milliseconds connect = std::min(options.connect_timeout, total);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(total.count()));           // NOLINT: libcurl's type
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));  // NOLINT: libcurl's type
  set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed_bytes_per_second));  // NOLINT
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));       // NOLINT
  // Do not wait for a name server beyond the deadline: the resolver's thread ends by itself.
  set(CURLOPT_QUICK_EXIT, 1L);
}

uint16_t PortOf(const Uri& uri) {
  return uri.port.value_or(uri.scheme == "http" ? 80 : 443);
}

// The URL of the parts that the policy allowed, so that libcurl cannot read another host into it;
// a fragment is no part of a request (RFC 9110 7.1).
std::string UrlToAsk(const Uri& uri) {
  std::string url = uri.scheme + "://" + uri.host;
  if (uri.port) url += ":" + std::to_string(*uri.port);
  url += uri.path.empty() ? "/" : uri.path;
  if (uri.query) url += "?" + *uri.query;
  return url;
}

// CURLOPT_RESOLVE entries for the host of `uri`.
bool AddHostAddresses(SlistPtr& list, const HttpsFetcherOptions& options, const Uri& uri) {
  std::string addresses;
  for (const auto& entry : options.host_addresses) {
    if (!EqualsIgnoreCase(entry.host, uri.host)) continue;
    const bool v6 = entry.address.find(':') != std::string::npos;
    addresses += addresses.empty() ? "" : ",";
    addresses += v6 ? "[" + entry.address + "]" : entry.address;
  }
  if (addresses.empty()) return true;
  return Append(list, uri.host + ":" + std::to_string(PortOf(uri)) + ":" + addresses);
}

// What libcurl borrows for one fetch. The handle goes first.
struct Request {
  SlistPtr resolve = {};
  SlistPtr headers = {};
  EasyPtr easy = {};
};

enum class Tracing : uint8_t { kOff, kOn };

struct RequestSpec {
  const HttpsFetcherOptions& options;
  const std::string& ca_pem;
  const Uri& uri;
  const HttpExchange& exchange;
  milliseconds total;
  Tracing tracing;
};

bool AddHeaders(SlistPtr& list, const HttpExchange& exchange) {
  for (const auto& [name, value] : exchange.headers) {
    if (!Append(list, name + ": " + value)) return false;
  }
  // No "Expect: 100-continue", which libcurl adds to a long body and then waits.
  return Append(list, "Accept-Encoding: identity") && Append(list, "Expect:");
}

// Makes `request` ready to be performed. Fails with kInternalError.
Result<void> Prepare(Request& request, Transfer& transfer, const RequestSpec& spec) {
  request.easy.reset(curl_easy_init());
  const bool ready = request.easy != nullptr &&
                     AddHostAddresses(request.resolve, spec.options, spec.uri) &&
                     AddHeaders(request.headers, spec.exchange);
  if (!ready) return Fail(Reason::kInternalError, "libcurl: out of memory");
  OptionSetter set(request.easy.get());
  set(CURLOPT_URL, UrlToAsk(spec.uri).c_str());
  set(CURLOPT_HTTPHEADER, request.headers.get());
  if (request.resolve) set(CURLOPT_RESOLVE, request.resolve.get());
  SetCallbacks(set, transfer);
  SetHttp(set, spec.options, spec.uri);
  SetMethod(set, spec.exchange);
  SetTls(set, spec.ca_pem);
  SetTimes(set, spec.options, spec.total);
  if (spec.tracing == Tracing::kOn) {
    set(CURLOPT_DEBUGFUNCTION, &OnDebug);
    set(CURLOPT_DEBUGDATA, static_cast<void*>(&transfer));
    set(CURLOPT_VERBOSE, 1L);
  }
  if (set.code() == CURLE_OK) return {};
  return Fail(Reason::kInternalError, std::string("libcurl: ") + curl_easy_strerror(set.code()));
}

microseconds TimeOf(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  if (curl_easy_getinfo(easy, info, &value) != CURLE_OK) return {};
  return microseconds(value);
}

long LongOf(CURL* easy, CURLINFO info) {  // NOLINT(google-runtime-int): libcurl's type
  long value = 0;                         // NOLINT(google-runtime-int)
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

Reason ReasonOf(CURLcode code, CURL* easy, bool https) {
  const bool answered = TimeOf(easy, CURLINFO_STARTTRANSFER_TIME_T).count() > 0;
  const bool secured = !https || TimeOf(easy, CURLINFO_APPCONNECT_TIME_T).count() > 0;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Reason::kFetchDnsFailed;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return Reason::kFetchConnectFailed;
    case CURLE_OPERATION_TIMEDOUT:
      return Reason::kFetchTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return Reason::kFetchTlsFailed;
    case CURLE_FILESIZE_EXCEEDED:
      return Reason::kFetchTooLarge;
    case CURLE_OUT_OF_MEMORY:
      // So it calls a header line over its own limit of 100 KiB.
      return answered ? Reason::kFetchTooLarge : Reason::kInternalError;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return secured ? Reason::kFetchTransferFailed : Reason::kFetchTlsFailed;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9: the URL's scheme passed the policy
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:  // of a broken transfer coding; ours are told before
      return Reason::kFetchTransferFailed;
    default:  // libcurl's list grows
      return answered ? Reason::kFetchTransferFailed : Reason::kInternalError;
  }
}

Failure Explain(CURLcode code, CURL* easy, Transfer& transfer, const Uri& uri) {
  if (transfer.broken) return Fail(Reason::kInternalError, "out of memory");
  if (transfer.response.failure()) return *transfer.response.failure();
  if (transfer.refused && !transfer.opened) return *transfer.refused;
  const bool by_proxy = transfer.guard == Guard::kOffForProxy;
  const std::string text =
      transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
  if (code == CURLE_OK) return Fail(Reason::kFetchTransferFailed, "there was no final answer");
  // The proxy answered CONNECT with an error.
  if (by_proxy && code == CURLE_RECV_ERROR && LongOf(easy, CURLINFO_HTTP_CONNECTCODE) != 0) {
    return Fail(Reason::kFetchConnectFailed, "proxy: " + text);
  }
  return Fail(ReasonOf(code, easy, uri.scheme == "https"), text);
}

std::string PeerOf(CURL* easy) {
  const char* ip = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || ip == nullptr) return {};
  const std::string text(ip);
  if (text.empty()) return {};
  const std::string port = std::to_string(LongOf(easy, CURLINFO_PRIMARY_PORT));
  return (text.find(':') == std::string::npos ? text : "[" + text + "]") + ":" + port;
}

// libcurl's times all count from the start of the fetch.
FetchProgress ProgressOf(CURL* easy, const Transfer& transfer, const Uri& uri) {
  const microseconds connected = TimeOf(easy, CURLINFO_CONNECT_TIME_T);
  return {.host = uri.host,
          .https = uri.scheme == "https",
          .tried = transfer.tried,
          .tls = transfer.tls,
          .peer = PeerOf(easy),
          .resolved = TimeOf(easy, CURLINFO_NAMELOOKUP_TIME_T),
          .connected = connected.count() > 0 ? connected : transfer.handshake,
          .secured = TimeOf(easy, CURLINFO_APPCONNECT_TIME_T),
          .answered = TimeOf(easy, CURLINFO_STARTTRANSFER_TIME_T),
          .ended = TimeOf(easy, CURLINFO_TOTAL_TIME_T)};
}

// With a proxy nobody here sees the address: at least what the URL itself says is judged.
Result<void> CheckHostForProxy(const Uri& uri, PrivateAddresses rule) {
  std::string_view host = uri.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (const auto address = IpAddress::Parse(host)) return CheckAddress(*address, rule);
  std::string name = ToLower(host);
  if (name.ends_with('.')) name.pop_back();
  const bool local = name == "localhost" || name.ends_with(".localhost");
  if (local && rule == PrivateAddresses::kRefuse) {
    return Fail(Reason::kFetchAddressRefused, name + " is the proxy's own machine");
  }
  return {};
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Result<void> CheckOptions(const HttpsFetcherOptions& options) {
  const auto bad = [](std::string why) { return Fail(Reason::kConfigInvalid, std::move(why)); };
  constexpr milliseconds kLongest = std::chrono::hours(1);
  for (const milliseconds time : {options.total_timeout, options.connect_timeout}) {
    if (time <= milliseconds(0) || time > kLongest) return bad("a timeout is not 1 ms to 1 h");
  }
  if (options.low_speed_time <= std::chrono::seconds(0) || options.low_speed_time > kLongest) {
    return bad("low_speed_time is not 1 s to 1 h");
  }
  if (HasControl(options.user_agent)) return bad("the user agent has control characters");
  if (!options.proxy.empty()) {
    const auto proxy = Uri::Parse(options.proxy);
    if (!proxy || (proxy->scheme != "http" && proxy->scheme != "https")) {
      return bad("the proxy is no http:// or https:// URL");
    }
  }
  for (const auto& entry : options.host_addresses) {
    if (entry.host.empty() || !IpAddress::Parse(entry.address)) {
      return bad(Quote(entry.host) + " has no usable address: " + Quote(entry.address));
    }
  }
  return {};
}

}  // namespace

Result<HttpsFetcher> HttpsFetcher::Make(HttpsFetcherOptions options) {
  if (auto ok = CheckOptions(options); !ok) return ok.error();
  std::string ca_pem;
  if (!options.ca_file.empty()) {
    auto bytes = ReadFile(options.ca_file);
    if (!bytes) return bytes.error();
    if (bytes->find("-----BEGIN ") == std::string::npos) {
      return Fail(Reason::kFileInvalid, options.ca_file + " holds no PEM certificate");
    }
    ca_pem = std::move(*bytes);
  }
  if (!LibcurlIsReady()) return Fail(Reason::kInternalError, "libcurl cannot be initialised");
  return HttpsFetcher(std::move(options), std::move(ca_pem));
}

Result<FetchedDocument> HttpsFetcher::Fetch(std::string_view url, UrlUse use,
                                            const Deadline& deadline) const {
  return FetchInto(url, use, deadline, nullptr);
}

Result<FetchedDocument> HttpsFetcher::FetchTraced(std::string_view url, UrlUse use,
                                                  const Deadline& deadline,
                                                  FetchTrace& trace) const {
  trace = {};
  return FetchInto(url, use, deadline, &trace);
}

Result<FetchedDocument> HttpsFetcher::FetchInto(std::string_view url, UrlUse use,
                                                const Deadline& deadline, FetchTrace* trace) const {
  try {
    return Perform({.url = std::string(url),
                    .headers = {{"Accept", "application/pem-certificate-chain, */*"}},
                    .max_response_bytes = options_.limits.max_body_bytes},
                   use, deadline, trace);
  } catch (...) {
    return Fail(Reason::kInternalError, "");
  }
}

Result<std::string> HttpsFetcher::Send(const HttpExchange& exchange,
                                       const Deadline& deadline) const {
  try {
    for (const auto& [name, value] : exchange.headers) {
      if (!HasControl(name) && !HasControl(value)) continue;
      return Fail(Reason::kConfigInvalid, "a header field has control characters");
    }
    auto document = Perform(exchange, UrlUse::kDocument, deadline, nullptr);
    if (!document) return document.error();
    return std::move(document->body);
  } catch (...) {
    return Fail(Reason::kInternalError, "");
  }
}

Result<FetchedDocument> HttpsFetcher::Perform(const HttpExchange& exchange, UrlUse use,
                                              const Deadline& deadline, FetchTrace* trace) const {
  using StepKind = FetchStep::Kind;
  const auto end = [&](StepKind kind, Failure failure) -> Result<FetchedDocument> {
    if (trace != nullptr) RecordUnopened(*trace, kind, failure);
    return failure;
  };
  const auto uri = options_.url_policy.Check(exchange.url, use);
  if (!uri) return end(StepKind::kPolicy, uri.error());
  const Guard guard = options_.proxy.empty() ? Guard::kOn : Guard::kOffForProxy;
  if (guard == Guard::kOffForProxy) {
    if (auto ok = CheckHostForProxy(*uri, options_.private_addresses); !ok) {
      return end(StepKind::kPolicy, ok.error());
    }
  }
  const milliseconds total = std::min(deadline.Left(), options_.total_timeout);
  if (total <= milliseconds(0)) {
    return end(StepKind::kDns, Fail(Reason::kFetchTimeout, "the deadline had passed before"));
  }

  ResponseLimits limits = options_.limits;
  limits.max_body_bytes = exchange.max_response_bytes;
  // Declared before `request`, whose handle may still use it when it is cleaned up.
  Transfer transfer{HttpResponse(limits), options_.private_addresses, guard};
  Request request;
  const Tracing tracing = trace != nullptr ? Tracing::kOn : Tracing::kOff;
  const RequestSpec spec{options_, ca_pem_, *uri, exchange, total, tracing};
  if (auto ok = Prepare(request, transfer, spec); !ok) return end(StepKind::kDns, ok.error());
  CURL* easy = request.easy.get();
  const CURLcode code = curl_easy_perform(easy);
  const bool good = code == CURLE_OK && !transfer.broken && !transfer.response.failure() &&
                    transfer.response.headers_complete();
  std::optional<Failure> failure;
  if (!good) failure = Explain(code, easy, transfer, *uri);
  if (trace != nullptr) {
    const std::string allowed = uri->scheme + ", port " + std::to_string(PortOf(*uri));
    trace->steps.push_back({StepKind::kPolicy, FetchStep::Outcome::kDone, {}, allowed});
    RecordProgress(*trace, ProgressOf(easy, transfer, *uri), transfer.response, failure);
  }
  if (failure) return *failure;
  return transfer.response.TakeDocument();
}

std::vector<std::string> HttpsFetcher::InsecureSettings() const {
  std::vector<std::string> settings = options_.url_policy.InsecureSettings();
  if (options_.private_addresses == PrivateAddresses::kInsecureAllow) {
    settings.emplace_back(
        "insecure_allow_private_addresses: hosts of the internal network can be reached");
  }
  return settings;
}

std::string CurlVersion() {
  const ::curl_version_info_data* info = ::curl_version_info(CURLVERSION_NOW);
  return std::string("libcurl ") + info->version +
         (info->ssl_version == nullptr ? "" : std::string(" with ") + info->ssl_version);
}

}  // namespace callvet
