/// The door of the kernels for embedders: y = x W^T of a packed matrix, for all sizes, checked.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/packed/streamed.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A packed matrix in the order in which kernels read it: made once, multiplied often, by several threads if need be.
class StreamedMatrix {
 public:
  /// `kernels` are those that multiply. Errors: InputError "shape" where the matrix has its inputs in an order that is
  /// none; those of active_kernels().
  explicit StreamedMatrix(const PackedMatrix& matrix, const KernelTable& kernels = active_kernels())
      : kernel_(kernels.packed(matrix.layout(), matrix.bits()).a32),
        codes_(stream(matrix)),
        input_order_(matrix.input_order()) {
    std::vector<std::uint32_t> sorted = input_order_;
    std::sort(sorted.begin(), sorted.end());
    bool is_order = sorted.empty() || sorted.size() == cols();
    for (std::size_t i = 0; i < sorted.size(); ++i) is_order = is_order && sorted[i] == i;
    if (!is_order)
      throw InputError("shape", concat("the input order of a matrix of ", cols(), " inputs has ", sorted.size(),
                                       " entries that do not name each input once"));
  }

  [[nodiscard]] std::size_t rows() const noexcept { return codes_.view.rows; }
  [[nodiscard]] std::size_t cols() const noexcept { return codes_.view.cols; }

  /// y = x W^T on the calling thread. Shapes: x [n, cols()], y [n, rows()]; they must not overlap.
  /// Numerics: float activations; within float rounding of the exact product, whatever n is.
  /// Errors: InputError "shape".
  void multiply(MatrixView<const float> x, MatrixView<float> y) const {
    check(x, y);
    // Kernels read whole runs of inputs: behind the last one they find the zeros that the buffer is made of.
    const std::size_t most = std::min(panel_rows, x.rows), run_stride = most * run_length;
    AlignedBuffer<float> panel(codes_.view.n_runs * run_stride), sums(most * tile_width);
    for (std::size_t first = 0; first < x.rows; first += most) {
      const std::size_t n = std::min(most, x.rows - first);
      for (std::size_t r = 0; r < n; ++r)
        for (std::size_t c = 0; c < cols(); ++c)
          panel[c / run_length * run_stride + r * run_length + c % run_length] =
              x(first + r, input_order_.empty() ? c : input_order_[c]);
      kernel_(codes_.view, {panel.data(), n, run_length, run_stride}, {y.data + first * y.stride, y.stride}, 0,
              codes_.view.n_tiles, sums.data());
    }
  }

 private:
  void check(MatrixView<const float> x, MatrixView<float> y) const {
    const auto refuse = [&](const auto&... why) {
      throw InputError("shape", concat("multiplying by a matrix of [", rows(), ", ", cols(), "]: ", why...));
    };
    if (x.cols != cols()) refuse("expected x of [n, ", cols(), "], got [", x.rows, ", ", x.cols, "]");
    if (y.rows != x.rows || y.cols != rows())
      refuse("expected y of [", x.rows, ", ", rows(), "], got [", y.rows, ", ", y.cols, "]");
    if (x.rows > 1 && (x.stride < x.cols || y.stride < y.cols))
      refuse("rows overlap: strides are ", x.stride, " for x and ", y.stride, " for y");
  }

  MatmulA32<StreamedView> kernel_;
  StreamedCodes codes_;
  std::vector<std::uint32_t> input_order_;
};

/// y = x W^T where that is all that is asked of the matrix; whoever multiplies by it again keeps a StreamedMatrix.
/// Shapes: x [n, matrix.cols()], y [n, matrix.rows()]. Errors: those of StreamedMatrix.
inline void multiply(const PackedMatrix& matrix, MatrixView<const float> x, MatrixView<float> y) {
  StreamedMatrix(matrix).multiply(x, y);
}

}  // namespace quantlens::inline QUANTLENS_ABI
