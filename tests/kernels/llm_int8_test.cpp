#include "quantlens/kernels/llm_int8.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernel_test_matrices.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/kernels/reference.hpp"
#include "quantlens/packed/streamed.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// One row, quantized by the active kernels.
struct Int8Codes {
  Int8Codes(const std::vector<float>& row, float threshold)
      : n_runs(ceil_div(row.size(), run_length)),
        x(n_runs * run_length),
        codes(x.size(), 99),
        scales(n_runs, NAN),
        sums(n_runs, 99),
        outliers(x.size()) {
    std::copy(row.begin(), row.end(), x.begin());
    std::size_t n_outliers = 99;
    active_kernels().quantize_row_int8(x.data(), n_runs, threshold, codes.data(), scales.data(), sums.data(),
                                       outliers.data(), n_outliers);
    outliers.resize(n_outliers);
  }

  /// Of one row, as `n_members` members of a team, one after the other.
  [[nodiscard]] std::vector<float> times(const PackedMatrix& w, std::size_t n_members = 1) const {
    const KernelTable& kernels = active_kernels();
    const StreamedCodes streamed = stream(w);
    std::vector<float> y(w.rows(), NAN);
    const std::size_t n_tiles = streamed.view.n_tiles;
    for (std::size_t m = 0; m < n_members; ++m) {
      const std::size_t begin = m * n_tiles / n_members, end = (m + 1) * n_tiles / n_members;
      kernels.packed(LayoutKind::symmetric, 8)
          .a8(streamed.view, {codes.data(), scales.data(), sums.data(), 1, n_runs}, {y.data(), w.rows()}, begin, end);
      kernels.add_outlier_columns(streamed.view, x.data(), outliers.data(), outliers.size(), y.data(), begin, end);
    }
    return y;
  }

  std::size_t n_runs;
  std::vector<float> x;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  std::vector<std::int32_t> sums;
  std::vector<std::uint32_t> outliers;
};

std::vector<int> ints(const std::vector<std::int8_t>& codes, std::size_t n) {
  return {codes.begin(), codes.begin() + static_cast<std::ptrdiff_t>(n)};
}

/// Weights of the hand-checked case: codes counted from 128, absmax 2, 1.5 and 2.
PackedMatrix hand_checked_weights() {
  PackedMatrix w = pack<Symmetric, 8>(3, 4, 0);
  const std::vector<std::vector<int>> codes{{32, -64, 16, 127}, {127, 64, -42, -21}, {-127, 64, 64, 32}};
  const std::vector<float> absmax{2.0f, 1.5f, 2.0f};
  for (std::size_t r = 0; r < 3; ++r) {
    std::vector<std::uint8_t> row;
    for (const int code : codes[r]) row.push_back(static_cast<std::uint8_t>(code + 128));
    w.set_row_codes(r, row);
    w.scale(r, 0) = absmax[r] / 127.0f;
  }
  return w;
}

const std::vector<std::vector<float>> hand_checked_x{{1, -2, 0.5, 7}, {0.25, 0.75, -1.5, -3}};

/// bitsandbytes multiplies by 6.200124e-05 where 1 / 127^2 = 6.2000124e-05 is meant: its results, with the right one.
double with_exact_scale(double result, double outlier_part) {
  return (result - outlier_part) / (6.200124e-05 * 127 * 127) + outlier_part;
}

}  // namespace

TEST_CASE("LLM.int8() of a hand-checked case") {
  const auto w = hand_checked_weights();
  SECTION("codes, scales and outliers") {
    const Int8Codes first(hand_checked_x[0], 6.0f), second(hand_checked_x[1], 6.0f), plain(hand_checked_x[0], 0.0f);
    CHECK(ints(first.codes, 4) == std::vector<int>{64, -127, 32, 0});
    CHECK(first.outliers == std::vector<std::uint32_t>{3});
    CHECK(first.scales[0] == 2.0f / 127);
    CHECK(first.sums[0] == 64 - 127 + 32);
    CHECK(ints(second.codes, 4) == std::vector<int>{11, 32, -64, -127});
    CHECK(second.outliers.empty());
    CHECK(second.scales[0] == 3.0f / 127);
    CHECK(ints(plain.codes, 4) == std::vector<int>{18, -36, 9, 127});
  }
  const std::vector<float> flat{1, -2, 0.5, 7, 0.25, 0.75, -1.5, -3};
  const MatrixView<const float> x(flat.data(), 2, 4);
  const auto check = [&](const auto& y, std::size_t from, const std::vector<double>& expected,
                         const std::vector<double>& outlier_part) {
    for (std::size_t o = 0; o < 3; ++o)
      CHECK(y[from + o] == Approx(with_exact_scale(expected[o], outlier_part[o])).epsilon(1e-6).margin(1e-6));
  };
  // Columns of outliers, decoded: 2, -0.248031497, 0.503937006.
  const std::vector<double> by_7{14, -1.736220479, 3.527559042}, by_minus_3{-6, 0.744094491, -1.511811018}, none(3);
  const std::vector<double> first{16.6506772, -1.9862095, 0.0039044}, second{-7.0118603, 2.4552358, -2.7933767};
  const std::vector<double> plain_first{16.6251374, -1.9940530, 0.0434009};
  const std::vector<double> plain_second{-7.0119684, 2.4552492, -2.7934040};
  SECTION("outliers of the whole batch, as bitsandbytes") {
    const auto y = reference::llm_int8(w, x, 6.0f, /*batch_wide=*/true);
    check(y, 0, first, by_7);
    check(y, 3, second, by_minus_3);
  }
  SECTION("outliers of each row") {
    const auto y = reference::llm_int8(w, x, 6.0f);
    check(y, 0, first, by_7);
    check(y, 3, plain_second, none);
    check(Int8Codes(hand_checked_x[0], 6.0f).times(w), 0, first, by_7);
    check(Int8Codes(hand_checked_x[1], 6.0f).times(w), 0, plain_second, none);
  }
  SECTION("no outliers") {
    const auto y = reference::llm_int8(w, x, 0.0f);
    check(y, 0, plain_first, none);
    check(y, 3, plain_second, none);
    check(Int8Codes(hand_checked_x[0], 0.0f).times(w), 0, plain_first, none);
  }
}

