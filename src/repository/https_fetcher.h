// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "repository/address_guard.h"
#include "repository/fetch_trace.h"
#include "repository/fetcher.h"
#include "repository/http_response.h"
#include "repository/url_policy.h"

namespace callvet {

/// How to fetch. The defaults are safe against hostile URLs and hostile servers (C-20, C-21).
struct HttpsFetcherOptions {
  UrlPolicy url_policy;
  PrivateAddresses private_addresses = PrivateAddresses::kRefuse;
  std::chrono::milliseconds total_timeout{5000};
  std::chrono::milliseconds connect_timeout{3000};  // name, connection and TLS together
  /// Slower than this over this time is given up before the total timeout.
  std::chrono::seconds low_speed_time{4};
  uint32_t low_speed_bytes_per_second = 64;
  ResponseLimits limits;
  /// PEM file of the CAs that may vouch for servers, instead of the system's; "": the system's.
  /// Read once, by Make. They have nothing to do with trust anchors for calls.
  std::string ca_file;
  /// "http://host:port" or "https://host:port"; "": none. The environment's proxies never count.
  /// See HttpsFetcher for what a proxy takes away.
  std::string proxy;
  std::string user_agent = "callvet";
  /// A host (as in the URL, without port) and the address that it is taken to have, like a line of
  /// /etc/hosts: for tests, and for split DNS. The guard judges these addresses as any other.
  struct HostAddress {
    std::string host;
    std::string address;
  };
  std::vector<HostAddress> host_addresses;
};

/// Fetches over HTTPS with libcurl, on the caller's thread. Each fetch is one request on a
/// connection of its own: no redirects, cookies, .netrc, compression, or proxies of the
/// environment; TLS 1.2 or later with the server's certificate and name verified.
///
/// The address is judged when the socket is opened, on the very bytes that connect() gets, so it
/// does not matter how often or with what a name server answers. A host with several addresses is
/// tried only at those that pass.
///
/// With a proxy the socket goes to the proxy, whose address the operator chose and which is not
/// judged; it resolves the host, so a private target behind it is the proxy's matter to refuse.
/// Refused here are addresses in the URL itself and localhost.
///
/// Thread-safe and const; no state is shared between fetches. Never throws, prints or raises
/// SIGPIPE. libcurl is initialised once in a process, by the first fetcher made, in a static of one
/// function, and never cleaned up. A name server that does not answer is left to a thread of
/// libcurl that ends by itself when the resolver gives up; the fetch ends at its deadline.
class HttpsFetcher final : public Fetcher, public HttpExchanger {
 public:
  /// Fails with kConfigInvalid (proxy of another scheme, address that is none, time of zero,
  /// control characters), kFileUnreadable or kFileInvalid (ca_file), or kInternalError (libcurl
  /// cannot be used).
  static Result<HttpsFetcher> Make(HttpsFetcherOptions options);

  /// Ends by `deadline` or total_timeout. Fails with kInfoInvalid or kFetchUrlRefused (URL policy),
  /// kFetchAddressRefused (no address of the host may be opened), kFetchDnsFailed,
  /// kFetchConnectFailed, kFetchTlsFailed, kFetchTimeout, kFetchHttpStatus, kFetchRedirect,
  /// kFetchTooLarge, kFetchTransferFailed, kInternalError.
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view url, UrlUse use,
                                              const Deadline& deadline) const override;
  /// The same, and what happened step by step, also when it fails.
  [[nodiscard]] Result<FetchedDocument> FetchTraced(std::string_view url, UrlUse use,
                                                    const Deadline& deadline,
                                                    FetchTrace& trace) const;
  /// One exchange that need not be a GET, under the same guard and limits; its own
  /// max_response_bytes counts. Fails like Fetch, and with kConfigInvalid for header fields with
  /// control characters.
  [[nodiscard]] Result<std::string> Send(const HttpExchange& exchange,
                                         const Deadline& deadline) const override;

  /// One sentence for each switch that weakens the fetcher, to be logged at start; empty if none.
  [[nodiscard]] std::vector<std::string> InsecureSettings() const;

 private:
  HttpsFetcher(HttpsFetcherOptions options, std::string ca_pem)
      : options_(std::move(options)), ca_pem_(std::move(ca_pem)) {}
  // `trace` may be nullptr. Perform lets exceptions out.
  [[nodiscard]] Result<FetchedDocument> FetchInto(std::string_view url, UrlUse use,
                                                  const Deadline& deadline,
                                                  FetchTrace* trace) const;
  [[nodiscard]] Result<FetchedDocument> Perform(const HttpExchange& exchange, UrlUse use,
                                                const Deadline& deadline, FetchTrace* trace) const;

  HttpsFetcherOptions options_;
  std::string ca_pem_;  // of ca_file
};

/// Name and version of the libcurl that is loaded, and of its TLS.
std::string CurlVersion();

}  // namespace callvet
