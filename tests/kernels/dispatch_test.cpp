#include "quantlens/kernels/dispatch.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;

TEST_CASE("a build that leaves the machine's best kernels or threads unused says so") {
  const std::vector<std::string> best = build_notes(Isa::avx512vnni, true);
  CHECK(best.empty());
  REQUIRE(build_notes(Isa::avx512vnni, false).size() == 1);
  CHECK_THAT(build_notes(Isa::avx512vnni, false).front(), Catch::Contains("-fopenmp"));
  const std::vector<std::string> weakest = build_notes(Isa::baseline, true);
  CHECK(weakest.size() == (cpu_supports(Isa::avx2) ? 1u : 0u));
  for (const std::string& note : weakest) {
    CHECK_THAT(note, Catch::Contains("compiled for 'baseline'"));
    CHECK_THAT(note, Catch::Contains("-march=native"));
  }
}

TEST_CASE("this build has no kernels that this machine lacks by accident") {
  // Built with the library, which holds every instruction set.
  CHECK(build_notes(compiled_kernels().back()->isa, true).empty());
}
