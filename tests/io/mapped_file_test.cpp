#include "quantlens/io/mapped_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <utility>

#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("a mapped file shows its bytes and keeps their address when moved") {
  const TempFolder folder;
  const auto path = folder.write("a", "hello");
  MappedFile file = MappedFile::open(path);
  CHECK(file.text() == "hello");
  const std::byte* address = file.bytes().data();
  MappedFile moved = std::move(file);
  CHECK(moved.bytes().data() == address);
  CHECK(moved.path() == path);
  MappedFile assigned;
  assigned = std::move(moved);
  CHECK(assigned.text() == "hello");
}

TEST_CASE("an empty file maps to no bytes") {
  const TempFolder folder;
  CHECK(MappedFile::open(folder.write("empty", "")).bytes().empty());
}

TEST_CASE("what is missing or no file is refused by its path") {
  const TempFolder folder;
  CHECK_THROWS_WITH(MappedFile::open(folder.path() / "none"),
                    Catch::Contains("none") && Catch::Contains("No such file"));
  CHECK_THROWS_WITH(MappedFile::open(folder.path()), Catch::Contains("not a regular file"));
  std::filesystem::create_symlink(folder.path() / "none", folder.path() / "link");
  CHECK_THROWS_WITH(MappedFile::open(folder.path() / "link"),
                    Catch::Contains("link: a link to a file that is not there"));
}

TEST_CASE("a pipe is refused without waiting for somebody who writes into it") {
  const TempFolder folder;
  const auto path = folder.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(MappedFile::open(path), Catch::Contains("not a regular file"));
  CHECK_THROWS_WITH(MappedFile::open("/dev/null"), Catch::Contains("not a regular file"));
}
