/// Instantiates every kernel for one ISA. Included only where code for that ISA is compiled.
#pragma once

#include <cstddef>
#include <utility>

#include "quantlens/kernels/attention.hpp"
#include "quantlens/kernels/elementwise.hpp"
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/kernels/llm_int8.hpp"
#include "quantlens/kernels/matmul.hpp"
#include "quantlens/kernels/product_f64.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

template <class Isa, Layout L>
[[nodiscard]] consteval KernelsOfLayout<L> make_packed_kernels() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    const auto kernels = []<int Bits>() -> PackedKernels {
      if constexpr (CodebookLayout<L>)
        return {&matmul_a32<Isa, L, Bits>, nullptr};
      else
        return {&matmul_a32<Isa, L, Bits>, &matmul_a8<Isa, L, Bits>};
    };
    return KernelsOfLayout<L>{kernels.template operator()<L::widths[I]>()...};
  }
  (std::make_index_sequence<L::widths.size()>{});
}

template <class Isa>
[[nodiscard]] consteval KernelTable make_kernel_table() {
  KernelTable table;
  table.isa = Isa::value;
  table.symmetric = make_packed_kernels<Isa, Symmetric>();
  table.affine = make_packed_kernels<Isa, Affine>();
  table.symmetric16 = make_packed_kernels<Isa, Symmetric16>();
  table.affine16 = make_packed_kernels<Isa, Affine16>();
  table.nf4 = make_packed_kernels<Isa, Nf4>();
  table.fp4 = make_packed_kernels<Isa, Fp4>();
  table.dense_f32 = &matmul_dense<Isa, float>;
  table.dense_f16 = &matmul_dense<Isa, Half>;
  table.dense_bf16 = &matmul_dense<Isa, BFloat16>;
  table.quantize_row_q8 = &quantize_row_q8<Isa>;
  table.quantize_row_int8 = &quantize_row_int8<Isa>;
  table.add_outlier_columns = &add_outlier_columns<Isa>;
  table.rms_norm = &rms_norm<Isa>;
  table.rotate_head = &rotate_head<Isa>;
  table.layer_norm = &layer_norm<Isa>;
  table.gelu = &gelu<Isa>;
  table.gelu_exact = &gelu_exact<Isa>;
  table.silu_multiply = &silu_multiply<Isa>;
  table.add_to = &add_to<Isa>;
  table.log_sum_exp = &log_sum_exp<Isa>;
  table.attend = &attend<Isa>;
  table.add_product_f64 = &add_product_f64<Isa>;
  return table;
}

}  // namespace quantlens::inline QUANTLENS_ABI
