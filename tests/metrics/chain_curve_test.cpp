#include "quantlens/metrics/chain_curve.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;

namespace {

using Curve = std::vector<double>;

/// n chains, as many of which have the answer to all sentences after k of them as `same_of_k[k]` says.
std::vector<Curve> chains(std::size_t n, const std::vector<std::size_t>& same_of_k) {
  std::vector<Curve> curves(n, Curve(same_of_k.size()));
  for (std::size_t chain = 0; chain < n; ++chain)
    for (std::size_t k = 0; k < same_of_k.size(); ++k) curves[chain][k] = chain < same_of_k[k] ? 1 : 0;
  return curves;
}

double mean_area_over(const std::vector<Curve>& curves) {
  double sum = 0;
  for (const Curve& curve : curves) sum += area_over_chain_curve(curve).value();
  return sum / static_cast<double>(curves.size());
}

}  // namespace

TEST_CASE("chain curve: areas of the golden rates") {
  CHECK(area_under_chain_curve(Curve{.40, .60, .85, 1}).value() == Approx(.716667).epsilon(1e-6));
  CHECK(area_over_chain_curve(Curve{.40, .60, .85, 1}).value() == Approx(.283333).epsilon(2e-6));
  CHECK(area_under_chain_curve(Curve{.30, .35, .70, .90, 1}).value() == Approx(.65).epsilon(1e-12));
  CHECK(area_over_chain_curve(Curve{.30, .35, .70, .90, 1}).value() == Approx(.35).epsilon(1e-12));
}

TEST_CASE("chain curve: the mean over chains weights each length by its chains") {
  std::vector<Curve> curves = chains(60, {24, 36, 51, 60});
  CHECK(mean_area_over(curves) == Approx(17.0 / 60).epsilon(1e-12));
  for (const Curve& curve : chains(40, {12, 14, 28, 36, 40})) curves.push_back(curve);
  CHECK(mean_area_over(curves) == Approx(.31).epsilon(1e-12));
}

TEST_CASE("chain curve: probabilities in place of answers") {
  CHECK(area_under_chain_curve(Curve{.35, .5, .8, .98}).value() == Approx(.655).epsilon(1e-12));
  CHECK(area_over_chain_curve(Curve{.35, .5, .8, .98}).value() == Approx(.345).epsilon(1e-12));
}

TEST_CASE("chain curve: an answer that needs nothing, one that needs all, and a chain that is none") {
  CHECK(area_over_chain_curve(Curve{1, 1, 1}) == 0.0);
  CHECK(area_over_chain_curve(Curve{0, 0, 1}) == .75);
  CHECK(area_over_chain_curve(Curve{0, 1}) == .5);
  CHECK_FALSE(area_over_chain_curve(Curve{1}));
  CHECK_FALSE(area_under_chain_curve(Curve{}));
}
