#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernel_test_matrices.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/kernels/reference.hpp"
#include "quantlens/runtime/linear.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

struct Shape {
  std::size_t rows, cols, group, n;
};

Activations activations_of(const std::vector<float>& x, std::size_t n, std::size_t cols, const KernelTable& kernels) {
  Activations activations;
  activations.resize(n, cols, {.int8_runs = true});
  for (std::size_t r = 0; r < n; ++r) {
    std::memcpy(activations.row(r), x.data() + r * cols, cols * sizeof(float));
    activations.quantize_row(kernels, r, {.int8_runs = true});
  }
  return activations;
}

/// Runs `linear` as a team of `n_members`, one after the other.
std::vector<float> run(const AnyLinear& linear, const Activations& x, std::size_t n, std::size_t n_members) {
  std::vector<float> y(n * linear.rows(), NAN);
  LinearScratch scratch;
  scratch.require(linear.cols());
  for (std::size_t rank = 0; rank < n_members; ++rank)
    linear.apply(Team{rank, n_members}, x, {y.data(), linear.rows()}, scratch);
  return y;
}

/// |y - reference| of a float sum of products, in units of what float rounding can do to it.
void check_close(const std::vector<float>& y, const std::vector<double>& expected, MatrixView<const float> w,
                 MatrixView<const float> x) {
  for (std::size_t r = 0; r < x.rows; ++r)
    for (std::size_t o = 0; o < w.rows; ++o) {
      double magnitude = 0.0;
      for (std::size_t i = 0; i < w.cols; ++i) magnitude += std::fabs(static_cast<double>(w(o, i)) * x(r, i));
      const std::size_t at = r * w.rows + o;
      CHECK(std::fabs(y[at] - expected[at]) <= magnitude * (32.0 + static_cast<double>(w.cols) / 32.0) * 0x1p-24);
    }
}

