/// What a layer's inputs say about how much an error in its weights matters: the Gram matrix of its calibration inputs.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// X^T X of inputs X [n_rows, n_in], in double: products of thousands of tokens nearly cancel where inputs are
/// correlated, and a Cholesky factor has to survive that.
class Hessian {
 public:
  explicit Hessian(std::size_t n_in) : n_in_(n_in), gram_(n_in * n_in) {}

  [[nodiscard]] std::size_t n_in() const noexcept { return n_in_; }
  [[nodiscard]] std::size_t n_rows() const noexcept { return n_rows_; }

  /// X^T X. Shape [n_in, n_in], both triangles.
  [[nodiscard]] MatrixView<const double> gram() const noexcept { return {gram_.data(), n_in_, n_in_}; }
  [[nodiscard]] MatrixView<double> gram() noexcept { return {gram_.data(), n_in_, n_in_}; }
  /// For whoever adds to gram().
  void count_rows(std::size_t n) noexcept { n_rows_ += n; }

  /// Adds rows one product at a time. Shape [n, n_in]. (The runtime has a fast way, runtime/gram.hpp.)
  void add(MatrixView<const float> x) {
    for (std::size_t r = 0; r < x.rows; ++r)
      for (std::size_t i = 0; i < n_in_; ++i)
        for (std::size_t j = 0; j < n_in_; ++j)
          gram_[i * n_in_ + j] += static_cast<double>(x(r, i)) * static_cast<double>(x(r, j));
    n_rows_ += x.rows;
  }

  /// Mean curvature (2 / n) X^T X, as in the source of GPTQ. Precondition: n_rows() > 0.
  [[nodiscard]] double operator()(std::size_t i, std::size_t j) const noexcept {
    return 2.0 / static_cast<double>(n_rows_) * gram_[i * n_in_ + j];
  }

  /// Curvature along one input. An input that never was anything but 0 counts as 1, in its place in the order of
  /// quantization, too, as in the source.
  [[nodiscard]] double diagonal(std::size_t i) const noexcept { return is_dead(i) ? 1.0 : (*this)(i, i); }
  [[nodiscard]] bool is_dead(std::size_t i) const noexcept { return gram_[i * n_in_ + i] == 0.0; }

  /// Errors: InputError "calibration" where no row was added, "not_finite" where an input was not.
  void check() const {
    if (n_rows_ == 0) throw InputError("calibration", "no calibration row was added; give at least one token of text");
    for (std::size_t i = 0; i < n_in_; ++i)
      if (!std::isfinite(gram_[i * n_in_ + i]))
        throw InputError("not_finite", concat("the calibration inputs of channel ", i,
                                              " are not finite; does the full model work on this text?"));
  }

 private:
  std::size_t n_in_, n_rows_ = 0;
  std::vector<double> gram_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
