#include "quantlens/app/program.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

using namespace quantlens;

namespace {

/// Exit status and stderr of a program that does this.
template <class Work>
std::pair<int, std::string> end_of(Work&& work) {
  std::ostringstream out, err;
  const int status = run_program(out, err, "tool: ", std::forward<Work>(work));
  return {status, err.str()};
}

}  // namespace

TEST_CASE("a program's status is that of its work, or of what the work throws") {
  using Ending = std::pair<int, std::string>;
  CHECK(end_of([] { return 3; }) == Ending{3, ""});
  CHECK(end_of([]() -> int { throw InputError("file", "bad\ninput"); }) ==
        Ending{2, "tool: [quantlens.file] bad\\ninput\n"});
  CHECK(end_of([]() -> int { throw Error("file", "lost"); }) == Ending{1, "tool: [quantlens.file] lost\n"});
  CHECK(end_of([]() -> int { throw std::runtime_error("a\x1b[1m"); }) == Ending{1, "tool: a\\x1b[1m\n"});
  CHECK(end_of([]() -> int { throw std::bad_alloc(); }) == Ending{1, "tool: out of memory\n"});
  CHECK(end_of([]() -> int { throw Interrupted{15}; }) == Ending{143, "tool: interrupted\n"});
}

TEST_CASE("a path that the system does not take is bad input, in our words") {
  const auto [status, text] = end_of([] { return std::filesystem::exists(std::string(5000, 'x')) ? 0 : 3; });
  CHECK(status == 2);
  CHECK_THAT(text, Catch::StartsWith("tool: [quantlens.file] xxx") && Catch::EndsWith("File name too long\n"));
}

TEST_CASE("output that does not fit on its disk fails, however little it is") {
  std::ofstream full("/dev/full");
  if (!full) return;
  std::ostringstream err;
  const int status = run_program(full, err, "", [&] {
    full << "x";
    return 0;
  });
  CHECK(status == 1);
  CHECK(err.str() == "[quantlens.write] cannot write to standard output\n");
}
