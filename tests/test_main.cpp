/// The main function of every test program: Catch2's, and a loud skip where the ISA or model asked for is missing.
#define CATCH_CONFIG_RUNNER
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "fetched_model.hpp"
#include "quantlens/isa/isa.hpp"

namespace {

/// CTest counts a test that exits with this as skipped (SKIP_RETURN_CODE).
constexpr int skipped = 77;

bool machine_lacks(std::string_view name) {
  for (const quantlens::Isa isa : quantlens::all_isas)
    if (quantlens::isa_name(isa) == name) return !quantlens::cpu_supports(isa);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const char* isa = std::getenv("QUANTLENS_ISA");
  if (isa != nullptr && machine_lacks(isa)) {
    std::cerr << "SKIPPED: this machine does not support " << isa << '\n';
    return skipped;
  }
  // Catch2 2 cannot skip from within a test, so tests of the model run apart, asked for by their tag.
  if (std::find(argv, argv + argc, std::string_view("[model]")) != argv + argc && !quantlens::test::fetched_model()) {
    std::cerr << "SKIPPED: scripts/fetch-model smollm2-135m-instruct has not been run\n";
    return skipped;
  }
  return Catch::Session().run(argc, argv);
}
