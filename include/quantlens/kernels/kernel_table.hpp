/// The kernels of one ISA as function pointers, chosen once when a matrix is packed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quantlens/core/half.hpp"
#include "quantlens/isa/isa.hpp"
#include "quantlens/kernels/attention_task.hpp"
#include "quantlens/packed/packed_view.hpp"

namespace quantlens::inline v0_1 {

/// Tiles [tile_begin, tile_end); the last argument is scratch, [n_rows][16].
template <class View>
using MatmulA32 = void (*)(const View&, const F32View&, const OutputView&, std::size_t tile_begin, std::size_t tile_end,
                           float* sums) noexcept;
using MatmulA8 = void (*)(const StreamedView&, const Q8View&, const OutputView&, std::size_t tile_begin,
                          std::size_t tile_end) noexcept;

/// The two kernels of one layout and bit width.
struct PackedKernels {
  MatmulA32<StreamedView> a32 = nullptr;
  MatmulA8 a8 = nullptr;
};

/// Every kernel that the runtime calls, for one ISA.
struct KernelTable {
  Isa isa = Isa::baseline;
  /// In the order of code_widths.
  std::array<PackedKernels, code_widths.size()> symmetric, affine;
  MatmulA32<DenseView<float>> dense_f32 = nullptr;
  MatmulA32<DenseView<Half>> dense_f16 = nullptr;
  MatmulA32<DenseView<BFloat16>> dense_bf16 = nullptr;
  void (*quantize_row_q8)(const float* x, std::size_t n_runs, std::int8_t* codes, float* scales,
                          std::int32_t* sums) noexcept = nullptr;
  void (*quantize_row_int8)(const float* x, std::size_t n_runs, float threshold, std::int8_t* codes, float* scales,
                            std::int32_t* sums, std::uint32_t* outliers, std::size_t& n_outliers) noexcept = nullptr;
  void (*add_outlier_columns)(const StreamedView& w, const float* x, const std::uint32_t* outliers,
                              std::size_t n_outliers, float* y, std::size_t tile_begin,
                              std::size_t tile_end) noexcept = nullptr;
  void (*rms_norm)(const float* x, const float* weight, std::size_t n, float eps, float* y) noexcept = nullptr;
  void (*rotate_head)(float* x, const float* cosines, const float* sines, std::size_t d_head) noexcept = nullptr;
  void (*silu_multiply)(const float* gate, const float* up, std::size_t n, float* y) noexcept = nullptr;
  void (*add_to)(const float* x, std::size_t n, float* y) noexcept = nullptr;
  double (*log_sum_exp)(const float* x, std::size_t n) noexcept = nullptr;
  void (*attend)(const AttentionTask& task) noexcept = nullptr;

  template <Layout L>
  [[nodiscard]] const PackedKernels& packed(int bits) const noexcept {
    std::size_t i = 0;
    while (code_widths[i] != bits) ++i;
    return L::has_offset ? affine[i] : symmetric[i];
  }
};

}  // namespace quantlens::inline v0_1
