/// Calibration windows of random tokens, and how far logits lie apart.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../runtime/model_with_everything.hpp"
#include "quantlens/convert/calibration.hpp"

namespace quantlens::test {

inline Calibration random_calibration(std::size_t length) {
  Calibration calibration;
  calibration.length = length;
  for (unsigned s = 0; s < 6; ++s) calibration.sequences.push_back(random_tokens(length, 100 + s));
  return calibration;
}

inline float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float worst = 0.0f;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(a[i] - b[i]));
  return worst;
}

}  // namespace quantlens::test
