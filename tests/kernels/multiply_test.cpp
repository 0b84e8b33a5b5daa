#include "quantlens/kernels/multiply.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "kernel_test_matrices.hpp"
#include "quantlens/kernels/reference.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Multiplies n rows, of which each lies apart from the next, and compares with the product in double.
void check_product(const PackedMatrix& matrix, std::size_t n) {
  constexpr std::size_t x_gap = 3, y_gap = 2;
  const std::size_t n_in = matrix.cols(), n_out = matrix.rows();
  CAPTURE(n_out, n_in, n, matrix.layout_info().name, matrix.bits());
  const std::vector<float> x = random_floats(n * (n_in + x_gap), 11, 2.0);
  const MatrixView<const float> x_view(x.data(), n, n_in, n_in + x_gap);
  std::vector<float> y(n * (n_out + y_gap), -7.0f);
  multiply(matrix, x_view, {y.data(), n, n_out, n_out + y_gap});

  std::vector<float> weights(n_out * n_in);
  for (std::size_t r = 0; r < n_out; ++r) matrix.decode_row(r, std::span(weights).subspan(r * n_in, n_in));
  const MatrixView<const float> w_view(weights.data(), n_out, n_in);
  const std::vector<double> expected = reference::matmul(w_view, x_view);
  std::size_t n_wrong = 0;
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t o = 0; o < n_out; ++o) {
      double magnitude = 0.0;
      for (std::size_t i = 0; i < n_in; ++i) magnitude += std::fabs(static_cast<double>(w_view(o, i)) * x_view(r, i));
      const double tolerance = magnitude * (32.0 + static_cast<double>(n_in) / 32.0) * 0x1p-24;
      if (!(std::fabs(y[r * (n_out + y_gap) + o] - expected[r * n_out + o]) <= tolerance)) ++n_wrong;
    }
    for (std::size_t gap = 0; gap < y_gap; ++gap)
      if (y[r * (n_out + y_gap) + n_out + gap] != -7.0f) ++n_wrong;
  }
  CHECK(n_wrong == 0);
}

struct Sizes {
  std::size_t n_out, n_in, group;
};

void check_refused(const std::vector<std::size_t>& sizes, const char* why) {
  const PackedMatrix matrix = pack<Symmetric, 4>(5, 33, 0);
  std::vector<float> x(400), y(400);
  CHECK_THROWS_WITH(
      multiply(matrix, {x.data(), sizes[0], sizes[1], sizes[2]}, {y.data(), sizes[3], sizes[4], sizes[5]}),
      Catch::Matchers::StartsWith("[quantlens.shape]") && Catch::Matchers::Contains(why));
}

}  // namespace

TEST_CASE("products of all sizes are those of the double reference") {
  const Sizes sizes =
      GENERATE(Sizes{1, 1, 0}, Sizes{3, 7, 0}, Sizes{15, 31, 0}, Sizes{16, 32, 32}, Sizes{17, 33, 0}, Sizes{5, 63, 0},
               Sizes{33, 65, 0}, Sizes{2, 127, 0}, Sizes{20, 100, 0}, Sizes{18, 192, 96}, Sizes{9, 64, 64});
  const std::size_t n = GENERATE(1u, 2u, 9u, 131u);
  check_product(random_packed<Symmetric, 2>(sizes.n_out, sizes.n_in, sizes.group, 1), n);
  check_product(random_packed<Symmetric, 5>(sizes.n_out, sizes.n_in, sizes.group, 2), n);
  check_product(random_packed<Affine, 3>(sizes.n_out, sizes.n_in, sizes.group, 3), n);
  check_product(random_packed<Affine, 4>(sizes.n_out, sizes.n_in, sizes.group, 4), n);
  check_product(random_packed<Affine, 8>(sizes.n_out, sizes.n_in, sizes.group, 5), n);
  check_product(random_packed<Nf4, 4>(sizes.n_out, sizes.n_in, sizes.group, 6), n);
}

TEST_CASE("so are those of matrices whose last run of inputs is half a one") {
  check_product(random_packed<Affine16, 2>(17, 48, 16, 7), 5);
  check_product(random_packed<Symmetric16, 6>(3, 16, 16, 8), 130);
}

TEST_CASE("columns in another order meet their own inputs") {
  PackedMatrix matrix = random_packed<Affine, 4>(19, 45, 0, 9);
  std::vector<std::uint32_t> order(45);
  std::iota(order.rbegin(), order.rend(), 0u);
  std::swap(order[3], order[30]);
  matrix.set_input_order(order);
  check_product(matrix, 4);

  order[7] = order[8];
  matrix.set_input_order(order);
  CHECK_THROWS_WITH(StreamedMatrix(matrix), Catch::Matchers::Contains("name each input once"));
  order.resize(44);
  matrix.set_input_order(order);
  CHECK_THROWS_WITH(StreamedMatrix(matrix), Catch::Matchers::Contains("44 entries"));
}

TEST_CASE("a matrix that is kept gives the same product again") {
  const auto matrix = random_packed<Symmetric, 3>(21, 37, 0, 10);
  const std::vector<float> x = random_floats(2 * 37, 12);
  const MatrixView<const float> x_view(x.data(), 2, 37);
  std::vector<float> once(42), kept(42);
  multiply(matrix, x_view, {once.data(), 2, 21});
  const StreamedMatrix streamed(matrix);
  for (int again = 0; again < 2; ++again) streamed.multiply(x_view, {kept.data(), 2, 21});
  CHECK(kept == once);
}

TEST_CASE("shapes that do not fit are refused, no rows at all are fine") {
  check_refused({2, 32, 32, 2, 5, 5}, "expected x of [n, 33], got [2, 32]");
  check_refused({2, 64, 64, 2, 5, 5}, "expected x of [n, 33], got [2, 64]");
  check_refused({2, 33, 33, 1, 5, 5}, "expected y of [2, 5], got [1, 5]");
  check_refused({2, 33, 33, 2, 6, 6}, "expected y of [2, 5], got [2, 6]");
  check_refused({2, 33, 32, 2, 5, 5}, "strides are 32 for x");
  check_refused({2, 33, 33, 2, 5, 4}, "4 for y");
  multiply(pack<Symmetric, 4>(5, 33, 0), {nullptr, 0, 33}, {nullptr, 0, 5});
}

TEST_CASE("a packed matrix refuses rows of another length, and to have no columns") {
  PackedMatrix matrix = pack<Affine, 4>(2, 33, 0);
  const std::vector<std::uint8_t> codes(32);
  CHECK_THROWS_WITH(matrix.set_row_codes(0, codes), Catch::Matchers::StartsWith("[quantlens.shape]"));
  CHECK_THROWS_AS(matrix.set_row_codes(2, std::vector<std::uint8_t>(33)), InputError);
  CHECK_THROWS_WITH((pack<Affine, 4>(2, 0, 0)), Catch::Matchers::StartsWith("[quantlens.shape]"));
}
