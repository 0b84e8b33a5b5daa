#include "quantlens/quant/product_f64.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "quantlens/core/rng.hpp"
#include "quantlens/kernels/dispatch.hpp"

using namespace quantlens;

namespace {

std::vector<double> random_doubles(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<double> values(n);
  for (double& v : values) v = rng.uniform() * 2.0 - 1.0;
  return values;
}

}  // namespace

TEST_CASE("products in double are near those of plain loops, whatever the shape") {
  struct Shape {
    std::size_t m, k, n;
  };
  const Shape shape = GENERATE(Shape{1, 1, 1}, Shape{3, 7, 8}, Shape{4, 256, 16}, Shape{5, 257, 7}, Shape{66, 600, 19},
                               Shape{2, 0, 9}, Shape{8, 31, 64});
  const bool scalar = GENERATE(false, true);
  const AddProductF64 kernel = scalar ? &add_product_scalar : active_kernels().add_product_f64;
  CAPTURE(shape.m, shape.k, shape.n, scalar);
  // Rows of a and y are parts of longer ones.
  const std::size_t a_stride = shape.k + 3, y_stride = shape.n + 2;
  const auto a = random_doubles(shape.m * a_stride, 1), b = random_doubles(shape.k * shape.n, 2);
  const auto before = random_doubles(shape.m * y_stride, 3);
  std::vector<double> y = before;
  add_product(
      {a.data(), shape.m, shape.k, a_stride}, [&](std::size_t k, std::size_t c) { return b[k * shape.n + c]; },
      {y.data(), shape.m, shape.n, y_stride}, kernel);
  for (std::size_t r = 0; r < shape.m; ++r) {
    for (std::size_t c = 0; c < shape.n; ++c) {
      long double sum = before[r * y_stride + c];
      for (std::size_t k = 0; k < shape.k; ++k)
        sum += static_cast<long double>(a[r * a_stride + k]) * static_cast<long double>(b[k * shape.n + c]);
      const double tolerance = static_cast<double>(shape.k + 1) * static_cast<double>(shape.k + 2) * 0x1p-53;
      CHECK(std::fabs(y[r * y_stride + c] - static_cast<double>(sum)) <= tolerance);
    }
    for (std::size_t c = shape.n; c < y_stride; ++c) CHECK(y[r * y_stride + c] == before[r * y_stride + c]);
  }
}
