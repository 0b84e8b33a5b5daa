/// Refuses weights that no code can stand for.
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Errors: InputError "shape" for rows without columns; "not_finite" for a weight that is no number; "weights" for one
/// beyond `largest`, the largest number that `method` can hold.
inline void check_weights(MatrixView<const float> weights, std::string_view method, float largest = HUGE_VALF) {
  if (weights.cols == 0)
    throw InputError("shape", concat(method, ": expected a matrix with columns, got [", weights.rows, ", 0]"));
  for (std::size_t r = 0; r < weights.rows; ++r)
    for (std::size_t c = 0; c < weights.cols; ++c) {
      const float w = weights(r, c);
      if (std::isfinite(w) && std::fabs(w) <= largest) continue;
      throw InputError(
          std::isfinite(w) ? ErrorId("weights") : ErrorId("not_finite"),
          concat(method, ": the weight at row ", r, ", column ", c, " is ", w, "; expected ",
                 std::isfinite(w) ? concat("at most ", largest) : "a finite number", "; is the file damaged?"));
    }
}

}  // namespace quantlens::inline QUANTLENS_ABI
