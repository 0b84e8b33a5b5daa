#include "quantlens/io/truncated_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/io/mapped_file.hpp"
#include "temp_folder.hpp"

using namespace quantlens;
using quantlens::test::TempFolder;

namespace {

constexpr std::size_t two_pages = 8192;

/// Wait status and stderr of a process of its own that does this.
template <class Work>
std::pair<int, std::string> in_child(const TempFolder& folder, Work&& work) {
  const std::filesystem::path err = folder.path() / "stderr";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
    std::signal(SIGBUS, SIG_DFL);
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {status, test::read_text(err)};
}

void touch(const std::byte* address) { static_cast<void>(*const_cast<const volatile std::byte*>(address)); }

}  // namespace

TEST_CASE("a mapped file that shrinks ends the program with its name and status 1") {
  const TempFolder folder;
  const auto path = folder.write("model\x1b.gguf", std::string(two_pages, 'x'));
  const auto other = folder.write("other", "still whole");
  const auto [status, text] = in_child(folder, [&] {
    install_truncated_file_handler();
    const MappedFile whole = MappedFile::open(other);
    MappedFile opened = MappedFile::open(path);
    const MappedFile moved = std::move(opened);
    std::filesystem::resize_file(path, 0);
    touch(moved.bytes().data() + two_pages - 1);
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(text ==
        concat("[quantlens.file] ", folder.path().string(),
               "/model\\x1b.gguf was truncated or became unreadable while in use; run again when it is whole\n"));
}

TEST_CASE("a fault elsewhere goes to whoever handled it before") {
  const TempFolder folder;
  const auto path = folder.write("plain", std::string(two_pages, 'x'));
  const auto fault = [&] {
    { const MappedFile closed = MappedFile::open(path); }
    const int file = ::open(path.c_str(), O_RDONLY);
    const void* address = ::mmap(nullptr, two_pages, PROT_READ, MAP_SHARED, file, 0);
    std::filesystem::resize_file(path, 0);
    touch(static_cast<const std::byte*>(address));
  };
  const auto [killed, nothing] = in_child(folder, [&] {
    install_truncated_file_handler();
    fault();
  });
  CHECK(WIFSIGNALED(killed));
  CHECK(nothing.empty());

  std::filesystem::resize_file(path, two_pages);
  const auto [handled, no_text] = in_child(folder, [&] {
    std::signal(SIGBUS, [](int) { ::_exit(7); });
    install_truncated_file_handler();
    fault();
  });
  REQUIRE(WIFEXITED(handled));
  CHECK(WEXITSTATUS(handled) == 7);
  CHECK(no_text.empty());
}

TEST_CASE("a process may hold more mappings than have names") {
  const TempFolder folder;
  const auto path = folder.write("small", "x");
  std::vector<MappedFile> many;
  for (int i = 0; i < 600; ++i) many.push_back(MappedFile::open(path));
  CHECK(many.back().text() == "x");
}
