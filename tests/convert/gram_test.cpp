#include "quantlens/convert/gram.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "../kernels/kernel_test_matrices.hpp"
#include "quantlens/kernels/dispatch.hpp"

using namespace quantlens;

TEST_CASE("the kernels' Gram matrix is near the one of plain products, and the same for any number of threads") {
  struct Shape {
    std::size_t n_rows, n_in;
  };
  const Shape shape =
      GENERATE(Shape{1, 1}, Shape{3, 37}, Shape{256, 16}, Shape{300, 64}, Shape{700, 129}, Shape{33, 300});
  CAPTURE(shape.n_rows, shape.n_in);
  const auto values = test::random_floats(shape.n_rows * shape.n_in, 3);
  const MatrixView<const float> x(values.data(), shape.n_rows, shape.n_in);
  Hessian expected(shape.n_in);
  expected.add(x);
  const Hessian one = hessian_of(x, active_kernels(), 1), three = hessian_of(x, active_kernels(), 3);
  CHECK(one.n_rows() == shape.n_rows);
  for (std::size_t i = 0; i < shape.n_in; ++i)
    for (std::size_t j = 0; j < shape.n_in; ++j) {
      CHECK(one.gram()(i, j) == three.gram()(i, j));
      // Float sums of 256 products of numbers below 1, in runs of 32, then doubles.
      CHECK(std::fabs(one.gram()(i, j) - expected.gram()(i, j)) <= static_cast<double>(shape.n_rows) * 40.0 * 0x1p-24);
    }
}
