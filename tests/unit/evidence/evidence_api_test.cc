// SPDX-License-Identifier: MIT
#include "api/evidence_api.h"

#include "evidence_fixture.h"

namespace callvet::test {
namespace {

class EvidenceApiTest : public testing::Test {
 protected:
  [[nodiscard]] EvidenceReader Reader(std::optional<sys_seconds> spilled_since) const {
    return {opened_, nullptr, "who", kNow, spilled_since};
  }
  static std::string IdAt(sys_seconds time) { return *NewEvidenceId(time); }

  StoreLab lab_;
  OpenedEvidence opened_{lab_.store, lab_.signer, std::nullopt};
};

// Who asks for a record that waits in the spill directory is not told that there is none.
TEST_F(EvidenceApiTest, H9_WhatMayWaitInTheSpillDirectoryIsNotSaidToBeMissing) {
  const std::string id = IdAt(kNow);
  const std::string older = IdAt(kNow - std::chrono::seconds(1));
  for (auto* api : {&ShowEvidence, &ExportEvidence}) {
    EXPECT_EQ((*api)(Reader(std::nullopt), id).status, 404);
    EXPECT_EQ((*api)(Reader(kNow), older).status, 404);
    EXPECT_EQ((*api)(Reader(kNow), "no id").status, 404);
    const ApiReply waits = (*api)(Reader(kNow), id);
    EXPECT_EQ(waits.status, 503);
    EXPECT_NE(waits.body.find(Info(Reason::kEvidenceUnavailable).id), std::string::npos);
  }
}

TEST_F(EvidenceApiTest, H9_APageSaysWhatItMayLack) {
  const ApiReply whole = FindEvidence(Reader(std::nullopt), "");
  EXPECT_NE(whole.body.find(R"("spilled_since":null)"), std::string::npos) << whole.body;
  const ApiReply lacking = FindEvidence(Reader(sys_seconds(std::chrono::seconds(86'400))), "");
  EXPECT_NE(lacking.body.find(R"("spilled_since":"1970-01-02T)"), std::string::npos)
      << lacking.body;
}

}  // namespace
}  // namespace callvet::test
