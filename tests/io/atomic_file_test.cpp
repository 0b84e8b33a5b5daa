#include "quantlens/io/atomic_file.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "temp_folder.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {
std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}
}  // namespace

TEST_CASE("an atomic write creates and replaces, and leaves nothing else behind") {
  const TempFolder folder;
  const auto path = folder.path() / "results.json";
  write_file_atomically(path, "first");
  CHECK(read_text(path) == "first");
  const std::string long_text(3000000, 'x');
  write_file_atomically(path, long_text);
  CHECK(read_text(path) == long_text);
  write_file_atomically(path, "");
  CHECK(read_text(path).empty());
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a failed atomic write says why and leaves the old file") {
  const TempFolder folder;
  CHECK_THROWS_WITH(write_file_atomically(folder.path() / "none" / "a", "x"),
                    Catch::Contains("quantlens.write") && Catch::Contains("No such file"));
  // A rename onto a folder fails after the temporary file was written.
  std::filesystem::create_directory(folder.path() / "taken");
  CHECK_THROWS_AS(write_file_atomically(folder.path() / "taken", "x"), Error);
  CHECK(std::filesystem::is_directory(folder.path() / "taken"));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("what killed writers left is removed, and nothing else") {
  const TempFolder folder;
  const auto path = folder.path() / "results.json";
  for (const char* name : {".results.json.4711.0.tmp", ".results.json.4711.1.tmp", ".other.json.4711.0.tmp",
                           "results.json", "results.json.tmp", ".results.json.bak"})
    folder.write(name, "x");
  remove_abandoned(path);
  CHECK(files_in(folder.path()) == 4);
  CHECK_FALSE(std::filesystem::exists(folder.path() / ".results.json.4711.0.tmp"));
  CHECK(std::filesystem::exists(folder.path() / ".other.json.4711.0.tmp"));
  remove_abandoned(folder.path() / "none" / "results.json");
}
