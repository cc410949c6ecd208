// SPDX-License-Identifier: MIT
#include "repository/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <span>

namespace callvet {
namespace {

struct Block {
  std::array<uint8_t, 16> prefix;
  unsigned bits;
  AddressClass address_class;
};

using enum AddressClass;

// Of two blocks one of which holds the other, the smaller stands first: the first match counts.
// clang-format off
constexpr Block kV4Blocks[] = {
  {{0}, 8, kThisNetwork},                  // RFC 791
  {{10}, 8, kPrivate},                     // RFC 1918
  {{100, 64}, 10, kCarrierNat},            // RFC 6598
  {{127}, 8, kLoopback},                   // RFC 1122
  {{169, 254}, 16, kLinkLocal},            // RFC 3927; cloud metadata services
  {{172, 16}, 12, kPrivate},               // RFC 1918
  {{192, 0, 0}, 24, kProtocolAssignments}, // RFC 6890
  {{192, 0, 2}, 24, kDocumentation},       // RFC 5737
  {{192, 88, 99}, 24, kRelay6to4},         // RFC 7526
  {{192, 168}, 16, kPrivate},              // RFC 1918
  {{198, 18}, 15, kBenchmarking},          // RFC 2544
  {{198, 51, 100}, 24, kDocumentation},    // RFC 5737
  {{203, 0, 113}, 24, kDocumentation},     // RFC 5737
  {{224}, 4, kMulticast},                  // RFC 1112
  {{255, 255, 255, 255}, 32, kBroadcast},  // RFC 919
  {{240}, 4, kReserved},                   // RFC 1112
};
constexpr Block kV6Blocks[] = {
  {{}, 128, kUnspecified},                                               // RFC 4291
  {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, kLoopback},    // RFC 4291
  {{}, 96, kIpv4Compatible},                                             // RFC 4291
  {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, kIpv4Mapped},         // RFC 4291
  {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 96, kIpv4Translated},     // RFC 2765
  {{0, 0x64, 0xff, 0x9b}, 96, kNat64},                                   // RFC 6052
  {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, kNat64},                             // RFC 8215
  {{1}, 64, kDiscard},                                                   // RFC 6666
  {{0x20, 0x01, 0, 2, 0, 0}, 48, kBenchmarking},                         // RFC 5180
  {{0x20, 0x01, 0, 0}, 32, kTeredo},                                     // RFC 4380
  {{0x20, 0x01, 0}, 23, kProtocolAssignments},                           // RFC 2928; ORCHID
  {{0x20, 0x01, 0x0d, 0xb8}, 32, kDocumentation},                        // RFC 3849
  {{0x20, 0x02}, 16, k6to4},                                             // RFC 3056
  {{0x3f, 0xff, 0}, 20, kDocumentation},                                 // RFC 9637
  {{0x20}, 3, kPublic},                                                  // RFC 4291: global unicast
  {{0xfc}, 7, kUniqueLocal},                                             // RFC 4193
  {{0xfe, 0x80}, 10, kLinkLocal},                                        // RFC 4291
  {{0xfe, 0xc0}, 10, kSiteLocal},                                        // RFC 3879
  {{0xff}, 8, kMulticast},                                               // RFC 4291
};
// clang-format on

bool Holds(const Block& block, const std::array<uint8_t, 16>& address) {
  const unsigned whole = block.bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, block.prefix.begin())) return false;
  const unsigned rest = block.bits % 8;
  if (rest == 0) return true;
  const unsigned difference = address[whole] ^ unsigned { block.prefix[whole] };
  return (difference >> (8 - rest)) == 0;
}

AddressClass FirstMatch(std::span<const Block> blocks, const IpAddress& address,
                        AddressClass other) {
  for (const Block& block : blocks) {
    if (Holds(block, address.bytes())) return block.address_class;
  }
  return other;
}

// What not even a laboratory connects to.
bool IsNeverAHost(AddressClass address_class) {
  return address_class == kMulticast || address_class == kBroadcast || address_class == kReserved ||
         address_class == kUnspecified || address_class == kThisNetwork ||
         address_class == kDiscard;
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::string_view(terminated.c_str()).size()) return std::nullopt;
  std::array<uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return V4(v4);
  std::array<uint8_t, 16> v6{};
  if (::inet_pton(AF_INET6, terminated.c_str(), v6.data()) == 1) return V6(v6);
  return std::nullopt;
}

IpAddress IpAddress::V4(const std::array<uint8_t, 4>& bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::V6(const std::array<uint8_t, 16>& bytes) {
  IpAddress address;
  address.family_ = Family::kV6;
  address.bytes_ = bytes;
  return address;
}

std::string IpAddress::Text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = family_ == Family::kV4 ? AF_INET : AF_INET6;
  if (::inet_ntop(family, bytes_.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

AddressClass Classify(const IpAddress& address) {
  if (address.family() == IpAddress::Family::kV4) return FirstMatch(kV4Blocks, address, kPublic);
  return FirstMatch(kV6Blocks, address, kReserved);
}

std::string_view AddressClassName(AddressClass address_class) {
  switch (address_class) {
    case kPublic:
      return "public";
    case kThisNetwork:
      return "this-network";
    case kPrivate:
      return "private";
    case kCarrierNat:
      return "carrier-nat";
    case kBroadcast:
      return "broadcast";
    case kRelay6to4:
      return "6to4-relay";
    case kLoopback:
      return "loopback";
    case kLinkLocal:
      return "link-local";
    case kMulticast:
      return "multicast";
    case kProtocolAssignments:
      return "protocol-assignments";
    case kDocumentation:
      return "documentation";
    case kBenchmarking:
      return "benchmarking";
    case kReserved:
      return "reserved";
    case kUnspecified:
      return "unspecified";
    case kIpv4Compatible:
      return "ipv4-compatible";
    case kIpv4Mapped:
      return "ipv4-mapped";
    case kIpv4Translated:
      return "ipv4-translated";
    case kNat64:
      return "nat64";
    case kDiscard:
      return "discard";
    case kTeredo:
      return "teredo";
    case k6to4:
      return "6to4";
    case kUniqueLocal:
      return "unique-local";
    case kSiteLocal:
      return "site-local";
  }
  return "reserved";
}

Result<void> CheckAddress(const IpAddress& address, PrivateAddresses rule) {
  const AddressClass address_class = Classify(address);
  if (address_class == kPublic) return {};
  if (rule == PrivateAddresses::kInsecureAllow && !IsNeverAHost(address_class)) return {};
  return Fail(
      Reason::kFetchAddressRefused,
      address.Text() + " is a " + std::string(AddressClassName(address_class)) + " address");
}

}  // namespace callvet
