/// A view of a row-major matrix that somebody else owns.
#pragma once

#include <cstddef>
#include <span>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Shape [rows, cols]; row r starts at data + r * stride (elements).
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  MatrixView() = default;
  MatrixView(T* first, std::size_t n_rows, std::size_t n_cols)
      : data(first), rows(n_rows), cols(n_cols), stride(n_cols) {}
  MatrixView(T* first, std::size_t n_rows, std::size_t n_cols, std::size_t row_stride)
      : data(first), rows(n_rows), cols(n_cols), stride(row_stride) {}

  /// A view of non-const elements is also a view of const ones.
  operator MatrixView<const T>() const { return {data, rows, cols, stride}; }

  [[nodiscard]] std::span<T> row(std::size_t r) const { return {data + r * stride, cols}; }
  [[nodiscard]] T& operator()(std::size_t r, std::size_t c) const { return data[r * stride + c]; }
};

}  // namespace quantlens::inline QUANTLENS_ABI
