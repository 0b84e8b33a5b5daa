/// What AWQ is told: options, matrices with their names, how their weights are grouped, and what is wrong with them.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/quant/method_options.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a format may tell AWQ.
struct AwqOptions {
  bool original_rule = false;  ///< scales by activations alone

  bool operator==(const AwqOptions&) const = default;
};

template <>
inline constexpr auto method_options<AwqOptions> = std::to_array<MethodOption<AwqOptions>>({
    {"original", &AwqOptions::original_rule, "scale_rule",
     [](const AwqOptions& o) -> SchemeValue { return std::string_view(o.original_rule ? "inputs" : "duo"); }},
});

/// A matrix under the name that error messages call it by. Shapes: weights [n_out, n_in]; inputs [n_tokens, n_in].
struct NamedMatrix {
  std::string_view name;
  MatrixView<const float> values;
};

/// The grid that AWQ rounds to. A group may be any number of inputs that divides the row; only packed matrices ask for
/// multiples of 32.
struct AwqGroups {
  int bits = 4;
  std::size_t group_size = 0;  ///< inputs that share a scale; 0: the whole row
  bool symmetric = false;

  [[nodiscard]] std::size_t size_in(std::size_t cols) const noexcept { return group_size == 0 ? cols : group_size; }
  [[nodiscard]] std::size_t count_in(std::size_t cols) const noexcept { return cols / size_in(cols); }
};

/// Errors: InputError "not_finite" with the matrix and the element.
inline void check_finite(const NamedMatrix& matrix) {
  for (std::size_t r = 0; r < matrix.values.rows; ++r) {
    const auto row = matrix.values.row(r);
    for (std::size_t c = 0; c < row.size(); ++c)
      if (!std::isfinite(row[c]))
        throw InputError("not_finite", concat(matrix.name, "[", r, ", ", c, "]: expected a finite number, got ", row[c],
                                              "; is the file damaged, or did the model overflow?"));
  }
}

/// Errors: InputError "shape" for an empty matrix, "group_size" where groups do not fit the row.
inline void check_groups(const NamedMatrix& matrix, const AwqGroups& groups) {
  const std::size_t cols = matrix.values.cols;
  if (matrix.values.rows == 0 || cols == 0)
    throw InputError(
        "shape", concat(matrix.name, ": expected weights, got an empty matrix [", matrix.values.rows, ", ", cols, "]"));
  if (cols % groups.size_in(cols) != 0)
    throw InputError("group_size", concat(matrix.name, ": groups of ", groups.group_size, " do not fit rows of ", cols,
                                          " inputs; choose a divisor of ", cols, ", or 0 for the whole row"));
}

/// Errors: InputError "shape" where `what` has another number of elements than the matrix has inputs.
inline void check_inputs(const NamedMatrix& matrix, std::string_view what, std::size_t n) {
  if (n != matrix.values.cols)
    throw InputError("shape",
                     concat(what, " for ", matrix.name, ": expected ", matrix.values.cols, " inputs, got ", n));
}

}  // namespace quantlens::inline QUANTLENS_ABI
