// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/result_matchers.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "callvet_file_test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(FileTest, WritesAndReadsAllBytes) {
  std::string bytes;
  for (int i = 0; i < 200000; ++i) bytes.push_back(static_cast<char>(i));
  ASSERT_THAT(WriteFile(folder_ / "a", bytes, FileMode::kPublic), Succeeds());
  const auto read = ReadFile(folder_ / "a");
  ASSERT_THAT(read, Succeeds());
  EXPECT_EQ(*read, bytes);
}

TEST_F(FileTest, ReplacesAFileAndLeavesNoTemporaryOne) {
  ASSERT_THAT(WriteFile(folder_ / "a", "first, longer", FileMode::kPublic), Succeeds());
  ASSERT_THAT(WriteFile(folder_ / "a", "second", FileMode::kPublic), Succeeds());
  EXPECT_EQ(ReadFile(folder_ / "a").value_or(""), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(FileTest, ModesAreExactWhateverTheUmask) {
  const auto old = ::umask(0);
  EXPECT_THAT(WriteFile(folder_ / "key", "k", FileMode::kPrivate), Succeeds());
  ::umask(077);
  EXPECT_THAT(WriteFile(folder_ / "crt", "c", FileMode::kPublic), Succeeds());
  ::umask(old);
  EXPECT_EQ(fs::status(folder_ / "key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(folder_ / "crt").permissions(),
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                fs::perms::others_read);
}

TEST_F(FileTest, AFileOfExactlyTheLimitIsRead) {
  ASSERT_THAT(WriteFile(folder_ / "a", "12345", FileMode::kPublic), Succeeds());
  EXPECT_THAT(ReadFile(folder_ / "a", 5), Succeeds());
  EXPECT_THAT(ReadFile(folder_ / "a", 4), FailsWith(Reason::kFileUnreadable));
}

TEST_F(FileTest, MissingFileDirectoryAndEndlessFile_AreUnreadable) {
  EXPECT_THAT(ReadFile(folder_ / "none"), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(ReadFile(folder_), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(ReadFile("/dev/zero", 100000), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(ReadFile(""), FailsWith(Reason::kFileUnreadable));
}

TEST_F(FileTest, WritingIntoAMissingDirectoryOrOntoADirectory_Fails) {
  EXPECT_THAT(WriteFile(folder_ / "none" / "a", "x", FileMode::kPublic),
              FailsWith(Reason::kFileUnreadable));
  fs::create_directory(folder_ / "sub");
  EXPECT_THAT(WriteFile(folder_ / "sub", "x", FileMode::kPublic),
              FailsWith(Reason::kFileUnreadable));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

// For any user: nobody can follow a link to itself.
TEST_F(FileTest, WhatIsThereAndCannotBeReadIsNotMissing) {
  const auto none = ReadFileIfThere(folder_ / "none");
  ASSERT_THAT(none, Succeeds());
  EXPECT_FALSE(none->has_value());
  ASSERT_THAT(WriteFile(folder_ / "a", "12345", FileMode::kPublic), Succeeds());
  const auto there = ReadFileIfThere(folder_ / "a", 5);
  ASSERT_THAT(there, Succeeds());
  EXPECT_EQ(*there, "12345");
  EXPECT_THAT(ReadFileIfThere(folder_ / "a", 4), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(ReadFileIfThere(folder_), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(ReadFileIfThere(folder_ / "a" / "b"), FailsWith(Reason::kFileUnreadable));
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(ReadFileIfThere(folder_ / "loop"), FailsWith(Reason::kFileUnreadable));
  const auto loop = ListFiles(folder_ / "loop");
  ASSERT_THAT(loop, FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(loop.error().detail, ::testing::HasSubstr("symbolic links"));
  EXPECT_THAT(ListFiles(folder_), FailsWith(Reason::kFileUnreadable));
}

TEST_F(FileTest, ListsVisibleRegularFilesSorted) {
  for (const char* name : {"b.pem", "a.pem", ".hidden"}) std::ofstream(folder_ / name) << "x";
  fs::create_directory(folder_ / "sub");
  std::ofstream(folder_ / "sub" / "c.pem") << "x";
  const auto files = ListFiles(folder_);
  ASSERT_THAT(files, Succeeds());
  EXPECT_THAT(*files, ElementsAre(folder_ / "a.pem", folder_ / "b.pem"));
  const auto one = ListFiles(folder_ / ".hidden");
  ASSERT_THAT(one, Succeeds());
  EXPECT_THAT(*one, ElementsAre(folder_ / ".hidden"));
  EXPECT_THAT(ListFiles(folder_ / "none"), FailsWith(Reason::kFileUnreadable));
}

std::vector<std::string> LinesOf(const fs::path& path) {
  auto reader = LineReader::Open(path);
  std::vector<std::string> lines;
  while (reader) {
    const auto line = reader->Next();
    if (!line || !*line) {
      lines.emplace_back(line ? "end" : "failed " + std::to_string(reader->line_number()));
      break;
    }
    lines.emplace_back(**line);
  }
  return lines;
}

TEST_F(FileTest, LineReaderGivesEveryLine) {
  const auto write = [&](const std::string& text) {
    std::ofstream(folder_ / "lines", std::ios::binary) << text;
    return LinesOf(folder_ / "lines");
  };
  EXPECT_THAT(write(""), ElementsAre("end"));
  EXPECT_THAT(write("a"), ElementsAre("a", "end"));
  EXPECT_THAT(write("a\n"), ElementsAre("a", "end"));
  EXPECT_THAT(write("a\r\n\nb\r"), ElementsAre("a", "", "b", "end"));
  const std::string longest(LineReader::kMaxLine, 'x');
  EXPECT_THAT(write("a\n" + longest + "\nb"), ElementsAre("a", longest, "b", "end"));
  EXPECT_THAT(write("a\n" + longest + "x\nb"), ElementsAre("a", "failed 2"));
  EXPECT_THAT(write(longest + "x"), ElementsAre("failed 1"));
  std::string many;
  for (int i = 0; i < 100000; ++i) many += std::to_string(i) + "\n";
  const auto lines = write(many);
  ASSERT_EQ(lines.size(), 100001U);
  EXPECT_EQ(lines[77777], "77777");
}

TEST_F(FileTest, LineReaderOfAMissingFileOrDirectoryFails) {
  EXPECT_THAT(LineReader::Open(folder_ / "missing"), FailsWith(Reason::kFileUnreadable));
  auto reader = LineReader::Open(folder_);
  ASSERT_THAT(reader, Succeeds());
  EXPECT_THAT(reader->Next(), FailsWith(Reason::kFileUnreadable));
}

}  // namespace
}  // namespace callvet
