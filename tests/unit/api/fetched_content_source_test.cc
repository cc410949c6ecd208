// SPDX-License-Identifier: MIT
#include "api/fetched_content_source.h"

#include "api/assembly.h"
#include "base/clock.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

class FakeFetcher final : public Fetcher {
 public:
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view url, UrlUse /*use*/,
                                              const Deadline& /*deadline*/) const override {
    if (url != "https://cert.example.org/icon") return Fail(Reason::kFetchAddressRefused, "no");
    FetchedDocument document;
    document.body = "PNG";
    return document;
  }
};

TEST(FetchedContentSource, F26_GivesWhatTheFetcherGives) {
  const FetchedContentSource source(std::make_shared<FakeFetcher>());
  EXPECT_EQ(source.Get("https://cert.example.org/icon", Deadline()).value_or(""), "PNG");
  EXPECT_THAT(source.Get("https://127.0.0.1/icon", Deadline()),
              FailsWith(Reason::kFetchAddressRefused));
}

TEST(FetchedContentSource, WithoutAFetcherNothingIsHad) {
  EXPECT_THAT(FetchedContentSource(nullptr).Get("https://cert.example.org/icon", Deadline()),
              FailsWith(Reason::kFetchOffline));
}

}  // namespace
}  // namespace callvet
