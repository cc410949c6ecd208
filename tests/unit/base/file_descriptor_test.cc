// SPDX-License-Identifier: MIT
#include "base/file_descriptor.h"

#include "support/temporary_directory.h"

namespace callvet {
namespace {

TEST(LockFile, ExcludesOthersUntilItGoes) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "lock";
  {
    auto lock = LockFile(path, LockWait::kWait);
    ASSERT_THAT(lock, Succeeds());
    const FileDescriptor moved = std::move(*lock);
    const auto second = LockFile(path, LockWait::kDoNotWait);
    EXPECT_THAT(second, FailsWith(Reason::kFileUnreadable));
    EXPECT_EQ(second.error().detail, path.string() + " is used by another process");
  }
  EXPECT_THAT(LockFile(path, LockWait::kDoNotWait), Succeeds());
}

TEST(LockFile, FollowsNoLinkAndNeedsItsDirectory) {
  const test::TemporaryDirectory directory;
  std::filesystem::create_symlink(directory.Put("target", ""), directory.path() / "link");
  EXPECT_THAT(LockFile(directory.path() / "link", LockWait::kWait),
              FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(LockFile(directory.path() / "none" / "lock", LockWait::kWait),
              FailsWith(Reason::kFileUnreadable));
}

}  // namespace
}  // namespace callvet
