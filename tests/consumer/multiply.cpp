/// An embedder of the kernels: packs a small matrix, multiplies, and compares with the product done by hand.
#include <cstdint>
#include <iostream>
#include <vector>

#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/packed/streamed.hpp"
#include "quantlens/version.hpp"

int main() {
  namespace ql = quantlens;
  constexpr std::size_t n_out = 20, n_in = 64;

  ql::PackedMatrix<ql::Affine, 4> weights(n_out, n_in, 32);
  std::vector<float> x(n_in), expected(n_out, 0.0f);
  for (std::size_t i = 0; i < n_in; ++i) x[i] = static_cast<float>(i % 7) - 3.0f;
  for (std::size_t row = 0; row < n_out; ++row) {
    std::vector<std::uint8_t> codes(n_in);
    for (std::size_t i = 0; i < n_in; ++i) codes[i] = static_cast<std::uint8_t>((3 * row + 5 * i) % 16);
    weights.set_row_codes(row, codes);
    for (std::size_t group = 0; group < 2; ++group) {
      weights.scale(row, group) = 0.5f;
      weights.offset(row, group) = -2.0f;
    }
    for (std::size_t i = 0; i < n_in; ++i) expected[row] += (0.5f * static_cast<float>(codes[i]) - 2.0f) * x[i];
  }

  const ql::StreamedCodes streamed = ql::stream(weights);
  const ql::KernelTable& kernels = ql::active_kernels();
  std::vector<float> y(n_out), sums(ql::tile_width);
  kernels.packed<ql::Affine>(4).a32(streamed.view, {x.data(), 1, n_in}, {y.data(), n_out}, 0, streamed.view.n_tiles,
                                    sums.data());

  std::cout << "quantlens " << QUANTLENS_VERSION << ", kernels " << ql::isa_name(kernels.isa) << '\n';
  if (y == expected) return 0;
  std::cerr << "the product differs from the one done by hand\n";
  return 1;
}
