#include "quantlens/metrics/bart_score.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("BARTScore of both directions is their mean, not their sum") {
  CHECK(BartScore{-1.0, -2.2}.mean() == Approx(-1.6));
}
