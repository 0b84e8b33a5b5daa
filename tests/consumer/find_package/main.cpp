/// A user of the whole library: includes all of it and parses a format by its name.
#include <iostream>

#include "quantlens/quantlens.hpp"

int main() {
  std::cout << "quantlens " << QUANTLENS_VERSION << '\n';
  return quantlens::parse_format("rtn-w4-g64").name() == "rtn-w4-g64" ? 0 : 1;
}