TEST_CASE("LLM.int8() at awkward sizes: codes equal the reference's, results stay near it") {
  struct Shape {
    std::size_t rows, cols, group;
  };
  const Shape shape =
      GENERATE(Shape{1, 1, 0}, Shape{17, 33, 0}, Shape{48, 129, 0}, Shape{31, 576, 64}, Shape{64, 96, 0});
  const float threshold = GENERATE(0.0f, 0.5f, 2.5f, 6.0f);
  CAPTURE(shape.rows, shape.cols, shape.group, threshold);
  const auto w = random_packed<Symmetric, 8>(shape.rows, shape.cols, shape.group, seed_of(41, shape.rows, shape.cols));
  const auto row = random_floats(shape.cols, 43, 3.0);
  const MatrixView<const float> x(row.data(), 1, shape.cols);
  const reference::Int8Row expected = reference::quantize_int8(row, threshold);
  const Int8Codes quantized(row, threshold);

  CHECK(ints(quantized.codes, shape.cols) == expected.codes);
  CHECK(std::vector<std::size_t>(quantized.outliers.begin(), quantized.outliers.end()) == expected.outliers);
  for (std::size_t run = 0; run < quantized.n_runs; ++run) {
    CHECK(quantized.scales[run] == expected.absmax / 127.0f);
    int sum = 0;
    for (std::size_t i = 0; i < run_length; ++i) sum += quantized.codes[run * run_length + i];
    CHECK(quantized.sums[run] == sum);
  }

  const auto y = quantized.times(w);
  CHECK(y == quantized.times(w, 3));
  const auto near = reference::llm_int8(w, x, threshold);
  std::vector<float> weights(shape.cols);
  for (std::size_t o = 0; o < shape.rows; ++o) {
    w.decode_row(o, weights);
    // An input that became a code has moved by half a step at most.
    const double half_step = 0.5 * static_cast<double>(expected.absmax) / 127.0;
    double magnitude = 0.0;
    for (std::size_t i = 0; i < shape.cols; ++i)
      magnitude += std::fabs(static_cast<double>(weights[i])) * (std::fabs(static_cast<double>(row[i])) + half_step);
    // A rounding for each run and each outlier, and a few for scales and decoded weights.
    const double roundings = 8.0 + static_cast<double>(quantized.n_runs + expected.outliers.size());
    CHECK(std::fabs(y[o] - near[o]) <= magnitude * roundings * 0x1p-24);
  }
}

TEST_CASE("outlier columns are added bit for bit as the contract says") {
  const std::size_t cols = 131, rows = 37;
  const auto w = random_packed<Symmetric, 8>(rows, cols, 0, 47);
  const auto x = random_floats(cols, 49, 20.0);
  const std::vector<std::uint32_t> outliers{0, 5, 31, 32, 70, 129, 130};
  const StreamedCodes streamed = stream(w);
  const std::vector<float> before = random_floats(rows, 51);
  std::vector<float> y = before;
  active_kernels().add_outlier_columns(streamed.view, x.data(), outliers.data(), outliers.size(), y.data(), 0,
                                       streamed.view.n_tiles);
  std::vector<float> weights(cols);
  for (std::size_t o = 0; o < rows; ++o) {
    w.decode_row(o, weights);
    float sum = 0.0f;
    for (const std::uint32_t j : outliers) sum = std::fma(weights[j], x[j], sum);
    CHECK(y[o] == before[o] + sum);
  }
}

TEST_CASE("LLM.int8() rows of zeros, of outliers only, of tiny values") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const auto& row : {std::vector<float>(40, 0.0f), std::vector<float>(40, 1e-38f)}) {
    const Int8Codes quantized(row, 6.0f);
    CHECK(ints(quantized.codes, 40) == std::vector<int>(40, 0));
    CHECK(quantized.scales == std::vector<float>{0.0f, 0.0f});
    CHECK(quantized.outliers.empty());
  }
  const Int8Codes outliers({6.0f, -7.0f, infinity}, 6.0f);
  CHECK(ints(outliers.codes, 32) == std::vector<int>(32, 0));
  CHECK(outliers.scales == std::vector<float>{0.0f});
  CHECK(outliers.sums == std::vector<std::int32_t>{0});
  CHECK(outliers.outliers == std::vector<std::uint32_t>{0, 1, 2});
  // Ties go to even: 63.5 to 64, 0.5 to 0.
  CHECK(ints(Int8Codes({127.0f, 63.5f, 0.5f, -1.5f}, 0.0f).codes, 4) == std::vector<int>{127, 64, 0, -2});
}
