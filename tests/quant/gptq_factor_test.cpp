#include "quantlens/quant/gptq_factor.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "quantlens/core/rng.hpp"

using namespace quantlens;
using gptq_detail::factor_in_place;
using gptq_detail::index;
using gptq_detail::Rows;

namespace {

Rows positive_definite(std::size_t n) {
  Rng rng(5);
  Rows x(index(n + 3), index(n));
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = rng.uniform() * 2.0 - 1.0;
  Rows h = x.transpose() * x;
  h.diagonal().array() += 0.1;
  return h;
}

}  // namespace

TEST_CASE("the blocked factor is Eigen's, and the same for any number of threads") {
  const std::size_t n = GENERATE(as<std::size_t>{}, 1, 5, 64, 128, 129, 300);
  CAPTURE(n);
  const Rows h = positive_definite(n);
  Rows one = h, three = h;
  // What lies above the diagonal is not read.
  for (std::size_t i = 0; i + 1 < n; ++i) one(index(i), index(i + 1)) = three(index(i), index(i + 1)) = NAN;
  REQUIRE(factor_in_place(one, &add_product_scalar, 1));
  REQUIRE(factor_in_place(three, &add_product_scalar, 3));
  CHECK(one == three);
  const Rows expected = Eigen::LLT<Rows>(h).matrixL();
  CHECK((one - expected).cwiseAbs().maxCoeff() <= 1e-12 * static_cast<double>(n));
  CHECK((one * one.transpose() - h).cwiseAbs().maxCoeff() <= 1e-12 * static_cast<double>(n));
}

TEST_CASE("a matrix that is not positive definite has no factor, wherever that shows") {
  const std::size_t bad = GENERATE(as<std::size_t>{}, 0, 127, 128, 299);
  CAPTURE(bad);
  Rows h = positive_definite(300);
  h(index(bad), index(bad)) = -1.0;
  CHECK_FALSE(factor_in_place(h, &add_product_scalar, 2));
}
