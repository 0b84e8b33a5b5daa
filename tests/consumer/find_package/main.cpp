/// A user of the whole library: includes all of it, parses a format by its name and reads a command line.
#include <iostream>
#include <string>
#include <vector>

#include "quantlens/app/bench_command_line.hpp"
#include "quantlens/quantlens.hpp"

int main() {
  std::cout << "quantlens " << QUANTLENS_VERSION << '\n';
  const std::vector<std::string> arguments{"--formats=rtn-w4-g64", "--seed", "3"};
  const quantlens::BenchCommandLine options = quantlens::parse_bench_command_line(arguments);
  return quantlens::parse_format(options.formats.front()).name() == "rtn-w4-g64" && options.seed == 3 ? 0 : 1;
}