template <Layout L, int Bits>
void check_packed(const Shape& shape) {
  const KernelTable& kernels = active_kernels();
  const auto matrix = random_packed<L, Bits>(shape.rows, shape.cols, shape.group, seed_of(3, Bits, shape.rows));
  const auto x = random_floats(shape.n * shape.cols, 5, 3.0);
  const MatrixView<const float> x_view(x.data(), shape.n, shape.cols);
  const Activations activations = activations_of(x, shape.n, shape.cols, kernels);

  std::vector<float> decoded(shape.rows * shape.cols);
  for (std::size_t r = 0; r < shape.rows; ++r)
    matrix.decode_row(r, std::span(decoded).subspan(r * shape.cols, shape.cols));
  const MatrixView<const float> w_view(decoded.data(), shape.rows, shape.cols);

  const AnyLinear a32(matrix, ActivationForm::floats, kernels);
  check_close(run(a32, activations, shape.n, 1), reference::matmul(w_view, x_view), w_view, x_view);

  CHECK(run(a32, activations, shape.n, 1) == run(a32, activations, shape.n, 3));

  if constexpr (!CodebookLayout<L>) {
    const AnyLinear a8(matrix, ActivationForm::int8_runs, kernels);
    const auto expected = reference::matmul_a8(matrix, x_view);
    CHECK(run(a8, activations, shape.n, 1) == expected);
    CHECK(run(a8, activations, shape.n, 3) == expected);
  }
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("packed matmul: int8 equals the contract, float stays near the double reference", "",
                       ((int Bits), Bits), 2, 3, 4, 5, 8) {
  const Shape shape = GENERATE(Shape{1, 32, 32, 1}, Shape{16, 64, 32, 2}, Shape{17, 96, 32, 3}, Shape{33, 576, 64, 9},
                               Shape{5, 37, 0, 4}, Shape{48, 129, 0, 5}, Shape{31, 1, 0, 1}, Shape{64, 192, 96, 17},
                               Shape{17, 65, 0, panel_rows + 3});
  CAPTURE(shape.rows, shape.cols, shape.group, shape.n);
  check_packed<Symmetric, Bits>(shape);
  check_packed<Affine, Bits>(shape);
}

TEST_CASE("matmul with two groups a run: int8 equals the contract, float stays near the double reference") {
  const Shape shape = GENERATE(Shape{1, 16, 16, 1}, Shape{16, 32, 16, 2}, Shape{17, 48, 16, 3}, Shape{33, 576, 16, 9},
                               Shape{64, 176, 16, 17}, Shape{5, 256, 16, 4});
  CAPTURE(shape.rows, shape.cols, shape.n);
  check_packed<Symmetric16, 3>(shape);
  check_packed<Symmetric16, 6>(shape);
  check_packed<Affine16, 2>(shape);
}

TEMPLATE_TEST_CASE("codebook matmul stays near the double reference", "", Nf4, Fp4) {
  const Shape shape = GENERATE(Shape{1, 32, 32, 1}, Shape{17, 96, 32, 3}, Shape{33, 576, 64, 9}, Shape{5, 37, 0, 4},
                               Shape{48, 129, 0, 5}, Shape{31, 1, 0, 1}, Shape{64, 192, 96, 17});
  CAPTURE(shape.rows, shape.cols, shape.group, shape.n);
  check_packed<TestType, 4>(shape);
}

TEMPLATE_TEST_CASE("one input of one shows every codebook value", "", Nf4, Fp4) {
  const KernelTable& kernels = active_kernels();
  PackedMatrix matrix = pack<TestType, 4>(16, 1, 0);
  for (std::size_t r = 0; r < 16; ++r) {
    matrix.set_row_codes(r, std::vector<std::uint8_t>{static_cast<std::uint8_t>(r)});
    matrix.scale(r, 0) = 1.0f;
  }
  const AnyLinear linear(matrix, ActivationForm::floats, kernels);
  const auto y = run(linear, activations_of({1.0f}, 1, 1, kernels), 1, 1);
  CHECK(y == std::vector<float>(TestType::codebook.begin(), TestType::codebook.end()));
}

TEST_CASE("codebooks refuse int8 activations") {
  const PackedMatrix matrix = pack<Nf4, 4>(16, 32, 0);
  CHECK_THROWS_WITH(AnyLinear(matrix, ActivationForm::int8_runs, active_kernels()), Catch::Matchers::Contains("nf4"));
}

TEMPLATE_TEST_CASE("dense matmul stays near the double reference", "", float, Half, BFloat16) {
  const Shape shape = GENERATE(Shape{1, 1, 0, 1}, Shape{16, 32, 0, 8}, Shape{17, 33, 0, 3}, Shape{50, 576, 0, 11},
                               Shape{18, 33, 0, 2 * panel_rows + 9});
  const KernelTable& kernels = active_kernels();
  auto values = random_floats(shape.rows * shape.cols, 11);
  const auto stored = [](float v) {
    if constexpr (std::is_same_v<TestType, Half>)
      return to_half(v);
    else if constexpr (std::is_same_v<TestType, BFloat16>)
      return to_bfloat16(v);
    else
      return v;
  };
  for (float& v : values) v = to_float(stored(v));
  const AnyLinear linear(stream_dense<TestType>(shape.rows, shape.cols,
                                                [&](std::size_t r, std::span<TestType> out) {
                                                  for (std::size_t c = 0; c < out.size(); ++c)
                                                    out[c] = stored(values[r * shape.cols + c]);
                                                }),
                         kernels);
  const auto x = random_floats(shape.n * shape.cols, 13);
  const MatrixView<const float> w_view(values.data(), shape.rows, shape.cols), x_view(x.data(), shape.n, shape.cols);
  check_close(run(linear, activations_of(x, shape.n, shape.cols, kernels), shape.n, 2),
              reference::matmul(w_view, x_view), w_view, x_view);
}

TEST_CASE("a row's result does not depend on the rows beside it") {
  const KernelTable& kernels = active_kernels();
  const ActivationForm form = GENERATE(ActivationForm::floats, ActivationForm::int8_runs);
  const auto matrix = random_packed<Affine, 4>(48, 192, 64, 17);
  const AnyLinear linear(matrix, form, kernels);
  const std::size_t n = panel_rows + 23;
  const auto x = random_floats(n * 192, 19);
  const auto together = run(linear, activations_of(x, n, 192, kernels), n, 1);
  for (std::size_t r = 0; r < n; ++r) {
    const std::vector<float> alone(x.begin() + static_cast<std::ptrdiff_t>(r * 192),
                                   x.begin() + static_cast<std::ptrdiff_t>((r + 1) * 192));
    const auto y = run(linear, activations_of(alone, 1, 192, kernels), 1, 1);
    CHECK(std::memcmp(y.data(), together.data() + r * 48, 48 * sizeof(float)) == 0);
  }
}

TEST_CASE("int8 activations: ties, extremes, zeros and NaN") {
  const KernelTable& kernels = active_kernels();
  std::vector<float> x(64, 0.0f);
  x[0] = 127.0f;
  x[1] = 0.5f;   // a tie, to even: 0
  x[2] = 1.5f;   // a tie, to even: 2
  x[3] = -2.5f;  // a tie, to even: -2
  x[4] = -127.0f;
  std::vector<std::int8_t> codes(64);
  std::vector<float> scales(2);
  std::vector<std::int32_t> sums(2);
  kernels.quantize_row_q8(x.data(), 2, codes.data(), scales.data(), sums.data());
  CHECK(scales == std::vector<float>{1.0f, 0.0f});
  CHECK(std::vector<int>(codes.begin(), codes.begin() + 5) == std::vector<int>{127, 0, 2, -2, -127});
  CHECK(sums == std::vector<std::int32_t>{0, 0});
  x[5] = NAN;
  kernels.quantize_row_q8(x.data(), 2, codes.data(), scales.data(), sums.data());
  CHECK(codes[5] >= -127);
}
