/// The kernels of one ISA as function pointers, chosen once when a matrix is packed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quantlens/core/half.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/isa/isa.hpp"
#include "quantlens/kernels/attention_task.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Tiles [tile_begin, tile_end); the last argument is scratch, [n_rows][16].
template <class View>
using MatmulA32 = void (*)(const View&, const F32View&, const OutputView&, std::size_t tile_begin, std::size_t tile_end,
                           float* sums) noexcept;
using MatmulA8 = void (*)(const StreamedView&, const Q8View&, const OutputView&, std::size_t tile_begin,
                          std::size_t tile_end) noexcept;

/// The two kernels of one layout and bit width. Codebooks have no integer products, hence no a8.
struct PackedKernels {
  MatmulA32<StreamedView> a32 = nullptr;
  MatmulA8 a8 = nullptr;
};

/// In the order of L::widths.
template <Layout L>
using KernelsOfLayout = std::array<PackedKernels, L::widths.size()>;

/// Every kernel that the runtime calls, for one ISA.
struct KernelTable {
  Isa isa = Isa::baseline;
  KernelsOfLayout<Symmetric> symmetric;
  KernelsOfLayout<Affine> affine;
  KernelsOfLayout<Symmetric16> symmetric16;
  KernelsOfLayout<Affine16> affine16;
  KernelsOfLayout<Nf4> nf4;
  KernelsOfLayout<Fp4> fp4;
  MatmulA32<DenseView<float>> dense_f32 = nullptr;
  MatmulA32<DenseView<Half>> dense_f16 = nullptr;
  MatmulA32<DenseView<BFloat16>> dense_bf16 = nullptr;
  void (*quantize_row_q8)(const float* x, std::size_t n_runs, std::int8_t* codes, float* scales,
                          std::int32_t* sums) noexcept = nullptr;
  void (*quantize_row_int8)(const float* x, std::size_t n_runs, float threshold, std::int8_t* codes, float* scales,
                            std::int32_t* sums, std::uint32_t* outliers, std::size_t& n_outliers) noexcept = nullptr;
  void (*add_outlier_columns)(const StreamedView&, const float* x, const std::uint32_t* outliers,
                              std::size_t n_outliers, float* y, std::size_t tile_begin,
                              std::size_t tile_end) noexcept = nullptr;
  void (*rms_norm)(const float* x, const float* weight, std::size_t n, float eps, float* y) noexcept = nullptr;
  void (*rotate_head)(float* x, const float* cosines, const float* sines, std::size_t d_head) noexcept = nullptr;
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::size_t n, float eps,
                     float* y) noexcept = nullptr;
  void (*gelu)(const float* x, std::size_t n, float* y) noexcept = nullptr;
  void (*gelu_exact)(const float* x, std::size_t n, float* y) noexcept = nullptr;
  void (*silu_multiply)(const float* gate, const float* up, std::size_t n, float* y) noexcept = nullptr;
  void (*add_to)(const float* x, std::size_t n, float* y) noexcept = nullptr;
  double (*log_sum_exp)(const float* x, std::size_t n) noexcept = nullptr;
  void (*attend)(const AttentionTask& task) noexcept = nullptr;
  void (*add_product_f64)(const MatrixView<const double>& a, const double* strip,
                          const MatrixView<double>& y) noexcept = nullptr;

  /// Precondition: bits is one of the layout's widths.
  [[nodiscard]] const PackedKernels& packed(LayoutKind layout, int bits) const noexcept {
    return with_layout(layout, [&]<Layout L>() -> const PackedKernels& {
      std::size_t i = 0;
      while (L::widths[i] != bits) ++i;
      return of(L{})[i];
    });
  }

 private:
  [[nodiscard]] const KernelsOfLayout<Symmetric>& of(Symmetric) const noexcept { return symmetric; }
  [[nodiscard]] const KernelsOfLayout<Affine>& of(Affine) const noexcept { return affine; }
  [[nodiscard]] const KernelsOfLayout<Symmetric16>& of(Symmetric16) const noexcept { return symmetric16; }
  [[nodiscard]] const KernelsOfLayout<Affine16>& of(Affine16) const noexcept { return affine16; }
  [[nodiscard]] const KernelsOfLayout<Nf4>& of(Nf4) const noexcept { return nf4; }
  [[nodiscard]] const KernelsOfLayout<Fp4>& of(Fp4) const noexcept { return fp4; }
};

/// The kernels of one instruction set. Instantiated in the units of kernel_unit.cpp, one for each: only with the
/// library of quantlens::kernels.
template <class Isa>
[[nodiscard]] const KernelTable& kernel_table();

}  // namespace quantlens::inline QUANTLENS_ABI
