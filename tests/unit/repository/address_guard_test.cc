// SPDX-License-Identifier: MIT
#include "repository/address_guard.h"

#include <set>

#include "support/result_matchers.h"

namespace callvet {
namespace {

using enum AddressClass;

struct Case {
  const char* first;  // and last address of a block
  const char* last;
  AddressClass address_class;
};

constexpr Case kCases[] = {
    {"0.0.0.0", "0.255.255.255", kThisNetwork},
    {"10.0.0.0", "10.255.255.255", kPrivate},
    {"100.64.0.0", "100.127.255.255", kCarrierNat},
    {"127.0.0.0", "127.255.255.255", kLoopback},
    {"169.254.0.0", "169.254.255.255", kLinkLocal},
    {"172.16.0.0", "172.31.255.255", kPrivate},
    {"192.0.0.0", "192.0.0.255", kProtocolAssignments},
    {"192.0.2.0", "192.0.2.255", kDocumentation},
    {"192.88.99.0", "192.88.99.255", kRelay6to4},
    {"192.168.0.0", "192.168.255.255", kPrivate},
    {"198.18.0.0", "198.19.255.255", kBenchmarking},
    {"198.51.100.0", "198.51.100.255", kDocumentation},
    {"203.0.113.0", "203.0.113.255", kDocumentation},
    {"224.0.0.0", "239.255.255.255", kMulticast},
    {"240.0.0.0", "255.255.255.254", kReserved},
    {"255.255.255.255", "255.255.255.255", kBroadcast},
    {"::", "::", kUnspecified},
    {"::1", "::1", kLoopback},
    {"::2", "::ffff:ffff", kIpv4Compatible},
    {"::ffff:0.0.0.0", "::ffff:255.255.255.255", kIpv4Mapped},
    {"::ffff:8.8.8.8", "::ffff:8.8.8.8", kIpv4Mapped},  // whatever it carries
    {"::ffff:0:0.0.0.0", "::ffff:0:255.255.255.255", kIpv4Translated},
    {"64:ff9b::", "64:ff9b::ffff:ffff", kNat64},
    {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", kNat64},
    {"64:ff9b:2::", "64:ff9b:2::", kReserved},
    {"100::", "100::ffff:ffff:ffff:ffff", kDiscard},
    {"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", kTeredo},
    {"2001:1::", "2001:1:ffff::", kProtocolAssignments},
    {"2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", kBenchmarking},
    {"2001:20::", "2001:1ff:ffff::", kProtocolAssignments},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", kDocumentation},
    {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", k6to4},
    {"3fff::", "3fff:fff:ffff::", kDocumentation},
    {"4000::", "fbff:ffff::", kReserved},
    {"5f00::", "5f00::1", kReserved},
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", kUniqueLocal},
    {"fe00::", "fe7f:ffff::", kReserved},
    {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", kLinkLocal},
    {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", kSiteLocal},
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", kMulticast},
};

IpAddress AddressOf(const char* text) {
  const auto address = IpAddress::Parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress());
}

TEST(AddressGuard, RefusesEveryClassThatIsNotPublic) {
  for (const Case& c : kCases) {
    for (const char* text : {c.first, c.last}) {
      const IpAddress address = AddressOf(text);
      EXPECT_EQ(AddressClassName(Classify(address)), AddressClassName(c.address_class)) << text;
      EXPECT_THAT(CheckAddress(address, PrivateAddresses::kRefuse),
                  FailsWith(Reason::kFetchAddressRefused))
          << text;
    }
  }
}

TEST(AddressGuard, LetsPublicAddressesPass) {
  for (const char* text :
       {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",     "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",     "172.15.255.255",  "172.32.0.0",      "191.255.255.255",
        "192.0.1.0",       "192.0.3.0",       "192.88.98.255",   "192.88.100.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",
        "198.51.99.255",   "198.51.101.0",    "203.0.112.255",   "203.0.114.0",
        "223.255.255.255", "2001:200::",      "2001:db7:ffff::", "2001:db9::",
        "2003::",          "2606:4700::1111", "3ffe::",          "3fff:1000::"}) {
    const IpAddress address = AddressOf(text);
    EXPECT_EQ(AddressClassName(Classify(address)), "public") << text;
    EXPECT_THAT(CheckAddress(address, PrivateAddresses::kRefuse), Succeeds()) << text;
  }
}

TEST(AddressGuard, EachClassHasItsOwnName) {
  std::set<std::string_view> names;
  for (auto c = kPublic; c <= kSiteLocal; c = static_cast<AddressClass>(static_cast<int>(c) + 1)) {
    EXPECT_TRUE(names.insert(AddressClassName(c)).second) << AddressClassName(c);
  }
}

TEST(AddressGuard, TheLaboratoryReachesHostsOnly) {
  for (const Case& c : kCases) {
    const bool never = c.address_class == kMulticast || c.address_class == kBroadcast ||
                       c.address_class == kReserved || c.address_class == kUnspecified ||
                       c.address_class == kThisNetwork || c.address_class == kDiscard;
    const auto ok = CheckAddress(AddressOf(c.first), PrivateAddresses::kInsecureAllow);
    EXPECT_EQ(ok.has_value(), !never) << c.first;
  }
}

TEST(IpAddress, ReadsCanonicalFormsOnly) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "0x7f.0.0.1",
                           "1 .2.3.4", "::1%lo", "[::1]", "1:2", "::g", "localhost"}) {
    EXPECT_FALSE(IpAddress::Parse(ExactBytes(text).view())) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("127.0.0.1\0x", 11)));
  EXPECT_EQ(AddressOf("2001:DB8:0:0:0:0:0:1").Text(), "2001:db8::1");
  EXPECT_EQ(AddressOf("192.0.2.1").Text(), "192.0.2.1");
}

}  // namespace
}  // namespace callvet
