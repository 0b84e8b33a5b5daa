// The kernels of one instruction set, QUANTLENS_KERNEL_ISA. CMake makes quantlens::kernels of one unit for each.
// Without:
//   g++ -std=c++20 -O3 -ffp-contract=off -Iinclude -DQUANTLENS_KERNEL_ISA=avx2 -mavx2 -mfma -mf16c -c
//   .../kernel_unit.cpp
// and so on for all of isa::Known, with the flags of cmake/QuantlensKernelUnits.cmake; then -DQUANTLENS_KERNELS_LIBRARY
// for what links them.
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/kernels/make_kernel_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

template <class Isa>
const KernelTable& kernel_table() {
  static constexpr KernelTable table = make_kernel_table<Isa>();
  return table;
}

template const KernelTable& kernel_table<isa::QUANTLENS_KERNEL_ISA>();

}  // namespace quantlens::inline QUANTLENS_ABI
