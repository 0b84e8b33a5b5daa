/// An embedder of the kernels: packs a small matrix of odd sizes, multiplies, and compares with the product by hand.
#include "quantlens/kernels/multiply.hpp"

#include <cstdint>
#include <iostream>
#include <vector>

#include "quantlens/version.hpp"

int main() {
  namespace ql = quantlens;
  constexpr std::size_t n_out = 21, n_in = 67;

  ql::PackedMatrix weights = ql::pack<ql::Affine, 4>(n_out, n_in, 0);
  std::vector<float> x(n_in), expected(n_out, 0.0f);
  for (std::size_t i = 0; i < n_in; ++i) x[i] = static_cast<float>(i % 7) - 3.0f;
  for (std::size_t row = 0; row < n_out; ++row) {
    std::vector<std::uint8_t> codes(n_in);
    for (std::size_t i = 0; i < n_in; ++i) codes[i] = static_cast<std::uint8_t>((3 * row + 5 * i) % 16);
    weights.set_row_codes(row, codes);
    weights.scale(row, 0) = 0.5f;
    weights.offset(row, 0) = -2.0f;
    for (std::size_t i = 0; i < n_in; ++i) expected[row] += (0.5f * static_cast<float>(codes[i]) - 2.0f) * x[i];
  }

  std::vector<float> y(n_out);
  ql::multiply(weights, {x.data(), 1, n_in}, {y.data(), 1, n_out});

  std::cout << "quantlens " << QUANTLENS_VERSION << ", kernels " << ql::isa_name(ql::active_kernels().isa) << '\n';
  if (y == expected) return 0;
  std::cerr << "the product differs from the one done by hand\n";
  return 1;
}
