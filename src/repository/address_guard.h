// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

/// An IPv4 or IPv6 address. A value.
class IpAddress {
 public:
  enum class Family : uint8_t { kV4, kV6 };

  /// Reads "192.0.2.1" or "2001:db8::1" (four decimal numbers; no brackets, no zone). Pure.
  static std::optional<IpAddress> Parse(std::string_view text);
  /// From the bytes of a packet, in network order.
  static IpAddress V4(const std::array<uint8_t, 4>& bytes);
  static IpAddress V6(const std::array<uint8_t, 16>& bytes);

  [[nodiscard]] Family family() const { return family_; }
  /// 4 or 16 of them count.
  [[nodiscard]] const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] std::string Text() const;

  bool operator==(const IpAddress&) const = default;

 private:
  Family family_ = Family::kV4;
  std::array<uint8_t, 16> bytes_{};
};

/// What an address is, by the IANA special-purpose registries (RFC 6890 and later). Whatever they
/// do not name is public in IPv4; in IPv6 only 2000::/3 is public, the rest is kReserved.
enum class AddressClass : uint8_t {
  kPublic,
  // IPv4
  kThisNetwork,  // 0.0.0.0/8
  kPrivate,      // 10/8, 172.16/12, 192.168/16
  kCarrierNat,   // 100.64/10
  kBroadcast,    // 255.255.255.255
  kRelay6to4,    // 192.88.99/24
  // Both
  kLoopback,             // 127/8, ::1
  kLinkLocal,            // 169.254/16, fe80::/10
  kMulticast,            // 224/4, ff00::/8
  kProtocolAssignments,  // 192.0.0/24, 2001::/23
  kDocumentation,        // 192.0.2/24, 198.51.100/24, 203.0.113/24, 2001:db8::/32, 3fff::/20
  kBenchmarking,         // 198.18/15, 2001:2::/48
  kReserved,             // 240/4, and IPv6 that is not global unicast
  // IPv6
  kUnspecified,     // ::
  kIpv4Compatible,  // ::/96
  kIpv4Mapped,      // ::ffff:0:0/96
  kIpv4Translated,  // ::ffff:0:0:0/96
  kNat64,           // 64:ff9b::/96, 64:ff9b:1::/48
  kDiscard,         // 100::/64
  kTeredo,          // 2001::/32
  k6to4,            // 2002::/16
  kUniqueLocal,     // fc00::/7
  kSiteLocal,       // fec0::/10
};

/// The class of `address`. An address that carries an IPv4 address inside (mapped, 6to4, NAT64,
/// ...) is of its own class whatever it carries. Pure.
AddressClass Classify(const IpAddress& address);

/// "loopback", "link-local", ...: for messages.
std::string_view AddressClassName(AddressClass address_class);

/// Whether addresses that are not public may be opened: for the laboratory.
enum class PrivateAddresses : uint8_t { kRefuse, kInsecureAllow };

/// C-21: succeeds if a connection to `address` may be opened. Fails with kFetchAddressRefused.
/// Multicast, broadcast, unspecified, reserved and discard addresses are refused in the laboratory
/// too. Pure.
Result<void> CheckAddress(const IpAddress& address, PrivateAddresses rule);

}  // namespace callvet
