# One small generated translation unit per instruction set, each with its own flags. A new instruction set is a traits
# struct in isa/isa.hpp, a header beside it, and a line here.

set(QUANTLENS_KERNEL_ISAS baseline avx2 avx512vnni)
set(quantlens_flags_baseline)
set(quantlens_flags_avx2 -mavx2 -mfma -mf16c)
set(quantlens_flags_avx512vnni ${quantlens_flags_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd
                               -mavx512vnni)

function(quantlens_add_kernel_units target)
  foreach(isa IN LISTS QUANTLENS_KERNEL_ISAS)
    set(unit "${PROJECT_BINARY_DIR}/kernel_units/kernel_unit_${isa}.cpp")
    file(CONFIGURE OUTPUT "${unit}" @ONLY
         CONTENT "#define QUANTLENS_KERNEL_ISA @isa@\n#include \"quantlens/kernels/kernel_unit.cpp\"\n")
    target_sources(${target} PRIVATE "${unit}")
    set_source_files_properties("${unit}" PROPERTIES COMPILE_OPTIONS "${quantlens_flags_${isa}}")
  endforeach()
  # Optimized in every build type: what is not inlined becomes a weak symbol that units with different flags share.
  # No contraction: results must be the same bits on every instruction set, so fused operations are written as such.
  target_compile_options(${target} PRIVATE -O3 -ffp-contract=off)
  # g++ 12 takes the deliberately undefined operands of its own AVX-512 intrinsics for mistakes.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  # AddressSanitizer sees the kernels; UndefinedBehaviorSanitizer would take minutes to compile these unrolled units.
  if(QUANTLENS_SANITIZE)
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
endfunction()
